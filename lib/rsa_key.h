/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key's inside. Made by rsa_import.c and rsa_key.c; read by everything of RSA.
 *
 * Invariants: immutable once imported, but for `uses`: entry i belongs to the thread of the queue
 * with number i. What is secret lies in `region` (lanes' numbers, rejection key), in OpenSSL's
 * `pair` and, per queue, in a blinding's region.
 *
 * OpenSSL's copy is in its secure heap when the program has made one (CRYPTO_secure_malloc_init),
 * else in the ordinary heap; OpenSSL wipes it when the key is freed.
 */
#ifndef GLACIS_LIB_RSA_KEY_H
#define GLACIS_LIB_RSA_KEY_H

#include <stdint.h>

#include <openssl/types.h>

#include <glacis/rsa.h>

#include "rsa_blinding.h"
#include "rsa_engine.h"
#include "rsa_lanes.h"
#include "secure_memory.h"

#define RSA_REJECTION_KEY_SIZE 32u
/* A 4096-bit SubjectPublicKeyInfo has 550 bytes. */
#define RSA_PUBLIC_DER_MAX 640u

/* What one queue keeps of one key: no lock is needed on the way of an operation. */
struct rsa_use {
	EVP_PKEY_CTX *private_raw; /* set up for input^d mod n */
	struct rsa_blinding blinding;
	uint32_t inflight;
};

struct rsa_key_secrets {
	struct rsa_lane_key lane;
	uint8_t rejection_key[RSA_REJECTION_KEY_SIZE]; /* SHA-256 of d: keys the messages of implicit rejection */
};

struct glacis_rsa_key {
	struct glacis_engine *engine;
	uint32_t bits, bytes;
	uint8_t size_index; /* see rsa_size_index */
	uint64_t e;
	EVP_PKEY *pair;
	RSA *public_half; /* n and e alone, for the padding functions */
	BIGNUM *n_number, *e_number;
	BN_MONT_CTX *montgomery;
	struct secure_region region;
	struct rsa_key_secrets *secrets;        /* at the start of `region`, the lanes' numbers behind it */
	struct glacis_rsa_key *next, *previous; /* of the engine's list */
	int public_size;
	uint8_t public_der[RSA_PUBLIC_DER_MAX];
	uint8_t n[GLACIS_RSA_BYTES_MAX]; /* big-endian */
	struct card_rsa_key *card_key; /* the card's; NULL: it has none, or refused this key */
	struct rsa_use *uses[RSA_QUEUES_MAX];
};

/* This queue's use of the key, made at the first call. NULL when memory is out. The queue's thread only. */
struct rsa_use *rsa_key_use(const struct glacis_rsa_key *key, unsigned queue_index);

/* Frees a queue's use of a key. Under the engine's RSA lock. */
void rsa_key_drop_use(struct glacis_rsa_key *key, unsigned queue_index);

#endif
