/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each fault of the emulated card, seen from a program: operations come back once, with the right result or an error,
 * in bounded time; then the card works again, or is started again, or is gone for good.
 *
 * usage: test_driver_card_faults GLACIS_VCARD CARD
 *
 * Of a PCI function, pci:ADDRESS, the program GLACIS_VCARD must reach the card that is behind it; and what a card does
 * to its socket is left out, since the function's owner has that.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "bed.h"
#include "tap.h"

#define TIMEOUT_MS 1000u
#define SIZE       256u
#define BURST      8u

static const char *vcard, *card;
static uint8_t device;
static void *session;
static uint8_t key[16] = "sixteen bytes...";

static bool control(const char *command, const char *text)
{
	char line[1024];

	snprintf(line, sizeof(line), "'%s' ctl --socket '%s.ctl' %s %s", vcard, card, command, text);
	return system(line) == 0;
}

static void fault(const char *text)
{
	if (!control("fault", text))
		bed_fail("the card refuses the fault %s", text);
}

static bool probe(void)
{
	char options[32];

	snprintf(options, sizeof(options), "timeout_ms=%u", TIMEOUT_MS);
	return bed_plug(0, card, options);
}

static void device_open(void)
{
	if (!probe())
		bed_fail("no card at %s", card);
	device = bed_card(0);
	bed_device_start(device, 1, 32);
	session = bed_aead_session(device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, sizeof(key), 0);
}

static void device_close(void)
{
	rte_cryptodev_sym_session_free(device, session);
	CHECK(bed_unplug(0, card), "the device goes");
}

static struct rte_crypto_op *op_make(uint32_t seed)
{
	static uint8_t text[SIZE];
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);

	memset(text, (int)seed, sizeof(text));
	memset(bed_private(op)->nonce, (int)seed, 12);
	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = bed_packet_of(SIZE, SIZE, text);
	op->sym->m_dst = bed_packet_of(SIZE, SIZE, NULL);
	op->sym->aead.data.length = SIZE;
	op->sym->aead.digest.data = bed_private(op)->tag;
	op->sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op, BED_NONCE_OFFSET +
										  offsetof(struct bed_private, tag));
	return op;
}

struct outcome {
	unsigned good, failed, wrong, unlike; /* unlike: success, and another result than a healthy card's */
	uint64_t ms;
};

/* Seals a burst; compares with what a healthy card gave for it. */
static struct outcome run(void)
{
	static uint8_t reference[BURST][SIZE + 16];
	static bool have_reference;
	struct rte_crypto_op *ops[BURST];
	struct outcome outcome = { 0 };
	uint64_t start = rte_get_timer_cycles();

	for (uint32_t i = 0; i < BURST; i++)
		ops[i] = op_make(i + 1);
	if (!bed_run(device, 0, ops, BURST))
		bed_fail("operations do not come back");
	outcome.ms = (rte_get_timer_cycles() - start) * 1000 / rte_get_timer_hz();
	for (uint32_t i = 0; i < BURST; i++) {
		uint8_t result[SIZE + 16];

		bed_packet_read(ops[i]->sym->m_dst, 0, SIZE, result);
		memcpy(result + SIZE, bed_private(ops[i])->tag, 16);
		if (!have_reference)
			memcpy(reference[i], result, sizeof(result));
		outcome.failed += ops[i]->status == RTE_CRYPTO_OP_STATUS_ERROR;
		outcome.good += ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS;
		outcome.wrong += ops[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS &&
				 ops[i]->status != RTE_CRYPTO_OP_STATUS_ERROR;
		outcome.unlike += ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS &&
				  memcmp(reference[i], result, sizeof(result)) != 0;
		rte_pktmbuf_free(ops[i]->sym->m_src);
		rte_pktmbuf_free(ops[i]->sym->m_dst);
		rte_crypto_op_free(ops[i]);
	}
	have_reference = true;
	return outcome;
}

static void healthy(const char *when)
{
	struct outcome outcome = run();

	CHECK(outcome.good == BURST && outcome.unlike == 0, "%s: %u good, %u failed, %u unlike", when, outcome.good,
	      outcome.failed, outcome.unlike);
}

/* What may come of a fault of the queue, that the driver gets over without the program. */
struct expectation {
	const char *fault;
	unsigned failed_least, failed_most, unlike;
};

static void fault_try(const struct expectation *expected)
{
	struct outcome outcome;
	char name[128];

	fault(expected->fault);
	outcome = run();
	CHECK(outcome.failed >= expected->failed_least && outcome.failed <= expected->failed_most && outcome.wrong == 0,
	      "%u failed, %u with another status", outcome.failed, outcome.wrong);
	CHECK(outcome.unlike == expected->unlike, "%u unlike", outcome.unlike);
	CHECK(outcome.ms < 8 * TIMEOUT_MS, "took %lu ms", outcome.ms);
	control("clear", "");
	healthy("afterwards");
	snprintf(name, sizeof(name), "fault %s", expected->fault);
	tap_case(name);
}

static void queue_faults(void)
{
	static const struct expectation faults[] = {
		{ "drop-completion:count=1", 1, BURST, 0 },
		{ "delay-completion:count=1,ms=20", 0, 0, 0 },
		{ "delay-completion:count=1,ms=2500", 1, BURST, 0 },
		{ "duplicate-completion:count=3", 0, 0, 0 },
		{ "reorder-completion:count=1", 0, 0, 0 },
		{ "wrong-phase:count=1", 1, BURST, 0 },
		{ "unknown-cookie:count=2", 2, BURST, 0 },
		{ "corrupt-tag:count=1", 0, 0, 1 },
		{ "dma-outside:count=1", 1, 1, 0 },
		{ "stall-queue:count=1", 1, BURST, 0 },
	};

	device_open();
	healthy("at first");
	tap_case("a healthy card");
	for (unsigned i = 0; i < RTE_DIM(faults); i++)
		fault_try(&faults[i]);
	device_close();
}

/* Stops and starts until that works. */
static bool start_again(void)
{
	for (unsigned i = 0; i < 100; i++) {
		bed_device_stop(device);
		if (rte_cryptodev_start(device) == 0)
			return true;
		rte_delay_us_sleep(50000);
	}
	return false;
}

static void card_goes(const char *text, bool comes_back)
{
	struct outcome outcome;
	char name[128];

	device_open();
	fault(text);
	/* Registers are read when something is late. */
	if (strncmp(text, "all-ones", 8) == 0)
		fault("drop-completion:count=1");
	outcome = run();
	CHECK(outcome.failed >= 1 && outcome.wrong == 0 && outcome.unlike == 0, "%u failed", outcome.failed);
	outcome = run();
	CHECK(outcome.failed == BURST && outcome.ms < 8 * TIMEOUT_MS, "%u failed afterwards, in %lu ms", outcome.failed,
	      outcome.ms);
	bed_device_stop(device);
	if (comes_back) {
		control("clear", "");
		CHECK(start_again(), "starts again");
		healthy("when it is back");
	} else {
		CHECK(rte_cryptodev_start(device) != 0, "does not start");
	}
	device_close();
	snprintf(name, sizeof(name), "fault %s", text);
	tap_case(name);
}

static void images(void)
{
	struct rte_cryptodev_asym_capability_idx rsa = { .type = RTE_CRYPTO_ASYM_XFORM_RSA };

	fault("abi-mismatch");
	CHECK(!probe(), "a card of another ABI is not refused");
	control("clear", "");
	tap_case("fault abi-mismatch");
	device_open();
	CHECK(rte_cryptodev_asym_capability_get(device, &rsa) != NULL, "RSA is there");
	device_close();
	fault("no-rsa");
	device_open();
	CHECK(rte_cryptodev_asym_capability_get(device, &rsa) == NULL, "RSA is offered");
	healthy("without RSA");
	control("clear", "");
	device_close();
	device_open();
	CHECK(rte_cryptodev_asym_capability_get(device, &rsa) != NULL, "RSA is back");
	device_close();
	tap_case("fault no-rsa");
}

int main(int count, char *values[])
{
	if (count != 3) {
		fprintf(stderr, "usage: %s GLACIS_VCARD CARD\n", values[0]);
		return 64;
	}
	vcard = values[1];
	card = values[2];
	bed_start(values[0], bed_is_function(card), values + 2, "");
	if (bed_is_function(card)) /* the EAL has it already, with other options */
		CHECK(bed_unplug(0, card), "the device goes");
	queue_faults();
	card_goes("all-ones", true);
	if (!bed_is_function(card)) {
		images();
		card_goes("restart:count=1,ms=100", true);
		card_goes("die:count=1", false);
	}
	CHECK(rte_mempool_full(bed.ops) && rte_mempool_full(bed.mbufs) && rte_mempool_full(bed.sessions),
	      "everything is back in its pool");
	tap_case("nothing leaks");
	bed_end();
	return tap_end();
}
