/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenSSL computes in a handshake of glacisd by code of ours: the key schedule of TLS 1.3 and X25519.
 *
 * Concepts. Each worker has a library context of OpenSSL, in which a provider inside this process ("glacisd") stands
 * before OpenSSL's default provider: algorithms it has are taken from it, all others from there. Workers
 * share no lock of a library context that way. The key schedule is where the record layer gets its secrets from: OpenSSL asks for
 * each of them by its label of RFC 8446 section 7.1.
 */
#ifndef GLACISD_PROVIDER_H
#define GLACISD_PROVIDER_H

#include <openssl/core.h>
#include <openssl/crypto.h>

struct glacisd_worker;

/* What algorithms are to be fetched with, as in SSL_CTX_new_ex. */
#define GLACISD_PROVIDER_QUERY "?provider=glacisd"

/* The provider's context: one per worker, used by the worker's thread alone once that runs. */
struct glacisd_provider {
	struct glacisd_worker *worker;
	OSSL_LIB_CTX *library;
	struct ossl_provider_st *ours, *base;
	uint8_t *pairs; /* X25519 key pairs made ahead, in OpenSSL's secure heap: private keys, then public ones */
	uint32_t pairs_left;
};

/* Makes a worker's library context with both providers. NULL: OpenSSL failed, its error queue says why. */
struct glacisd_provider *glacisd_provider_create(struct glacisd_worker *worker);
/* After everything that was made in it. NULL is ignored. */
void glacisd_provider_destroy(struct glacisd_provider *provider);

/* Sees to it that a handshake finds a key pair: before OpenSSL is let run, at most one is taken in a run. Not to be
 * called on the stack of an async job, which is too small for lanes. Returns 0, or -EIO (no random numbers). */
int glacisd_provider_prepare(struct glacisd_provider *provider);

/* provider_kdf.c, provider_x25519.c: the tables. */
extern const OSSL_DISPATCH glacisd_provider_kdf[];
extern const OSSL_DISPATCH glacisd_provider_x25519_keys[];
extern const OSSL_DISPATCH glacisd_provider_x25519_exchange[];

#endif
