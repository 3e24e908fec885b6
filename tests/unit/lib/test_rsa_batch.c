/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batcher: what starts a batch, what runs one by one, mixed keys, sizes and kinds, a full queue,
 * threads that share a key, and a child after fork().
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "rsa_support.h"

#define OPS 40u

static struct rsa_bed bed;
static struct glacis_rsa_op ops[OPS];
static struct glacis_rsa_op *pointers[OPS];
static uint8_t digests[OPS][32], outputs[OPS][GLACIS_RSA_BYTES_MAX];

static void open_bed(void)
{
	rsa_bed_open(&bed, NULL);
}

static void close_bed(void)
{
	rsa_bed_close(&bed);
}

TestSuite(rsa_batch, .init = open_bed, .fini = close_bed);

static void prepare(const struct glacis_rsa_key *key, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		rsa_random(digests[i], 32, i);
		rsa_fill_op(&ops[i], key, GLACIS_RSA_SIGN_PKCS1, digests[i], 32, outputs[i]);
		ops[i].hash = GLACIS_RSA_SHA256;
		ops[i].op.cookie = 900 + i;
		pointers[i] = &ops[i];
	}
}

static void check(EVP_PKEY *reference, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		cr_assert_eq(ops[i].op.status, GLACIS_STATUS_OK, "operation %u: %u", i, ops[i].op.status);
		cr_assert_eq(ops[i].op.cookie, 900 + i);
		cr_assert(rsa_reference_verify(reference, EVP_sha256(), -1, digests[i], 32, outputs[i],
					       ops[i].output_size));
	}
}

static unsigned poll(void)
{
	struct glacis_op *done[OPS];
	return glacis_queue_poll(bed.queue, done, OPS);
}

/* All that a flush has started: what is too little for lanes comes one by one. */
static unsigned poll_all(void)
{
	unsigned all = 0, count;

	while ((count = poll()))
		all += count;
	return all;
}

static void sleep_us(long us)
{
	const struct timespec time = { .tv_nsec = us * 1000 };
	nanosleep(&time, NULL);
}

Test(rsa_batch, eight_start_at_once_the_rest_waits)
{
	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	EVP_PKEY *half = rsa_public_key(key);

	rsa_bed_set_break_even(&bed, 4);
	prepare(key, 0, 11);
	cr_assert_eq(glacis_rsa_wait_us(bed.queue), -1);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 7), 7);
	cr_assert_eq(rsa_counters_of(&bed).operations, 0u);
	cr_assert_eq(ops[6].op.state, GLACIS_OP_QUEUED);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers + 7, 4), 4);
	struct glacis_rsa_counters counters = rsa_counters_of(&bed);
	cr_assert_eq(counters.batches, 1u);
	cr_assert_eq(counters.by_full, 1u);
	cr_assert_eq(counters.lanes_filled, 8u);
	cr_assert_eq(counters.operations, 8u);
	cr_assert_eq(glacis_queue_inflight(bed.queue), 11u);
	cr_assert_eq(glacis_rsa_wait_us(bed.queue), 0, "completions are there");
	glacis_queue_flush(bed.queue);
	cr_assert_eq(poll_all(), 11u);
	cr_assert_eq(glacis_queue_inflight(bed.queue), 0u);
	for (unsigned i = 0; i < 11; i++)
		cr_assert_eq(ops[i].lane, i < 8 ? GLACIS_RSA_LANE_BATCH : GLACIS_RSA_LANE_SINGLE);
	cr_assert_eq(rsa_counters_of(&bed).singles, 3u);
	check(half, 0, 11);
	EVP_PKEY_free(half);
	glacis_rsa_key_destroy(key);
}

Test(rsa_batch, poll_starts_what_has_waited_long_enough)
{
	const struct glacis_queue_options options = { .batch_wait_us = 20000 };

	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	glacis_queue_destroy(bed.queue);
	cr_assert_eq(glacis_queue_create(bed.engine, &options, &bed.queue), 0);
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	EVP_PKEY *half = rsa_public_key(key);
	rsa_bed_set_break_even(&bed, 4);
	prepare(key, 0, 5);
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 5), 5);
	int64_t wait = glacis_rsa_wait_us(bed.queue);
	cr_assert(wait >= 0 && wait <= 20000, "%ld", (long)wait);
	while (poll() == 0)
		sleep_us(200);
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t us = (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000;
	cr_assert_geq(us, 20000, "started after %ld us", (long)us);
	cr_assert_eq(rsa_counters_of(&bed).by_deadline, 1u);
	cr_assert_eq(rsa_counters_of(&bed).lanes_filled, 5u);
	cr_assert_eq(glacis_rsa_wait_us(bed.queue), -1);
	check(half, 0, 5);
	EVP_PKEY_free(half);
	glacis_rsa_key_destroy(key);
}

Test(rsa_batch, break_even_decides_between_lanes_and_singles)
{
	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");

	rsa_bed_set_break_even(&bed, 3);
	for (unsigned count = 1; count <= 5; count++) {
		prepare(key, 0, count);
		rsa_run(&bed, ops, count);
		cr_assert_eq(ops[0].lane, count < 3 ? GLACIS_RSA_LANE_SINGLE : GLACIS_RSA_LANE_BATCH);
	}
	struct glacis_rsa_counters counters = rsa_counters_of(&bed);
	cr_assert_eq(counters.singles, 3u);
	cr_assert_eq(counters.batches, 3u);
	cr_assert_eq(counters.by_flush, 3u);
	/* Lanes that never pay: nothing waits. */
	rsa_bed_set_break_even(&bed, 9);
	prepare(key, 0, 1);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 1), 1);
	cr_assert_eq(poll(), 1u);
	glacis_rsa_key_destroy(key);
}

Test(rsa_batch, break_even_is_measured_with_the_first_key)
{
	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	struct glacis_rsa_key *key = rsa_import(&bed, "key4096.pem");

	/* How many it takes depends on the machine, and on a sanitizer in the lanes: 9 says that they never pay. */
	unsigned least = atomic_load(&bed.engine->rsa.break_even[2][RSA_WORK_PRIVATE]);
	cr_assert(least >= 1 && least <= RSA_NEVER, "%u", least);
	cr_assert_eq(atomic_load(&bed.engine->rsa.break_even[0][RSA_WORK_PRIVATE]), 0, "no key of 2048 bits yet");
	cr_assert_eq(glacis_rsa_lanes_from(bed.engine, 4096), least == RSA_NEVER ? -ERANGE : (int)least);
	cr_assert_eq(glacis_rsa_lanes_from(bed.engine, 2048), -ENODATA);
	cr_assert_eq(glacis_rsa_lanes_from(bed.engine, 1024), -EINVAL);
	for (unsigned count = 1; count <= 8; count++) {
		prepare(key, 0, count);
		rsa_run(&bed, ops, count);
		cr_assert_eq(ops[0].lane, count < least ? GLACIS_RSA_LANE_SINGLE : GLACIS_RSA_LANE_BATCH);
	}
	glacis_rsa_key_destroy(key);
}

Test(rsa_batch, lanes_that_differ_are_told_from_lanes_that_never_pay)
{
	if (!rsa_bed_has_lanes(&bed)) {
		cr_assert_eq(glacis_rsa_lanes_from(bed.engine, 2048), -ENOTSUP);
		return;
	}
	rsa_bed_set_break_even(&bed, RSA_NEVER);
	cr_assert_eq(glacis_rsa_lanes_from(bed.engine, 2048), -ERANGE);
	atomic_store(&bed.engine->rsa.break_even[0][RSA_WORK_PUBLIC], RSA_DIFFER);
	cr_assert_eq(glacis_rsa_lanes_from(bed.engine, 2048), -EBADMSG);
	cr_assert_eq(glacis_rsa_lanes_from(bed.engine, 3072), -ERANGE);
}

/* Two keys of one size share a batch; other sizes and public operations have lists of their own. */
Test(rsa_batch, mixes_keys_sizes_and_kinds)
{
	static const char *const names[] = { "key2048.pem", "other2048.pem", "e3_2048.pem", "key3072.pem",
					     "key4096.pem" };
	struct glacis_rsa_key *keys[5];
	EVP_PKEY *halves[5];
	uint8_t values[OPS][GLACIS_RSA_BYTES_MAX], expected[GLACIS_RSA_BYTES_MAX];

	for (unsigned i = 0; i < 5; i++) {
		keys[i] = rsa_import(&bed, names[i]);
		halves[i] = rsa_public_key(keys[i]);
	}
	rsa_bed_set_break_even(&bed, 1);
	for (unsigned i = 0; i < OPS; i++) {
		prepare(keys[i % 5], i, 1);
		if (i % 3 != 0)
			continue;
		uint32_t bytes = glacis_rsa_key_bits(keys[i % 5]) / 8;
		rsa_random(values[i], bytes, i);
		values[i][0] = 0;
		rsa_fill_op(&ops[i], keys[i % 5], GLACIS_RSA_PUBLIC_RAW, values[i], bytes, outputs[i]);
	}
	rsa_run(&bed, ops, OPS);
	for (unsigned i = 0; i < OPS; i++) {
		cr_assert_eq(ops[i].op.status, GLACIS_STATUS_OK);
		if (i % 3 != 0) {
			check(halves[i % 5], i, 1);
			continue;
		}
		rsa_reference_public(halves[i % 5], values[i], ops[i].output_size, expected);
		cr_assert_arr_eq(outputs[i], expected, ops[i].output_size);
	}
	for (unsigned i = 0; i < 5; i++) {
		EVP_PKEY_free(halves[i]);
		glacis_rsa_key_destroy(keys[i]);
	}
}

Test(rsa_batch, refuses_what_is_full_or_invalid)
{
	const struct glacis_queue_options options = { .depth = 4 };
	struct glacis_queue_counters counters;
	uint8_t byte = 0;

	glacis_queue_destroy(bed.queue);
	cr_assert_eq(glacis_queue_create(bed.engine, &options, &bed.queue), 0);
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	prepare(key, 0, 6);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 6), 4);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers + 4, 1), 0);
	glacis_queue_counters(bed.queue, &counters);
	cr_assert_eq(counters.refused_full, 3u);
	cr_assert_eq(counters.submitted, 4u);
	glacis_queue_flush(bed.queue);
	cr_assert_eq(poll_all(), 4u);
	glacis_queue_counters(bed.queue, &counters);
	cr_assert_eq(counters.completed[GLACIS_PATH_CPU], 4u);

	for (unsigned i = 0; i < 6; i++) {
		prepare(key, 0, 2);
		struct glacis_rsa_op *bad = &ops[1];
		if (i == 0)
			bad->key = NULL;
		else if (i == 1)
			bad->input = NULL;
		else if (i == 2)
			bad->output = NULL;
		else if (i == 3)
			bad->kind = 0;
		else if (i == 4)
			bad->kind = GLACIS_RSA_DECRYPT_OAEP + 1;
		else
			pointers[1] = NULL;
		cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 2), 1);
		cr_assert_eq(bad->op.state, GLACIS_OP_FREE);
		cr_assert(i == 5 || bad->op.status == GLACIS_STATUS_INVALID);
		glacis_queue_flush(bed.queue);
		cr_assert_eq(poll_all(), 1u);
	}
	glacis_queue_counters(bed.queue, &counters);
	cr_assert_eq(counters.refused_invalid, 6u);
	/* An operation under way is left alone. */
	prepare(key, 0, 1);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 1), 1);
	uint8_t state = ops[0].op.state;
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 1), 0);
	cr_assert_eq(ops[0].op.state, state);
	glacis_queue_flush(bed.queue);
	cr_assert_eq(poll_all(), 1u);
	glacis_rsa_key_destroy(key);
	cr_assert_eq(byte, 0);
}

Test(rsa_batch, refuses_a_key_of_another_engine)
{
	struct rsa_bed other;

	rsa_bed_open(&other, NULL);
	struct glacis_rsa_key *key = rsa_import(&other, "key2048.pem");
	prepare(key, 0, 1);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 1), 0);
	cr_assert_eq(ops[0].op.status, GLACIS_STATUS_INVALID);
	glacis_rsa_key_destroy(key);
	rsa_bed_close(&other);
}

Test(rsa_batch, options_have_bounds)
{
	struct glacis_queue *queue;
	const struct glacis_queue_options most = { .batch_wait_us = 1000000 }, more = { .batch_wait_us = 1000001 };

	cr_assert_eq(glacis_queue_create(bed.engine, &more, &queue), -EINVAL);
	cr_assert_eq(glacis_queue_create(bed.engine, &most, &queue), 0);
	glacis_queue_destroy(queue);
}

/* Keys and queues come and go in any order. */
Test(rsa_batch, keys_outlive_queues_and_queues_keys)
{
	struct glacis_rsa_key *first = rsa_import(&bed, "key2048.pem"), *second = rsa_import(&bed, "other2048.pem");
	struct glacis_queue *queue;

	prepare(first, 0, 2);
	rsa_run(&bed, ops, 2);
	prepare(second, 0, 2);
	rsa_run(&bed, ops, 2);
	glacis_rsa_key_destroy(first);
	cr_assert_eq(glacis_queue_create(bed.engine, NULL, &queue), 0);
	struct glacis_queue *old = bed.queue;
	bed.queue = queue;
	prepare(second, 0, 3);
	rsa_run(&bed, ops, 3);
	glacis_queue_destroy(old);
	first = rsa_import(&bed, "key2048.pem");
	prepare(first, 0, 3);
	rsa_run(&bed, ops, 3);
	glacis_rsa_key_destroy(second);
	glacis_rsa_key_destroy(first);
}

struct worker {
	const struct glacis_rsa_key *key;
	struct glacis_engine *engine;
	unsigned seed;
	unsigned good;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct glacis_rsa_op own[8], *own_pointers[8];
	struct glacis_op *done[8];
	uint8_t digest[8][32], output[8][256];
	struct glacis_queue *queue;
	EVP_PKEY *half = rsa_public_key(worker->key);

	if (glacis_queue_create(worker->engine, NULL, &queue) != 0)
		return NULL;
	for (unsigned round = 0; round < 12; round++) {
		unsigned count = round % 8 + 1;
		for (unsigned i = 0; i < count; i++) {
			rsa_random(digest[i], 32, worker->seed + round * 8 + i);
			rsa_fill_op(&own[i], worker->key, GLACIS_RSA_SIGN_PSS, digest[i], 32, output[i]);
			own[i].hash = GLACIS_RSA_SHA256;
			own[i].salt_size = 32;
			own_pointers[i] = &own[i];
		}
		if (glacis_rsa_submit(queue, own_pointers, count) != (int)count)
			break;
		glacis_queue_flush(queue);
		for (unsigned left = count; left > 0;)
			left -= glacis_queue_poll(queue, done, 8);
		for (unsigned i = 0; i < count; i++)
			worker->good += own[i].op.status == GLACIS_STATUS_OK &&
					rsa_reference_verify(half, EVP_sha256(), 32, digest[i], 32, output[i], 256);
	}
	glacis_queue_destroy(queue);
	EVP_PKEY_free(half);
	return NULL;
}

Test(rsa_batch, threads_share_a_key)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	struct worker workers[3];
	pthread_t threads[3];

	for (unsigned i = 0; i < 3; i++) {
		workers[i] = (struct worker){ .key = key, .engine = bed.engine, .seed = 10000 * i };
		cr_assert_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	/* Keys come and go beside them. */
	for (unsigned i = 0; i < 5; i++)
		glacis_rsa_key_destroy(rsa_import(&bed, "other2048.pem"));
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
		cr_assert_eq(workers[i].good, 36u + 10u, "%u", workers[i].good);
	}
	glacis_rsa_key_destroy(key);
}

Test(rsa_batch, a_child_gets_nothing)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem"), *more;
	uint8_t bytes[RSA_FILE_MAX];
	size_t size = rsa_read_file("key2048.pem", bytes);
	char why[128];
	int status;

	prepare(key, 0, 3);
	cr_assert_eq(glacis_rsa_submit(bed.queue, pointers, 2), 2);
	pid_t child = fork();
	if (child == 0) {
		bool right = glacis_rsa_submit(bed.queue, pointers + 2, 1) == -ECHILD && poll() == 0 &&
			     glacis_rsa_wait_us(bed.queue) == -1 &&
			     glacis_rsa_key_import(bed.engine, bytes, size, NULL, NULL, &more, why, sizeof(why)) ==
				     -ECHILD;
		glacis_queue_flush(bed.queue);
		glacis_queue_destroy(bed.queue);
		glacis_rsa_key_destroy(key);
		glacis_engine_destroy(bed.engine);
		_exit(right ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
	glacis_queue_flush(bed.queue);
	cr_assert_eq(poll_all(), 2u);
	glacis_rsa_key_destroy(key);
}
