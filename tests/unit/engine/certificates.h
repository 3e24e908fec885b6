/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes keys and self-signed certificates for a test, in a directory of its own below TMPDIR.
 */
#ifndef TEST_CERTIFICATES_H
#define TEST_CERTIFICATES_H

#include <openssl/evp.h>
#include <stddef.h>

struct certificates {
	char directory[128];
};

void certificates_begin(struct certificates *certificates);
void certificates_end(struct certificates *certificates); /* removes the directory and its files */

/* The path of `name` in the directory; valid until the next call. */
const char *certificates_path(const struct certificates *certificates, const char *name);

EVP_PKEY *certificates_rsa_key(unsigned bits);
EVP_PKEY *certificates_ec_key(const char *curve);

/* Writes `key` as PEM, encrypted when a passphrase is given. */
void certificates_write_key(const struct certificates *certificates, const char *name, EVP_PKEY *key,
			    const char *passphrase);
/* Writes a certificate for `key`, valid between these seconds from now. */
void certificates_write_cert(const struct certificates *certificates, const char *name, EVP_PKEY *key, long from,
			     long until);
void certificates_write_text(const struct certificates *certificates, const char *name, const char *text);

#endif
