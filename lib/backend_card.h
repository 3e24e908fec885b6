/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend of queues of an engine with a card: a CPU backend, a seat at the card, and the router between them.
 * Called by queue.c through the table, as any backend.
 */
#ifndef GLACIS_LIB_BACKEND_CARD_H
#define GLACIS_LIB_BACKEND_CARD_H

#include <glacis/card.h>

#include "backend.h"

extern const struct backend backend_card;

/* `state` is that of a queue of backend_card. Any thread. */
void backend_card_counters(const void *state, struct glacis_card_counters *counters);
/* Microseconds until a poll may find something of the card's, -1: nothing is there. */
int64_t backend_card_wait_us(const void *state);
/* How many RSA operations would go to the card now. The queue's thread. */
unsigned backend_card_rsa_room(void *state);

#endif
