/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: bursts that mix sessions, sizes and directions, a full queue, every field out of bounds,
 * states, counters, and a child after fork().
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aead_support.h"

#define BURST 200u
#define TEXT  512u

static struct glacis_aead_op ops[BURST];
static struct glacis_aead_op *pointers[BURST];
static uint8_t texts[BURST][TEXT + 16], expected[BURST][TEXT + 16];

static struct glacis_queue_counters counters_of(const struct bed *bed)
{
	struct glacis_queue_counters counters;
	glacis_queue_counters(bed->queue, &counters);
	return counters;
}

/* `count` seals of 64 bytes under one session. */
static struct glacis_aead_session *prepare(struct bed *bed, unsigned count)
{
	static const uint8_t key[16] = { 1, 2, 3 };
	struct glacis_aead_session *session = make_session(bed, GLACIS_SEAL, key, sizeof(key));

	for (unsigned i = 0; i < count; i++) {
		uint8_t nonce[12] = { (uint8_t)i };
		fill_op(&ops[i], session, texts[i], 64, nonce, NULL, 0);
		pointers[i] = &ops[i];
	}
	return session;
}

static unsigned drain(struct bed *bed)
{
	struct glacis_op *done[BURST];
	return glacis_queue_poll(bed->queue, done, BURST);
}

/* The i-th operation: its session, size and direction are functions of i; every seventh open is forged. */
static void prepare_mixed(struct glacis_aead_session *sessions[2][8], uint8_t keys[8][32], unsigned i)
{
	static const uint32_t sizes[] = { 0, 1, 16, 63, 256, 500, TEXT };
	uint8_t plain[TEXT], nonce[12];
	uint32_t length = sizes[i % 7];
	unsigned key = i % 8;

	fill_pattern(plain, sizeof(plain), i);
	fill_pattern(nonce, sizeof(nonce), i + 1000);
	reference_seal(keys[key], 16 + 8 * (key % 3), nonce, keys[0], 13, plain, length, expected[i]);
	fill_op(&ops[i], sessions[i % 2][key], texts[i], length, nonce, keys[0], 13);
	ops[i].op.cookie = 5000 + i;
	pointers[i] = &ops[i];
	if (i % 2 == GLACIS_SEAL) {
		memcpy(texts[i], plain, length);
		return;
	}
	memcpy(texts[i], expected[i], length + 16);
	memcpy(expected[i], plain, length);
	if (i % 7 == 3) {
		texts[i][length] ^= 1;
		memcpy(expected[i], texts[i], length);
	}
}

Test(queue, burst_mixes_sessions_sizes_and_directions)
{
	struct bed bed;
	struct glacis_aead_session *sessions[2][8];
	struct glacis_op *done[BURST];
	uint8_t keys[8][32];

	bed_open(&bed, NULL);
	for (unsigned i = 0; i < 8; i++) {
		fill_pattern(keys[i], sizeof(keys[i]), 77 + i);
		sessions[GLACIS_SEAL][i] = make_session(&bed, GLACIS_SEAL, keys[i], 16 + 8 * (i % 3));
		sessions[GLACIS_OPEN][i] = make_session(&bed, GLACIS_OPEN, keys[i], 16 + 8 * (i % 3));
	}
	unsigned forged = 0;
	for (unsigned i = 0; i < BURST; i++)
		prepare_mixed(sessions, keys, i);
	cr_assert_eq(glacis_queue_submit(bed.queue, pointers, BURST), (int)BURST);
	cr_assert_eq(glacis_queue_inflight(bed.queue), BURST);
	cr_assert_eq(glacis_queue_poll(bed.queue, done, BURST), BURST);
	for (unsigned i = 0; i < BURST; i++) {
		const struct glacis_aead_op *op = (const struct glacis_aead_op *)done[i];
		unsigned index = (unsigned)(op->op.cookie - 5000);
		bool bad = index % 2 == GLACIS_OPEN && index % 7 == 3;
		cr_assert_eq(op, &ops[index], "completion %u has cookie %u", i, index);
		cr_assert_eq(op->op.status, bad ? GLACIS_STATUS_AUTH_FAILED : GLACIS_STATUS_OK, "operation %u", index);
		cr_assert_arr_eq(texts[index], expected[index], op->length, "operation %u", index);
		forged += bad;
	}
	cr_assert_gt(forged, 0u);
	cr_assert_eq(counters_of(&bed).auth_failed, forged);
	cr_assert_eq(glacis_queue_poll(bed.queue, done, BURST), 0u, "a completion came twice");
	for (unsigned i = 0; i < 16; i++)
		glacis_aead_session_destroy(sessions[i / 8][i % 8]);
	bed_close(&bed);
}

Test(queue, refuses_when_full)
{
	struct bed bed;
	struct glacis_op *done[4];

	/* Rounded up to 8. */
	bed_open(&bed, &(struct glacis_queue_options){ .depth = 5 });
	struct glacis_aead_session *session = prepare(&bed, 12);
	cr_assert_eq(glacis_queue_submit(bed.queue, pointers, 6), 6);
	cr_assert_eq(glacis_queue_submit(bed.queue, pointers + 6, 6), 2);
	cr_assert_eq(glacis_queue_submit(bed.queue, pointers + 8, 4), 0);
	cr_assert_eq(ops[8].op.state, GLACIS_OP_FREE);
	cr_assert_neq(ops[8].op.status, GLACIS_STATUS_INVALID);
	cr_assert_eq(counters_of(&bed).refused_full, 8u);
	cr_assert_eq(counters_of(&bed).bursts, 2u);
	cr_assert_eq(glacis_queue_poll(bed.queue, done, 4), 4u);
	cr_assert_eq(glacis_queue_submit(bed.queue, pointers + 8, 4), 4);
	cr_assert_eq(drain(&bed), 8u);
	cr_assert_eq(counters_of(&bed).submitted, 12u);
	cr_assert_eq(counters_of(&bed).completed[GLACIS_PATH_CPU], 12u);
	cr_assert_eq(counters_of(&bed).bytes[GLACIS_PATH_CPU], 12u * 64u);
	cr_assert_eq(counters_of(&bed).completed[GLACIS_PATH_CARD], 0u);
	glacis_aead_session_destroy(session);
	bed_close(&bed);
}

Test(queue, completions_wrap_around_ring)
{
	struct bed bed;

	bed_open(&bed, &(struct glacis_queue_options){ .depth = 8 });
	struct glacis_aead_session *session = prepare(&bed, 8);
	for (unsigned round = 0; round < 1000; round++) {
		unsigned count = 1 + round % 8;
		cr_assert_eq(glacis_queue_submit(bed.queue, pointers, count), (int)count);
		cr_assert_eq(drain(&bed), count);
	}
	glacis_queue_flush(bed.queue);
	cr_assert_eq(glacis_queue_inflight(bed.queue), 0u);
	glacis_aead_session_destroy(session);
	bed_close(&bed);
}

/* Submits a good operation, one that was spoilt, and a good one: only the first is taken. */
static void check_invalid(struct bed *bed, struct glacis_aead_session *session, const char *what,
			  const struct glacis_aead_op *spoilt)
{
	struct glacis_aead_op bad = *spoilt;
	struct glacis_aead_op *burst[3] = { &ops[0], &bad, &ops[1] };
	uint64_t before = counters_of(bed).refused_invalid;

	cr_assert_eq(glacis_queue_submit(bed->queue, burst, 3), 1, "%s was accepted", what);
	cr_assert_eq(bad.op.status, GLACIS_STATUS_INVALID, "%s", what);
	cr_assert_eq(bad.op.state, GLACIS_OP_FREE, "%s", what);
	cr_assert_eq(counters_of(bed).refused_invalid, before + 1, "%s", what);
	cr_assert_eq(drain(bed), 1u);
	cr_assert_eq(glacis_aead_session_rekey(session, texts[0], 16), 0, "%s: the session counts it as in flight",
		     what);
}

#define CHECK_INVALID(...)                                                                                             \
	do {                                                                                                           \
		struct glacis_aead_op spoilt = ops[2];                                                                 \
		__VA_ARGS__;                                                                                           \
		check_invalid(&bed, session, #__VA_ARGS__, &spoilt);                                                   \
	} while (0)

Test(queue, refuses_invalid_operations)
{
	struct bed bed, stranger;
	struct iovec pieces[17] = { { texts[3], 32 }, { texts[4], 32 } };
	uint8_t key[16] = { 0 };

	bed_open(&bed, NULL);
	bed_open(&stranger, NULL);
	struct glacis_aead_session *session = prepare(&bed, 3);
	struct glacis_aead_session *foreign = make_session(&stranger, GLACIS_SEAL, key, sizeof(key));

	CHECK_INVALID(spoilt.session = NULL);
	CHECK_INVALID(spoilt.session = foreign);
	CHECK_INVALID(spoilt.tag = NULL);
	CHECK_INVALID(spoilt.source = NULL);
	CHECK_INVALID(spoilt.destination = NULL);
	CHECK_INVALID(spoilt.source = NULL; spoilt.destination = NULL);
	CHECK_INVALID(spoilt.length = GLACIS_AEAD_LENGTH_MAX + 1);
	CHECK_INVALID(spoilt.length = UINT32_MAX);
	CHECK_INVALID(spoilt.aad_size = 1; spoilt.aad = NULL);
	CHECK_INVALID(spoilt.aad_size = GLACIS_AEAD_AAD_SIZE_MAX + 1; spoilt.aad = texts[5]);
	CHECK_INVALID(spoilt.source = spoilt.destination + 1);
	CHECK_INVALID(spoilt.source = spoilt.destination - 63);
	CHECK_INVALID(spoilt.segments = NULL; spoilt.segment_count = 1);
	CHECK_INVALID(spoilt.segments = pieces; spoilt.segment_count = GLACIS_AEAD_SEGMENTS_MAX + 1);
	CHECK_INVALID(spoilt.segments = pieces; spoilt.segment_count = 1);
	CHECK_INVALID(spoilt.segments = pieces; spoilt.segment_count = 2; spoilt.length = 63);
	CHECK_INVALID(spoilt.segments = pieces; spoilt.segment_count = 2; spoilt.destination = texts[4] + 31);
	CHECK_INVALID(spoilt.segments = pieces; spoilt.segment_count = 2; pieces[0].iov_base = NULL);
	pieces[0] = (struct iovec){ texts[3], SIZE_MAX - 31 };
	CHECK_INVALID(spoilt.segments = pieces; spoilt.segment_count = 2; spoilt.length = 0);

	glacis_aead_session_destroy(foreign);
	glacis_aead_session_destroy(session);
	bed_close(&stranger);
	bed_close(&bed);
}

Test(queue, accepts_what_touches_but_does_not_overlap)
{
	struct bed bed;

	bed_open(&bed, NULL);
	struct glacis_aead_session *session = prepare(&bed, 1);
	ops[0].source = ops[0].destination + 64;
	ops[0].tag = texts[1];
	cr_assert_eq(run_op(&bed, &ops[0]), GLACIS_STATUS_OK);
	ops[0].source = NULL;
	ops[0].destination = NULL;
	ops[0].length = 0;
	cr_assert_eq(run_op(&bed, &ops[0]), GLACIS_STATUS_OK, "an empty text needs no pointers");
	glacis_aead_session_destroy(session);
	bed_close(&bed);
}

Test(queue, refuses_operation_in_flight)
{
	struct bed bed;

	bed_open(&bed, NULL);
	struct glacis_aead_session *session = prepare(&bed, 1);
	struct glacis_aead_op *twice[2] = { &ops[0], &ops[0] };
	cr_assert_eq(glacis_queue_submit(bed.queue, twice, 2), 1);
	cr_assert_eq(glacis_queue_submit(bed.queue, twice, 1), 0);
	cr_assert_eq(counters_of(&bed).refused_invalid, 2u);
	cr_assert_eq(drain(&bed), 1u);
	cr_assert_eq(ops[0].op.status, GLACIS_STATUS_OK, "the refusal spoilt the status of the operation in flight");
	glacis_aead_session_destroy(session);
	bed_close(&bed);
}

Test(queue, refuses_options_out_of_bounds)
{
	struct bed bed;
	struct glacis_queue *queue;

	bed_open(&bed, NULL);
	cr_assert_eq(glacis_queue_create(bed.engine, &(struct glacis_queue_options){ .depth = 65537 }, &queue),
		     -EINVAL);
	cr_assert_eq(glacis_queue_create(bed.engine, &(struct glacis_queue_options){ .key_slots = 1048577 }, &queue),
		     -EINVAL);
	glacis_queue_destroy(NULL);
	bed_close(&bed);
}

/* Everything a child may try; returns 0 when each call was refused. */
static int in_child(struct bed *bed, struct glacis_aead_session *session, struct glacis_pool *pool)
{
	struct glacis_pool_options options = { .buffer_size = 64, .count = 1 };
	struct glacis_queue *queue;
	struct glacis_pool *other;
	struct glacis_aead_session *made;
	struct glacis_engine *own;
	struct glacis_op *done;
	uint8_t key[16] = { 0 };

	if (glacis_queue_poll(bed->queue, &done, 1) != 0)
		return 8;
	if (glacis_queue_submit(bed->queue, pointers, 1) != -ECHILD)
		return 1;
	if (glacis_queue_create(bed->engine, NULL, &queue) != -ECHILD)
		return 2;
	if (glacis_aead_session_create(bed->engine, GLACIS_SEAL, key, sizeof(key), &made) != -ECHILD)
		return 3;
	if (glacis_aead_session_rekey(session, key, sizeof(key)) != -ECHILD)
		return 4;
	if (glacis_pool_create(bed->engine, &options, &other) != -ECHILD)
		return 5;
	/* The child has no key of its parent. */
	for (size_t i = 0; i < 64; i++)
		if (((const volatile uint8_t *)session)[i] != 0)
			return 6;
	glacis_aead_session_idle(session);
	glacis_aead_session_destroy(session);
	glacis_queue_flush(bed->queue);
	glacis_pool_destroy(pool);
	glacis_queue_destroy(bed->queue);
	glacis_engine_destroy(bed->engine);
	if (glacis_engine_create(NULL, &own) != 0)
		return 7;
	glacis_engine_destroy(own);
	return 0;
}

Test(queue, refuses_child_after_fork)
{
	struct bed bed;
	struct glacis_pool *pool;
	int status = 0;

	bed_open(&bed, NULL);
	cr_assert_eq(
		glacis_pool_create(bed.engine, &(struct glacis_pool_options){ .buffer_size = 64, .count = 4 }, &pool),
		0);
	struct glacis_aead_session *session = prepare(&bed, 2);
	cr_assert_eq(run_op(&bed, &ops[0]), GLACIS_STATUS_OK);
	/* One is in flight across the fork. */
	cr_assert_eq(glacis_queue_submit(bed.queue, pointers + 1, 1), 1);
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0)
		_exit(in_child(&bed, session, pool));
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status), "the child died of signal %d", WTERMSIG(status));
	cr_assert_eq(WEXITSTATUS(status), 0, "check %d failed in the child", WEXITSTATUS(status));
	cr_assert_eq(drain(&bed), 1u);
	cr_assert_eq(run_op(&bed, &ops[0]), GLACIS_STATUS_OK, "the parent was disturbed");
	glacis_aead_session_destroy(session);
	glacis_pool_destroy(pool);
	bed_close(&bed);
}
