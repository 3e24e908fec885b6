/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: where operations are submitted in bursts and completions are polled.
 *
 * Threads. One thread owns a queue and is the only one to submit, poll and flush; no call
 * blocks, locks or allocates - but for the first operation of a session that comes from another
 * queue, which takes a lock for a moment to wipe the key it leaves there, and for RSA (see rsa.h).
 * RSA runs in the call that starts it: up to 1 ms (2048 bits) or 8 ms (4096) of it. `glacis_queue_counters`
 * may be called from any thread.
 */
#ifndef GLACIS_QUEUE_H
#define GLACIS_QUEUE_H

#include <stdint.h>

#include <glacis/aead.h>
#include <glacis/engine.h>
#include <glacis/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct glacis_queue;

/** Options of a queue; a zero field takes its default. */
struct glacis_queue_options {
	uint32_t depth;     /**< most operations between submit and poll; rounded up to a power of two;
	                         default 1024, at most 65,536 */
	uint32_t key_slots; /**< expanded keys kept (about 1 KiB each); default 2048, at most 1,048,576 */
	uint32_t batch_wait_us; /**< longest wait of an RSA operation for company; default 50, at most 1,000,000 */
};

/** Counters of one queue since its creation. */
struct glacis_queue_counters {
	uint64_t submitted;                      /**< operations accepted */
	uint64_t completed[GLACIS_PATH_COUNT];   /**< completions by the path that did the work */
	uint64_t bytes[GLACIS_PATH_COUNT];       /**< bytes of text by path */
	uint64_t auth_failed;                    /**< opens whose tag did not match */
	uint64_t refused_full;                   /**< operations not accepted: the queue was full */
	uint64_t refused_invalid;                /**< operations not accepted: a field out of bounds */
	uint64_t keys_expanded;                  /**< expanded keys built, first time or again */
	uint64_t keys_evicted;                   /**< expanded keys dropped to make room */
	uint64_t bursts;                         /**< submit calls that accepted at least one operation */
};

/** Makes a queue. `options` may be NULL. Returns 0, -EINVAL, -ENOMEM, -EPERM, -ECHILD. */
GLACIS_MUST_CHECK int glacis_queue_create(struct glacis_engine *engine,
					  const struct glacis_queue_options *options,
					  struct glacis_queue **queue);

/** Frees a queue with nothing in flight; wipes its expanded keys. NULL is ignored. */
void glacis_queue_destroy(struct glacis_queue *queue);

/**
 * Submits up to `count` operations, in order. The burst may mix sessions, sizes and directions.
 * Returns how many were accepted: fewer than `count` when the queue is full, or when the next
 * operation is invalid, which then has status GLACIS_STATUS_INVALID and stays the caller's. An
 * operation that is under way already is not accepted either; its status is left alone.
 * -ECHILD after fork().
 */
GLACIS_MUST_CHECK int glacis_queue_submit(struct glacis_queue *queue, struct glacis_aead_op *const ops[],
					  unsigned count);

/** Takes up to `max` completed operations; returns how many (0 after fork()). Order follows completion,
 *  not submission. */
unsigned glacis_queue_poll(struct glacis_queue *queue, struct glacis_op *done[], unsigned max);

/** Starts whatever still waits for company in a batch. RSA operations too few for a batch are computed one by one: the
 *  first here, the next at each later poll or flush, so that no result waits for the others. */
void glacis_queue_flush(struct glacis_queue *queue);

/** Operations submitted and not polled yet. */
unsigned glacis_queue_inflight(const struct glacis_queue *queue);

/** Copies the counters (each one is exact; together they are a near-simultaneous picture). */
void glacis_queue_counters(const struct glacis_queue *queue, struct glacis_queue_counters *counters);

#ifdef __cplusplus
}
#endif
#endif
