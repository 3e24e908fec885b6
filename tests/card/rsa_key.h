/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys as the card's tests load them: their numbers, and the command that puts them into a slot. */
#ifndef CARD_RSA_KEY_H
#define CARD_RSA_KEY_H

#include <openssl/bn.h>

#include "ring.h"

struct rsa_key {
	uint32_t size; /* bytes of n */
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
};

/* Where keys of some sizes lie; set by main() of each test. */
extern const char *rsa_keys_folder;

/* A key of so many bits: from the folder, or made now when there is none of that size. */
bool rsa_key_get(struct rsa_key *numbers, unsigned bits);
void rsa_key_free(struct rsa_key *numbers);

/* Writes a number of `size` bytes; gives what is behind it. */
uint8_t *rsa_key_put(uint8_t *to, const BIGNUM *value, uint32_t size);

/* Writes the numbers to `memory` of the rig as KEY_KIND says, and gives the descriptor that loads them. */
struct glacis_card_key rsa_key_command(const struct rig *rig, uint8_t *memory, const struct rsa_key *numbers,
				       unsigned kind, unsigned slot);

#endif
