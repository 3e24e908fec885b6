/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 (RFC 7748), the key exchange of most TLS handshakes: eight at a time on processors with AVX512-IFMA, one at
 * a time by OpenSSL elsewhere, through the same call.
 *
 * Concepts. A key pair is 32 random bytes and X25519 of them with the base point; the shared secret is X25519 of
 * the own random bytes with the peer's public key. Eight at once cost little more than one by OpenSSL, so pairs are
 * best made ahead, eight in a call, and shared secrets of several handshakes computed together.
 *
 * Threads. No state: any thread. Work is done in the call, about 50 us for up to eight.
 */
#ifndef GLACIS_X25519_H
#define GLACIS_X25519_H

#include <stdint.h>

#include <glacis/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLACIS_X25519_SIZE  32u
#define GLACIS_X25519_LANES 8u

/** One function: all three are GLACIS_X25519_SIZE bytes. */
struct glacis_x25519_op {
	const uint8_t *scalar; /**< secret; the library clears and sets the bits that RFC 7748 section 5 names */
	const uint8_t *point;  /**< the peer's public key, or NULL for the base point */
	uint8_t *result;       /**< public key or shared secret; may not lie where an input of another operation does */
	uint8_t status;        /**< enum glacis_status, out: OK, or INVALID when the result is all zeros (the point has
	                            small order: TLS ends the handshake, RFC 8446 section 7.4.2) */
	uint8_t reserved[7];
};

/**
 * Runs `count` operations. Takes the same time for all scalars and points where lanes are used.
 * Returns 0, or -EIO (libcrypto failed or memory is out; no result of this call may be used).
 */
GLACIS_MUST_CHECK int glacis_x25519(struct glacis_x25519_op ops[], unsigned count);

/** From how many operations in a call on lanes pay (measured at the first call), or 0: this processor has no
 *  AVX512-IFMA, every operation is run by OpenSSL. */
unsigned glacis_x25519_lanes_from(void);

#ifdef __cplusplus
}
#endif
#endif
