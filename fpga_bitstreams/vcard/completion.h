/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completions of a queue: written to its ring, and what faults do to them on the way. A completion that is held back
 * (by the faults "delay" and "reorder") keeps its room in the ring. Inside the gate.
 */
#ifndef VCARD_COMPLETION_H
#define VCARD_COMPLETION_H

#include "command.h"
#include "queue.h"

static inline uint32_t vcard_completion_entries(const struct vcard_queue *queue)
{
	return 1u << ((queue->size & GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_MASK) >> GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_SHIFT);
}

/* How many commands can be completed now; -1 for a doorbell out of bounds. */
int64_t vcard_completion_space(const struct vcard_queue *queue);

/* 0; -EFAULT when the ring cannot be written; -ECANCELED as in dma.h. */
int vcard_completion_put(struct vcard_queue *queue, uint32_t cookie, const struct vcard_result *result);

/* Writes what was held back and is due. Errors likewise. */
int vcard_completion_release(struct vcard_queue *queue);

#endif
