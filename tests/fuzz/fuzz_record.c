/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the record parser: a reader is fed what the input says, and held to what
 * record.h promises. Two modes, since random bytes hardly ever authenticate: wire bytes as they
 * come, and content that this file seals with the right keys first, so that the parser behind the
 * authentication is reached, with tampering, wrong numbers, bursts and KeyUpdates.
 *
 *   input = options (1), then wire mode: chunk (1), bytes; or sealed mode: items.
 *   item  = type (1), flags (1), size (2, little-endian), `size` bytes (zeros where the input ends).
 *
 * The TLS 1.3 secret is the server's of RFC 8448, so that its records are seeds (make_record_corpus.py).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glacis/record.h>

#define ITEMS_MAX 48u
#define BURST_MAX 8u
/* Beyond the longest content that is legal, and within the longest record of either version. */
#define TEXT_MAX 16640u

enum option {
	OPTION_TLS12 = 1u << 0,
	OPTION_PEER_IS_SERVER = 1u << 1,
	OPTION_SEALED = 1u << 2,
	OPTION_SMALL_LIMIT = 1u << 3,
	OPTION_LAST_NUMBERS = 1u << 4,
};

enum flag {
	FLAG_PADDING = 7u, /* index into `paddings` */
	FLAG_TAMPER = 1u << 3,
	FLAG_MORE = 1u << 4,      /* in one burst with the next item */
	FLAG_NEXT_KEYS = 1u << 5, /* sealed under the next generation, as after a KeyUpdate */
	FLAG_WRONG_NUMBER = 1u << 6,
};

static const uint32_t paddings[8] = { 0, 1, 2, 16, 255, 1000, 16000, 16384 };

struct input {
	const uint8_t *bytes;
	size_t size;
};

/* One record of a burst, with what was put into it. */
struct sent {
	struct glacis_record_op op;
	bool authentic; /* under the keys and number of its generation */
	bool next_keys;
	uint8_t type;
	uint32_t size;
	uint8_t content[TEXT_MAX];
	uint8_t wire[GLACIS_RECORD_SIZE_MAX + 1024]; /* what `buffer` held when it was submitted */
	uint8_t buffer[GLACIS_RECORD_SIZE_MAX + 1024];
};

struct session {
	struct glacis_record_stream *reader;
	struct glacis_record_keys keys;
	uint64_t sequence; /* of the sender */
	uint32_t limit;
	unsigned without_data;
	bool failed;
	bool closed;
};

static struct glacis_engine *engine;
static struct glacis_queue *queue;
static struct sent burst[BURST_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds, const char *promise)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	require(glacis_engine_create(NULL, &engine) == 0, "an engine can be made");
	require(glacis_queue_create(engine, NULL, &queue) == 0, "a queue can be made");
	return 0;
}

static uint8_t take_byte(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->bytes++;
}

static void base_keys(bool tls12, struct glacis_record_keys *keys)
{
	/* RFC 8448 section 3, server_application_traffic_secret_0. */
	static const uint8_t secret[32] = { 0xa1, 0x1a, 0xf9, 0xf0, 0x55, 0x31, 0xf8, 0x56, 0xad, 0x47, 0x11,
					    0x6b, 0x45, 0xa9, 0x50, 0x32, 0x82, 0x04, 0xb4, 0xf4, 0x4b, 0xfb,
					    0x6b, 0x3a, 0x4b, 0x4f, 0x1f, 0x3f, 0xcb, 0x63, 0x16, 0x43 };
	static const uint8_t master[GLACIS_TLS_MASTER_SECRET_SIZE], random[GLACIS_TLS_RANDOM_SIZE];
	struct glacis_record_keys other;
	int rc;

	if (tls12)
		rc = glacis_tls12_record_keys(0xc02f, master, random, random, &other, keys);
	else
		rc = glacis_tls13_record_keys(0x1301, secret, sizeof(secret), keys);
	require(rc == 0, "record keys can be derived");
}

static void session_open(struct session *session, uint8_t options)
{
	const struct glacis_record_stream_options stream_options = {
		.first_sequence = options & OPTION_LAST_NUMBERS ? UINT64_MAX - 3 : 0,
		.content_limit = options & OPTION_SMALL_LIMIT ? 64 : 0,
		.peer_is_server = (options & OPTION_PEER_IS_SERVER) != 0,
	};

	*session = (struct session){ .sequence = stream_options.first_sequence,
				     .limit = options & OPTION_SMALL_LIMIT ? 64 : GLACIS_RECORD_CONTENT_MAX };
	base_keys((options & OPTION_TLS12) != 0, &session->keys);
	require(glacis_record_stream_create(engine, GLACIS_OPEN, &session->keys, &stream_options, &session->reader) ==
			0,
		"a reader can be made");
}

static void poll_all(void)
{
	struct glacis_op *done[BURST_MAX];

	glacis_queue_flush(queue);
	while (glacis_queue_inflight(queue) > 0)
		glacis_queue_poll(queue, done, BURST_MAX);
}

/* ---- sealing ---- */

static void put_be(uint8_t *bytes, unsigned size, uint64_t value)
{
	while (size-- > 0) {
		bytes[size] = (uint8_t)value;
		value >>= 8;
	}
}

static void seal_text(const struct glacis_record_keys *keys, struct glacis_aead_op *op)
{
	struct glacis_aead_session *aead;

	require(glacis_aead_session_create(engine, GLACIS_SEAL, keys->key, keys->key_size, &aead) == 0,
		"a session can be made");
	op->session = aead;
	op->source = op->destination;
	op->tag = op->destination + op->length;
	require(glacis_queue_submit(queue, &op, 1) == 1, "a legal operation is accepted");
	poll_all();
	require(op->op.status == GLACIS_STATUS_OK, "a seal succeeds");
	glacis_aead_session_destroy(aead);
}

/* Frames and seals what `sent` holds; returns the size on the wire. Any type and length goes. */
static uint32_t seal_sent(const struct glacis_record_keys *keys, uint64_t sequence, uint32_t padding, struct sent *sent)
{
	bool tls13 = keys->version == GLACIS_TLS_1_3;
	uint32_t prefix = tls13 ? 5 : 13;
	struct glacis_aead_op op = { .destination = sent->wire + prefix };
	uint8_t aad[13];

	memcpy(op.destination, sent->content, sent->size);
	op.length = sent->size;
	if (tls13) {
		padding = padding < TEXT_MAX - 17 - sent->size ? padding : TEXT_MAX - 17 - sent->size;
		op.destination[sent->size] = sent->type;
		memset(op.destination + sent->size + 1, 0, padding);
		op.length += 1 + padding;
	}
	sent->wire[0] = tls13 ? GLACIS_CONTENT_APPLICATION_DATA : sent->type;
	put_be(sent->wire + 1, 2, 0x0303);
	put_be(sent->wire + 3, 2, prefix - 5 + op.length + 16);
	memcpy(op.nonce, keys->iv, sizeof(op.nonce));
	if (tls13) {
		for (unsigned i = 0; i < 8; i++)
			op.nonce[4 + i] ^= (uint8_t)(sequence >> (56 - 8 * i));
		memcpy(aad, sent->wire, 5);
		op.aad_size = 5;
	} else {
		put_be(op.nonce + 4, 8, sequence);
		memcpy(sent->wire + 5, op.nonce + 4, 8);
		put_be(aad, 8, sequence);
		memcpy(aad + 8, sent->wire, 3);
		put_be(aad + 11, 2, sent->size);
		op.aad_size = 13;
	}
	op.aad = aad;
	seal_text(keys, &op);
	return prefix + op.length + 16;
}

/* ---- what is promised of events ---- */

static bool is_our_alert(enum glacis_alert alert)
{
	return alert == GLACIS_ALERT_UNEXPECTED_MESSAGE || alert == GLACIS_ALERT_BAD_RECORD_MAC ||
	       alert == GLACIS_ALERT_RECORD_OVERFLOW || alert == GLACIS_ALERT_ILLEGAL_PARAMETER ||
	       alert == GLACIS_ALERT_DECODE_ERROR || alert == GLACIS_ALERT_PROTOCOL_VERSION;
}

static void check_data(const struct session *session, const struct sent *sent, const struct glacis_record_event *event)
{
	require(sent->authentic, "data is authentic");
	require(sent->type == GLACIS_CONTENT_APPLICATION_DATA, "data is application data");
	require(event->content_size == sent->size && event->content_size <= session->limit, "data has its size");
	require(event->content >= sent->buffer &&
			event->content + event->content_size <= sent->buffer + sent->op.record_size,
		"data lies in its record");
	require(memcmp(event->content, sent->content, sent->size) == 0, "data is what was sent");
}

static void check_event(struct session *session, struct sent *sent, const struct glacis_record_event *event)
{
	bool tls13 = session->keys.version == GLACIS_TLS_1_3;

	if (event->kind != GLACIS_EVENT_DATA)
		require(event->content == NULL && event->content_size == 0, "only data has content");
	if (sent->op.aead.op.status == GLACIS_STATUS_AUTH_FAILED)
		require(memcmp(sent->buffer, sent->wire, sent->op.record_size) == 0,
			"a record that fails is ciphertext again");
	require(!session->failed || event->kind == GLACIS_EVENT_ERROR, "a failed reader stays failed");
	require(session->failed || !session->closed || event->kind == GLACIS_EVENT_IGNORED,
		"nothing counts after a close");
	switch (event->kind) {
	case GLACIS_EVENT_DATA:
		check_data(session, sent, event);
		break;
	case GLACIS_EVENT_CLOSE:
	case GLACIS_EVENT_FATAL_ALERT:
	case GLACIS_EVENT_WARNING:
		require(sent->authentic && sent->type == GLACIS_CONTENT_ALERT && sent->size == 2, "an alert was sent");
		require((unsigned)event->alert == sent->content[1], "the alert is the one that was sent");
		session->closed = event->kind != GLACIS_EVENT_WARNING;
		break;
	case GLACIS_EVENT_KEY_UPDATE:
		require(tls13 && sent->authentic && sent->type == GLACIS_CONTENT_HANDSHAKE, "a KeyUpdate was sent");
		require(glacis_record_sequence(session->reader) == 0, "new keys count from 0");
		break;
	case GLACIS_EVENT_RENEGOTIATION:
		require(!tls13 && sent->authentic && sent->type == GLACIS_CONTENT_HANDSHAKE, "a hello was sent");
		break;
	case GLACIS_EVENT_IGNORED:
		require(session->closed || (sent->authentic && sent->type == GLACIS_CONTENT_HANDSHAKE),
			"only handshake fragments are ignored");
		break;
	case GLACIS_EVENT_STALE:
		require(tls13, "TLS 1.2 has one generation of keys");
		return;
	case GLACIS_EVENT_ERROR:
		require(is_our_alert(event->alert), "an error names an alert of ours");
		session->failed = true;
		return;
	}
	session->without_data = event->kind == GLACIS_EVENT_DATA && event->content_size > 0 ? 0
											    : session->without_data + 1;
	require(session->closed || session->without_data <= GLACIS_RECORD_EMPTY_MAX,
		"records without data are bounded");
}

/* ---- a burst ---- */

/* Takes one item; false when the input has ended. */
static bool take_item(struct session *session, struct input *input, struct sent *sent, bool *more)
{
	struct glacis_record_keys keys = session->keys;
	uint8_t flags;
	uint32_t size, part, wire_size;
	uint64_t sequence;

	if (input->size == 0)
		return false;
	sent->type = take_byte(input);
	flags = take_byte(input);
	size = take_byte(input);
	size |= (uint32_t)take_byte(input) << 8;
	sent->size = size % (TEXT_MAX - 17);
	part = sent->size < input->size ? sent->size : (uint32_t)input->size;
	memcpy(sent->content, input->bytes, part);
	memset(sent->content + part, 0, sent->size - part);
	input->bytes += part;
	input->size -= part;
	*more = (flags & FLAG_MORE) != 0;

	sent->next_keys = (flags & FLAG_NEXT_KEYS) != 0 && keys.version == GLACIS_TLS_1_3;
	if (sent->next_keys)
		require(glacis_tls13_next_keys(&keys) == 0, "keys can step");
	sequence = sent->next_keys ? 0 : session->sequence++;
	if (flags & FLAG_WRONG_NUMBER)
		sequence += 5;
	wire_size = seal_sent(&keys, sequence, paddings[flags & FLAG_PADDING], sent);
	/* A type of 0 reads as padding: the type is then the last byte of content that is not 0. */
	while (keys.version == GLACIS_TLS_1_3 && sent->type == 0 && sent->size > 0)
		sent->type = sent->content[--sent->size];
	if (flags & FLAG_TAMPER)
		sent->wire[(size * 31u + 7u) % wire_size] ^= (uint8_t)(flags | 1);
	sent->authentic = (flags & (FLAG_TAMPER | FLAG_WRONG_NUMBER)) == 0 && !sent->next_keys;
	memset(&sent->op, 0, sizeof(sent->op));
	sent->op.stream = session->reader;
	sent->op.record = sent->buffer;
	sent->op.record_size = wire_size;
	memcpy(sent->buffer, sent->wire, wire_size);
	return true;
}

/* True when the reader should take the record, as far as its header and number tell. */
static bool check_peek(struct session *session, const struct sent *sent)
{
	enum glacis_alert alert;
	uint32_t size = 0;

	for (uint32_t available = 0; available < GLACIS_RECORD_HEADER_SIZE; available++)
		require(glacis_record_peek(session->reader, sent->wire, available, &size, &alert) == 0,
			"a part of a header is too little");
	int rc = glacis_record_peek(session->reader, sent->wire, sent->op.record_size, &size, &alert);
	if (rc == 1) {
		require(size > GLACIS_RECORD_HEADER_SIZE && size <= GLACIS_RECORD_SIZE_MAX,
			"a record's size is bounded");
		return size == sent->op.record_size;
	}
	require(rc == -EPROTO && is_our_alert(alert), "an illegal header names an alert of ours");
	return false;
}

/* Submits `count` records from `first` on, finishes them in order, and submits the stale ones again.
 * After a KeyUpdate the sender follows. */
static void run_burst(struct session *session, unsigned count)
{
	struct glacis_record_op *ops[BURST_MAX];
	unsigned first = 0;

	for (unsigned round = 0; first < count && round <= BURST_MAX; round++) {
		unsigned submitted = count - first, stale = count;
		uint64_t sequence = glacis_record_sequence(session->reader);

		for (unsigned i = 0; i < submitted; i++) {
			struct sent *sent = &burst[first + i];

			ops[i] = &sent->op;
			memcpy(sent->wire, sent->buffer, sent->op.record_size);
		}
		int accepted = glacis_record_submit(queue, ops, submitted);
		require(accepted >= 0 && (!session->failed || accepted == 0), "a failed reader takes nothing");
		require(glacis_record_sequence(session->reader) == sequence + (unsigned)accepted,
			"each accepted record has one number");
		if ((unsigned)accepted < submitted) {
			uint8_t status = ops[accepted]->aead.op.status;
			require(status == GLACIS_STATUS_LIMIT ? sequence + (unsigned)accepted == UINT64_MAX
							      : status == GLACIS_STATUS_INVALID,
				"a refusal has its reason");
		}
		poll_all();
		for (unsigned i = first; i < first + (unsigned)accepted; i++) {
			struct glacis_record_event event;

			glacis_record_finish(&burst[i].op, &event);
			check_event(session, &burst[i], &event);
			if (event.kind == GLACIS_EVENT_STALE && stale == count)
				stale = i;
			if (event.kind != GLACIS_EVENT_KEY_UPDATE)
				continue;
			/* What was sealed under the next keys is authentic from here on, if it is the
			   first; the rest of the burst is not. */
			require(glacis_tls13_next_keys(&session->keys) == 0, "keys can step");
			session->sequence = 0;
			for (unsigned j = i + 1; j < count; j++) {
				burst[j].authentic = burst[j].next_keys && j == i + 1 &&
						     burst[j].op.aead.op.status == GLACIS_STATUS_AUTH_FAILED;
				session->sequence += burst[j].authentic ? 1 : 0;
			}
		}
		first = stale;
	}
}

static void fuzz_sealed(struct session *session, struct input *input)
{
	unsigned items = 0;
	bool more = true;

	while (items < ITEMS_MAX && input->size > 0) {
		unsigned count = 0;

		for (more = true; more && count < BURST_MAX && take_item(session, input, &burst[count], &more);) {
			if (!check_peek(session, &burst[count]))
				return;
			count++;
		}
		run_burst(session, count);
		items += count;
		if (session->failed)
			items += 16; /* a few more, to see that it stays failed */
	}
}

static void fuzz_wire(struct session *session, struct input *input)
{
	size_t chunk = (size_t)take_byte(input) + 1;
	size_t available = 0;
	static struct sent sent;

	while (available < input->size && !session->failed) {
		struct glacis_record_op *op = &sent.op;
		enum glacis_alert alert = GLACIS_ALERT_CLOSE_NOTIFY;
		struct glacis_record_event event;
		uint32_t size = 0;
		int rc;

		available = available + chunk < input->size ? available + chunk : input->size;
		rc = glacis_record_peek(session->reader, input->bytes, available, &size, &alert);
		if (rc < 0) {
			require(rc == -EPROTO && is_our_alert(alert), "an illegal header names an alert of ours");
			return;
		}
		require(rc == 1 || available < GLACIS_RECORD_HEADER_SIZE, "five bytes are a header");
		if (rc == 0 || size > available)
			continue;
		require(size <= GLACIS_RECORD_SIZE_MAX, "a record's size is bounded");
		memset(&sent.op, 0, sizeof(sent.op));
		sent.op.stream = session->reader;
		sent.op.record = sent.buffer;
		sent.op.record_size = size;
		memcpy(sent.buffer, input->bytes, size);
		if (glacis_record_submit(queue, &op, 1) != 1)
			return;
		poll_all();
		glacis_record_finish(op, &event);
		require((op->aead.op.status == GLACIS_STATUS_OK) || event.kind == GLACIS_EVENT_ERROR || session->closed,
			"what is not authentic is an error");
		if (op->aead.op.status != GLACIS_STATUS_OK)
			require(memcmp(sent.buffer, input->bytes, size) == 0 && event.content == NULL,
				"a record that fails is ciphertext again");
		session->failed = event.kind == GLACIS_EVENT_ERROR;
		session->closed |= event.kind == GLACIS_EVENT_CLOSE || event.kind == GLACIS_EVENT_FATAL_ALERT;
		input->bytes += size;
		input->size -= size;
		available = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	uint8_t options = take_byte(&input);
	struct session session;

	session_open(&session, options);
	if (options & OPTION_SEALED)
		fuzz_sealed(&session, &input);
	else
		fuzz_wire(&session, &input);
	poll_all();
	glacis_record_stream_destroy(session.reader);
	return 0;
}
