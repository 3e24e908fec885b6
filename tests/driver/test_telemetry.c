/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver tells by telemetry, asked for as dpdk-telemetry.py does, over the socket of this process: who the
 * card is, the counters of driver and card as operations, forgeries and late completions come, and what is no device.
 *
 * usage: test_driver_telemetry GLACIS_VCARD SOCKET
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>

#include "bed.h"
#include "tap.h"

#define ANSWER_MAX 16384u
#define TIMEOUT_MS 500u
#define SIZE       1000u

static uint8_t device, key[16] = "sixteen bytes...";
static int telemetry = -1;
static char answer[ANSWER_MAX]; /* the last one, as text */

static void telemetry_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char hello[ANSWER_MAX];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/dpdk_telemetry.v2", rte_eal_get_runtime_dir());
	telemetry = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (telemetry < 0 || connect(telemetry, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    recv(telemetry, hello, sizeof(hello), 0) <= 0)
		bed_fail("no telemetry at %s", address.sun_path);
}

/* Sends a command; `answer` is what comes. */
static void ask(const char *command)
{
	ssize_t size;

	if (send(telemetry, command, strlen(command), 0) < 0)
		bed_fail("telemetry takes no command");
	size = recv(telemetry, answer, sizeof(answer) - 1, 0);
	answer[size > 0 ? size : 0] = '\0';
}

/* A number of the answer; UINT64_MAX: it has none of that name. */
static uint64_t number(const char *name)
{
	char quoted[64];
	const char *found;

	snprintf(quoted, sizeof(quoted), "\"%s\":", name);
	found = strstr(answer, quoted);
	return found == NULL ? UINT64_MAX : strtoull(found + strlen(quoted), NULL, 10);
}

static uint64_t counter(const char *name)
{
	ask("/crypto_glacis/xstats,0");
	return number(name);
}

/* Seals a text, or opens zeros with a tag of zeros, which is a forgery; its status. */
static enum rte_crypto_op_status operation(enum rte_crypto_aead_operation kind)
{
	void *session = bed_aead_session(device, kind, key, sizeof(key), 0);
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	enum rte_crypto_op_status status;

	memset(bed_private(op), 0, sizeof(struct bed_private));
	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = bed_packet_of(SIZE, SIZE, NULL);
	op->sym->aead.data.length = SIZE;
	op->sym->aead.digest.data = bed_private(op)->tag;
	op->sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op, BED_NONCE_OFFSET +
										  offsetof(struct bed_private, tag));
	if (!bed_run(device, 0, &op, 1))
		bed_fail("an operation does not come back");
	status = op->status;
	rte_pktmbuf_free(op->sym->m_src);
	rte_crypto_op_free(op);
	rte_cryptodev_sym_session_free(device, session);
	return status;
}

static void identity(void)
{
	bool rtl = getenv("GLACIS_VCARD_BACKEND") != NULL;

	ask("/crypto_glacis/info,0");
	CHECK(strstr(answer, "\"name\":\"crypto_glacis0\"") != NULL, "%s", answer);
	CHECK(strstr(answer, "\"transport\":\"vfio-user\"") != NULL, "%s", answer);
	CHECK(number("abi_major") == 1 && number("queues") == 64, "%s", answer);
	CHECK(number("ring_entries") == 32768 && number("key_slots") == 256, "%s", answer);
	CHECK(number("lost") == 0, "%s", answer);
	CHECK(strstr(answer, rtl ? "\"board_name\":\"simulation\"" : "\"board_name\":\"model\"") != NULL, "%s", answer);
	CHECK(strstr(answer, "\"git_hash\":\"") != NULL && strstr(answer, "\"build_date\":\"") != NULL, "%s", answer);
	tap_case("who the card is");
}

static void counters(void)
{
	for (unsigned i = 0; i < 3; i++)
		CHECK(operation(RTE_CRYPTO_AEAD_OP_ENCRYPT) == RTE_CRYPTO_OP_STATUS_SUCCESS, "operation %u", i);
	CHECK(counter("enqueued") == 3 && counter("dequeued") == 3, "%s", answer);
	CHECK(counter("errors") == 0 && counter("queue_resets") == 0 && counter("unknown_completions") == 0, "%s",
	      answer);
	CHECK(counter("card_aead_operations") == 3 && counter("card_aead_bytes") == 3 * SIZE, "%s", answer);
	tap_case("operations, by driver and card");
	CHECK(operation(RTE_CRYPTO_AEAD_OP_DECRYPT) == RTE_CRYPTO_OP_STATUS_AUTH_FAILED, "a forgery");
	CHECK(counter("errors") == 1 && counter("card_auth_failed") == 1, "%s", answer);
	tap_case("a forgery");
}

static void faults(const char *vcard, const char *card)
{
	char line[512];

	snprintf(line, sizeof(line), "'%s' ctl --socket '%s.ctl' fault unknown-cookie:count=1", vcard, card);
	CHECK(system(line) == 0, "the card takes the fault");
	CHECK(operation(RTE_CRYPTO_AEAD_OP_ENCRYPT) == RTE_CRYPTO_OP_STATUS_ERROR, "a late operation");
	CHECK(counter("unknown_completions") == 1 && counter("queue_resets") == 1, "%s", answer);
	tap_case("a completion of nothing, and the reset of its queue");
}

static void nothing(void)
{
	static const char *const commands[] = {
		"/crypto_glacis/info",    "/crypto_glacis/info,1",    "/crypto_glacis/info,-1",
		"/crypto_glacis/info,0x", "/crypto_glacis/xstats,99", "/crypto_glacis/xstats,18446744073709551616"
	};

	for (unsigned i = 0; i < RTE_DIM(commands); i++) {
		ask(commands[i]);
		CHECK(strstr(answer, "null") != NULL, "%s: %s", commands[i], answer);
	}
	tap_case("what is no device has no answer");
}

int main(int count, char *values[])
{
	char vdev[256], folder[128];
	const char *arguments[] = { values[0], "--no-huge", "--no-pci", "-m", "128", "-l", "0", "--vdev", vdev };

	if (count != 3) {
		fprintf(stderr, "usage: %s GLACIS_VCARD SOCKET\n", values[0]);
		return 64;
	}
	snprintf(vdev, sizeof(vdev), "crypto_glacis0,socket=%s,timeout_ms=%u", values[2], TIMEOUT_MS);
	/* DPDK's files go beside the card's socket, whose folder is for this run. */
	snprintf(folder, sizeof(folder), "%s", values[2]);
	setenv("RUNTIME_DIRECTORY", dirname(folder), 1);
	bed_start_with(RTE_DIM(arguments), arguments);
	device = bed_device("crypto_glacis0");
	bed_device_start(device, 1, 64);
	telemetry_open();
	identity();
	counters();
	faults(values[1], values[2]);
	nothing();
	close(telemetry);
	bed_device_stop(device);
	bed_end();
	return tap_end();
}
