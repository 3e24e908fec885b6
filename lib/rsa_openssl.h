/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single operations by OpenSSL: what runs where there are no lanes, where too few operations wait,
 * and when a lane's result failed its check. Called by rsa_batch.c and rsa_engine.c. Numbers are
 * big-endian and have the modulus's size. OpenSSL blinds private operations itself, and allocates
 * a little in each.
 */
#ifndef GLACIS_LIB_RSA_OPENSSL_H
#define GLACIS_LIB_RSA_OPENSSL_H

#include <stdbool.h>
#include <stdint.h>

#include "rsa_blinding.h"
#include "rsa_key.h"

/* A context for rsa_openssl_private; NULL when memory is out. */
EVP_PKEY_CTX *rsa_openssl_context(const struct glacis_rsa_key *key);

/* out = in^d mod n; in < n. Returns 0 or -EIO. */
GLACIS_MUST_CHECK int rsa_openssl_private(const struct glacis_rsa_key *key, EVP_PKEY_CTX *context, const uint8_t *in,
					  uint8_t *out);

/* out = in^e mod n; in < n. Returns 0 or -EIO. */
GLACIS_MUST_CHECK int rsa_openssl_public(const struct glacis_rsa_key *key, struct rsa_calculator *calculator,
					 const uint8_t *in, uint8_t *out);

#endif
