/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading side: legal and illegal headers, sizes and padding, authentication. Records come from OpenSSL's AES-GCM,
 * so that no mistake can hide on both sides.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "record_peer.h"

TestSuite(record_open, .init = peer_set_up, .fini = peer_tear_down, .timeout = 120);

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
		cr_assert_eq(peer_send(&peer, 23, content, size), GLACIS_EVENT_DATA, "%u bytes", size);
		cr_assert_eq(peer_record.event.content_size, size);
		cr_assert_arr_eq(peer_record.event.content, content, size, "%u bytes", size);
		cr_assert(peer_record.event.content >= peer_record.buffer &&
			  peer_record.event.content + size <= peer_record.buffer + peer_record.op.record_size);
		cr_assert_eq(glacis_record_sequence(peer.reader), sequence + 1);
	}
	cr_assert_eq(peer_record.event.content_size, GLACIS_RECORD_CONTENT_MAX);
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
		uint32_t size = reference_seal13(&peer.keys, peer.sequence++, 23, content, 4, paddings[i], peer_wire);

		cr_assert_eq(open_record(&peer_rig, &peer_record, peer.reader, peer_wire, size), GLACIS_EVENT_DATA);
		cr_assert_eq(peer_record.event.content_size, 4);
		cr_assert_arr_eq(peer_record.event.content, content, 4);
	}
	/* One zero more and the inner plaintext is longer than 2^14 + 1 (RFC 8446 section 5.4). */
	uint32_t size = reference_seal13(&peer.keys, peer.sequence++, 23, content, 4, 16381, peer_wire);
	expect_error(open_record(&peer_rig, &peer_record, peer.reader, peer_wire, size), GLACIS_ALERT_RECORD_OVERFLOW);
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
		cr_expect_eq(peer_send(&peer, 23, content, 512), GLACIS_EVENT_DATA);
		expect_error(peer_send(&peer, 23, content, 513), GLACIS_ALERT_RECORD_OVERFLOW);
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
		       ? reference_seal13(&peer.keys, 0, 23, content, sizeof(content), 7, peer_wire)
		       : reference_seal(&peer.keys, 0, 23, content, sizeof(content), peer_wire);
	for (uint32_t bit = 0; bit < size * 8; bit++) {
		enum glacis_alert alert;
		uint32_t peeked = 0;
		int rc;

		memcpy(tampered, peer_wire, size);
		tampered[bit / 8] ^= (uint8_t)(1 << bit % 8);
		peer_open(&peer, suite, NULL);
		rc = glacis_record_peek(peer.reader, tampered, size, &peeked, &alert);
		if (rc == 1 && peeked == size) {
			expect_error(open_record(&peer_rig, &peer_record, peer.reader, tampered, size),
				     GLACIS_ALERT_BAD_RECORD_MAC);
			cr_expect_arr_eq(peer_record.buffer, tampered, size, "bit %u: the ciphertext was not restored",
					 bit);
		} else {
			/* Only the header can make a record illegal or of another size. */
			cr_expect_lt(bit / 8, 5);
			read_bytes(&peer_record, peer.reader, tampered, size);
			cr_expect_eq(run(&peer_rig, &peer_record), GLACIS_STATUS_INVALID);
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
		cr_assert_eq(peer_send(&peer, 23, "once", 4), GLACIS_EVENT_DATA);
		size = peer_record.op.record_size;
		expect_error(open_record(&peer_rig, &peer_record, peer.reader, peer_wire, size),
			     GLACIS_ALERT_BAD_RECORD_MAC);
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
		expect_error(peer_send(&peer, 23, "late", 4), GLACIS_ALERT_BAD_RECORD_MAC);
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
	size = reference_seal13(&peer.keys, 0, 23, "truncated", 9, 0, peer_wire);
	for (uint32_t part = 0; part < size; part++) {
		cr_assert_eq(glacis_record_peek(peer.reader, peer_wire, part, &peeked, &alert), part < 5 ? 0 : 1);
		read_bytes(&peer_record, peer.reader, peer_wire, part);
		cr_assert_eq(run(&peer_rig, &peer_record), GLACIS_STATUS_INVALID);
	}
	peer_wire[4]--;
	expect_error(open_record(&peer_rig, &peer_record, peer.reader, peer_wire, size - 1),
		     GLACIS_ALERT_BAD_RECORD_MAC);
	peer_close(&peer);
}

Test(record_open, a_failed_reader_stays_failed)
{
	struct peer peer;

	peer_open(&peer, 0x1301, NULL);
	expect_error(peer_send(&peer, 99, "?", 1), GLACIS_ALERT_UNEXPECTED_MESSAGE);
	read_bytes(&peer_record, peer.reader, peer_wire, reference_seal13(&peer.keys, 1, 23, "more", 4, 0, peer_wire));
	cr_expect_eq(run(&peer_rig, &peer_record), GLACIS_STATUS_INVALID);
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
		cr_expect_eq(peer_send(&peer, 23, "a", 1), GLACIS_EVENT_DATA);
		cr_expect_eq(peer_send(&peer, 23, "b", 1), GLACIS_EVENT_DATA);
		cr_expect_eq(glacis_record_sequence(peer.reader), UINT64_MAX);
		read_bytes(&peer_record, peer.reader, peer_wire, peer_record.op.record_size);
		cr_expect_eq(run(&peer_rig, &peer_record), GLACIS_STATUS_LIMIT);
		cr_expect_eq(glacis_record_sequence(peer.reader), UINT64_MAX);
		peer_close(&peer);
	}
}
