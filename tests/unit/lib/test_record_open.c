/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading side: legal and illegal headers, authentication, and what each kind of record means
 * in TLS 1.2 and 1.3. Records come from OpenSSL's AES-GCM, so that no mistake can hide on both sides.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "record_support.h"

static struct rig rig;
static struct record record;
static uint8_t wire[RECORD_BUFFER_SIZE];

static void set_up(void)
{
	rig_open(&rig, 64);
}

static void tear_down(void)
{
	rig_close(&rig);
}

TestSuite(record_open, .init = set_up, .fini = tear_down, .timeout = 120);

/* A reader together with the sender's side of it. */
struct peer {
	struct glacis_record_keys keys;
	struct glacis_record_stream *reader;
	uint64_t sequence;
};

static void peer_open(struct peer *peer, uint16_t suite, const struct glacis_record_stream_options *options)
{
	make_keys(suite, 11, &peer->keys);
	peer->reader = make_stream(&rig, GLACIS_OPEN, &peer->keys, options);
	peer->sequence = options != NULL ? options->first_sequence : 0;
}

static void peer_close(struct peer *peer)
{
	glacis_record_stream_destroy(peer->reader);
}

/* Sends one record of the version's own shape and returns what the reader makes of it. */
static enum glacis_record_event_kind send(struct peer *peer, uint8_t type, const void *content, uint32_t size)
{
	uint32_t wire_size;

	if (peer->keys.version == GLACIS_TLS_1_3)
		wire_size = reference_seal13(&peer->keys, peer->sequence++, type, content, size, 0, wire);
	else
		wire_size = reference_seal(&peer->keys, peer->sequence++, type, content, size, wire);
	return open_record(&rig, &record, peer->reader, wire, wire_size);
}

static void expect_error(enum glacis_record_event_kind kind, enum glacis_alert alert)
{
	cr_expect_eq(kind, GLACIS_EVENT_ERROR, "event %d", kind);
	cr_expect_eq(record.event.alert, alert, "alert %s", glacis_alert_name(record.event.alert));
	cr_expect_null(record.event.content);
	cr_expect_eq(record.event.content_size, 0);
}

/* What a fresh reader says to one record. */
static void expect_error_for(uint16_t suite, uint8_t type, const void *content, uint32_t size, enum glacis_alert alert)
{
	struct peer peer;

	peer_open(&peer, suite, NULL);
	expect_error(send(&peer, type, content, size), alert);
	peer_close(&peer);
}

/* ---- peek ---- */

static int peek(uint16_t suite, uint8_t type, unsigned version, unsigned length, uint32_t *size, int *alert)
{
	uint8_t header[5] = { type, (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(length >> 8),
			      (uint8_t)length };
	enum glacis_alert told = (enum glacis_alert) - 1;
	struct peer peer;
	int rc;

	peer_open(&peer, suite, NULL);
	for (size_t available = 0; available < sizeof(header); available++)
		cr_assert_eq(glacis_record_peek(peer.reader, header, available, size, &told), 0);
	rc = glacis_record_peek(peer.reader, header, sizeof(header), size, &told);
	*alert = (int)told;
	peer_close(&peer);
	return rc;
}

static void expect_peek(uint16_t suite, uint8_t type, unsigned version, unsigned length)
{
	uint32_t size = 0;
	int alert;

	cr_expect_eq(peek(suite, type, version, length, &size, &alert), 1, "type %u length %u", type, length);
	cr_expect_eq(size, length + 5);
}

static void expect_peek_error(uint16_t suite, uint8_t type, unsigned version, unsigned length, int expected)
{
	uint32_t size = 12345;
	int alert;

	cr_expect_eq(peek(suite, type, version, length, &size, &alert), -EPROTO, "type %u length %u", type, length);
	cr_expect_eq(alert, expected, "type %u version %x length %u: alert %d", type, version, length, alert);
	cr_expect_eq(size, 12345);
}

Test(record_open, peek_tls13)
{
	for (unsigned type = 0; type < 256; type++) {
		if (type != GLACIS_CONTENT_APPLICATION_DATA)
			expect_peek_error(0x1301, (uint8_t)type, 0x0303, 100, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	}
	expect_peek(0x1301, 23, 0x0303, 17);
	expect_peek(0x1301, 23, 0x0303, 16384 + 256);
	expect_peek(0x1301, 23, 0x0301, 100); /* RFC 8446 section 5.1: ignored */
	expect_peek_error(0x1301, 23, 0x0303, 0, GLACIS_ALERT_BAD_RECORD_MAC);
	expect_peek_error(0x1301, 23, 0x0303, 16, GLACIS_ALERT_BAD_RECORD_MAC);
	expect_peek_error(0x1301, 23, 0x0303, 16384 + 257, GLACIS_ALERT_RECORD_OVERFLOW);
	expect_peek_error(0x1301, 23, 0x0303, 65535, GLACIS_ALERT_RECORD_OVERFLOW);
}

Test(record_open, peek_tls12)
{
	for (unsigned type = 0; type < 256; type++) {
		if (type >= 20 && type <= 23)
			expect_peek(0xc02f, (uint8_t)type, 0x0303, 100);
		else
			expect_peek_error(0xc02f, (uint8_t)type, 0x0303, 100, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	}
	expect_peek(0xc02f, 23, 0x0303, 24);
	expect_peek(0xc02f, 23, 0x0303, 16384 + 2048);
	cr_expect_eq(16384 + 2048 + 5, GLACIS_RECORD_SIZE_MAX);
	expect_peek_error(0xc02f, 23, 0x0303, 23, GLACIS_ALERT_BAD_RECORD_MAC);
	expect_peek_error(0xc02f, 23, 0x0303, 16384 + 2049, GLACIS_ALERT_RECORD_OVERFLOW);
	expect_peek_error(0xc02f, 23, 0x0304, 100, GLACIS_ALERT_PROTOCOL_VERSION);
	expect_peek_error(0xc02f, 23, 0x0301, 100, GLACIS_ALERT_PROTOCOL_VERSION);
	expect_peek_error(0xc02f, 23, 0x0003, 100, GLACIS_ALERT_PROTOCOL_VERSION);
	expect_peek_error(0xc02f, 0x80, 0x2e01, 100, GLACIS_ALERT_UNEXPECTED_MESSAGE); /* SSL 2 */
}

/* ---- sizes ---- */

static void open_every_size(uint16_t suite)
{
	static uint8_t content[GLACIS_RECORD_CONTENT_MAX];
	struct peer peer;

	fill(content, sizeof(content), 4);
	peer_open(&peer, suite, NULL);
	for (uint32_t size = 0; size <= sizeof(content); size += size < 1100 || size > 16250 ? 1 : 95) {
		uint64_t sequence = glacis_record_sequence(peer.reader);

		/* Each empty record counts; one in a row is nothing. */
		cr_assert_eq(send(&peer, 23, content, size), GLACIS_EVENT_DATA, "%u bytes", size);
		cr_assert_eq(record.event.content_size, size);
		cr_assert_arr_eq(record.event.content, content, size, "%u bytes", size);
		cr_assert(record.event.content >= record.buffer &&
			  record.event.content + size <= record.buffer + record.op.record_size);
		cr_assert_eq(glacis_record_sequence(peer.reader), sequence + 1);
	}
	cr_assert_eq(record.event.content_size, GLACIS_RECORD_CONTENT_MAX);
	peer_close(&peer);
}

Test(record_open, tls13_aes128_every_size)
{
	open_every_size(0x1301);
}

Test(record_open, tls13_aes256_every_size)
{
	open_every_size(0x1302);
}

Test(record_open, tls12_aes128_every_size)
{
	open_every_size(0xc02f);
}

Test(record_open, tls12_aes256_every_size)
{
	open_every_size(0xc02c);
}

Test(record_open, padding_is_taken_off)
{
	static const uint8_t content[] = { 1, 2, 0, 0 }; /* zeros that are not padding */
	static const uint32_t paddings[] = { 0, 1, 15, 16, 17, 1000, 16000, 16379, 16380 };
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
		uint32_t size = reference_seal13(&peer.keys, peer.sequence++, 23, content, 4, paddings[i], wire);

		cr_assert_eq(open_record(&rig, &record, peer.reader, wire, size), GLACIS_EVENT_DATA);
		cr_assert_eq(record.event.content_size, 4);
		cr_assert_arr_eq(record.event.content, content, 4);
	}
	/* One zero more and the inner plaintext is longer than 2^14 + 1 (RFC 8446 section 5.4). */
	uint32_t size = reference_seal13(&peer.keys, peer.sequence++, 23, content, 4, 16381, wire);
	expect_error(open_record(&rig, &record, peer.reader, wire, size), GLACIS_ALERT_RECORD_OVERFLOW);
	peer_close(&peer);
}

Test(record_open, overlong_content)
{
	static const uint8_t content[GLACIS_RECORD_CONTENT_MAX + 2032];

	expect_error_for(0x1301, 23, content, GLACIS_RECORD_CONTENT_MAX + 1, GLACIS_ALERT_RECORD_OVERFLOW);
	expect_error_for(0x1301, 23, content, GLACIS_RECORD_CONTENT_MAX + 239, GLACIS_ALERT_RECORD_OVERFLOW);
	expect_error_for(0xc02f, 23, content, GLACIS_RECORD_CONTENT_MAX + 1, GLACIS_ALERT_RECORD_OVERFLOW);
	expect_error_for(0xc02f, 23, content, GLACIS_RECORD_CONTENT_MAX + 2024, GLACIS_ALERT_RECORD_OVERFLOW);
}

Test(record_open, negotiated_content_limit)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };
	const struct glacis_record_stream_options options = { .content_limit = 512 };
	static const uint8_t content[513];

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;

		peer_open(&peer, suites[i], &options);
		cr_expect_eq(send(&peer, 23, content, 512), GLACIS_EVENT_DATA);
		expect_error(send(&peer, 23, content, 513), GLACIS_ALERT_RECORD_OVERFLOW);
		peer_close(&peer);
	}
}

/* ---- authentication ---- */

/* Flips each bit of each byte in turn. None may open; what was there before must be there still. */
static void tamper(uint16_t suite)
{
	uint8_t content[40], tampered[128];
	struct peer peer;
	uint32_t size;

	fill(content, sizeof(content), 5);
	make_keys(suite, 11, &peer.keys);
	size = peer.keys.version == GLACIS_TLS_1_3
		       ? reference_seal13(&peer.keys, 0, 23, content, sizeof(content), 7, wire)
		       : reference_seal(&peer.keys, 0, 23, content, sizeof(content), wire);
	for (uint32_t bit = 0; bit < size * 8; bit++) {
		enum glacis_alert alert;
		uint32_t peeked = 0;
		int rc;

		memcpy(tampered, wire, size);
		tampered[bit / 8] ^= (uint8_t)(1 << bit % 8);
		peer_open(&peer, suite, NULL);
		rc = glacis_record_peek(peer.reader, tampered, size, &peeked, &alert);
		if (rc == 1 && peeked == size) {
			expect_error(open_record(&rig, &record, peer.reader, tampered, size),
				     GLACIS_ALERT_BAD_RECORD_MAC);
			cr_expect_arr_eq(record.buffer, tampered, size, "bit %u: the ciphertext was not restored", bit);
		} else {
			/* Only the header can make a record illegal or of another size. */
			cr_expect_lt(bit / 8, 5);
			read_bytes(&record, peer.reader, tampered, size);
			cr_expect_eq(run(&rig, &record), GLACIS_STATUS_INVALID);
			cr_expect_eq(glacis_record_sequence(peer.reader), 0);
		}
		peer_close(&peer);
	}
}

Test(record_open, every_bit_of_a_tls13_record_counts)
{
	tamper(0x1301);
}

Test(record_open, every_bit_of_a_tls12_record_counts)
{
	tamper(0xc030);
}

Test(record_open, replayed_record)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;
		uint32_t size;

		peer_open(&peer, suites[i], NULL);
		cr_assert_eq(send(&peer, 23, "once", 4), GLACIS_EVENT_DATA);
		size = record.op.record_size;
		expect_error(open_record(&rig, &record, peer.reader, wire, size), GLACIS_ALERT_BAD_RECORD_MAC);
		peer_close(&peer);
	}
}

Test(record_open, records_out_of_order)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;

		peer_open(&peer, suites[i], NULL);
		peer.sequence = 1;
		expect_error(send(&peer, 23, "late", 4), GLACIS_ALERT_BAD_RECORD_MAC);
		peer_close(&peer);
	}
}

/* A record cut short is incomplete, so the caller waits; with its header patched to match it is forged. */
Test(record_open, truncated_record)
{
	struct peer peer;
	uint32_t size, peeked;
	enum glacis_alert alert;

	peer_open(&peer, 0x1301, NULL);
	size = reference_seal13(&peer.keys, 0, 23, "truncated", 9, 0, wire);
	for (uint32_t part = 0; part < size; part++) {
		cr_assert_eq(glacis_record_peek(peer.reader, wire, part, &peeked, &alert), part < 5 ? 0 : 1);
		read_bytes(&record, peer.reader, wire, part);
		cr_assert_eq(run(&rig, &record), GLACIS_STATUS_INVALID);
	}
	wire[4]--;
	expect_error(open_record(&rig, &record, peer.reader, wire, size - 1), GLACIS_ALERT_BAD_RECORD_MAC);
	peer_close(&peer);
}

Test(record_open, a_failed_reader_stays_failed)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	expect_error(send(&peer, 99, "?", 1), GLACIS_ALERT_UNEXPECTED_MESSAGE);
	read_bytes(&record, peer.reader, wire, reference_seal13(&peer.keys, 1, 23, "more", 4, 0, wire));
	cr_expect_eq(run(&rig, &record), GLACIS_STATUS_INVALID);
	cr_expect_eq(glacis_record_sequence(peer.reader), 1);
	peer_close(&peer);
}

Test(record_open, sequence_numbers_run_out)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };
	const struct glacis_record_stream_options options = { .first_sequence = UINT64_MAX - 2 };

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;

		peer_open(&peer, suites[i], &options);
		cr_expect_eq(send(&peer, 23, "a", 1), GLACIS_EVENT_DATA);
		cr_expect_eq(send(&peer, 23, "b", 1), GLACIS_EVENT_DATA);
		cr_expect_eq(glacis_record_sequence(peer.reader), UINT64_MAX);
		read_bytes(&record, peer.reader, wire, record.op.record_size);
		cr_expect_eq(run(&rig, &record), GLACIS_STATUS_LIMIT);
		cr_expect_eq(glacis_record_sequence(peer.reader), UINT64_MAX);
		peer_close(&peer);
	}
}

/* ---- inner content types ---- */

Test(record_open, all_zero_inner_plaintext)
{
	static const uint8_t zeros[200];
	struct peer peer;

	for (uint32_t inner = 1; inner <= sizeof(zeros); inner += 33) {
		uint32_t size;

		peer_open(&peer, 0x1301, NULL);
		size = reference_seal(&peer.keys, 0, 23, zeros, inner, wire);
		expect_error(open_record(&rig, &record, peer.reader, wire, size), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_open, unknown_content_types)
{
	static const uint8_t content[4] = { 1, 0, 0, 0 };

	for (unsigned type = 1; type < 256; type++) {
		if (type < 21 || type > 23)
			expect_error_for(0x1301, (uint8_t)type, content, 4, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	}
	expect_error_for(0xc02f, GLACIS_CONTENT_CHANGE_CIPHER_SPEC, content, 1, GLACIS_ALERT_UNEXPECTED_MESSAGE);
}

Test(record_open, empty_handshake_or_alert)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		expect_error_for(suites[i], GLACIS_CONTENT_ALERT, "", 0, GLACIS_ALERT_UNEXPECTED_MESSAGE);
		expect_error_for(suites[i], GLACIS_CONTENT_HANDSHAKE, "", 0, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	}
}

/* ---- alerts ---- */

Test(record_open, alerts_of_tls13)
{
	for (unsigned level = 0; level < 4; level++) {
		for (unsigned description = 0; description < 256; description++) {
			const uint8_t alert[] = { (uint8_t)level, (uint8_t)description };
			enum glacis_record_event_kind expected = GLACIS_EVENT_FATAL_ALERT;
			struct peer peer;

			if (description == GLACIS_ALERT_CLOSE_NOTIFY)
				expected = GLACIS_EVENT_CLOSE;
			if (description == GLACIS_ALERT_USER_CANCELED)
				expected = GLACIS_EVENT_WARNING;
			peer_open(&peer, 0x1301, NULL);
			cr_assert_eq(send(&peer, 21, alert, 2), expected, "level %u, alert %u", level, description);
			cr_assert_eq((unsigned)record.event.alert, description);
			peer_close(&peer);
		}
	}
}

Test(record_open, alerts_of_tls12)
{
	for (unsigned level = 1; level < 3; level++) {
		for (unsigned description = 0; description < 256; description++) {
			const uint8_t alert[] = { (uint8_t)level, (uint8_t)description };
			enum glacis_record_event_kind expected = level == GLACIS_ALERT_FATAL ? GLACIS_EVENT_FATAL_ALERT
											     : GLACIS_EVENT_WARNING;
			struct peer peer;

			if (description == GLACIS_ALERT_CLOSE_NOTIFY)
				expected = GLACIS_EVENT_CLOSE;
			peer_open(&peer, 0xc02f, NULL);
			cr_assert_eq(send(&peer, 21, alert, 2), expected, "level %u, alert %u", level, description);
			cr_assert_eq((unsigned)record.event.alert, description);
			peer_close(&peer);
		}
	}
	expect_error_for(0xc02f, 21, "\0\0", 2, GLACIS_ALERT_ILLEGAL_PARAMETER);
	expect_error_for(0xc02f, 21, "\3\50", 2, GLACIS_ALERT_ILLEGAL_PARAMETER);
}

Test(record_open, alerts_of_another_size)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		expect_error_for(suites[i], 21, "\1", 1, GLACIS_ALERT_DECODE_ERROR);
		expect_error_for(suites[i], 21, "\1\0\1", 3, GLACIS_ALERT_DECODE_ERROR);
		expect_error_for(suites[i], 21, "\1\0\1\0", 4, GLACIS_ALERT_DECODE_ERROR);
	}
}

Test(record_open, nothing_counts_after_close_notify)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;

		peer_open(&peer, suites[i], NULL);
		cr_assert_eq(send(&peer, 21, "\1\0", 2), GLACIS_EVENT_CLOSE);
		cr_expect_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_IGNORED);
		cr_expect_null(record.event.content);
		cr_expect_eq(send(&peer, 21, "\2\50", 2), GLACIS_EVENT_IGNORED);
		peer.sequence = 77; /* not even authentic */
		cr_expect_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_IGNORED);
		cr_expect_null(record.event.content);
		peer_close(&peer);
	}
}

/* ---- post-handshake messages of TLS 1.3 ---- */

static const uint8_t update_asks[] = { 24, 0, 0, 1, 1 };
static const uint8_t update_answers[] = { 24, 0, 0, 1, 0 };

static void peer_steps(struct peer *peer)
{
	cr_assert_eq(glacis_tls13_next_keys(&peer->keys), 0);
	peer->sequence = 0;
}

Test(record_open, key_updates)
{
	static const uint16_t suites[] = { 0x1301, 0x1302 };

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;

		peer_open(&peer, suites[i], NULL);
		for (unsigned round = 0; round < 100; round++) {
			const uint8_t *message = round % 2 == 0 ? update_asks : update_answers;

			cr_assert_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
			cr_assert_eq(send(&peer, 22, message, 5), GLACIS_EVENT_KEY_UPDATE);
			cr_assert_eq(record.event.reply_requested, round % 2 == 0);
			cr_assert_eq(glacis_record_sequence(peer.reader), 0);
			peer_steps(&peer);
		}
		cr_assert_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
		peer_close(&peer);
	}
}

Test(record_open, data_under_old_keys_after_a_key_update)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	cr_assert_eq(send(&peer, 22, update_answers, 5), GLACIS_EVENT_KEY_UPDATE);
	expect_error(send(&peer, 23, "old", 3), GLACIS_ALERT_BAD_RECORD_MAC);
	peer_close(&peer);
}

Test(record_open, key_update_in_fragments)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	for (unsigned first = 1; first < 5; first++) {
		cr_assert_eq(send(&peer, 22, update_asks, first), GLACIS_EVENT_IGNORED);
		cr_assert_eq(send(&peer, 22, update_asks + first, 5 - first), GLACIS_EVENT_KEY_UPDATE);
		cr_assert(record.event.reply_requested);
		peer_steps(&peer);
	}
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(send(&peer, 22, update_answers + i, 1), GLACIS_EVENT_IGNORED);
	cr_assert_eq(send(&peer, 22, update_answers + 4, 1), GLACIS_EVENT_KEY_UPDATE);
	peer_steps(&peer);
	cr_assert_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
	peer_close(&peer);
}

Test(record_open, malformed_key_updates)
{
	expect_error_for(0x1301, 22, "\30\0\0\1\2", 5, GLACIS_ALERT_ILLEGAL_PARAMETER);
	expect_error_for(0x1301, 22, "\30\0\0\1\377", 5, GLACIS_ALERT_ILLEGAL_PARAMETER);
	expect_error_for(0x1301, 22, "\30\0\0\0", 4, GLACIS_ALERT_DECODE_ERROR);
	expect_error_for(0x1301, 22, "\30\0\0\2\0\0", 6, GLACIS_ALERT_DECODE_ERROR);
	expect_error_for(0x1301, 22, "\30\1\0\1\0", 5, GLACIS_ALERT_DECODE_ERROR);
	/* Something follows in the same record, though it would be under other keys. */
	expect_error_for(0x1301, 22, "\30\0\0\1\0\30", 6, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	expect_error_for(0x1301, 22, "\30\0\0\1\0\30\0\0\1\0", 10, GLACIS_ALERT_UNEXPECTED_MESSAGE);
}

Test(record_open, other_handshake_messages)
{
	const struct glacis_record_stream_options from_server = { .peer_is_server = true };

	for (unsigned type = 0; type < 256; type++) {
		const uint8_t message[] = { (uint8_t)type, 0, 0, 1, 0 };
		struct peer peer;

		if (type == 24)
			continue;
		expect_error_for(0x1301, 22, message, 5, GLACIS_ALERT_UNEXPECTED_MESSAGE);
		expect_error_for(0x1301, 22, message, 1, GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_open(&peer, 0x1301, &from_server);
		if (type == 4)
			cr_expect_eq(send(&peer, 22, message, 5), GLACIS_EVENT_IGNORED);
		else
			expect_error(send(&peer, 22, message, 5), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_open, nothing_between_fragments)
{
	struct peer peer;

	for (unsigned first = 1; first < 5; first++) {
		peer_open(&peer, 0x1301, NULL);
		cr_assert_eq(send(&peer, 22, update_asks, first), GLACIS_EVENT_IGNORED);
		expect_error(send(&peer, 23, "data", 4), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
		peer_open(&peer, 0x1301, NULL);
		cr_assert_eq(send(&peer, 22, update_asks, first), GLACIS_EVENT_IGNORED);
		expect_error(send(&peer, 21, "\1\0", 2), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_open, session_tickets_are_skipped)
{
	const struct glacis_record_stream_options from_server = { .peer_is_server = true };
	static uint8_t messages[2000];
	static const uint8_t filler[GLACIS_RECORD_CONTENT_MAX];
	struct peer peer;

	/* Two tickets of 900 bytes and a KeyUpdate in a row, cut anywhere. */
	fill(messages, sizeof(messages), 8);
	memcpy(messages, "\4\0\3\204", 4);
	memcpy(messages + 904, "\4\0\3\204", 4);
	memcpy(messages + 1808, update_answers, 5);
	peer_open(&peer, 0x1302, &from_server);
	for (uint32_t cut = 1; cut < 1813; cut += 3) {
		cr_assert_eq(send(&peer, 22, messages, cut), GLACIS_EVENT_IGNORED, "cut at %u", cut);
		cr_assert_eq(send(&peer, 22, messages + cut, 1813 - cut), GLACIS_EVENT_KEY_UPDATE, "cut at %u", cut);
		peer_steps(&peer);
		cr_assert_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
	}
	/* The longest that can be written, 131,337 bytes of body. */
	cr_assert_eq(send(&peer, 22, "\4\2\1\11", 4), GLACIS_EVENT_IGNORED);
	for (unsigned i = 0; i < 8; i++)
		cr_assert_eq(send(&peer, 22, filler, sizeof(filler)), GLACIS_EVENT_IGNORED);
	cr_assert_eq(send(&peer, 22, filler, 131337 % sizeof(filler)), GLACIS_EVENT_IGNORED);
	cr_assert_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
	expect_error(send(&peer, 22, "\4\2\1\12", 4), GLACIS_ALERT_DECODE_ERROR);
	peer_close(&peer);
}

/* ---- renegotiation in TLS 1.2 ---- */

Test(record_open, renegotiation_is_told)
{
	uint8_t hello[300] = { 1, 0, 1, 40 };
	struct peer peer;

	peer_open(&peer, 0xc02f, NULL);
	cr_expect_eq(send(&peer, 22, hello, sizeof(hello)), GLACIS_EVENT_RENEGOTIATION);
	cr_expect_eq(send(&peer, 22, "\0\0\0\0", 4), GLACIS_EVENT_RENEGOTIATION);
	/* In fragments: told once, when the header is there. */
	cr_expect_eq(send(&peer, 22, hello, 2), GLACIS_EVENT_IGNORED);
	cr_expect_eq(send(&peer, 22, hello + 2, 100), GLACIS_EVENT_RENEGOTIATION);
	cr_expect_eq(send(&peer, 22, hello + 102, 198), GLACIS_EVENT_IGNORED);
	cr_expect_eq(send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
	peer_close(&peer);
	for (unsigned type = 2; type < 256; type++) {
		const uint8_t message[] = { (uint8_t)type, 0, 0, 0 };

		expect_error_for(0xc02f, 22, message, 4, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	}
	expect_error_for(0xc02f, 22, "\0\0\0\1\0", 5, GLACIS_ALERT_DECODE_ERROR);
	expect_error_for(0xc02f, 22, "\1\377\377\377", 4, GLACIS_ALERT_DECODE_ERROR);
}

/* ---- rate limits ---- */

static enum glacis_record_event_kind send_kind(struct peer *peer, unsigned kind)
{
	enum glacis_record_event_kind event;

	switch (kind) {
	case 0:
		return send(peer, 23, "", 0);
	case 1:
		return send(peer, 21, "\1\132", 2); /* user_canceled */
	case 2:
		if (peer->keys.version != GLACIS_TLS_1_3)
			return send(peer, 22, "\0\0\0\0", 4);
		event = send(peer, 22, update_asks, 5);
		if (event == GLACIS_EVENT_KEY_UPDATE)
			peer_steps(peer);
		return event;
	default:
		return send_kind(peer, glacis_record_sequence(peer->reader) % 3);
	}
}

Test(record_open, records_without_data_are_bounded)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (unsigned i = 0; i < 8; i++) {
		struct peer peer;

		peer_open(&peer, suites[i % 2], NULL);
		for (unsigned n = 0; n < GLACIS_RECORD_EMPTY_MAX; n++)
			cr_assert_neq(send_kind(&peer, i / 2), GLACIS_EVENT_ERROR);
		cr_assert_eq(send(&peer, 23, "x", 1), GLACIS_EVENT_DATA, "data sets the count to nothing");
		for (unsigned n = 0; n < GLACIS_RECORD_EMPTY_MAX; n++)
			cr_assert_neq(send_kind(&peer, i / 2), GLACIS_EVENT_ERROR);
		expect_error(send_kind(&peer, i / 2), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_open, a_close_is_heard_after_many_empty_records)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	for (unsigned n = 0; n < GLACIS_RECORD_EMPTY_MAX; n++)
		cr_assert_eq(send(&peer, 23, "", 0), GLACIS_EVENT_DATA);
	cr_expect_eq(send(&peer, 21, "\1\0", 2), GLACIS_EVENT_CLOSE);
	peer_close(&peer);
}
