/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading side of the record layer: which headers are legal, how a record becomes an open
 * operation in place, and what the opened record means (data, alert, KeyUpdate).
 *
 * Everything here is the peer's to choose. Invariants: no byte of a record is looked at before it
 * has authenticated, but for its header; a reader that has failed stays failed; the only state
 * that a peer can make grow is a few counters. Key generations: `epoch` steps when a KeyUpdate is
 * finished, and the session's key with it, or, when records are still in flight, before the next
 * record is submitted; a record opened under an older epoch is STALE whatever came of it.
 */
#include "record_stream.h"

#include <errno.h>
#include <string.h>

#define HANDSHAKE_HELLO_REQUEST      0u
#define HANDSHAKE_CLIENT_HELLO       1u
#define HANDSHAKE_NEW_SESSION_TICKET 4u
#define HANDSHAKE_KEY_UPDATE         24u
#define KEY_UPDATE_BODY_SIZE         1u
/* The longest NewSessionTicket that RFC 8446 section 4.6.1 can express; no ClientHello comes near it. */
#define HANDSHAKE_BODY_MAX (4u + 4u + (1u + 255u) + (2u + 65535u) + (2u + 65534u))
#define ALERT_SIZE         2u

int glacis_record_peek(const struct glacis_record_stream *reader, const uint8_t *bytes, size_t available,
		       uint32_t *record_size, enum glacis_alert *alert)
{
	bool tls13 = reader->version == GLACIS_TLS_1_3;
	uint32_t expansion_max = tls13 ? RECORD_TLS13_EXPANSION_MAX : RECORD_TLS12_EXPANSION_MAX;
	uint32_t length_min = tls13 ? 1 + GLACIS_AEAD_TAG_SIZE
				    : RECORD_TLS12_EXPLICIT_NONCE_SIZE + GLACIS_AEAD_TAG_SIZE;
	uint32_t length;

	if (available < GLACIS_RECORD_HEADER_SIZE)
		return 0;
	if (bytes[0] > GLACIS_CONTENT_APPLICATION_DATA ||
	    bytes[0] < (tls13 ? GLACIS_CONTENT_APPLICATION_DATA : GLACIS_CONTENT_CHANGE_CIPHER_SPEC)) {
		*alert = GLACIS_ALERT_UNEXPECTED_MESSAGE;
		return -EPROTO;
	}
	/* TLS 1.3 ignores the version (RFC 8446 section 5.1); it is authenticated all the same. */
	if (!tls13 && ((uint32_t)bytes[1] << 8 | bytes[2]) != RECORD_WIRE_VERSION) {
		*alert = GLACIS_ALERT_PROTOCOL_VERSION;
		return -EPROTO;
	}
	length = (uint32_t)bytes[3] << 8 | bytes[4];
	if (length > GLACIS_RECORD_CONTENT_MAX + expansion_max) {
		*alert = GLACIS_ALERT_RECORD_OVERFLOW;
		return -EPROTO;
	}
	if (length < length_min) {
		*alert = GLACIS_ALERT_BAD_RECORD_MAC;
		return -EPROTO;
	}
	*record_size = GLACIS_RECORD_HEADER_SIZE + length;
	return 1;
}

static void unframe_tls13(const struct glacis_record_stream *stream, struct glacis_record_op *op)
{
	memcpy(op->aad, op->record, GLACIS_RECORD_HEADER_SIZE);
	op->aead.aad_size = GLACIS_RECORD_HEADER_SIZE;
	record_nonce_tls13(stream, op->aead.nonce);
}

static void unframe_tls12(const struct glacis_record_stream *stream, struct glacis_record_op *op)
{
	record_aad_tls12(stream, op->record[0], op->aead.length, op->aad);
	op->aead.aad_size = sizeof(op->aad);
	memcpy(op->aead.nonce, stream->iv, RECORD_TLS12_SALT_SIZE);
	memcpy(op->aead.nonce + RECORD_TLS12_SALT_SIZE, op->record + GLACIS_RECORD_HEADER_SIZE,
	       RECORD_TLS12_EXPLICIT_NONCE_SIZE);
}

enum glacis_status record_prepare_open(struct glacis_record_op *op)
{
	struct glacis_record_stream *stream = op->stream;
	uint32_t prefix = glacis_record_prefix_size(stream);
	enum glacis_alert alert;
	uint32_t whole;

	if (glacis_record_peek(stream, op->record, op->record_size, &whole, &alert) != 1 || whole != op->record_size)
		return GLACIS_STATUS_INVALID;
	if (stream->sequence == RECORD_SEQUENCE_END)
		return GLACIS_STATUS_LIMIT;
	if (stream->rekey_pending) {
		int rc = record_stream_step_keys(stream);

		if (rc != 0) {
			stream->failed = rc != -EBUSY;
			stream->alert = GLACIS_ALERT_INTERNAL_ERROR;
			return rc == -EBUSY ? GLACIS_STATUS_PENDING : GLACIS_STATUS_INVALID;
		}
		stream->rekey_pending = false;
	}

	op->aead.session = stream->session;
	op->aead.destination = op->record + prefix;
	op->aead.source = op->aead.destination;
	op->aead.length = op->record_size - prefix - GLACIS_AEAD_TAG_SIZE;
	op->aead.tag = op->aead.destination + op->aead.length;
	op->aead.aad = op->aad;
	op->aead.segments = NULL;
	op->aead.segment_count = 0;
	if (stream->version == GLACIS_TLS_1_3)
		unframe_tls13(stream, op);
	else
		unframe_tls12(stream, op);
	op->epoch = stream->epoch;
	stream->sequence++;
	return GLACIS_STATUS_OK;
}

static void fail(struct glacis_record_stream *stream, enum glacis_alert alert, struct glacis_record_event *event)
{
	stream->failed = true;
	stream->alert = (uint8_t)alert;
	*event = (struct glacis_record_event){ .kind = GLACIS_EVENT_ERROR, .alert = alert };
}

/* An alert is two bytes. Splitting one over records or joining two in one, which TLS 1.2 alone would
 * allow and nobody does, is a decode_error in both versions. */
static void finish_alert(struct glacis_record_stream *stream, const uint8_t *content, uint32_t size,
			 struct glacis_record_event *event)
{
	bool tls13 = stream->version == GLACIS_TLS_1_3;

	if (size != ALERT_SIZE) {
		fail(stream, GLACIS_ALERT_DECODE_ERROR, event);
		return;
	}
	if (!tls13 && content[0] != GLACIS_ALERT_WARNING && content[0] != GLACIS_ALERT_FATAL) {
		fail(stream, GLACIS_ALERT_ILLEGAL_PARAMETER, event);
		return;
	}
	event->alert = (enum glacis_alert)content[1];
	if (content[1] == GLACIS_ALERT_CLOSE_NOTIFY) {
		event->kind = GLACIS_EVENT_CLOSE;
		stream->closed = true;
		return;
	}
	/* TLS 1.3 has no warnings but user_canceled, whatever the level says (RFC 8446 section 6). */
	if (tls13 ? content[1] == GLACIS_ALERT_USER_CANCELED : content[0] == GLACIS_ALERT_WARNING) {
		event->kind = GLACIS_EVENT_WARNING;
		return;
	}
	event->kind = GLACIS_EVENT_FATAL_ALERT;
	stream->closed = true;
}

static bool message_type_is_legal(const struct glacis_record_stream *stream, uint8_t type)
{
	if (stream->version != GLACIS_TLS_1_3)
		return type == HANDSHAKE_CLIENT_HELLO || type == HANDSHAKE_HELLO_REQUEST;
	return type == HANDSHAKE_KEY_UPDATE || (type == HANDSHAKE_NEW_SESSION_TICKET && stream->peer_is_server);
}

/* Takes one byte of a message header. False: the stream has failed. */
static bool take_header_byte(struct glacis_record_stream *stream, uint8_t byte, struct glacis_record_event *event)
{
	struct handshake_reader *message = &stream->handshake;
	const uint8_t *header = message->header;

	message->header[message->header_size++] = byte;
	if (!message_type_is_legal(stream, header[0])) {
		fail(stream, GLACIS_ALERT_UNEXPECTED_MESSAGE, event);
		return false;
	}
	if (message->header_size < HANDSHAKE_HEADER_SIZE)
		return true;
	message->body_left = (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
	if (message->body_left > HANDSHAKE_BODY_MAX ||
	    (header[0] == HANDSHAKE_KEY_UPDATE && message->body_left != KEY_UPDATE_BODY_SIZE) ||
	    (header[0] == HANDSHAKE_HELLO_REQUEST && message->body_left != 0)) {
		fail(stream, GLACIS_ALERT_DECODE_ERROR, event);
		return false;
	}
	if (stream->version != GLACIS_TLS_1_3)
		event->kind = GLACIS_EVENT_RENEGOTIATION;
	return true;
}

static void key_update(struct glacis_record_stream *stream, uint8_t request, struct glacis_record_event *event)
{
	int rc;

	if (request > 1) {
		fail(stream, GLACIS_ALERT_ILLEGAL_PARAMETER, event);
		return;
	}
	rc = record_stream_step_keys(stream);
	if (rc != 0 && rc != -EBUSY) {
		fail(stream, GLACIS_ALERT_INTERNAL_ERROR, event);
		return;
	}
	stream->rekey_pending = rc == -EBUSY;
	stream->epoch++;
	stream->sequence = 0;
	event->kind = GLACIS_EVENT_KEY_UPDATE;
	event->reply_requested = request == 1;
}

/* Messages may lie anywhere in a row of records; only a KeyUpdate must end with its record, since
 * what follows is under other keys (RFC 8446 section 5.1). */
static void finish_handshake(struct glacis_record_stream *stream, const uint8_t *content, uint32_t size,
			     struct glacis_record_event *event)
{
	struct handshake_reader *message = &stream->handshake;

	while (size > 0) {
		if (message->header_size < HANDSHAKE_HEADER_SIZE) {
			if (!take_header_byte(stream, *content, event))
				return;
			content++;
			size--;
		} else {
			uint32_t part = size < message->body_left ? size : message->body_left;

			message->first_byte = *content;
			message->body_left -= part;
			content += part;
			size -= part;
		}
		if (message->header_size < HANDSHAKE_HEADER_SIZE || message->body_left > 0)
			continue;
		message->header_size = 0;
		if (message->header[0] != HANDSHAKE_KEY_UPDATE)
			continue;
		if (size > 0)
			fail(stream, GLACIS_ALERT_UNEXPECTED_MESSAGE, event);
		else
			key_update(stream, message->first_byte, event);
		return;
	}
}

/* Finds the content and its type in an authenticated record. False: the stream has failed. */
static bool find_content(struct glacis_record_op *op, uint8_t *type, uint32_t *size, struct glacis_record_event *event)
{
	struct glacis_record_stream *stream = op->stream;
	const uint8_t *text = op->aead.destination;
	uint32_t length = op->aead.length;
	uint32_t limit = stream->content_limit;

	if (stream->version == GLACIS_TLS_1_3)
		limit++; /* the content type; padding counts as content (RFC 8446 section 5.4) */
	if (length > limit) {
		fail(stream, GLACIS_ALERT_RECORD_OVERFLOW, event);
		return false;
	}
	if (stream->version != GLACIS_TLS_1_3) {
		*type = op->record[0];
		*size = length;
		return true;
	}
	while (length > 0 && text[length - 1] == 0)
		length--;
	if (length == 0) {
		fail(stream, GLACIS_ALERT_UNEXPECTED_MESSAGE, event);
		return false;
	}
	*type = text[length - 1];
	*size = length - 1;
	return true;
}

static void finish_content(struct glacis_record_op *op, uint8_t type, uint32_t size, struct glacis_record_event *event)
{
	struct glacis_record_stream *stream = op->stream;
	bool inside_message = stream->handshake.header_size > 0;

	if (type == GLACIS_CONTENT_APPLICATION_DATA && !inside_message) {
		event->kind = GLACIS_EVENT_DATA;
		event->content = op->aead.destination;
		event->content_size = size;
	} else if (type == GLACIS_CONTENT_ALERT && size > 0 && !inside_message) {
		finish_alert(stream, op->aead.destination, size, event);
	} else if (type == GLACIS_CONTENT_HANDSHAKE && size > 0) {
		finish_handshake(stream, op->aead.destination, size, event);
	} else {
		fail(stream, GLACIS_ALERT_UNEXPECTED_MESSAGE, event);
	}
}

void glacis_record_finish(struct glacis_record_op *op, struct glacis_record_event *event)
{
	struct glacis_record_stream *stream = op->stream;
	uint32_t size;
	uint8_t type;

	*event = (struct glacis_record_event){ .kind = GLACIS_EVENT_IGNORED };
	if (stream->failed) {
		fail(stream, (enum glacis_alert)stream->alert, event);
		return;
	}
	if (stream->closed)
		return;
	if (op->epoch != stream->epoch) {
		event->kind = GLACIS_EVENT_STALE;
		return;
	}
	if (op->aead.op.status != GLACIS_STATUS_OK) {
		fail(stream,
		     op->aead.op.status == GLACIS_STATUS_AUTH_FAILED ? GLACIS_ALERT_BAD_RECORD_MAC
								     : GLACIS_ALERT_INTERNAL_ERROR,
		     event);
		return;
	}
	if (!find_content(op, &type, &size, event))
		return;
	finish_content(op, type, size, event);
	if (stream->failed || stream->closed)
		return;
	if (event->kind == GLACIS_EVENT_DATA && size > 0)
		stream->without_data = 0;
	else if (++stream->without_data > GLACIS_RECORD_EMPTY_MAX)
		fail(stream, GLACIS_ALERT_UNEXPECTED_MESSAGE, event);
}
