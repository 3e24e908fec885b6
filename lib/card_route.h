/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of an engine with a card: its way to the card, that to the processor, and what it has learned. What the files
 * share that make up the backend: backend_card.c (its table and life), card_route.c (who does an operation), and
 * card_return.c (what comes back, and what runs again).
 *
 * Each operation takes one way at a time. What the card was given comes back through its seat with an outcome; with any
 * but a good one the operation is run again on the CPU backend, from its input, which the card has not touched, and the
 * caller sees that completion only.
 */
#ifndef GLACIS_LIB_CARD_ROUTE_H
#define GLACIS_LIB_CARD_ROUTE_H

#include "backend.h"
#include "card.h"
#include "card_meter.h"
#include "card_rsa.h"

#define CARD_RUN_MAX 64u /* as queue.c hands them over */

struct card_route {
	struct backend_queue_setup setup;
	void *cpu;
	struct card *card;
	struct card_seat *seat; /* NULL: no place was free */
	struct card_counters counters;
	struct card_meter meter;
	struct card_rsa *rsa;   /* NULL until the first RSA operation */
	uint32_t sample;        /* results since one was checked */
	uint32_t suspicion;     /* results to be checked, all of them */
	uint32_t polls_in_vain; /* since something was back, or nothing was there */
	bool verify_opens;      /* opens in pieces cannot be checked, and take the processor then */
};

/* Takes a burst: parts it, hands the card its share, and the processor the rest. */
void card_route_submit(struct card_route *route, struct glacis_aead_op *const ops[], unsigned count);
/* Takes what is back from the card; runs again there what has to be. */
void card_return_poll(struct card_route *route);
/* A module's check of an output before it is released; `route` is the context. */
bool card_return_verify(void *route, const struct glacis_aead_op *op, const uint8_t *output, const uint8_t *tag);

static inline bool card_route_waits(const struct card_route *route)
{
	return route->seat != NULL && atomic_load_explicit(&route->seat->live, memory_order_relaxed) > 0;
}

#endif
