/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blinding of private operations in lanes: x becomes x r^e, its result y r becomes y by r^-1, so
 * that what the lanes compute on is random whatever the peer sent. (OpenSSL blinds its own.)
 *
 * Each lane of each key and queue has a pair (r^e, r^-1) of its own. After a batch the lanes square
 * the pairs they used; after RSA_BLINDING_USES all are drawn afresh. So no pair is ever used twice.
 * Called by rsa_batch.c, in the queue's thread.
 */
#ifndef GLACIS_LIB_RSA_BLINDING_H
#define GLACIS_LIB_RSA_BLINDING_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include <glacis/rsa.h>

#include "rsa_lanes.h"
#include "secure_memory.h"

/* OpenSSL's blinding has the same bound. */
#define RSA_BLINDING_USES 32u

struct rsa_blinding {
	struct secure_region region;  /* factors of all lanes, then inverses; each little-endian, the key's size */
	uint32_t bytes;               /* of a number */
	uint8_t uses_left[RSA_LANES]; /* 0: draw new pairs */
};

/* r^e mod n of a lane. */
static inline uint8_t *rsa_blinding_factor(const struct rsa_blinding *blinding, unsigned lane)
{
	return (uint8_t *)blinding->region.base + (size_t)lane * blinding->bytes;
}

/* r^-1 mod n of a lane. */
static inline uint8_t *rsa_blinding_inverse(const struct rsa_blinding *blinding, unsigned lane)
{
	return rsa_blinding_factor(blinding, RSA_LANES + lane);
}

/* Numbers to calculate with, one set per queue: made once, so that nothing is allocated later. */
struct rsa_calculator {
	BN_CTX *context;
	BIGNUM *a, *b;
};

GLACIS_MUST_CHECK int rsa_calculator_init(struct rsa_calculator *calculator);
void rsa_calculator_fini(struct rsa_calculator *calculator);

GLACIS_MUST_CHECK int rsa_blinding_init(struct rsa_blinding *blinding, struct secure_memory *memory, uint32_t bytes);
void rsa_blinding_fini(struct rsa_blinding *blinding, struct secure_memory *memory);

/*
 * Makes a lane's pair ready and counts the use, after which the caller squares both numbers. Returns 0, or -EIO
 * when OpenSSL has no random numbers or no memory.
 */
GLACIS_MUST_CHECK int rsa_blinding_take(struct rsa_blinding *blinding, const struct glacis_rsa_key *key,
					struct rsa_calculator *calculator, unsigned lane);

#endif
