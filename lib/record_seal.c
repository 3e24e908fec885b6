/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing side of the record layer: how content becomes a TLS 1.2 or TLS 1.3 record in place,
 * the usage limits of a writer's key, and its KeyUpdate.
 *
 *   TLS 1.2   type 0303 length | sequence number (8) | content                | tag (16)
 *   TLS 1.3   0x17 0303 length | content | content type (1) | zero padding    | tag (16)
 *
 * Invariant: nothing is written into the caller's buffer, and no sequence number is consumed,
 * before all checks have passed.
 */
#include "record_stream.h"

#include <errno.h>
#include <string.h>

#define HANDSHAKE_KEY_UPDATE 24u

static bool content_is_valid(const struct glacis_record_stream *stream, const struct glacis_record_op *op)
{
	if (op->content_size > stream->content_limit ||
	    op->content_size + (uint32_t)op->padding > stream->content_limit)
		return false;
	if (stream->version != GLACIS_TLS_1_3 && op->padding != 0)
		return false;
	switch (op->content_type) {
	case GLACIS_CONTENT_APPLICATION_DATA:
		return true;
	case GLACIS_CONTENT_ALERT:
	case GLACIS_CONTENT_HANDSHAKE:
		return op->content_size > 0; /* RFC 8446 section 5.1, RFC 5246 section 6.2.1 */
	default:
		return false;
	}
}

static void frame_tls13(const struct glacis_record_stream *stream, struct glacis_record_op *op)
{
	uint8_t *content = op->record + GLACIS_RECORD_HEADER_SIZE;
	uint32_t inner_size = op->content_size + 1 + op->padding;

	op->record[0] = GLACIS_CONTENT_APPLICATION_DATA;
	put_be16(op->record + 1, RECORD_WIRE_VERSION);
	put_be16(op->record + 3, inner_size + GLACIS_AEAD_TAG_SIZE);
	content[op->content_size] = op->content_type;
	memset(content + op->content_size + 1, 0, op->padding);

	memcpy(op->aad, op->record, GLACIS_RECORD_HEADER_SIZE);
	op->aead.aad_size = GLACIS_RECORD_HEADER_SIZE;
	record_nonce_tls13(stream, op->aead.nonce);
	op->aead.destination = content;
	op->aead.length = inner_size;
}

static void frame_tls12(const struct glacis_record_stream *stream, struct glacis_record_op *op)
{
	uint8_t *explicit_nonce = op->record + GLACIS_RECORD_HEADER_SIZE;

	op->record[0] = op->content_type;
	put_be16(op->record + 1, RECORD_WIRE_VERSION);
	put_be16(op->record + 3, RECORD_TLS12_EXPLICIT_NONCE_SIZE + op->content_size + GLACIS_AEAD_TAG_SIZE);
	put_be64(explicit_nonce, stream->sequence);

	record_aad_tls12(stream, op->content_type, op->content_size, op->aad);
	op->aead.aad_size = sizeof(op->aad);
	memcpy(op->aead.nonce, stream->iv, RECORD_TLS12_SALT_SIZE);
	memcpy(op->aead.nonce + RECORD_TLS12_SALT_SIZE, explicit_nonce, RECORD_TLS12_EXPLICIT_NONCE_SIZE);
	op->aead.destination = explicit_nonce + RECORD_TLS12_EXPLICIT_NONCE_SIZE;
	op->aead.length = op->content_size;
}

enum glacis_status record_prepare_seal(struct glacis_record_op *op)
{
	struct glacis_record_stream *stream = op->stream;

	if (!content_is_valid(stream, op))
		return GLACIS_STATUS_INVALID;
	/* The hard limit is far below the end of the sequence numbers. */
	if (stream->sequence >= stream->hard_limit)
		return GLACIS_STATUS_LIMIT;

	if (stream->version == GLACIS_TLS_1_3)
		frame_tls13(stream, op);
	else
		frame_tls12(stream, op);
	op->aead.session = stream->session;
	op->aead.source = op->aead.destination;
	if (op->output != NULL) {
		uint32_t prefix = (uint32_t)(op->aead.destination - op->record);

		memcpy(op->output, op->record, prefix);
		op->aead.destination = op->output + prefix;
	}
	op->aead.tag = op->aead.destination + op->aead.length;
	op->aead.aad = op->aad;
	op->aead.segments = NULL;
	op->aead.segment_count = 0;
	op->record_size = (uint32_t)(op->aead.source - op->record) + op->aead.length + GLACIS_AEAD_TAG_SIZE;
	op->epoch = stream->epoch;
	stream->sequence++;
	return GLACIS_STATUS_OK;
}

bool glacis_record_writer_rekey_due(const struct glacis_record_stream *writer)
{
	return writer->sequence >= writer->soft_limit || writer->sequence >= writer->hard_limit;
}

int glacis_record_writer_update(struct glacis_record_stream *writer)
{
	int rc;

	if (writer->version != GLACIS_TLS_1_3 || writer->direction != GLACIS_SEAL)
		return -ENOTSUP;
	rc = record_stream_step_keys(writer);
	if (rc != 0)
		return rc == -EBUSY ? -EBUSY : -EIO;
	writer->epoch++;
	writer->sequence = 0;
	return 0;
}

void glacis_record_key_update_message(uint8_t message[GLACIS_KEY_UPDATE_MESSAGE_SIZE], bool request_reply)
{
	const uint8_t bytes[GLACIS_KEY_UPDATE_MESSAGE_SIZE] = { HANDSHAKE_KEY_UPDATE, 0, 0, 1, request_reply ? 1 : 0 };

	memcpy(message, bytes, sizeof(bytes));
}
