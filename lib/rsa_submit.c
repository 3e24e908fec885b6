/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of RSA operations into a queue: checked here, batched by the backend, given back by
 * glacis_queue_poll like any other. Called by the thread that owns the queue.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <glacis/rsa.h>

#include "backend.h"
#include "engine.h"
#include "queue.h"
#include "rsa_key.h"

static bool op_valid(const struct glacis_queue *queue, const struct glacis_rsa_op *op)
{
	return op->key != NULL && op->key->engine == queue->engine && op->input != NULL && op->output != NULL &&
	       op->kind >= GLACIS_RSA_PRIVATE_RAW && op->kind <= GLACIS_RSA_DECRYPT_OAEP;
}

/* Takes an operation in, or says why not by its status. */
static bool accept(struct glacis_queue *queue, struct glacis_rsa_op *op)
{
	if (op == NULL || op->op.state != GLACIS_OP_FREE)
		return false;
	if (!op_valid(queue, op)) {
		op->op.status = GLACIS_STATUS_INVALID;
		return false;
	}
	op->op.kind = GLACIS_OP_RSA;
	op->op.state = GLACIS_OP_QUEUED;
	op->op.status = GLACIS_STATUS_PENDING;
	op->op.path = GLACIS_PATH_NONE;
	op->lane = GLACIS_RSA_LANE_NONE;
	return true;
}

int glacis_rsa_submit(struct glacis_queue *queue, struct glacis_rsa_op *const ops[], unsigned count)
{
	unsigned room = queue_room(queue);
	unsigned limit = count < room ? count : room;
	unsigned accepted = 0;

	if (engine_is_foreign(queue->engine))
		return -ECHILD;
	int error = queue->backend->rsa_open(queue->backend_state);
	if (error != 0)
		return error;
	while (accepted < limit && accept(queue, ops[accepted]))
		accepted++;
	if (accepted < limit)
		counter_add(&queue->counters.refused_invalid, 1);
	else if (accepted < count)
		counter_add(&queue->counters.refused_full, count - accepted);
	if (accepted > 0) {
		queue->inflight += accepted;
		counter_add(&queue->counters.submitted, accepted);
		counter_add(&queue->counters.bursts, 1);
		queue->backend->rsa_submit(queue->backend_state, ops, accepted);
	}
	return (int)accepted;
}

int64_t glacis_rsa_wait_us(const struct glacis_queue *queue)
{
	if (engine_is_foreign(queue->engine))
		return -1;
	/* Completions that nobody has fetched yet. */
	if (queue->completions.head != queue->completions.tail)
		return 0;
	return queue->backend->rsa_wait_us(queue->backend_state);
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void glacis_rsa_counters(const struct glacis_queue *queue, struct glacis_rsa_counters *counters)
{
	const struct rsa_queue_counters *own = &queue->counters.rsa;

	*counters = (struct glacis_rsa_counters){
		.operations = read_counter(&own->operations),
		.batches = read_counter(&own->batches),
		.lanes_filled = read_counter(&own->lanes_filled),
		.singles = read_counter(&own->singles),
		.openssl = read_counter(&own->openssl),
		.check_failed = read_counter(&own->check_failed),
		.by_full = read_counter(&own->by_full),
		.by_deadline = read_counter(&own->by_deadline),
		.by_flush = read_counter(&own->by_flush),
	};
}
