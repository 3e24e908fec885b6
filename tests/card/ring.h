/* SPDX-License-Identifier: Apache-2.0 */
/* A queue pair as a driver has it: rings in the rig's memory, indices, phase; and descriptors that fit it. */
#ifndef CARD_RING_H
#define CARD_RING_H

#include "rig.h"

struct ring {
	struct rig *rig;
	unsigned queue;
	uint32_t sq_log2, cq_log2;
	uint8_t *sq;
	struct glacis_card_completion *cq;
	uint32_t sq_tail, cq_head;
	uint16_t phase;
};

/* Makes rings, tells the card of them, and enables the queue (not the function). False when the card refuses. */
bool ring_open(struct ring *ring, struct rig *rig, unsigned queue, uint32_t sq_log2, uint32_t cq_log2);

/* CONTROL.RESET of the queue, waited for. The ring may be enabled again by ring_start(). */
bool ring_reset(struct ring *ring);
bool ring_start(struct ring *ring);
bool ring_start_again(struct ring *ring); /* at RIG_ADDRESS_AGAIN */
uint32_t ring_state(struct ring *ring);

/* Puts a descriptor of 128 bytes; ring_bell() shows the card. */
void ring_put(struct ring *ring, const void *descriptor);
void ring_bell(struct ring *ring);

/* The next completion within `ms`, answering DMA requests meanwhile. */
bool ring_take(struct ring *ring, struct glacis_card_completion *completion, unsigned ms);

/* One command from descriptor to completion; the status, or -1 without a completion in RIG_WAIT_MS. */
int ring_run(struct ring *ring, const void *descriptor, struct glacis_card_completion *completion);

/* ---- descriptors ---- */

struct glacis_card_aead ring_aead(const struct rig *rig, bool seal, uint32_t cookie, const void *source,
				  const void *destination, uint32_t size, const void *tag);
struct glacis_card_rsa ring_rsa(const struct rig *rig, bool private_exponent, uint32_t cookie, unsigned slot,
				uint32_t size, const void *base, const void *result);

/* A descriptor of NOP. */
struct glacis_card_rsa ring_nop(uint32_t cookie);

#endif
