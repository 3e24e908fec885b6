/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue pair: set-up by registers, rings in host memory, indices and phase. One worker runs it, inside the gate. The
 * socket's thread changes it with the gate closed, and reads what is atomic at any time.
 *
 * `generation` changes whenever what was under way must no longer touch host memory: whoever was outside the gate
 * compares it when he is back (-ECANCELED).
 */
#ifndef VCARD_QUEUE_H
#define VCARD_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "glacis_card_abi.h"

#define VCARD_BURST      32u /* commands of a queue before the worker looks at its next one */
#define VCARD_DESCRIPTOR 128u

/* In the order of the registers of COUNTERS, eight bytes each. */
enum vcard_counter {
	VCARD_COMMANDS,
	VCARD_COMPLETIONS,
	VCARD_AEAD_OPERATIONS,
	VCARD_AEAD_BYTES,
	VCARD_AUTH_FAILED,
	VCARD_RSA_OPERATIONS,
	VCARD_ERRORS,
	VCARD_DMA_READ_BYTES,
	VCARD_DMA_WRITE_BYTES,
	VCARD_COUNTERS,
};

/* A completion that a fault holds back. */
#define VCARD_HELD_MAX 64u

struct vcard_held {
	struct glacis_card_completion completion;
	uint64_t due_ns;
	bool overtake; /* due as well when another was written */
};

struct vcard_card;
struct vcard_scratch;

struct vcard_queue {
	struct vcard_card *card;
	unsigned index;

	/* Set-up: changed in the state DISABLED only. */
	uint64_t sq_base;
	uint64_t cq_base;
	uint32_t size;
	bool interrupt;

	_Atomic uint32_t state; /* enum glacis_card_state */
	_Atomic uint32_t error; /* enum glacis_card_status, in the state ERROR */
	uint32_t generation;

	/* Of the running queue. */
	_Atomic uint32_t sq_head;
	_Atomic uint32_t cq_tail;
	uint16_t phase;

	/* Of faults; none is set otherwise. */
	bool stalled;
	bool crowded;
	unsigned held_count;
	struct vcard_held held[VCARD_HELD_MAX];

	_Atomic uint64_t counters[VCARD_COUNTERS]; /* since the function's reset; written by the worker */
	uint64_t at_enable[VCARD_COUNTERS];
};

/* A queue has one writer of its counters, so plain adding is enough. */
static inline void vcard_queue_count(struct vcard_queue *queue, enum vcard_counter counter, uint64_t more)
{
	_Atomic uint64_t *place = &queue->counters[counter];

	atomic_store_explicit(place, atomic_load_explicit(place, memory_order_relaxed) + more, memory_order_relaxed);
}

void vcard_queue_init(struct vcard_queue *queue, struct vcard_card *card, unsigned index);

/* With the gate closed: CONTROL.ENABLE and CONTROL.RESET of the queue. After a reset it does no DMA any more. */
void vcard_queue_enable(struct vcard_queue *queue);
void vcard_queue_reset(struct vcard_queue *queue);

/* Inside the gate: runs up to VCARD_BURST commands and says how many it took. */
unsigned vcard_queue_run(struct vcard_queue *queue, struct vcard_scratch *scratch);

#endif
