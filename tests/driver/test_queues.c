/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue pairs of a card: 1, 2 and 64 of them, one thread to each two, rings of all sizes, one queue pair shared by a
 * thread that enqueues and one that dequeues, configuration again and again; with two sockets, two cards in one
 * process. Results are told apart by sealing and opening again: what comes back must be what went in.
 *
 * usage: test_driver_queues CARD [CARD]
 */
#include <pthread.h>
#include <string.h>

#include <rte_cycles.h>

#include "bed.h"
#include "tap.h"

#define SIZE   512u
#define BURST  16u
#define ROUNDS 20u
#define SHARED 20000u
#define QUEUES 64u

static uint8_t key[16] = "a key of 16 byte";

/* Operations belong to their lane for good: DPDK's pools make threads spin that share a processor. */
struct lane {
	uint8_t device;
	uint16_t queue_pair;
	uint32_t seed;
	void *seal, *open;
	struct rte_crypto_op *ops[BURST];
	bool good;
};

static struct rte_crypto_op *op_make(void)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	struct rte_mbuf *packet = rte_pktmbuf_alloc(bed.mbufs);

	if (op == NULL || packet == NULL)
		bed_fail("pools are empty");
	rte_pktmbuf_append(packet, SIZE);
	op->sym->m_src = packet;
	op->sym->aead.data.length = SIZE;
	op->sym->aead.digest.data = bed_private(op)->tag;
	op->sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op, BED_NONCE_OFFSET +
										  offsetof(struct bed_private, tag));
	return op;
}

static void op_free(struct rte_crypto_op *op)
{
	rte_pktmbuf_free(op->sym->m_src);
	rte_crypto_op_free(op);
}

static void op_fill(struct rte_crypto_op *op, uint32_t seed)
{
	uint8_t *text = rte_pktmbuf_mtod(op->sym->m_src, uint8_t *);

	for (uint32_t i = 0; i < SIZE; i++)
		text[i] = (uint8_t)(seed * 31 + i);
	memcpy(bed_private(op)->nonce, &seed, sizeof(seed));
}

/* Is the text there, or, when it is sealed, is it not? */
static bool op_check(const struct rte_crypto_op *op, uint32_t seed, bool sealed)
{
	const uint8_t *text = rte_pktmbuf_mtod(op->sym->m_src, const uint8_t *);
	uint32_t same = 0;

	for (uint32_t i = 0; i < SIZE; i++)
		same += text[i] == (uint8_t)(seed * 31 + i);
	return op->status == RTE_CRYPTO_OP_STATUS_SUCCESS && (sealed ? same < SIZE / 2 : same == SIZE);
}

/* Seals a burst and opens it again. */
static bool lane_round(struct lane *lane, uint32_t round)
{
	uint32_t seed = (lane->seed << 16) + round * BURST;
	bool good = true;

	for (uint32_t i = 0; i < BURST; i++)
		op_fill(lane->ops[i], seed + i);
	for (int sealed = 1; sealed >= 0 && good; sealed--) {
		for (uint32_t i = 0; i < BURST; i++)
			rte_crypto_op_attach_sym_session(lane->ops[i], sealed ? lane->seal : lane->open);
		good = bed_run(lane->device, lane->queue_pair, lane->ops, BURST);
		for (uint32_t i = 0; i < BURST; i++)
			good = good && op_check(lane->ops[i], seed + i, sealed);
	}
	return good;
}

static void lane_open(struct lane *lane)
{
	lane->seal = bed_aead_session(lane->device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, 16, 0);
	lane->open = bed_aead_session(lane->device, RTE_CRYPTO_AEAD_OP_DECRYPT, key, 16, 0);
	for (uint32_t i = 0; i < BURST; i++)
		lane->ops[i] = op_make();
}

static void lane_close(struct lane *lane)
{
	for (uint32_t i = 0; i < BURST; i++)
		op_free(lane->ops[i]);
	rte_cryptodev_sym_session_free(lane->device, lane->seal);
	rte_cryptodev_sym_session_free(lane->device, lane->open);
}

static void *lane_run(void *lane_)
{
	struct lane *lane = lane_;

	lane->good = true;
	for (uint32_t round = 0; round < ROUNDS && lane->good; round++)
		lane->good = lane_round(lane, round);
	return NULL;
}

/* All lanes at once, each in a thread of its own that DPDK knows. */
static void *lanes_thread(void *lane)
{
	if (rte_thread_register() != 0)
		bed_fail("rte_thread_register");
	lane_run(lane);
	rte_thread_unregister();
	return NULL;
}

static void lanes(const uint8_t *devices, unsigned device_count, uint16_t queue_pairs, const char *name)
{
	static struct lane all[2 * QUEUES];
	pthread_t threads[2 * QUEUES];
	unsigned count = 0;

	for (unsigned d = 0; d < device_count; d++) {
		bed_device_start(devices[d], queue_pairs, 32);
		for (uint16_t q = 0; q < queue_pairs; q++, count++)
			all[count] = (struct lane){ .device = devices[d], .queue_pair = q, .seed = count };
	}
	for (unsigned i = 0; i < count; i++)
		lane_open(&all[i]);
	for (unsigned i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, lanes_thread, &all[i]);
	for (unsigned i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		CHECK(all[i].good, "device %u queue pair %u", all[i].device, all[i].queue_pair);
		lane_close(&all[i]);
	}
	for (unsigned d = 0; d < device_count; d++) {
		struct rte_cryptodev_stats stats;

		rte_cryptodev_stats_get(devices[d], &stats);
		CHECK(stats.enqueued_count == 2ul * ROUNDS * BURST * queue_pairs &&
			      stats.dequeued_count == stats.enqueued_count && stats.dequeue_err_count == 0,
		      "device %u: %lu in, %lu out, %lu errors", devices[d], stats.enqueued_count, stats.dequeued_count,
		      stats.dequeue_err_count);
		rte_cryptodev_stats_reset(devices[d]);
		rte_cryptodev_stats_get(devices[d], &stats);
		CHECK(stats.enqueued_count == 0 && stats.dequeued_count == 0, "statistics after their reset");
		bed_device_stop(devices[d]);
	}
	tap_case(name);
}

/* Every size a program may ask for works; what the card does not take is refused. */
static void sizes(uint8_t device)
{
	static const uint32_t descriptors[] = { 1, 2, 3, 31, 32, 33, 1000, 4096 };
	struct rte_cryptodev_qp_conf conf = { .nb_descriptors = 0 };
	struct lane lane = { .device = device, .seed = 9 };

	for (unsigned i = 0; i < RTE_DIM(descriptors); i++) {
		bed_device_start(device, 1, descriptors[i]);
		lane_open(&lane);
		lane_run(&lane);
		CHECK(lane.good, "%u descriptors", descriptors[i]);
		lane_close(&lane);
		bed_device_stop(device);
	}
	CHECK(rte_cryptodev_queue_pair_setup(device, 0, &conf, 0) != 0, "no descriptors");
	conf.nb_descriptors = 1u << 20;
	CHECK(rte_cryptodev_queue_pair_setup(device, 0, &conf, 0) != 0, "a million descriptors");
	tap_case("rings of 1 to 4096 descriptors; none and a million are refused");
}

struct shared {
	uint8_t device;
	void *session;
	uint32_t wrong;
};

static void *dequeue_thread(void *shared_)
{
	uint64_t deadline = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * 3 * BED_DEADLINE_MS;
	struct shared *shared = shared_;
	struct rte_crypto_op *ops[BURST];
	uint32_t taken = 0;

	if (rte_thread_register() != 0)
		bed_fail("rte_thread_register");
	while (taken < SHARED && rte_get_timer_cycles() < deadline) {
		uint16_t count = rte_cryptodev_dequeue_burst(shared->device, 0, ops, BURST);

		for (uint16_t i = 0; i < count; i++) {
			shared->wrong += ops[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS;
			op_free(ops[i]);
		}
		taken += count;
		if (count == 0)
			rte_delay_us_sleep(10);
	}
	rte_thread_unregister();
	shared->wrong += SHARED - taken;
	return NULL;
}

/* One thread enqueues and another dequeues. */
static void two_threads(uint8_t device)
{
	struct shared shared = { .device = device };
	struct rte_crypto_op *op;
	pthread_t thread;

	bed_device_start(device, 1, 64);
	shared.session = bed_aead_session(device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, 16, 0);
	pthread_create(&thread, NULL, dequeue_thread, &shared);
	for (uint32_t i = 0; i < SHARED; i++) {
		op = op_make();
		rte_crypto_op_attach_sym_session(op, shared.session);
		while (rte_cryptodev_enqueue_burst(device, 0, &op, 1) == 0)
			rte_delay_us_sleep(10);
	}
	pthread_join(thread, NULL);
	CHECK(shared.wrong == 0, "%u operations", shared.wrong);
	rte_cryptodev_sym_session_free(device, shared.session);
	bed_device_stop(device);
	tap_case("one thread enqueues, another dequeues");
}

int main(int count, char *values[])
{
	uint8_t devices[2];

	if (count != 2 && count != 3) {
		fprintf(stderr, "usage: %s CARD [CARD]\n", values[0]);
		return 64;
	}
	bed_start(values[0], (unsigned)count - 1, values + 1, "");
	devices[0] = bed_card(0);
	if (count == 3) {
		devices[1] = bed_card(1);
		lanes(devices, 2, 8, "two cards side by side, eight queue pairs each");
	} else {
		lanes(devices, 1, 1, "one queue pair");
		lanes(devices, 1, 2, "two queue pairs");
		/* one thread each, and all of them spin: too many for a simulated card to get its turn */
		if (getenv("GLACIS_VCARD_BACKEND") != NULL)
			lanes(devices, 1, 8, "8 queue pairs");
		else
			lanes(devices, 1, QUEUES, "64 queue pairs");
		sizes(devices[0]);
		two_threads(devices[0]);
		lanes(devices, 1, 2, "two queue pairs, after all that");
	}
	CHECK(rte_mempool_full(bed.ops) && rte_mempool_full(bed.mbufs) && rte_mempool_full(bed.sessions),
	      "everything is back in its pool");
	tap_case("nothing leaks");
	bed_end();
	return tap_end();
}
