/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a backend is: one const table of its operations, sizes and limits, and the completion ring
 * through which it gives operations back. Software is a backend like any other. Called by queue.c
 * only; each backend_*.c defines one table.
 *
 * Contract: a backend is handed valid operations in state QUEUED, never more than `depth` between
 * submit and poll. It moves each to INFLIGHT and, with status and path set, to DONE, and pushes it
 * on the ring exactly once - inside submit or later inside poll. It neither allocates, locks nor
 * blocks after queue_open, but for the first RSA operation of a queue and of each key on it.
 */
#ifndef GLACIS_LIB_BACKEND_H
#define GLACIS_LIB_BACKEND_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include <glacis/aead.h>
#include <glacis/engine.h>
#include <glacis/queue.h>
#include <glacis/rsa.h>
#include <glacis/status.h>

/* RSA's part of them; see struct glacis_rsa_counters. */
struct rsa_queue_counters {
	_Atomic uint64_t operations;
	_Atomic uint64_t batches, lanes_filled;
	_Atomic uint64_t singles, openssl;
	_Atomic uint64_t check_failed;
	_Atomic uint64_t by_full, by_deadline, by_flush;
};

/* Counters of a queue: written by the queue's thread alone, read by any. */
struct queue_counters {
	_Atomic uint64_t submitted;
	_Atomic uint64_t completed[GLACIS_PATH_COUNT];
	_Atomic uint64_t bytes[GLACIS_PATH_COUNT];
	_Atomic uint64_t auth_failed;
	_Atomic uint64_t refused_full;
	_Atomic uint64_t refused_invalid;
	_Atomic uint64_t keys_expanded;
	_Atomic uint64_t keys_evicted;
	_Atomic uint64_t bursts;
	struct rsa_queue_counters rsa;
};

/* With one writer a load and a store do; a locked add would cost 20 cycles. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount,
			      memory_order_relaxed);
}

/* Completed operations on their way to poll. Holds `mask + 1` >= depth entries, so it never overflows. */
struct completion_ring {
	struct glacis_op **entries;
	uint32_t mask;
	uint32_t head; /* next to poll */
	uint32_t tail; /* next to push */
};

static inline void completion_push(struct completion_ring *ring, struct glacis_op *op)
{
	assert(op->state == GLACIS_OP_DONE);
	assert(ring->tail - ring->head <= ring->mask);
	ring->entries[ring->tail++ & ring->mask] = op;
}

/* What a backend may do, as bits. */
enum backend_capability {
	BACKEND_AEAD = 1u << 0,     /* AES-GCM, all three key sizes */
	BACKEND_IN_PLACE = 1u << 1, /* output may be the input */
	BACKEND_SEGMENTS = 1u << 2, /* input in pieces */
	BACKEND_RSA = 1u << 3,      /* private keys of 2048, 3072 and 4096 bits */
};

/* What a queue gives a backend to work with; all of it outlives the backend's queue. */
struct backend_queue_setup {
	struct glacis_engine *engine;
	struct completion_ring *completions;
	struct queue_counters *counters;
	uint32_t depth;
	uint32_t key_slots;
	uint32_t batch_wait_us; /* longest wait of an RSA operation for company */
};

struct backend {
	const char *name;
	enum glacis_path path;
	uint32_t capabilities; /* of enum backend_capability */
	uint32_t length_max;   /* bytes of text in one operation */
	uint32_t aad_max;      /* bytes */
	uint32_t segments_max;
	int (*queue_open)(const struct backend_queue_setup *setup, void **state);
	void (*queue_close)(void *state);
	void (*aead_submit)(void *state, struct glacis_aead_op *const ops[], unsigned count);
	int (*rsa_open)(void *state); /* before each rsa_submit: makes at the first what RSA needs; 0, -ENOMEM, ... */
	void (*rsa_submit)(void *state, struct glacis_rsa_op *const ops[], unsigned count);
	int64_t (*rsa_wait_us)(const void *state); /* as glacis_rsa_wait_us */
	void (*poll)(void *state);  /* pushes what has completed since; NULL: all completes inside submit */
	void (*flush)(void *state); /* starts what waits for company; NULL: nothing ever waits */
};

#endif
