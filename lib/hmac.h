/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC (RFC 2104) with SHA-256 and SHA-384 for the key schedule of TLS: many short messages under few keys.
 *
 * Concepts. A context holds the two hash states that follow from the key, so a message costs two compressions
 * and what it is long; nothing is fetched, allocated or locked. libcrypto's own functions for one digest are used:
 * the EVP calls around them cost more than the hashing of a message of this size.
 */
#ifndef GLACIS_LIB_HMAC_H
#define GLACIS_LIB_HMAC_H

#include <stddef.h>
#include <stdint.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#define HMAC_HASH_SIZE_MAX 48u
#define HMAC_KEY_SIZE_MAX  64u /* the smaller block size: longer keys would have to be hashed first */

union hmac_state {
	SHA256_CTX sha256;
	SHA512_CTX sha384; /* SHA-384 is SHA-512 with another start, cut */
};

struct hmac {
	size_t hash_size; /* 32: SHA-256, 48: SHA-384 */
	union hmac_state inner, outer;
};

/* One piece of a message. */
struct hmac_piece {
	const void *bytes;
	size_t size;
};

/* Takes a key of at most HMAC_KEY_SIZE_MAX bytes. Returns 0, or -EINVAL (key or hash size). */
int hmac_begin(struct hmac *hmac, size_t hash_size, const uint8_t *key, size_t key_size);
/* HMAC of the pieces one after another into `output`, hash_size bytes, which may be one of them. */
void hmac_of(const struct hmac *hmac, const struct hmac_piece *pieces, size_t count, uint8_t *output);
/* Wipes it. */
void hmac_end(struct hmac *hmac);

#endif
