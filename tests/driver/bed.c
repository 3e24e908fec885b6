/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>

#define ARGUMENTS_MAX 24
#define OPS           4096u
#define MBUFS         6144u
#define CARDS_MAX     2u
#define PCI_PREFIX    "pci:"

struct bed bed;
static char names[CARDS_MAX][64]; /* of the cards' devices */
static uint64_t random_state = 1;

void bed_fail(const char *format, ...)
{
	va_list arguments;

	printf("Bail out! ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	exit(1);
}

static void pools_make(void)
{
	bed.ops = rte_crypto_op_pool_create("ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, OPS, 0, sizeof(struct bed_private), 0);
	bed.asym_ops = rte_crypto_op_pool_create("asym ops", RTE_CRYPTO_OP_TYPE_ASYMMETRIC, 256, 0, 0, 0);
	bed.mbufs = rte_pktmbuf_pool_create("mbufs", MBUFS, 0, 0, BED_ROOM, 0);
	if (bed.ops == NULL || bed.asym_ops == NULL || bed.mbufs == NULL)
		bed_fail("pools: %s", rte_strerror(rte_errno));
}

void bed_start_with(int count, const char *const arguments[])
{
	if (rte_eal_init(count, (char **)(uintptr_t)arguments) < 0)
		bed_fail("rte_eal_init: %s", rte_strerror(rte_errno));
	pools_make();
}

bool bed_is_function(const char *card)
{
	return strncmp(card, PCI_PREFIX, strlen(PCI_PREFIX)) == 0;
}

static void name_give(unsigned index, const char *card)
{
	if (bed_is_function(card))
		snprintf(names[index], sizeof(names[index]), "%s", card + strlen(PCI_PREFIX));
	else
		snprintf(names[index], sizeof(names[index]), "crypto_glacis%u", index);
}

/* The EAL's arguments for one card, and the name of its device. Returns how many there are now. */
static int card_add(unsigned index, const char *card, const char *options, const char *arguments[], int used)
{
	static char texts[CARDS_MAX][256];

	name_give(index, card);
	if (bed_is_function(card))
		snprintf(texts[index], sizeof(texts[index]), "%s%s", names[index], options);
	else
		snprintf(texts[index], sizeof(texts[index]), "%s,socket=%s%s", names[index], card, options);
	arguments[used++] = bed_is_function(card) ? "--allow" : "--vdev";
	arguments[used++] = texts[index];
	return used;
}

/* Memory without hugepages has no physical addresses, which a PCI function without an IOMMU needs. */
static int memory_add(const char *arguments[], int used)
{
	if (getenv("GLACIS_TEST_HUGEPAGES") != NULL) {
		arguments[used++] = "--in-memory";
		return used;
	}
	arguments[used++] = "--no-huge";
	arguments[used++] = "--no-shconf";
	arguments[used++] = "-m";
	arguments[used++] = "128";
	return used;
}

void bed_start(const char *program, unsigned count, char *const cards[], const char *options)
{
	const char *arguments[ARGUMENTS_MAX] = { program, "--no-telemetry", "-l", "0" };
	bool functions = false;
	int used = memory_add(arguments, 4);

	for (unsigned i = 0; i < count && i < CARDS_MAX; i++) {
		used = card_add(i, cards[i], options, arguments, used);
		functions = functions || bed_is_function(cards[i]);
	}
	if (!functions)
		arguments[used++] = "--no-pci"; /* a probe of the machine's own functions is not harmless */
	bed_start_with(used, arguments);
}

uint8_t bed_card(unsigned index)
{
	return bed_device(names[index]);
}

bool bed_plug(unsigned index, const char *card, const char *options)
{
	char text[256];

	name_give(index, card);
	if (bed_is_function(card))
		return rte_eal_hotplug_add("pci", names[index], options) == 0;
	snprintf(text, sizeof(text), "socket=%s%s%s", card, options[0] == '\0' ? "" : ",", options);
	return rte_eal_hotplug_add("vdev", names[index], text) == 0;
}

bool bed_unplug(unsigned index, const char *card)
{
	return rte_eal_hotplug_remove(bed_is_function(card) ? "pci" : "vdev", names[index]) == 0;
}

void bed_end(void)
{
	rte_eal_cleanup();
}

uint8_t bed_device(const char *name)
{
	int device = rte_cryptodev_get_dev_id(name);

	if (device < 0)
		bed_fail("no device %s", name);
	return (uint8_t)device;
}

void bed_device_start(uint8_t device, uint16_t queue_pairs, uint32_t descriptors)
{
	struct rte_cryptodev_config config = { .nb_queue_pairs = queue_pairs };
	struct rte_cryptodev_qp_conf conf = { .nb_descriptors = descriptors };
	int status = rte_cryptodev_configure(device, &config);

	if (bed.sessions == NULL) {
		bed.sessions = rte_cryptodev_sym_session_pool_create(
			"sessions", 256, rte_cryptodev_sym_get_private_session_size(device), 0, 0, 0);
		bed.asym_sessions = rte_cryptodev_asym_session_pool_create("asym sessions", 300, 0, 0, 0);
	}
	for (uint16_t i = 0; i < queue_pairs && status == 0; i++)
		status = rte_cryptodev_queue_pair_setup(device, i, &conf, 0);
	if (status == 0)
		status = rte_cryptodev_start(device);
	if (status != 0)
		bed_fail("device %u with %u queue pairs of %u: %s", device, queue_pairs, descriptors,
			 strerror(-status));
}

void bed_device_stop(uint8_t device)
{
	rte_cryptodev_stop(device);
}

struct bed_private *bed_private(struct rte_crypto_op *op)
{
	return rte_crypto_op_ctod_offset(op, struct bed_private *, BED_NONCE_OFFSET);
}

static struct rte_mbuf *piece_make(uint32_t length)
{
	struct rte_mbuf *piece = rte_pktmbuf_alloc(bed.mbufs);

	if (piece == NULL)
		bed_fail("out of mbufs");
	piece->data_off = 0;
	piece->data_len = (uint16_t)length;
	piece->pkt_len = length;
	return piece;
}

struct rte_mbuf *bed_packet(const uint32_t *lengths, const uint8_t *bytes)
{
	struct rte_mbuf *packet = NULL, *last = NULL;

	for (; *lengths > 0; lengths++) {
		struct rte_mbuf *piece = piece_make(*lengths);

		if (bytes != NULL) {
			memcpy(rte_pktmbuf_mtod(piece, uint8_t *), bytes, *lengths);
			bytes += *lengths;
		} else {
			memset(rte_pktmbuf_mtod(piece, uint8_t *), 0xee, *lengths);
		}
		if (packet == NULL) {
			packet = piece;
		} else {
			last->next = piece;
			packet->nb_segs++;
			packet->pkt_len += *lengths;
		}
		last = piece;
	}
	return packet == NULL ? piece_make(0) : packet;
}

struct rte_mbuf *bed_packet_of(uint32_t size, uint32_t piece, const uint8_t *bytes)
{
	uint32_t lengths[128], count = 0;

	while (size > 0) {
		lengths[count] = RTE_MIN(size, piece);
		size -= lengths[count++];
	}
	lengths[count] = 0;
	return bed_packet(lengths, bytes);
}

void bed_packet_read(const struct rte_mbuf *packet, uint32_t offset, uint32_t size, uint8_t *bytes)
{
	const void *read = rte_pktmbuf_read(packet, offset, size, bytes);

	if (size > 0 && read != bytes)
		memcpy(bytes, read, size);
}

void *bed_aead_session(uint8_t device, enum rte_crypto_aead_operation operation, const uint8_t *key, uint32_t key_size,
		       uint32_t aad_size)
{
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = { .op = operation,
			  .algo = RTE_CRYPTO_AEAD_AES_GCM,
			  .key = { .data = key, .length = (uint16_t)key_size },
			  .iv = { .offset = BED_NONCE_OFFSET, .length = 12 },
			  .digest_length = 16,
			  .aad_length = (uint16_t)aad_size },
	};

	return rte_cryptodev_sym_session_create(device, &xform, bed.sessions);
}

bool bed_run(uint8_t device, uint16_t queue_pair, struct rte_crypto_op **ops, uint16_t count)
{
	uint64_t deadline = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * BED_DEADLINE_MS;
	struct rte_crypto_op *back[64];
	uint16_t put = 0, taken = 0, more;

	while (taken < count && rte_get_timer_cycles() < deadline) {
		put += rte_cryptodev_enqueue_burst(device, queue_pair, ops + put, count - put);
		more = rte_cryptodev_dequeue_burst(device, queue_pair, back, RTE_DIM(back));
		taken += more;
		if (more == 0)
			rte_delay_us_sleep(10); /* the card is a process, and wants this processor too */
	}
	return taken == count;
}

void bed_random_seed(uint64_t seed)
{
	random_state = seed * 2 + 1;
}

/* xorshift64* */
uint32_t bed_random(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)(random_state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

void bed_random_fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)bed_random();
}
