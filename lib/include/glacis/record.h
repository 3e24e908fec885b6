/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS record layer over a queue: TLS 1.2 AES-GCM (RFC 5246, RFC 5288) and TLS 1.3
 * (RFC 8446 section 5). Records are sealed and opened where they lie.
 *
 * Concepts. A stream is one direction of one connection: a writer seals, a reader opens.
 * The sequence number is consumed when a record is submitted and never given back, so no two
 * different plaintexts can meet one nonce. Completed records of a reader are finished in the
 * order of their submission by `glacis_record_finish`, which turns them into events: data,
 * alerts, KeyUpdate. The caller's whole duty is named at each event.
 *
 * Threads. A stream is used by one thread at a time: its queue's.
 */
#ifndef GLACIS_RECORD_H
#define GLACIS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glacis/aead.h>
#include <glacis/engine.h>
#include <glacis/queue.h>
#include <glacis/tls_keys.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLACIS_RECORD_HEADER_SIZE 5u
/** Most content bytes in one record, both versions. */
#define GLACIS_RECORD_CONTENT_MAX 16384u
/** Largest record on the wire, header included (TLS 1.2: 5 + 2^14 + 2048; TLS 1.3 allows less). */
#define GLACIS_RECORD_SIZE_MAX 18437u
/** Most that sealing adds before and after the content, without padding, both versions. */
#define GLACIS_RECORD_PREFIX_MAX 13u
#define GLACIS_RECORD_SUFFIX_MAX 17u

enum glacis_content_type {
	GLACIS_CONTENT_CHANGE_CIPHER_SPEC = 20,
	GLACIS_CONTENT_ALERT = 21,
	GLACIS_CONTENT_HANDSHAKE = 22,
	GLACIS_CONTENT_APPLICATION_DATA = 23,
};

enum glacis_alert_level { GLACIS_ALERT_WARNING = 1, GLACIS_ALERT_FATAL = 2 };

/** Alert descriptions this layer sends or understands (RFC 8446 section 6, RFC 5246 section 7.2). */
enum glacis_alert {
	GLACIS_ALERT_CLOSE_NOTIFY = 0,
	GLACIS_ALERT_UNEXPECTED_MESSAGE = 10,
	GLACIS_ALERT_BAD_RECORD_MAC = 20,
	GLACIS_ALERT_RECORD_OVERFLOW = 22,
	GLACIS_ALERT_ILLEGAL_PARAMETER = 47,
	GLACIS_ALERT_DECODE_ERROR = 50,
	GLACIS_ALERT_PROTOCOL_VERSION = 70,
	GLACIS_ALERT_INTERNAL_ERROR = 80,
	GLACIS_ALERT_USER_CANCELED = 90,
	GLACIS_ALERT_NO_RENEGOTIATION = 100,
};

/** Records under one AES-GCM key before it must be replaced: 2^24.5 (RFC 8446 section 5.5). */
#define GLACIS_RECORD_LIMIT_HARD 23726566u
/** From here on `glacis_record_writer_rekey_due` says yes. */
#define GLACIS_RECORD_LIMIT_SOFT 16777216u

/** What a reader tolerates in a row without application data before it calls it an attack. */
#define GLACIS_RECORD_EMPTY_MAX 32u

struct glacis_record_stream;

/** Options of a stream. Zero-initialise, then set what differs. */
struct glacis_record_stream_options {
	uint64_t first_sequence; /**< records already written or read under these keys */
	uint32_t content_limit;  /**< most content bytes per record; 0: 16,384 (RFC 6066 section 4, RFC 8449) */
	uint32_t soft_limit;     /**< writer: lowers GLACIS_RECORD_LIMIT_SOFT; 0: keep */
	uint32_t hard_limit;     /**< writer: lowers GLACIS_RECORD_LIMIT_HARD; 0: keep */
	bool peer_is_server;     /**< reader: NewSessionTicket is legal after the handshake */
};

/** Makes a writer (GLACIS_SEAL) or reader (GLACIS_OPEN). `keys` are copied into locked memory.
 *  Returns 0, -EINVAL, -ENOMEM, -EPERM, -ECHILD. */
GLACIS_MUST_CHECK int glacis_record_stream_create(struct glacis_engine *engine, enum glacis_direction direction,
						  const struct glacis_record_keys *keys,
						  const struct glacis_record_stream_options *options,
						  struct glacis_record_stream **stream);

/** Wipes and frees a stream with no record in flight. NULL is ignored. */
void glacis_record_stream_destroy(struct glacis_record_stream *stream);

/** Drops the expanded key of a stream that will be idle for a while. */
void glacis_record_stream_idle(struct glacis_record_stream *stream);

/** Bytes before the content: 5 (TLS 1.3) or 13 (TLS 1.2). */
uint32_t glacis_record_prefix_size(const struct glacis_record_stream *stream);
/** Bytes after the content, without padding: 17 (TLS 1.3) or 16 (TLS 1.2). */
uint32_t glacis_record_suffix_size(const struct glacis_record_stream *stream);
/** Next sequence number. */
uint64_t glacis_record_sequence(const struct glacis_record_stream *stream);

/**
 * One record. Zero it once; set `stream`, `record` and the fields for its direction; submit.
 *
 * Writer: the content lies at `record + glacis_record_prefix_size(stream)`, `content_size` bytes,
 * followed by padding + suffix bytes of room. After completion the whole record is `record_size`
 * bytes at `record`, ready for the wire.
 * Reader: `record_size` bytes at `record`, a whole record as told by `glacis_record_peek`.
 */
struct glacis_record_op {
	struct glacis_aead_op aead; /**< the library's; `aead.op` carries cookie, status and path */
	struct glacis_record_stream *stream;
	uint8_t *record;            /**< first byte of the record header */
	uint32_t record_size;       /**< writer: out; reader: in; header included, bytes */
	uint32_t content_size;      /**< writer: in, bytes */
	uint16_t padding;           /**< writer, TLS 1.3: zero bytes to append, content + padding <= 16,384 */
	uint8_t content_type;       /**< writer: enum glacis_content_type, in */
	uint8_t aad[13];
	uint32_t epoch;             /**< generation of the key that was used */
	uint8_t *output;            /**< writer: where the whole record goes, apart from `record`, as a card likes it; NULL: in
	                                 place. As much room as the record takes. `record` keeps the plain content */
};

/**
 * Looks at the start of a reader's bytes. Returns 1 and the whole record's size in `record_size`
 * when its header is legal (the record may be incomplete still: compare with `available`);
 * 0 when `available` < 5; -EPROTO with the alert to send in `alert` when the header is illegal.
 */
GLACIS_MUST_CHECK int glacis_record_peek(const struct glacis_record_stream *reader, const uint8_t *bytes,
					 size_t available, uint32_t *record_size, enum glacis_alert *alert);

/**
 * Submits up to `count` records, in order; a burst may mix streams and directions. Each accepted
 * record consumes its stream's next sequence number. Returns how many were accepted; when fewer,
 * the next record has a status: GLACIS_STATUS_PENDING (try again after the next poll: the queue is
 * full, or a reader's key changes when its records in flight have completed), GLACIS_STATUS_INVALID
 * or GLACIS_STATUS_LIMIT. -ECHILD after fork().
 */
GLACIS_MUST_CHECK int glacis_record_submit(struct glacis_queue *queue, struct glacis_record_op *const ops[],
					   unsigned count);

enum glacis_record_event_kind {
	GLACIS_EVENT_DATA,          /**< `content`, `content_size` bytes of application data (may be 0) */
	GLACIS_EVENT_CLOSE,         /**< close_notify: no more data will come */
	GLACIS_EVENT_FATAL_ALERT,   /**< the peer gave up: `alert`; close, send nothing */
	GLACIS_EVENT_WARNING,       /**< a warning alert of the peer, or user_canceled: `alert`; carry on */
	GLACIS_EVENT_KEY_UPDATE,    /**< the reader has moved to new keys; when `reply_requested`, send a KeyUpdate */
	GLACIS_EVENT_RENEGOTIATION, /**< TLS 1.2 ClientHello or HelloRequest: answer with warning no_renegotiation */
	GLACIS_EVENT_IGNORED,       /**< nothing to do (a fragment, a session ticket) */
	GLACIS_EVENT_STALE,         /**< sealed under keys newer than it was opened with: submit the same record again */
	GLACIS_EVENT_ERROR,         /**< protocol violation: send fatal `alert`, close */
};

/** What a completed record of a reader means. */
struct glacis_record_event {
	enum glacis_record_event_kind kind;
	enum glacis_alert alert;
	bool reply_requested;
	uint8_t *content; /**< inside the record's buffer */
	uint32_t content_size;
};

/**
 * Finishes the next completed record of a reader, strictly in the order of submission; later ones
 * may still be in flight. After GLACIS_EVENT_ERROR the reader refuses everything and finishes every
 * record with that error; after GLACIS_EVENT_CLOSE or GLACIS_EVENT_FATAL_ALERT every record is
 * GLACIS_EVENT_IGNORED. After GLACIS_EVENT_KEY_UPDATE records submitted before it was finished come
 * out as GLACIS_EVENT_STALE. More than GLACIS_RECORD_EMPTY_MAX records in a row that carry no
 * application data, of whatever kind, end in GLACIS_EVENT_ERROR.
 */
void glacis_record_finish(struct glacis_record_op *op, struct glacis_record_event *event);

/** True when a writer has used its key so often that a KeyUpdate (TLS 1.3) or a close (TLS 1.2)
 *  should come now; `glacis_record_submit` says GLACIS_STATUS_LIMIT only at the hard limit. */
bool glacis_record_writer_rekey_due(const struct glacis_record_stream *writer);

/** Moves a TLS 1.3 writer to its next keys, after the record with its KeyUpdate message has completed.
 *  Returns 0, -EBUSY (records in flight), -ENOTSUP (TLS 1.2), -EIO. */
GLACIS_MUST_CHECK int glacis_record_writer_update(struct glacis_record_stream *writer);

#define GLACIS_KEY_UPDATE_MESSAGE_SIZE 5u
/** Writes a KeyUpdate handshake message (RFC 8446 section 4.6.3), to be sealed as GLACIS_CONTENT_HANDSHAKE. */
void glacis_record_key_update_message(uint8_t message[GLACIS_KEY_UPDATE_MESSAGE_SIZE], bool request_reply);

/** The registered name of an alert ("bad_record_mac"), or "unknown". Never NULL. */
const char *glacis_alert_name(enum glacis_alert alert);

#ifdef __cplusplus
}
#endif
#endif
