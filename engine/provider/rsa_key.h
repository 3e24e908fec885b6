/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenSSL keeps for us as an RSA key: a key of OpenSSL's own, which does everything but the private operations
 * of async jobs, and a place for the crew's copy of it.
 *
 * Invariants. Once filled (keymgmt_rsa.c) a key does not change, but for `lane`. Operations under way hold a
 * reference, so that a key outlives the application's interest in it.
 */
#ifndef GLACIS_PROVIDER_RSA_KEY_H
#define GLACIS_PROVIDER_RSA_KEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "provider.h"

struct crew_key;

/* What an inner context can be started for. */
enum rsa_key_use { RSA_KEY_SIGN, RSA_KEY_VERIFY, RSA_KEY_RECOVER, RSA_KEY_ENCRYPT, RSA_KEY_DECRYPT, RSA_KEY_USES };

struct rsa_key {
	_Atomic unsigned references;
	struct provider *provider;
	EVP_PKEY *pair; /* of the inner library; NULL: nothing imported yet */
	bool is_private;
	uint8_t *der; /* PKCS#1, of a private key that lanes may compute with: size, two primes; else NULL */
	size_t der_size;
	_Atomic(EVP_PKEY_CTX *) started[RSA_KEY_USES]; /* to be copied: a copy costs a tenth of a start */
	_Atomic(struct crew_key *) lane;               /* the crew's (crew.c) */
};

/* NULL: out of memory. */
struct rsa_key *rsa_key_new(struct provider *provider);
struct rsa_key *rsa_key_hold(struct rsa_key *key);
/* Drops a reference. NULL is ignored. Any thread. */
void rsa_key_release(struct rsa_key *key);

/* Makes the inner key from an application's numbers. False: OpenSSL does not take them; its errors are in the queue. */
bool rsa_key_import(struct rsa_key *key, int selection, const OSSL_PARAM params[]);
/* Takes over a key that the inner library has made. */
void rsa_key_adopt(struct rsa_key *key, EVP_PKEY *pair, bool is_private);

/* Size of the modulus in bytes. */
size_t rsa_key_bytes(const struct rsa_key *key);

/* A fresh context of the inner key; NULL: OpenSSL's errors are in the queue. */
EVP_PKEY_CTX *rsa_key_context(const struct rsa_key *key);
/* The same, started for a use. Any thread. */
EVP_PKEY_CTX *rsa_key_start(struct rsa_key *key, enum rsa_key_use use);

#endif
