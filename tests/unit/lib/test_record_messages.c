/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each kind of record means to a reader in TLS 1.2 and 1.3: content types, alerts, KeyUpdate and other
 * post-handshake messages, renegotiation, records without data.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "record_peer.h"

TestSuite(record_messages, .init = peer_set_up, .fini = peer_tear_down, .timeout = 120);

/* ---- inner content types ---- */

Test(record_messages, all_zero_inner_plaintext)
{
	static const uint8_t zeros[200];
	struct peer peer;

	for (uint32_t inner = 1; inner <= sizeof(zeros); inner += 33) {
		uint32_t size;

		peer_open(&peer, 0x1301, NULL);
		size = reference_seal(&peer.keys, 0, 23, zeros, inner, peer_wire);
		expect_error(open_record(&peer_rig, &peer_record, peer.reader, peer_wire, size),
			     GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_messages, unknown_content_types)
{
	static const uint8_t content[4] = { 1, 0, 0, 0 };

	for (unsigned type = 1; type < 256; type++) {
		if (type < 21 || type > 23)
			expect_error_for(0x1301, (uint8_t)type, content, 4, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	}
	expect_error_for(0xc02f, GLACIS_CONTENT_CHANGE_CIPHER_SPEC, content, 1, GLACIS_ALERT_UNEXPECTED_MESSAGE);
}

Test(record_messages, empty_handshake_or_alert)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		expect_error_for(suites[i], GLACIS_CONTENT_ALERT, "", 0, GLACIS_ALERT_UNEXPECTED_MESSAGE);
		expect_error_for(suites[i], GLACIS_CONTENT_HANDSHAKE, "", 0, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	}
}

/* ---- alerts ---- */

Test(record_messages, alerts_of_tls13)
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
			cr_assert_eq(peer_send(&peer, 21, alert, 2), expected, "level %u, alert %u", level,
				     description);
			cr_assert_eq((unsigned)peer_record.event.alert, description);
			peer_close(&peer);
		}
	}
}

Test(record_messages, alerts_of_tls12)
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
			cr_assert_eq(peer_send(&peer, 21, alert, 2), expected, "level %u, alert %u", level,
				     description);
			cr_assert_eq((unsigned)peer_record.event.alert, description);
			peer_close(&peer);
		}
	}
	expect_error_for(0xc02f, 21, "\0\0", 2, GLACIS_ALERT_ILLEGAL_PARAMETER);
	expect_error_for(0xc02f, 21, "\3\50", 2, GLACIS_ALERT_ILLEGAL_PARAMETER);
}

Test(record_messages, alerts_of_another_size)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		expect_error_for(suites[i], 21, "\1", 1, GLACIS_ALERT_DECODE_ERROR);
		expect_error_for(suites[i], 21, "\1\0\1", 3, GLACIS_ALERT_DECODE_ERROR);
		expect_error_for(suites[i], 21, "\1\0\1\0", 4, GLACIS_ALERT_DECODE_ERROR);
	}
}

Test(record_messages, nothing_counts_after_close_notify)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;

		peer_open(&peer, suites[i], NULL);
		cr_assert_eq(peer_send(&peer, 21, "\1\0", 2), GLACIS_EVENT_CLOSE);
		cr_expect_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_IGNORED);
		cr_expect_null(peer_record.event.content);
		cr_expect_eq(peer_send(&peer, 21, "\2\50", 2), GLACIS_EVENT_IGNORED);
		peer.sequence = 77; /* not even authentic */
		cr_expect_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_IGNORED);
		cr_expect_null(peer_record.event.content);
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

Test(record_messages, key_updates)
{
	static const uint16_t suites[] = { 0x1301, 0x1302 };

	for (size_t i = 0; i < 2; i++) {
		struct peer peer;

		peer_open(&peer, suites[i], NULL);
		for (unsigned round = 0; round < 100; round++) {
			const uint8_t *message = round % 2 == 0 ? update_asks : update_answers;

			cr_assert_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
			cr_assert_eq(peer_send(&peer, 22, message, 5), GLACIS_EVENT_KEY_UPDATE);
			cr_assert_eq(peer_record.event.reply_requested, round % 2 == 0);
			cr_assert_eq(glacis_record_sequence(peer.reader), 0);
			peer_steps(&peer);
		}
		cr_assert_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
		peer_close(&peer);
	}
}

Test(record_messages, data_under_old_keys_after_a_key_update)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	cr_assert_eq(peer_send(&peer, 22, update_answers, 5), GLACIS_EVENT_KEY_UPDATE);
	expect_error(peer_send(&peer, 23, "old", 3), GLACIS_ALERT_BAD_RECORD_MAC);
	peer_close(&peer);
}

Test(record_messages, key_update_in_fragments)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	for (unsigned first = 1; first < 5; first++) {
		cr_assert_eq(peer_send(&peer, 22, update_asks, first), GLACIS_EVENT_IGNORED);
		cr_assert_eq(peer_send(&peer, 22, update_asks + first, 5 - first), GLACIS_EVENT_KEY_UPDATE);
		cr_assert(peer_record.event.reply_requested);
		peer_steps(&peer);
	}
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(peer_send(&peer, 22, update_answers + i, 1), GLACIS_EVENT_IGNORED);
	cr_assert_eq(peer_send(&peer, 22, update_answers + 4, 1), GLACIS_EVENT_KEY_UPDATE);
	peer_steps(&peer);
	cr_assert_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
	peer_close(&peer);
}

Test(record_messages, malformed_key_updates)
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

Test(record_messages, other_handshake_messages)
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
			cr_expect_eq(peer_send(&peer, 22, message, 5), GLACIS_EVENT_IGNORED);
		else
			expect_error(peer_send(&peer, 22, message, 5), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_messages, nothing_between_fragments)
{
	struct peer peer;

	for (unsigned first = 1; first < 5; first++) {
		peer_open(&peer, 0x1301, NULL);
		cr_assert_eq(peer_send(&peer, 22, update_asks, first), GLACIS_EVENT_IGNORED);
		expect_error(peer_send(&peer, 23, "data", 4), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
		peer_open(&peer, 0x1301, NULL);
		cr_assert_eq(peer_send(&peer, 22, update_asks, first), GLACIS_EVENT_IGNORED);
		expect_error(peer_send(&peer, 21, "\1\0", 2), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_messages, session_tickets_are_skipped)
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
		cr_assert_eq(peer_send(&peer, 22, messages, cut), GLACIS_EVENT_IGNORED, "cut at %u", cut);
		cr_assert_eq(peer_send(&peer, 22, messages + cut, 1813 - cut), GLACIS_EVENT_KEY_UPDATE, "cut at %u",
			     cut);
		peer_steps(&peer);
		cr_assert_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
	}
	/* The longest that can be written, 131,337 bytes of body. */
	cr_assert_eq(peer_send(&peer, 22, "\4\2\1\11", 4), GLACIS_EVENT_IGNORED);
	for (unsigned i = 0; i < 8; i++)
		cr_assert_eq(peer_send(&peer, 22, filler, sizeof(filler)), GLACIS_EVENT_IGNORED);
	cr_assert_eq(peer_send(&peer, 22, filler, 131337 % sizeof(filler)), GLACIS_EVENT_IGNORED);
	cr_assert_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
	expect_error(peer_send(&peer, 22, "\4\2\1\12", 4), GLACIS_ALERT_DECODE_ERROR);
	peer_close(&peer);
}

/* ---- renegotiation in TLS 1.2 ---- */

Test(record_messages, renegotiation_is_told)
{
	uint8_t hello[300] = { 1, 0, 1, 40 };
	struct peer peer;

	peer_open(&peer, 0xc02f, NULL);
	cr_expect_eq(peer_send(&peer, 22, hello, sizeof(hello)), GLACIS_EVENT_RENEGOTIATION);
	cr_expect_eq(peer_send(&peer, 22, "\0\0\0\0", 4), GLACIS_EVENT_RENEGOTIATION);
	/* In fragments: told once, when the header is there. */
	cr_expect_eq(peer_send(&peer, 22, hello, 2), GLACIS_EVENT_IGNORED);
	cr_expect_eq(peer_send(&peer, 22, hello + 2, 100), GLACIS_EVENT_RENEGOTIATION);
	cr_expect_eq(peer_send(&peer, 22, hello + 102, 198), GLACIS_EVENT_IGNORED);
	cr_expect_eq(peer_send(&peer, 23, "data", 4), GLACIS_EVENT_DATA);
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
		return peer_send(peer, 23, "", 0);
	case 1:
		return peer_send(peer, 21, "\1\132", 2); /* user_canceled */
	case 2:
		if (peer->keys.version != GLACIS_TLS_1_3)
			return peer_send(peer, 22, "\0\0\0\0", 4);
		event = peer_send(peer, 22, update_asks, 5);
		if (event == GLACIS_EVENT_KEY_UPDATE)
			peer_steps(peer);
		return event;
	default:
		return send_kind(peer, glacis_record_sequence(peer->reader) % 3);
	}
}

Test(record_messages, records_without_data_are_bounded)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };

	for (unsigned i = 0; i < 8; i++) {
		struct peer peer;

		peer_open(&peer, suites[i % 2], NULL);
		for (unsigned n = 0; n < GLACIS_RECORD_EMPTY_MAX; n++)
			cr_assert_neq(send_kind(&peer, i / 2), GLACIS_EVENT_ERROR);
		cr_assert_eq(peer_send(&peer, 23, "x", 1), GLACIS_EVENT_DATA, "data sets the count to nothing");
		for (unsigned n = 0; n < GLACIS_RECORD_EMPTY_MAX; n++)
			cr_assert_neq(send_kind(&peer, i / 2), GLACIS_EVENT_ERROR);
		expect_error(send_kind(&peer, i / 2), GLACIS_ALERT_UNEXPECTED_MESSAGE);
		peer_close(&peer);
	}
}

Test(record_messages, a_close_is_heard_after_many_empty_records)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	for (unsigned n = 0; n < GLACIS_RECORD_EMPTY_MAX; n++)
		cr_assert_eq(peer_send(&peer, 23, "", 0), GLACIS_EVENT_DATA);
	cr_expect_eq(peer_send(&peer, 21, "\1\0", 2), GLACIS_EVENT_CLOSE);
	peer_close(&peer);
}
