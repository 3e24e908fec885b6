/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AEAD sessions and operations: AES-128/192/256-GCM with 96-bit nonces and 16-byte
 * tags (NIST SP 800-38D).
 *
 * Threads. A session is used by one thread at a time, normally the one that owns the
 * queue its operations go to; sessions may be made and freed from any thread.
 */
#ifndef GLACIS_AEAD_H
#define GLACIS_AEAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <glacis/engine.h>
#include <glacis/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLACIS_AEAD_NONCE_SIZE 12u
#define GLACIS_AEAD_TAG_SIZE 16u
#define GLACIS_AEAD_AAD_SIZE_MAX 64u
#define GLACIS_AEAD_KEY_SIZE_MAX 32u
/** Longest input of one operation, in bytes (TLS needs 16,640). */
#define GLACIS_AEAD_LENGTH_MAX 65536u
/** Most segments of one operation's input. */
#define GLACIS_AEAD_SEGMENTS_MAX 16u

enum glacis_direction {
	GLACIS_SEAL = 0, /**< encrypt and make the tag */
	GLACIS_OPEN = 1, /**< check the tag and decrypt */
};

struct glacis_aead_session;

/**
 * Makes a session for one key and one direction. `key` is copied into locked memory;
 * the caller wipes its own. `key_size` is 16, 24 or 32.
 * Returns 0, -EINVAL (key size or direction), -ENOMEM, -EPERM (locked memory was
 * required and is used up), -ECHILD.
 */
GLACIS_MUST_CHECK int glacis_aead_session_create(struct glacis_engine *engine,
						 enum glacis_direction direction,
						 const uint8_t *key, size_t key_size,
						 struct glacis_aead_session **session);

/** Wipes the keys and frees the session; no operation of it may be in flight. NULL is ignored. */
void glacis_aead_session_destroy(struct glacis_aead_session *session);

/** Replaces the key (a TLS KeyUpdate). -EBUSY while an operation is in flight, -EINVAL for a
 *  key size other than the session's. */
GLACIS_MUST_CHECK int glacis_aead_session_rekey(struct glacis_aead_session *session,
						const uint8_t *key, size_t key_size);

/** Drops (and wipes) the expanded key of an idle session; the next operation rebuilds it. Call
 *  it from the thread of the queue that used the session. No effect with operations in flight. */
void glacis_aead_session_idle(struct glacis_aead_session *session);

/**
 * One seal or open. Zero it once; set the fields; submit.
 *
 * Input is `source` (`length` bytes) or, when `segment_count` is not 0, `segments`, whose
 * sizes add up to `length`. Output is `length` bytes at `destination`, contiguous. In place
 * means `destination == source`; any other overlap of input and output is forbidden.
 * The tag is written to `tag` (seal) or read from it (open); it may directly follow the text.
 *
 * When an open fails, the output holds no plaintext: out of place it is zeroed; in place it
 * holds the ciphertext again, so that the operation may be tried under another key.
 */
struct glacis_aead_op {
	struct glacis_op op;
	struct glacis_aead_session *session;
	const uint8_t *source;        /**< contiguous input; unused when segment_count > 0 */
	uint8_t *destination;         /**< output, `length` bytes */
	uint8_t *tag;                 /**< 16 bytes, out (seal) or in (open) */
	const uint8_t *aad;           /**< may be NULL when aad_size is 0 */
	const struct iovec *segments; /**< input in pieces, 1..GLACIS_AEAD_SEGMENTS_MAX */
	uint32_t length;              /**< bytes of text, 0..GLACIS_AEAD_LENGTH_MAX */
	uint16_t segment_count;       /**< 0: contiguous */
	uint8_t aad_size;             /**< bytes, 0..GLACIS_AEAD_AAD_SIZE_MAX */
	uint8_t nonce[GLACIS_AEAD_NONCE_SIZE]; /**< the caller never repeats one under a key when sealing */
	uint8_t reserved[5];
};

#ifdef __cplusplus
}
#endif
#endif
