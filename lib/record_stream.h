/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record stream's inside, shared by record_stream.c (life, submission), record_seal.c (what a
 * writer puts on the wire) and record_open.c (what a reader makes of it).
 *
 * Invariants. `sequence` counts the records under the current key, so it is also what the usage
 * limits are compared with; it only grows until the key is replaced, which sets it to 0 together
 * with a step of `epoch`. No number is given back: a record that was prepared is submitted, or its
 * stream has failed. The traffic secret and the nonces' part of the key live here, the AEAD key in
 * the session; all of it is memory of secure_memory.h, two cache lines a stream.
 */
#ifndef GLACIS_LIB_RECORD_STREAM_H
#define GLACIS_LIB_RECORD_STREAM_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <glacis/record.h>

#define RECORD_TLS12_EXPLICIT_NONCE_SIZE 8u
#define RECORD_TLS12_SALT_SIZE           4u
/* RFC 8446 section 5.2 and RFC 5246 section 6.2.3: most that protection may add. */
#define RECORD_TLS13_EXPANSION_MAX 256u
#define RECORD_TLS12_EXPANSION_MAX 2048u
/* On the wire a TLS 1.3 record always claims this version. */
#define RECORD_WIRE_VERSION 0x0303u
/* RFC 8446 section 5.5, RFC 5246 section 6.1: sequence numbers do not wrap; the last is never used. */
#define RECORD_SEQUENCE_END   UINT64_MAX

#define HANDSHAKE_HEADER_SIZE 4u

/* A post-handshake message on its way in: its header, and how much of its body is still to come. */
struct handshake_reader {
	uint32_t body_left;
	uint8_t header[HANDSHAKE_HEADER_SIZE];
	uint8_t header_size; /* bytes of `header` that are there; 0 between messages */
	uint8_t first_byte;  /* of the body: all of a KeyUpdate */
};

struct glacis_record_stream {
	struct glacis_engine *engine;
	struct glacis_aead_session *session;
	uint64_t sequence; /* next to be used */
	uint32_t epoch;    /* generation of the key: KeyUpdates so far */
	uint32_t soft_limit;
	uint32_t hard_limit;
	struct handshake_reader handshake;
	uint16_t version;
	uint16_t suite;
	uint16_t content_limit;
	uint8_t direction; /* enum glacis_direction */
	uint8_t key_size;
	uint8_t secret_size;
	uint8_t without_data; /* reader: records in a row without application data */
	uint8_t alert;        /* reader, failed: what it failed with */
	bool peer_is_server : 1;
	bool rekey_pending : 1; /* reader: the key of `epoch` is not in the session yet */
	bool closed : 1;        /* reader: close_notify or a fatal alert came */
	bool failed : 1;        /* nothing more is sealed or opened */
	uint8_t iv[12];
	uint8_t secret[GLACIS_TLS_SECRET_SIZE_MAX];
};

static_assert(sizeof(struct glacis_record_stream) <= 128, "a stream is two cache lines");

/* Check one operation and fill its AEAD part, consuming a sequence number when they return
 * GLACIS_STATUS_OK; else nothing has changed but, for an open, a key that was due. */
enum glacis_status record_prepare_seal(struct glacis_record_op *op);
enum glacis_status record_prepare_open(struct glacis_record_op *op);

/* Puts the next generation's key into the session, and its IV and secret here.
 * 0; -EBUSY (operations in flight) and -EIO leave the stream as it was. */
int record_stream_step_keys(struct glacis_record_stream *stream);

/* TLS 1.3: IV XOR sequence number (RFC 8446 section 5.3). */
void record_nonce_tls13(const struct glacis_record_stream *stream, uint8_t nonce[GLACIS_AEAD_NONCE_SIZE]);

/* TLS 1.2: sequence number, type, version, length of the content (RFC 5246 section 6.2.3.3). */
void record_aad_tls12(const struct glacis_record_stream *stream, uint8_t type, uint32_t content_size, uint8_t aad[13]);

static inline void put_be16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static inline void put_be64(uint8_t *bytes, uint64_t value)
{
	uint64_t swapped = __builtin_bswap64(value);

	__builtin_memcpy(bytes, &swapped, sizeof(swapped));
}

#endif
