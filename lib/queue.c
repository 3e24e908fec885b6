/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: check each operation, hand runs of them to a backend, give completions back.
 *
 * Called by the thread that owns the queue; glacis_queue_counters by any. An accepted operation
 * counts against the depth and against its session until it is polled. Nothing here allocates,
 * locks or calls the kernel after glacis_queue_create.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include <glacis/queue.h>

#include "aead_session.h"
#include "backend.h"
#include "backend_card.h"
#include "engine.h"
#include "queue.h"

#define DEPTH_DEFAULT     1024u
#define DEPTH_MAX         65536u
#define KEY_SLOTS_DEFAULT 2048u
#define KEY_SLOTS_MAX     1048576u
/* A fifth of a 2048-bit batch: long enough for company under load, short beside a handshake's round trip. */
#define BATCH_WAIT_US_DEFAULT 50u
#define BATCH_WAIT_US_MAX     1000000u

/* Operations checked before they are handed on together: few enough that they stay in the first-level cache. */
#define RUN_MAX 64u

static uint32_t round_up_power_of_two(uint32_t value)
{
	return value <= 1 ? 1 : 1u << (32 - __builtin_clz(value - 1));
}

int glacis_queue_create(struct glacis_engine *engine, const struct glacis_queue_options *options,
			struct glacis_queue **queue)
{
	uint32_t depth = options != NULL && options->depth != 0 ? options->depth : DEPTH_DEFAULT;
	uint32_t key_slots = options != NULL && options->key_slots != 0 ? options->key_slots : KEY_SLOTS_DEFAULT;
	uint32_t batch_wait_us =
		options != NULL && options->batch_wait_us != 0 ? options->batch_wait_us : BATCH_WAIT_US_DEFAULT;
	int error = -ENOMEM;

	if (engine_is_foreign(engine))
		return -ECHILD;
	if (depth > DEPTH_MAX || key_slots > KEY_SLOTS_MAX || batch_wait_us > BATCH_WAIT_US_MAX)
		return -EINVAL;
	depth = round_up_power_of_two(depth);
	struct glacis_queue *created = calloc(1, sizeof(*created));
	if (created == NULL)
		return -ENOMEM;
	created->completions.entries = calloc(depth, sizeof(*created->completions.entries));
	if (created->completions.entries == NULL)
		goto free_queue;
	created->engine = engine;
	created->depth = depth;
	created->completions.mask = depth - 1;
	created->backend = engine->card != NULL ? &backend_card : &backend_cpu;
	const struct backend_queue_setup setup = {
		.engine = engine,
		.completions = &created->completions,
		.counters = &created->counters,
		.depth = depth,
		.key_slots = key_slots,
		.batch_wait_us = batch_wait_us,
	};
	error = created->backend->queue_open(&setup, &created->backend_state);
	if (error != 0)
		goto free_ring;
	atomic_fetch_add(&engine->queues, 1);
	*queue = created;
	return 0;
free_ring:
	free(created->completions.entries);
free_queue:
	free(created);
	return error;
}

void glacis_queue_destroy(struct glacis_queue *queue)
{
	if (queue == NULL)
		return;
	/* A child inherits operations it can never poll. */
	assert(queue->inflight == 0 || engine_is_foreign(queue->engine));
	queue->backend->queue_close(queue->backend_state);
	atomic_fetch_sub(&queue->engine->queues, 1);
	free(queue->completions.entries);
	free(queue);
}

static bool overlaps(const void *a, const void *b, size_t b_size, size_t a_size)
{
	uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
	return x < y + b_size && y < x + a_size;
}

static bool segments_valid(const struct glacis_aead_op *op)
{
	size_t total = 0;

	if (op->segment_count > GLACIS_AEAD_SEGMENTS_MAX || op->segments == NULL)
		return false;
	for (uint16_t i = 0; i < op->segment_count; i++) {
		const struct iovec *segment = &op->segments[i];
		if (segment->iov_len == 0)
			continue;
		/* Checked first, so that the sum cannot wrap. */
		if (segment->iov_len > GLACIS_AEAD_LENGTH_MAX || segment->iov_base == NULL)
			return false;
		if (overlaps(op->destination, segment->iov_base, segment->iov_len, op->length))
			return false;
		total += segment->iov_len;
	}
	return total == op->length;
}

static bool op_valid(const struct glacis_queue *queue, const struct glacis_aead_op *op)
{
	if (op->session == NULL || op->session->engine != queue->engine || op->tag == NULL)
		return false;
	if (op->length > GLACIS_AEAD_LENGTH_MAX || op->aad_size > GLACIS_AEAD_AAD_SIZE_MAX)
		return false;
	if ((op->aad_size > 0 && op->aad == NULL) || (op->length > 0 && op->destination == NULL))
		return false;
	if (op->segment_count > 0)
		return segments_valid(op);
	if (op->length == 0 || op->source == op->destination)
		return true;
	return op->source != NULL && !overlaps(op->destination, op->source, op->length, op->length);
}

/* Takes an operation in, or says why not by its status. */
static bool accept(struct glacis_queue *queue, struct glacis_aead_op *op)
{
	/* The status of an operation that is under way already is not ours to touch. */
	if (op == NULL || op->op.state != GLACIS_OP_FREE)
		return false;
	if (!op_valid(queue, op)) {
		op->op.status = GLACIS_STATUS_INVALID;
		return false;
	}
	op->op.kind = GLACIS_OP_AEAD;
	op->op.state = GLACIS_OP_QUEUED;
	op->op.status = GLACIS_STATUS_PENDING;
	op->op.path = GLACIS_PATH_NONE;
	op->session->inflight++;
	return true;
}

int glacis_queue_submit(struct glacis_queue *queue, struct glacis_aead_op *const ops[], unsigned count)
{
	unsigned room = queue_room(queue);
	unsigned limit = count < room ? count : room;
	unsigned accepted = 0;

	if (__builtin_expect(engine_is_foreign(queue->engine), 0))
		return -ECHILD;
	while (accepted < limit) {
		unsigned run = 0;
		unsigned run_limit = limit - accepted < RUN_MAX ? limit - accepted : RUN_MAX;
		while (run < run_limit && accept(queue, ops[accepted + run]))
			run++;
		if (run > 0) {
			queue->inflight += run;
			queue->backend->aead_submit(queue->backend_state, ops + accepted, run);
			accepted += run;
		}
		if (run < run_limit) {
			counter_add(&queue->counters.refused_invalid, 1);
			goto count;
		}
	}
	if (accepted < count)
		counter_add(&queue->counters.refused_full, count - accepted);
count:
	if (accepted > 0) {
		counter_add(&queue->counters.submitted, accepted);
		counter_add(&queue->counters.bursts, 1);
	}
	return (int)accepted;
}

unsigned glacis_queue_poll(struct glacis_queue *queue, struct glacis_op *done[], unsigned max)
{
	struct completion_ring *ring = &queue->completions;

	/* In a child the sessions are gone, and the operations are the parent's. */
	if (__builtin_expect(engine_is_foreign(queue->engine), 0))
		return 0;
	unsigned ready = ring->tail - ring->head;
	/* With all that is in flight on the ring already, the backend has nothing more to give. */
	if (ready != queue->inflight && queue->backend->poll != NULL) {
		queue->backend->poll(queue->backend_state);
		ready = ring->tail - ring->head;
	}
	unsigned count = ready < max ? ready : max;
	for (unsigned i = 0; i < count; i++) {
		struct glacis_op *op = ring->entries[ring->head++ & ring->mask];
		assert(op->state == GLACIS_OP_DONE);
		/* `op` is the first member of every kind of operation. */
		if (op->kind == GLACIS_OP_AEAD)
			((struct glacis_aead_op *)op)->session->inflight--;
		op->state = GLACIS_OP_FREE;
		done[i] = op;
	}
	queue->inflight -= count;
	return count;
}

void glacis_queue_flush(struct glacis_queue *queue)
{
	if (queue->backend->flush != NULL && !engine_is_foreign(queue->engine))
		queue->backend->flush(queue->backend_state);
}

unsigned glacis_queue_inflight(const struct glacis_queue *queue)
{
	return queue->inflight;
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void glacis_queue_counters(const struct glacis_queue *queue, struct glacis_queue_counters *counters)
{
	const struct queue_counters *own = &queue->counters;

	*counters = (struct glacis_queue_counters){
		.submitted = read_counter(&own->submitted),
		.auth_failed = read_counter(&own->auth_failed),
		.refused_full = read_counter(&own->refused_full),
		.refused_invalid = read_counter(&own->refused_invalid),
		.keys_expanded = read_counter(&own->keys_expanded),
		.keys_evicted = read_counter(&own->keys_evicted),
		.bursts = read_counter(&own->bursts),
	};
	for (unsigned path = 0; path < GLACIS_PATH_COUNT; path++) {
		counters->completed[path] = read_counter(&own->completed[path]);
		counters->bytes[path] = read_counter(&own->bytes[path]);
	}
}
