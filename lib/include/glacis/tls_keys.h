/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS key schedule hand-over: from what a handshake library can export (TLS 1.3 traffic
 * secrets, the TLS 1.2 master secret) to the record keys of one direction.
 *
 * Sources: RFC 8446 sections 7.1-7.3 and 4.6.3, RFC 5246 sections 5 and 6.3, RFC 5288.
 * Threads. Pure functions; any thread.
 */
#ifndef GLACIS_TLS_KEYS_H
#define GLACIS_TLS_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include <glacis/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLACIS_TLS_1_2 0x0303u
#define GLACIS_TLS_1_3 0x0304u
#define GLACIS_TLS_SECRET_SIZE_MAX 48u
#define GLACIS_TLS_MASTER_SECRET_SIZE 48u
#define GLACIS_TLS_RANDOM_SIZE 32u

/** What one direction of a connection needs to protect its records. Secret: wipe it. */
struct glacis_record_keys {
	uint16_t version;     /**< GLACIS_TLS_1_2 or GLACIS_TLS_1_3 */
	uint16_t suite;       /**< IANA cipher suite number */
	uint8_t key_size;     /**< 16 or 32 */
	uint8_t secret_size;  /**< TLS 1.3: 32 or 48, the suite's hash size; TLS 1.2: 0 */
	uint8_t key[32];
	uint8_t iv[12];       /**< TLS 1.3: write_iv; TLS 1.2: the 4-byte salt, then zeros */
	uint8_t secret[GLACIS_TLS_SECRET_SIZE_MAX]; /**< TLS 1.3: the traffic secret, for KeyUpdate */
};

/**
 * Record keys of one direction from a TLS 1.3 traffic secret.
 * `suite`: 0x1301 (TLS_AES_128_GCM_SHA256) or 0x1302 (TLS_AES_256_GCM_SHA384).
 * Returns 0, -ENOTSUP (suite), -EINVAL (secret size).
 */
GLACIS_MUST_CHECK int glacis_tls13_record_keys(uint16_t suite, const uint8_t *secret, size_t secret_size,
					       struct glacis_record_keys *keys);

/** One KeyUpdate step (RFC 8446 section 7.2): replaces `keys` by the next generation's.
 *  Returns 0, -ENOTSUP (not TLS 1.3). */
GLACIS_MUST_CHECK int glacis_tls13_next_keys(struct glacis_record_keys *keys);

/**
 * Record keys of both directions from a TLS 1.2 master secret (RFC 5246 section 6.3).
 * `suite`: ECDHE-RSA/ECDSA with AES-128/256-GCM (0xc02b, 0xc02c, 0xc02f, 0xc030).
 * Returns 0, -ENOTSUP (suite).
 */
GLACIS_MUST_CHECK int glacis_tls12_record_keys(uint16_t suite,
					       const uint8_t master[GLACIS_TLS_MASTER_SECRET_SIZE],
					       const uint8_t client_random[GLACIS_TLS_RANDOM_SIZE],
					       const uint8_t server_random[GLACIS_TLS_RANDOM_SIZE],
					       struct glacis_record_keys *client_write,
					       struct glacis_record_keys *server_write);

/** HKDF-Expand-Label of RFC 8446 section 7.1 ("tls13 " is added to `label`). `hash_size` 32 or 48.
 *  Returns 0, -EINVAL. */
GLACIS_MUST_CHECK int glacis_tls13_expand_label(size_t hash_size, const uint8_t *secret, const char *label,
						const uint8_t *context, size_t context_size,
						uint8_t *output, size_t output_size);

/** HKDF-Extract of RFC 5869 section 2.2: HMAC of `input` under `salt`, which is at most 64 bytes; `output` is
 *  `hash_size` bytes, 32 or 48. Returns 0, -EINVAL. */
GLACIS_MUST_CHECK int glacis_tls13_extract(size_t hash_size, const uint8_t *salt, size_t salt_size,
					   const uint8_t *input, size_t input_size, uint8_t *output);

/** Overwrites the keys in a way the compiler keeps. */
void glacis_record_keys_wipe(struct glacis_record_keys *keys);

#ifdef __cplusplus
}
#endif
#endif
