/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading private keys: bytes of a file (untrusted) to checked numbers. Called by rsa_key.c only.
 * OpenSSL decodes; the numbers are checked here, because OpenSSL takes any that decode.
 */
#ifndef GLACIS_LIB_RSA_IMPORT_H
#define GLACIS_LIB_RSA_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include <glacis/rsa.h>

/* Numbers of a key, as RFC 8017 section 3.2 names them. Those of the private half are wiped when freed. */
struct rsa_numbers {
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
};

/* Room for a sentence of glacis_rsa_key_import. */
struct rsa_reason {
	char *text;
	size_t size;
};

/* Writes the sentence; returns `error` for the caller to return. */
__attribute__((format(printf, 3, 4))) int rsa_refuse(const struct rsa_reason *why, int error, const char *format, ...);

/* Decodes one private key. Returns 0 with `pair`, or as glacis_rsa_key_import. */
GLACIS_MUST_CHECK int rsa_decode(OSSL_LIB_CTX *library, const uint8_t *bytes, size_t size,
				 glacis_rsa_passphrase passphrase, void *context, const struct rsa_reason *why,
				 EVP_PKEY **pair);

/* Takes the numbers out of a decoded key and checks that they are a key. On failure nothing is left to free. */
GLACIS_MUST_CHECK int rsa_numbers_load(struct rsa_numbers *numbers, const EVP_PKEY *pair, const struct rsa_reason *why);
void rsa_numbers_free(struct rsa_numbers *numbers);

#endif
