/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key schedule of TLS 1.3 (RFC 8446 section 7.1) as OpenSSL asks for it, by the algorithm "TLS13-KDF": its
 * parameters, understood, and the derivation by libglacis. Shared by glacisd's provider and glacis.so.
 *
 * Concepts. What a context has been told stays until it is told something else, as with OpenSSL's own. What is not
 * understood here is no error yet: the caller may have somebody else to ask.
 */
#ifndef GLACIS_ENGINE_TLS13_KDF_H
#define GLACIS_ENGINE_TLS13_KDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/core.h>

/* Larger ones are not understood. The shared secret of P-521 has 66 bytes, a hash 48, a label of RFC 8446 at most 12.
 */
#define TLS13_KDF_OCTETS_MAX 80u
#define TLS13_KDF_LABEL_MAX  32u

struct tls13_kdf_octets {
	bool given;
	uint8_t size;
	uint8_t bytes[TLS13_KDF_OCTETS_MAX];
};

/* All zeros: told nothing. */
struct tls13_kdf {
	uint8_t hash_size; /* 32: SHA-256, 48: SHA-384; 0: not told */
	bool has_mode;
	int mode; /* EVP_KDF_HKDF_MODE_... */
	struct tls13_kdf_octets key, salt, prefix, label, data;
};

/* Takes what is in `params`, NULL: nothing. False: something there is not understood; then nothing has changed. */
bool tls13_kdf_take(struct tls13_kdf *kdf, const OSSL_PARAM params[]);

/* Derives `size` bytes. False: something is missing, or is nothing that TLS 1.3 asks for; `output` is then unspecified.
 */
bool tls13_kdf_derive(const struct tls13_kdf *kdf, uint8_t *output, size_t size);

/* Room for what tls13_kdf_params writes. */
#define TLS13_KDF_PARAMS 8u

/* What the context was told, as parameters for another implementation. They point into `kdf`. */
void tls13_kdf_params(struct tls13_kdf *kdf, OSSL_PARAM params[TLS13_KDF_PARAMS]);

/* Forgets everything, and wipes it. */
void tls13_kdf_reset(struct tls13_kdf *kdf);

#endif
