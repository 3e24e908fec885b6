/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --backend=rtl: the verilated logic as the card. The clock runs while the logic is busy, a doorbell has moved or a
 * register is accessed, and stands still otherwise, so an idle card costs what its doorbells' polling costs.
 */
#ifndef VCARD_RTL_H
#define VCARD_RTL_H

#include "card.h"
#include "rtl_bus.h"

#define RTL_CLOCK_KHZ    160000u /* assumed for an ECP5; what it says of itself, not how fast it runs */
#define RTL_BATCH_CYCLES 64u     /* between two looks at doorbells and the gate */
#define RTL_BATCH_ENGINE 256u    /* the same while only RSA engines run, which is cheaper */

/* A completion that a fault holds back; see rtl_faults.c. */
struct rtl_held {
	uint32_t what[3];
	uint64_t due_ns;
	bool overtake; /* due as well when another was written */
};

#define RTL_HELD_MAX 64u
#define RTL_RESTLESS 8u

struct vcard_logic_state {
	struct vcard_card *card;
	struct vcard_rtl_model *model;
	struct vcard_rtl_in in;
	struct vcard_rtl_out out;
	struct vcard_rtl_bus bus;
	bool clear_stalls;
	uint32_t cycles_high;
	uint64_t rested;   /* cycles in which the RSA engines had a clock and the rest none */
	unsigned restless; /* cycles that must pass before the logic's word counts that it has nothing to do */

	/* Queues that software has enabled, and the doorbells that the logic knows of. */
	bool enabled[GLACIS_CARD_QUEUES_MAX];
	uint32_t sq_tail[GLACIS_CARD_QUEUES_MAX];
	uint32_t cq_head[GLACIS_CARD_QUEUES_MAX];
	bool interrupts[GLACIS_CARD_QUEUES_MAX]; /* to be raised */
	bool any_interrupt;

	unsigned held_count;
	struct rtl_held held[RTL_HELD_MAX];
};

/* One clock cycle. */
void vcard_rtl_tick(struct vcard_logic_state *state);

/* The answers of a card without faults. */
void vcard_rtl_faults_calm(struct vcard_rtl_in *in);

/* After settling: answers the logic's questions. True when the inputs have changed by that. */
bool vcard_rtl_faults_answer(struct vcard_logic_state *state);

/* Behind a cycle: the oldest completion that was held back and is due goes to the logic, until it takes it. */
void vcard_rtl_faults_put(struct vcard_logic_state *state);

/* The queue is reset: what was held back of it goes back to the logic. */
void vcard_rtl_faults_drop(struct vcard_logic_state *state, unsigned queue);

#endif
