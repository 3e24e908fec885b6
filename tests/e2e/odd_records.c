/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases of odd_client about records as such: sizes, padding, types, what is cut, glued, damaged or in
 * clear. Sources: RFC 8446 sections 5 and 6, RFC 5246 section 6.2.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "odd_case.h"

static void coalesced_records(struct odd_peer *peer)
{
	uint8_t wire[50 * 64], text[50 * 7];
	size_t size = 0;

	for (unsigned int i = 0; i < 50; i++) {
		memset(text + i * 7, 'a' + (int)(i % 26), 7);
		size += odd_seal(peer, ODD_DATA, text + i * 7, 7, 0, wire + size);
	}
	odd_send_raw(peer, wire, size);
	odd_expect_echo(peer, text, sizeof(text));
}

static void records_cut_at_every_byte(struct odd_peer *peer)
{
	uint8_t wire[128];

	for (size_t cut = 1; cut < 60; cut++) {
		size_t size = odd_seal(peer, ODD_DATA, "twelve bytes", 12, 0, wire);
		size_t first = cut < size ? cut : size - 1;

		odd_send_raw(peer, wire, first);
		usleep(2000);
		odd_send_raw(peer, wire + first, size - first);
		odd_expect_echo(peer, "twelve bytes", 12);
	}
}

static void a_full_record_then_a_tail_in_one_segment(struct odd_peer *peer)
{
	static uint8_t wire[2 * ODD_RECORD_MAX];
	size_t size = odd_seal(peer, ODD_DATA, odd_zeros, ODD_RECORD_LIMIT, 0, wire);

	size += odd_seal(peer, ODD_DATA, "end", 3, 0, wire + size);
	odd_send_raw(peer, wire, size);
	odd_expect_echo(peer, odd_zeros, ODD_RECORD_LIMIT);
	odd_expect_echo(peer, "end", 3);
}

static void empty_records_are_taken(struct odd_peer *peer)
{
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 20; i++)
			odd_send(peer, ODD_DATA, "", 0);
		odd_echo(peer);
	}
}

static void empty_records_without_end_are_refused(struct odd_peer *peer)
{
	odd_echo(peer);
	for (int i = 0; i < ODD_FLOOD; i++)
		odd_send(peer, ODD_DATA, "", 0);
	odd_expect_refusal(peer);
}

static void padded_records(struct odd_peer *peer)
{
	static const size_t paddings[] = { 1, 15, 16, 17, 255, 4096, ODD_RECORD_LIMIT - 8 };
	uint8_t wire[ODD_RECORD_MAX];

	for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
		odd_send_raw(peer, wire, odd_seal(peer, ODD_DATA, "in\0side\0", 8, paddings[i], wire));
		odd_expect_echo(peer, "in\0side\0", 8);
	}
	odd_send_raw(peer, wire, odd_seal(peer, ODD_DATA, "", 0, 300, wire));
	odd_echo(peer);
}

static void a_record_of_padding_alone_is_refused(struct odd_peer *peer)
{
	uint8_t wire[ODD_RECORD_MAX];

	odd_send_raw(peer, wire, odd_seal(peer, 0, odd_zeros, 100, 0, wire));
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void too_much_content_is_refused(struct odd_peer *peer)
{
	odd_send(peer, ODD_DATA, odd_zeros, ODD_RECORD_LIMIT + 1);
	odd_expect_alert(peer, ODD_RECORD_OVERFLOW);
}

static void too_much_padding_is_refused(struct odd_peer *peer)
{
	uint8_t wire[ODD_RECORD_MAX];

	odd_send_raw(peer, wire, odd_seal(peer, ODD_DATA, "x", 1, ODD_RECORD_LIMIT, wire));
	odd_expect_alert(peer, ODD_RECORD_OVERFLOW);
}

static void a_fatal_alert_ends_in_silence(struct odd_peer *peer)
{
	static const uint8_t fatal[] = { 2, ODD_BAD_RECORD_MAC };

	odd_echo(peer);
	odd_send(peer, ODD_ALERT, fatal, sizeof(fatal));
	odd_expect_silent_end(peer);
}

static void alerts_of_a_wrong_size_are_refused(struct odd_peer *peer)
{
	odd_send(peer, ODD_ALERT, odd_zeros, 3);
	odd_expect_alert(peer, ODD_ANY_ALERT);
}

static void an_empty_alert_is_refused(struct odd_peer *peer)
{
	odd_send(peer, ODD_ALERT, "", 0);
	odd_expect_alert(peer, ODD_ANY_ALERT);
}

static void an_empty_handshake_record_is_refused(struct odd_peer *peer)
{
	odd_send(peer, ODD_HANDSHAKE, "", 0);
	odd_expect_alert(peer, ODD_ANY_ALERT);
}

static void an_unknown_content_type_is_refused(struct odd_peer *peer)
{
	odd_send(peer, 99, "x", 1);
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void a_sealed_change_cipher_spec_is_refused(struct odd_peer *peer)
{
	odd_send(peer, ODD_CCS, "\1", 1);
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void a_plain_change_cipher_spec_is_refused(struct odd_peer *peer)
{
	odd_send_raw(peer, "\x14\x03\x03\x00\x01\x01", 6);
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void a_plain_alert_is_refused(struct odd_peer *peer)
{
	odd_send_raw(peer, "\x15\x03\x03\x00\x02\x02\x00", 7);
	odd_expect_alert(peer, ODD_ANY_ALERT);
}

static void plain_data_is_refused(struct odd_peer *peer)
{
	odd_send_raw(peer, "\x17\x03\x03\x00\x20GET / HTTP/1.1 in clear for you.", 5 + 32);
	odd_expect_alert(peer, ODD_BAD_RECORD_MAC);
}

static void data_behind_close_notify_is_ignored(struct odd_peer *peer)
{
	static const uint8_t close_notify[] = { 1, 0 };
	uint8_t wire[512];
	size_t size = odd_seal(peer, ODD_DATA, "before", 6, 0, wire);

	size += odd_seal(peer, ODD_ALERT, close_notify, 2, 0, wire + size);
	size += odd_seal(peer, ODD_DATA, "behind", 6, 0, wire + size);
	odd_send_raw(peer, wire, size);
	odd_expect_echo(peer, "before", 6);
	odd_expect_silent_end(peer);
}

static void a_bad_record_behind_good_ones_lets_those_through(struct odd_peer *peer)
{
	uint8_t wire[512];
	size_t size = odd_seal(peer, ODD_DATA, "good", 4, 0, wire);

	size += odd_seal(peer, ODD_DATA, "evil", 4, 0, wire + size);
	wire[size - 1] ^= 1;
	size += odd_seal(peer, ODD_DATA, "late", 4, 0, wire + size);
	odd_send_raw(peer, wire, size);
	odd_expect_alert(peer, ODD_BAD_RECORD_MAC);
}

const struct odd_case odd_record_cases[] = {
	ODD_CASE(coalesced_records, ODD_BOTH),
	ODD_CASE(records_cut_at_every_byte, ODD_BOTH),
	ODD_CASE(a_full_record_then_a_tail_in_one_segment, ODD_BOTH),
	ODD_CASE(empty_records_are_taken, ODD_BOTH),
	ODD_CASE(empty_records_without_end_are_refused, ODD_BOTH),
	ODD_CASE(padded_records, ODD_TLS13),
	ODD_CASE(a_record_of_padding_alone_is_refused, ODD_TLS13),
	ODD_CASE(too_much_content_is_refused, ODD_BOTH),
	ODD_CASE(too_much_padding_is_refused, ODD_TLS13),
	ODD_CASE(a_fatal_alert_ends_in_silence, ODD_BOTH),
	ODD_CASE(alerts_of_a_wrong_size_are_refused, ODD_BOTH),
	ODD_CASE(an_empty_alert_is_refused, ODD_BOTH),
	ODD_CASE(an_empty_handshake_record_is_refused, ODD_BOTH),
	ODD_CASE(an_unknown_content_type_is_refused, ODD_BOTH),
	ODD_CASE(a_sealed_change_cipher_spec_is_refused, ODD_BOTH),
	ODD_CASE(a_plain_change_cipher_spec_is_refused, ODD_TLS13),
	ODD_CASE(a_plain_alert_is_refused, ODD_TLS13),
	ODD_CASE(plain_data_is_refused, ODD_BOTH),
	ODD_CASE(data_behind_close_notify_is_ignored, ODD_BOTH),
	ODD_CASE(a_bad_record_behind_good_ones_lets_those_through, ODD_BOTH),
	{ NULL, 0, NULL },
};
