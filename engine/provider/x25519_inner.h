/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 by OpenSSL's own implementation, for a key of ours: one function at a time, in the caller's thread.
 */
#ifndef GLACIS_PROVIDER_X25519_INNER_H
#define GLACIS_PROVIDER_X25519_INNER_H

#include "provider.h"
#include "x25519_key.h"

/* All return false, 0 or NULL with OpenSSL's errors in the queue. Any thread, any stack. */

/* The key as one of the inner library, with its private half if it has one. */
EVP_PKEY *x25519_inner_key(const struct x25519_key *key);

/* A generation of the inner library, for who wants to tell it something. The caller frees it. */
EVP_PKEY_CTX *x25519_inner_generation(struct provider *provider);

/* Fills an empty key with a pair of `generation`. */
bool x25519_inner_generate(struct x25519_key *key, EVP_PKEY_CTX *generation);

/* Computes the public half of a private one. */
bool x25519_inner_complete(struct x25519_key *key);

/* The secret that `own`, a pair, shares with `peer`. A secret of zeros is refused. */
bool x25519_inner_derive(const struct x25519_key *own, const struct x25519_key *peer, uint8_t secret[X25519_KEY_SIZE]);

#endif
