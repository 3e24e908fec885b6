/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue's inside. Defined here, not in queue.c, for the record layer: it must know how much room
 * there is before it consumes sequence numbers. Included by queue.c and record_stream.c alone.
 */
#ifndef GLACIS_LIB_QUEUE_H
#define GLACIS_LIB_QUEUE_H

#include <stdint.h>

#include <glacis/queue.h>

#include "backend.h"

struct glacis_queue {
	struct glacis_engine *engine;
	const struct backend *backend;
	void *backend_state;
	uint32_t depth;
	uint32_t inflight; /* accepted and not polled */
	struct completion_ring completions;
	struct queue_counters counters;
};

/* Operations that a submit would accept now. */
static inline uint32_t queue_room(const struct glacis_queue *queue)
{
	return queue->depth - queue->inflight;
}

#endif
