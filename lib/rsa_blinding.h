/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blinding of private operations in lanes: x becomes x r^e, its result y r becomes y by r^-1, so
 * that what the lanes compute on is random whatever the peer sent. (OpenSSL blinds its own.)
 *
 * One pair (r^e, r^-1) per key and queue, squared after each use and drawn afresh after
 * RSA_BLINDING_USES: no pair is ever used twice. Called by rsa_batch.c, in the queue's thread.
 */
#ifndef GLACIS_LIB_RSA_BLINDING_H
#define GLACIS_LIB_RSA_BLINDING_H

#include <stdint.h>

#include <openssl/types.h>

#include <glacis/rsa.h>

struct secure_memory;

/* OpenSSL's blinding has the same bound. */
#define RSA_BLINDING_USES 32u

/* Lies in secure memory: one object of the largest class. Little-endian, the key's size. */
struct rsa_blinding_pair {
	uint8_t factor[GLACIS_RSA_BYTES_MAX];  /* r^e mod n */
	uint8_t inverse[GLACIS_RSA_BYTES_MAX]; /* r^-1 mod n */
};

struct rsa_blinding {
	struct rsa_blinding_pair *pair;
	uint32_t uses_left; /* 0: draw a new r */
};

/* Numbers to calculate with, one set per queue: made once, so that nothing is allocated later. */
struct rsa_calculator {
	BN_CTX *context;
	BIGNUM *a, *b, *c;
};

GLACIS_MUST_CHECK int rsa_calculator_init(struct rsa_calculator *calculator);
void rsa_calculator_fini(struct rsa_calculator *calculator);

GLACIS_MUST_CHECK int rsa_blinding_init(struct rsa_blinding *blinding, struct secure_memory *memory);
void rsa_blinding_fini(struct rsa_blinding *blinding, struct secure_memory *memory);

/* Writes a pair that was never used before. Returns 0, or -EIO when OpenSSL has no random numbers or no memory. */
GLACIS_MUST_CHECK int rsa_blinding_take(struct rsa_blinding *blinding, const struct glacis_rsa_key *key,
					struct rsa_calculator *calculator, uint8_t *factor, uint8_t *inverse);

#endif
