/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA on the card: padding and the check of each result are done here, the exponentiation there. Called by
 * the card's backend in the queue's thread, but for keys, which come and go with libglacis' own.
 */
#ifndef GLACIS_LIB_CARD_RSA_H
#define GLACIS_LIB_CARD_RSA_H

#include <glacis/rsa.h>

#include "backend.h"
#include "card.h"

struct card_rsa;

/* `cpu` is a queue of the CPU backend, with RSA opened. Returns 0, -ENOMEM or -EPERM. */
GLACIS_MUST_CHECK int card_rsa_open(const struct backend_queue_setup *setup, struct card_seat *seat,
				    struct card_counters *counters, void *cpu, struct card_rsa **rsa);
void card_rsa_close(struct card_rsa *rsa);

/* Takes valid operations in state QUEUED; those that the card cannot have go to the CPU backend. `wanted`: the router
 * would rather have them on the card. */
void card_rsa_submit(struct card_rsa *rsa, struct glacis_rsa_op *const ops[], unsigned count, bool wanted);
/* How many operations the card can have beside those it has. NULL: not opened yet. */
unsigned card_rsa_room(const struct card_rsa *rsa);
/* One is back. */
void card_rsa_back(struct card_rsa *rsa, const struct card_result *result);

/* Puts a new key on the card, if there is one; a key that the card refuses stays the processor's. */
void card_rsa_key_load(struct glacis_rsa_key *key);
void card_rsa_key_unload(struct glacis_rsa_key *key);

#endif
