/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card that misbehaves, at the driver's boundary: every operation comes back once, with the right status, in bounded
 * time, and the queue works afterwards or the card is given up. The card is fake_card.c, in this process.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "bed.h"
#include "fake_card.h"
#include "glacis_pmd.h"
#include "glacis_qp.h"
#include "tap.h"

#define TIMEOUT_MS 30000u /* nothing is late because the machine is busy */
#define LATE_MS    60u    /* where something is to be late */
#define BACK_MS    10000u
#define SIZE       64u

static struct fake_card card;
static struct rte_driver fake_driver = { .name = "crypto_glacis" };
static struct rte_device fake_bus_device = { .name = "fake", .driver = &fake_driver };
static uint8_t device;
static void *session;
static uint8_t key[16];

static int card_probe(void)
{
	return glacis_pmd_create("fake", &fake_bus_device, 0, TIMEOUT_MS, &fake_transport, &card);
}

static void card_start(uint32_t descriptors)
{
	if (card_probe() != 0)
		bed_fail("the fake card is refused");
	device = bed_device("fake");
	bed_device_start(device, 1, descriptors);
	session = bed_aead_session(device, RTE_CRYPTO_AEAD_OP_DECRYPT, key, sizeof(key), 0);
}

static void card_end(void)
{
	rte_cryptodev_sym_session_free(device, session);
	CHECK(glacis_pmd_destroy("fake") == 0 && card.closes == 1, "the device goes");
	CHECK(rte_mempool_full(bed.ops) && rte_mempool_full(bed.mbufs), "everything is back in its pool");
}

static struct glacis_qp *queue_pair(void)
{
	return rte_cryptodev_pmd_get_dev(device)->data->queue_pairs[0];
}

static struct rte_crypto_op *op_make(void)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);

	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = bed_packet_of(SIZE, SIZE, NULL);
	op->sym->aead.data.length = SIZE;
	op->sym->aead.digest.data = bed_private(op)->tag;
	op->sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op, BED_NONCE_OFFSET + 16);
	return op;
}

static void op_free(struct rte_crypto_op *op)
{
	rte_pktmbuf_free(op->sym->m_src);
	rte_crypto_op_free(op);
}

/* Enqueues `count` new operations; those that find no room are freed. Gives how many found it. */
static unsigned put(unsigned count)
{
	struct rte_crypto_op *ops[64];
	unsigned done;

	for (unsigned i = 0; i < count; i++)
		ops[i] = op_make();
	done = rte_cryptodev_enqueue_burst(device, 0, ops, (uint16_t)count);
	for (unsigned i = done; i < count; i++)
		op_free(ops[i]);
	return done;
}

/* Takes what is back, and counts those with the status. */
static unsigned take(enum rte_crypto_op_status status)
{
	struct rte_crypto_op *ops[64];
	unsigned count = rte_cryptodev_dequeue_burst(device, 0, ops, RTE_DIM(ops)), good = 0;

	for (unsigned i = 0; i < count; i++) {
		good += ops[i]->status == status;
		CHECK(ops[i]->status == status, "status %u, not %u", ops[i]->status, status);
		op_free(ops[i]);
	}
	return good;
}

static void timeout_set(uint32_t ms)
{
	struct glacis_qp *qp = queue_pair();

	qp->device->timeout_ms = ms;
	qp->timeout = rte_get_tsc_hz() / 1000 * ms;
}

/* Lets what is under way be late, and takes until `count` are back with the status. False: they do not come. */
static bool take_late(unsigned count, enum rte_crypto_op_status status)
{
	uint64_t start = rte_get_timer_cycles(), limit = rte_get_timer_hz() / 1000 * BACK_MS;

	timeout_set(LATE_MS);
	while (count > 0 && rte_get_timer_cycles() - start < limit)
		count -= take(status);
	timeout_set(TIMEOUT_MS);
	return count == 0;
}

static void complete_all(void)
{
	const struct glacis_card_aead *descriptor;

	while ((descriptor = fake_card_take(&card, 1)) != NULL)
		fake_card_give(&card, 1, fake_card_good(1, descriptor));
}

/* One operation there and back. */
static void still_works(void)
{
	CHECK(put(1) == 1, "takes one");
	complete_all();
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 1, "gives it back");
}

static void full_and_empty(void)
{
	const struct glacis_card_aead *descriptors[5];

	card_start(5);
	CHECK(take(0) == 0, "empty");
	CHECK(put(8) == 5 && put(1) == 0, "full at five");
	for (unsigned i = 0; i < 5; i++)
		descriptors[i] = fake_card_take(&card, 1);
	CHECK(descriptors[4] != NULL && fake_card_take(&card, 1) == NULL, "the card sees five");
	fake_card_give(&card, 1, fake_card_good(1, descriptors[2]));
	fake_card_give(&card, 1, fake_card_good(1, descriptors[4]));
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 2 && put(1) == 0, "no room behind an older one");
	fake_card_give(&card, 1, fake_card_good(1, descriptors[1]));
	fake_card_give(&card, 1, fake_card_good(1, descriptors[0]));
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 2 && put(8) == 3, "room up to the oldest");
	fake_card_give(&card, 1, fake_card_good(1, descriptors[3]));
	complete_all();
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 4, "all are back");
	card_end();
	tap_case("full and empty rings, completions out of order");
}

static void wraps(void)
{
	card_start(3);
	queue_pair()->producer.tail = queue_pair()->consumer.head = UINT32_MAX - 99; /* index 0 still */
	for (unsigned i = 0; i < 1000 && tap_failures == 0; i++) {
		CHECK(put(1 + i % 3) == 1 + i % 3, "pass %u", i);
		complete_all();
		CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 1 + i % 3, "pass %u", i);
	}
	card_end();
	tap_case("a thousand passes over a ring of four, across the end of the counters");
}

static void statuses(void)
{
	static const struct {
		uint16_t status;
		uint32_t size;
		enum rte_crypto_op_status wanted;
	} cases[] = {
		{ GLACIS_CARD_STATUS_OK, SIZE, RTE_CRYPTO_OP_STATUS_SUCCESS },
		{ GLACIS_CARD_STATUS_OK, SIZE - 1, RTE_CRYPTO_OP_STATUS_ERROR },
		{ GLACIS_CARD_STATUS_OK, UINT32_MAX, RTE_CRYPTO_OP_STATUS_ERROR },
		{ GLACIS_CARD_STATUS_AUTH_FAILED, 0, RTE_CRYPTO_OP_STATUS_AUTH_FAILED },
		{ GLACIS_CARD_STATUS_DMA_READ, 0, RTE_CRYPTO_OP_STATUS_ERROR },
		{ GLACIS_CARD_STATUS_BAD_RING, 0, RTE_CRYPTO_OP_STATUS_ERROR },
		{ UINT16_MAX, SIZE, RTE_CRYPTO_OP_STATUS_ERROR },
	};

	card_start(8);
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct glacis_card_completion completion;

		CHECK(put(1) == 1, "takes one");
		completion = fake_card_good(1, fake_card_take(&card, 1));
		completion.status = cases[i].status;
		completion.size = cases[i].size;
		fake_card_give(&card, 1, completion);
		CHECK(take(cases[i].wanted) == 1, "status %u size %u", cases[i].status, cases[i].size);
	}
	card_end();
	tap_case("statuses and sizes");
}

/* Completions that are of nothing are passed over and counted. */
static void strangers(void)
{
	struct glacis_card_completion good, wrong;

	card_start(8);
	CHECK(put(2) == 2, "takes two");
	good = fake_card_good(1, fake_card_take(&card, 1));
	wrong = good, wrong.cookie += 1000;
	fake_card_give(&card, 1, wrong);
	wrong = good, wrong.cookie -= 8; /* the same slot, a pass ago */
	fake_card_give(&card, 1, wrong);
	wrong = good, wrong.queue = 2;
	fake_card_give(&card, 1, wrong);
	CHECK(take(0) == 0 && queue_pair()->consumer.unknown == 3, "%lu strangers", queue_pair()->consumer.unknown);
	fake_card_give(&card, 1, good);
	fake_card_give(&card, 1, good); /* twice */
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 1 && queue_pair()->consumer.unknown == 4, "once");
	complete_all();
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 1, "the other one");
	still_works();
	card_end();
	tap_case("unknown cookies, another queue's completion, one that comes twice");
}

/* A card that invents completions as fast as they are taken does not keep the caller. */
static void flood(void)
{
	card_start(8);
	CHECK(put(1) == 1, "takes one");
	for (unsigned i = 0; i < 16; i++)
		fake_card_give(&card, 1, (struct glacis_card_completion){ .cookie = 77777, .queue = 1 });
	CHECK(take(0) == 0, "nothing is back");
	CHECK(queue_pair()->consumer.unknown <= 9, "%lu were looked at in one call", queue_pair()->consumer.unknown);
	CHECK(take_late(1, RTE_CRYPTO_OP_STATUS_ERROR), "the operation is back");
	still_works();
	card_end();
	tap_case("a flood of completions of nothing");
}

static void dropped(void)
{
	struct glacis_card_completion old;

	card_start(8);
	CHECK(put(3) == 3, "takes three");
	old = fake_card_good(1, fake_card_take(&card, 1));
	fake_card_give(&card, 1, fake_card_good(1, fake_card_take(&card, 1)));
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 1, "the second is back");
	CHECK(take_late(2, RTE_CRYPTO_OP_STATUS_ERROR), "the first and the third come back late");
	CHECK(queue_pair()->consumer.recoveries == 1 && card.cuts == 0, "by a reset of the queue");
	CHECK(put(1) == 1, "takes one");
	fake_card_give(&card, 1, old); /* from before the reset */
	CHECK(take(0) == 0, "a completion of before is nobody's");
	complete_all();
	CHECK(take(RTE_CRYPTO_OP_STATUS_SUCCESS) == 1, "the new one is back");
	card_end();
	tap_case("a dropped completion, and one that comes after the reset");
}

static void wrong_phase(void)
{
	card_start(8);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(put(1) == 1, "takes one");
		fake_card_give_phase(&card, 1, fake_card_good(1, fake_card_take(&card, 1)),
				     (uint16_t[]){ 0, 2, 0xffff }[i]);
		CHECK(take(0) == 0, "not new");
		CHECK(take_late(1, RTE_CRYPTO_OP_STATUS_ERROR), "comes back late");
		still_works();
	}
	card_end();
	tap_case("a wrong phase");
}

/* Takes for so long. The longest that a single call has taken, in milliseconds; in *count what came back. */
static uint64_t longest_take_ms(unsigned ms, unsigned *count)
{
	uint64_t per_ms = rte_get_timer_hz() / 1000, start = rte_get_timer_cycles(), before, longest = 0;

	*count = 0;
	for (before = start; before - start < ms * per_ms;) {
		uint64_t now;

		*count += take(RTE_CRYPTO_OP_STATUS_ERROR);
		now = rte_get_timer_cycles();
		longest = RTE_MAX(longest, now - before);
		before = now;
	}
	return longest / per_ms;
}

/* Three operations on a queue that will not reset, and calls for half of what a reset may take. The longest of them. */
static uint64_t stuck_calls_ms(unsigned *count)
{
	card_start(8);
	CHECK(put(3) == 3, "takes three");
	card.queues[1].reset_stuck = true;
	timeout_set(LATE_MS);
	return longest_take_ms(GLACIS_RESET_MS / 2, count);
}

static void stuck(void)
{
	unsigned more, tries = 3;
	uint64_t longest = stuck_calls_ms(&more);

	/* A virtual machine may stand still for a second, but hardly in each try. */
	while (longest >= GLACIS_RESET_MS / 2 && --tries > 0) {
		CHECK(more == 3 || take_late(3 - more, RTE_CRYPTO_OP_STATUS_ERROR), "come back");
		card_end();
		fake_card_init(&card);
		longest = stuck_calls_ms(&more);
	}
	CHECK(longest < GLACIS_RESET_MS / 2, "a call waits for the card");
	CHECK(more == 0 && card.cuts == 0, "%u come back while the card may be at them", more);
	CHECK(put(1) == 0, "takes more");
	CHECK(take_late(3, RTE_CRYPTO_OP_STATUS_ERROR), "come back, though the queue does not reset");
	CHECK(card.cuts == 1, "the card is cut off before they come");
	more = put(20);
	CHECK(more == 8 && take(RTE_CRYPTO_OP_STATUS_ERROR) == 8, "%u more come back at once", more);
	card_end();
	tap_case("a queue that does not reset");
}

/* Takes until `count` are back with the status, though nothing is late yet. False: they do not come. */
static bool take_early(unsigned count, enum rte_crypto_op_status status)
{
	uint64_t start = rte_get_timer_cycles(), limit = rte_get_timer_hz() / 1000 * BACK_MS;

	while (count > 0 && rte_get_timer_cycles() - start < limit)
		count -= take(status);
	return count == 0;
}

static void removed(void)
{
	card_start(8);
	CHECK(put(3) == 3, "takes three");
	card.gone = true;
	CHECK(take_early(3, RTE_CRYPTO_OP_STATUS_ERROR), "come back, long before they are late");
	CHECK(put(2) == 2 && take(RTE_CRYPTO_OP_STATUS_ERROR) == 2, "new ones too");
	bed_device_stop(device);
	CHECK(rte_cryptodev_start(device) != 0, "does not start without a card");
	card.gone = false;
	CHECK(rte_cryptodev_start(device) == 0 && card.reopens == 2 && card.resets == 2, "starts when it is back");
	still_works();
	card_end();
	tap_case("a card that is pulled, and comes back");
}

static void fatal(void)
{
	card_start(8);
	bed_device_stop(device);
	card.fatal = true;
	CHECK(rte_cryptodev_start(device) == 0 && card.resets == 2 && card.reopens == 0, "starts by a reset");
	still_works();
	card_end();
	tap_case("a card that says that only a reset helps");
}

static void stopped_under_way(void)
{
	card_start(8);
	CHECK(put(3) == 3, "takes three");
	bed_device_stop(device);
	CHECK(rte_cryptodev_start(device) == 0, "starts again");
	CHECK(put(1) == 0, "takes nothing before the old ones are back");
	CHECK(take(RTE_CRYPTO_OP_STATUS_ERROR) == 3, "they are back");
	still_works();
	card_end();
	tap_case("stop and start with operations under way");
}

#define TEAM_OPS  3000u
#define TEAM_DROP 499u

static bool team_done; /* atomic */

static void *team_card(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&team_done, __ATOMIC_RELAXED)) {
		fake_card_serve(&card, 1, TEAM_DROP);
		rte_delay_us_sleep(20);
	}
	return NULL;
}

static void *team_dequeue(void *lost_)
{
	uint64_t deadline = rte_get_timer_cycles() + rte_get_timer_hz() * 30;
	struct rte_crypto_op *ops[16];
	unsigned *lost = lost_, back = 0;

	while (back < TEAM_OPS && rte_get_timer_cycles() < deadline) {
		uint16_t count = rte_cryptodev_dequeue_burst(device, 0, ops, RTE_DIM(ops));

		for (uint16_t i = 0; i < count; i++) {
			*lost += ops[i]->status == RTE_CRYPTO_OP_STATUS_ERROR;
			CHECK(ops[i]->status != RTE_CRYPTO_OP_STATUS_NOT_PROCESSED, "an end");
			op_free(ops[i]);
		}
		back += count;
		if (count == 0)
			rte_delay_us_sleep(20);
	}
	CHECK(back == TEAM_OPS, "%u of %u are back", back, TEAM_OPS);
	return NULL;
}

/* The queue is reset again and again under the hands of another thread that enqueues. */
static void team(void)
{
	pthread_t card_thread, dequeue_thread;
	unsigned lost = 0;

	card_start(32);
	team_done = false;
	timeout_set(LATE_MS);
	pthread_create(&card_thread, NULL, team_card, NULL);
	pthread_create(&dequeue_thread, NULL, team_dequeue, &lost);
	for (unsigned i = 0; i < TEAM_OPS; i++) {
		struct rte_crypto_op *op = op_make();

		while (rte_cryptodev_enqueue_burst(device, 0, &op, 1) == 0)
			rte_delay_us_sleep(20);
	}
	pthread_join(dequeue_thread, NULL);
	__atomic_store_n(&team_done, true, __ATOMIC_RELAXED);
	pthread_join(card_thread, NULL);
	/* Fewer than were enqueued reach the card, for a reset gives others back too; three are certain. */
	CHECK(lost >= 3 && queue_pair()->consumer.recoveries >= 3, "%u lost by %lu resets", lost,
	      queue_pair()->consumer.recoveries);
	card_end();
	tap_case("resets while other threads enqueue and complete");
}

static void unmapped(void)
{
	card.unmapped = true;
	card_start(8);
	for (unsigned i = 0; i < 20; i++)
		still_works();
	card_end();
	tap_case("doorbells that cannot be mapped");
}

/* Runs `probe` with the log in memory. */
static int probe_logged(char **log)
{
	size_t size;
	FILE *file = open_memstream(log, &size);
	int status;

	rte_openlog_stream(file);
	status = card_probe();
	rte_openlog_stream(NULL);
	fclose(file);
	return status;
}

static void refuse(const char *what, const char *first, const char *second)
{
	char *log;
	int status = probe_logged(&log);

	CHECK(status != 0, "%s: is not refused", what);
	CHECK(strstr(log, first) != NULL && strstr(log, second) != NULL, "%s: the log says \"%s\"", what, log);
	CHECK(card.closes == 1, "%s: the link is closed", what);
	free(log);
	fake_card_init(&card);
}

static void refusals(void)
{
	char own[32];

	fake_card_init(&card), card.abi = 2u << 16 | 7;
	snprintf(own, sizeof(own), "made for %u.%u", GLACIS_CARD_ABI_MAJOR, GLACIS_CARD_ABI_MINOR);
	refuse("another major version", "ABI 2.7", own);
	card.magic = 0x12345678;
	refuse("another device", "0x12345678", "0x43414c47");
	card.gone = true;
	refuse("no card", "does not answer", "No such device");
	card.limits = 0 | 12 << 8 | 16 << 16;
	refuse("no queues", "0 queues", "no card can have");
	card.limits = 65 | 12 << 8 | 16 << 16;
	refuse("65 queues", "65 queues", "no card can have");
	card.limits = 64 | 16 << 8 | 16 << 16;
	refuse("rings too large", "2^16", "no card can have");
	card.limits = 64 | 12 << 8;
	refuse("no segments", "0 segments", "no card can have");
	card.rsa_bits = 1024 | 8192u << 16;
	refuse("RSA beyond the ABI", "8192", "no card can have");
	card.reset_stuck = true;
	refuse("a reset that does not end", "reset", "timed out");
	tap_case("cards that are refused, and what the log says");

	card.abi = 1u << 16 | 9;
	CHECK(card_probe() == 0 && glacis_pmd_destroy("fake") == 0, "another minor version is none of our business");
	tap_case("a higher minor version");
}

static uint64_t features(void)
{
	struct rte_cryptodev_info info;

	rte_cryptodev_info_get(device, &info);
	return info.feature_flags;
}

static void capabilities(void)
{
	struct rte_cryptodev_asym_capability_idx rsa = { .type = RTE_CRYPTO_ASYM_XFORM_RSA };
	struct rte_cryptodev_sym_capability_idx aead = { .type = RTE_CRYPTO_SYM_XFORM_AEAD,
							 .algo.aead = RTE_CRYPTO_AEAD_AES_GCM };

	card.capabilities = GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK;
	card_start(8);
	CHECK(rte_cryptodev_asym_capability_get(device, &rsa) == NULL, "no RSA is offered");
	CHECK(rte_cryptodev_sym_capability_get(device, &aead) != NULL, "AES-GCM is");
	CHECK((features() & RTE_CRYPTODEV_FF_ASYMMETRIC_CRYPTO) == 0, "nor its features");
	still_works();
	card_end();
	fake_card_init(&card);
	card.capabilities = GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK;
	card.limits = 1 | 12 << 8 | 1 << 16;
	card_start(8);
	CHECK(rte_cryptodev_asym_capability_get(device, &rsa) != NULL, "RSA is offered");
	CHECK(rte_cryptodev_sym_capability_get(device, &aead) == NULL && session == NULL, "AES-GCM is not");
	CHECK((features() & RTE_CRYPTODEV_FF_IN_PLACE_SGL) == 0, "nor segments");
	glacis_pmd_destroy("fake");
	tap_case("an image without RSA, one without AES-GCM");
}

/* A public key, of which the fake card reads nothing. */
static int rsa_session(void **made)
{
	static uint8_t n[128] = { 0x80 }, e[1] = { 3 };
	struct rte_crypto_asym_xform xform = { .xform_type = RTE_CRYPTO_ASYM_XFORM_RSA,
					       .rsa = { .n = { .data = n, .length = 128 },
							.e = { .data = e, .length = 1 } } };
	int status = rte_cryptodev_asym_session_create(device, &xform, bed.asym_sessions, made);

	if (status != 0 && *made != NULL)
		rte_cryptodev_asym_session_free(device, *made);
	return status;
}

static enum rte_crypto_op_status rsa_run(void *asym_session)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.asym_ops, RTE_CRYPTO_OP_TYPE_ASYMMETRIC);
	uint8_t message[128] = { 0 }, cipher[128];
	const struct glacis_card_aead *descriptor;
	enum rte_crypto_op_status status;

	rte_crypto_op_attach_asym_session(op, asym_session);
	op->asym->rsa = (struct rte_crypto_rsa_op_param){ .op_type = RTE_CRYPTO_ASYM_OP_ENCRYPT,
							  .message = { .data = message, .length = 128 },
							  .cipher = { .data = cipher } };
	CHECK(rte_cryptodev_enqueue_burst(device, 0, &op, 1) == 1, "is taken");
	descriptor = fake_card_take(&card, 1);
	fake_card_give(&card, 1,
		       (struct glacis_card_completion){ .cookie = descriptor->cookie, .size = 128, .queue = 1 });
	CHECK(rte_cryptodev_dequeue_burst(device, 0, &op, 1) == 1, "is back");
	status = op->status;
	rte_crypto_op_free(op);
	return status;
}

static void keys(void)
{
	void *made = NULL, *other = NULL;

	card_start(8);
	card.admin_silent = true;
	timeout_set(LATE_MS);
	CHECK(rsa_session(&made) == -ETIMEDOUT, "a key that the card does not answer for");
	card.admin_silent = false;
	timeout_set(TIMEOUT_MS);
	made = NULL;
	CHECK(rsa_session(&made) == 0 && rsa_run(made) == RTE_CRYPTO_OP_STATUS_SUCCESS, "a key after that");
	bed_device_stop(device);
	CHECK(rte_cryptodev_start(device) == 0 && rsa_run(made) == RTE_CRYPTO_OP_STATUS_SUCCESS,
	      "a key lives through stop and start");
	bed_device_stop(device);
	card.fatal = true;
	CHECK(rte_cryptodev_start(device) == 0 && rsa_run(made) == RTE_CRYPTO_OP_STATUS_INVALID_SESSION,
	      "but not through a reset of the function");
	CHECK(rsa_session(&other) == 0 && rsa_run(other) == RTE_CRYPTO_OP_STATUS_SUCCESS, "a new key");
	rte_cryptodev_asym_session_free(device, made);
	CHECK(rsa_run(other) == RTE_CRYPTO_OP_STATUS_SUCCESS, "whose slot the old one's end leaves alone");
	rte_cryptodev_asym_session_free(device, other);
	card_end();
	tap_case("keys: a silent admin queue, stop and start, a reset");
}

int main(int count, char *values[])
{
	static void (*const cases[])(
		void) = { full_and_empty, wraps, statuses, strangers,         flood, dropped,  wrong_phase,  stuck,
			  removed,        fatal, keys,     stopped_under_way, team,  unmapped, capabilities, refusals };

	(void)count;
	bed_start(values[0], 0, NULL, "");
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		fake_card_init(&card);
		cases[i]();
	}
	bed_end();
	return tap_end();
}
