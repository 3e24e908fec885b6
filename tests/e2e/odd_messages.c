/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases of odd_client about messages after the handshake: KeyUpdate, renegotiation, messages out of
 * place, warning alerts. Sources: RFC 8446 sections 4.6.3, 5.1 and 6, RFC 5246 section 7.2.
 */
#include <stdlib.h>
#include <string.h>

#include "odd_case.h"

static const uint8_t key_update[] = { 24, 0, 0, 1, 0 };
static const uint8_t key_update_request[] = { 24, 0, 0, 1, 1 };
static const uint8_t user_canceled[] = { 1, ODD_USER_CANCELED };

static void key_updates_between_data(struct odd_peer *peer)
{
	for (int i = 0; i < 20; i++) {
		odd_send(peer, ODD_HANDSHAKE, key_update, sizeof(key_update));
		odd_next_keys(peer, &peer->out);
		odd_echo(peer);
	}
}

static void requested_key_updates_are_answered(struct odd_peer *peer)
{
	for (int i = 0; i < 20; i++) {
		odd_send(peer, ODD_HANDSHAKE, key_update_request, sizeof(key_update_request));
		odd_next_keys(peer, &peer->out);
		odd_send(peer, ODD_DATA, "answer", 6);
		if (odd_expect_echo(peer, "answer", 6) != 1)
			odd_fail("no KeyUpdate before the answer %d", i);
	}
}

static void data_and_key_updates_in_one_segment(struct odd_peer *peer)
{
	uint8_t wire[4096], text[8 * 3];
	size_t size = 0;

	for (unsigned int i = 0; i < 8; i++) {
		memset(text + i * 3, 'A' + (int)i, 3);
		size += odd_seal(peer, ODD_DATA, text + i * 3, 3, 0, wire + size);
		size += odd_seal(peer, ODD_HANDSHAKE, i % 2 ? key_update : key_update_request, 5, 0, wire + size);
		odd_next_keys(peer, &peer->out);
	}
	odd_send_raw(peer, wire, size);
	odd_expect_echo(peer, text, sizeof(text));
	odd_echo(peer);
}

static void a_key_update_in_pieces(struct odd_peer *peer)
{
	for (size_t i = 0; i < sizeof(key_update); i++)
		odd_send(peer, ODD_HANDSHAKE, key_update + i, 1);
	odd_next_keys(peer, &peer->out);
	odd_echo(peer);
}

static void key_updates_without_end_are_refused(struct odd_peer *peer)
{
	odd_echo(peer);
	for (int i = 0; i < ODD_FLOOD; i++) {
		odd_send(peer, ODD_HANDSHAKE, key_update_request, sizeof(key_update_request));
		odd_next_keys(peer, &peer->out);
	}
	odd_expect_refusal(peer);
}

static void a_message_behind_a_key_update_is_refused(struct odd_peer *peer)
{
	uint8_t two[10];

	memcpy(two, key_update, 5);
	memcpy(two + 5, key_update, 5);
	odd_send(peer, ODD_HANDSHAKE, two, sizeof(two));
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void a_key_update_of_value_2_is_refused(struct odd_peer *peer)
{
	static const uint8_t wrong[] = { 24, 0, 0, 1, 2 };

	odd_send(peer, ODD_HANDSHAKE, wrong, sizeof(wrong));
	odd_expect_alert(peer, ODD_ILLEGAL_PARAMETER);
}

static void a_key_update_of_the_wrong_size_is_refused(struct odd_peer *peer)
{
	static const uint8_t wrong[] = { 24, 0, 0, 2, 0, 0 };

	odd_send(peer, ODD_HANDSHAKE, wrong, sizeof(wrong));
	odd_expect_alert(peer, ODD_DECODE_ERROR);
}

static void data_within_a_handshake_message_is_refused(struct odd_peer *peer)
{
	odd_send(peer, ODD_HANDSHAKE, key_update, 2);
	odd_send(peer, ODD_DATA, "x", 1);
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void an_endless_handshake_message_is_refused(struct odd_peer *peer)
{
	static const uint8_t head[] = { 24, 0xff, 0xff, 0xff };

	odd_send(peer, ODD_HANDSHAKE, head, sizeof(head));
	for (int i = 0; i < ODD_FLOOD; i++)
		odd_send(peer, ODD_HANDSHAKE, odd_zeros, 1000);
	odd_expect_refusal(peer);
}

static void other_handshake_messages_are_refused(struct odd_peer *peer)
{
	uint8_t finished[4 + 32] = { 20, 0, 0, 32 };

	odd_send(peer, ODD_HANDSHAKE, finished, sizeof(finished));
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void a_client_hello_is_refused(struct odd_peer *peer)
{
	uint8_t hello[4 + 50] = { 1, 0, 0, 50, 3, 3 };

	odd_send(peer, ODD_HANDSHAKE, hello, sizeof(hello));
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void a_session_ticket_from_a_client_is_refused(struct odd_peer *peer)
{
	uint8_t ticket[4 + 30] = { 4, 0, 0, 30 };

	odd_send(peer, ODD_HANDSHAKE, ticket, sizeof(ticket));
	odd_expect_alert(peer, ODD_UNEXPECTED_MESSAGE);
}

static void renegotiation_gets_a_warning_and_goes_on(struct odd_peer *peer)
{
	uint8_t hello[4 + 50] = { 1, 0, 0, 50, 3, 3 };
	struct odd_record record;

	odd_send(peer, ODD_HANDSHAKE, hello, sizeof(hello));
	if (!odd_receive(peer, &record) || record.type != ODD_ALERT || record.size != 2)
		odd_fail("no alert to a renegotiation");
	if (record.content[0] != 1 || record.content[1] != ODD_NO_RENEGOTIATION)
		odd_fail("alert %u of level %u came, warning no_renegotiation was expected", record.content[1],
			 record.content[0]);
	odd_echo(peer);
}

static void renegotiations_without_end_are_refused(struct odd_peer *peer)
{
	uint8_t hello[4 + 50] = { 1, 0, 0, 50, 3, 3 };

	for (int i = 0; i < ODD_FLOOD; i++)
		odd_send(peer, ODD_HANDSHAKE, hello, sizeof(hello));
	odd_expect_refusal(peer);
}

static void warning_alerts_are_taken(struct odd_peer *peer)
{
	for (int i = 0; i < 5; i++) {
		odd_send(peer, ODD_ALERT, user_canceled, sizeof(user_canceled));
		odd_echo(peer);
	}
}

static void warning_alerts_without_end_are_refused(struct odd_peer *peer)
{
	odd_echo(peer);
	for (int i = 0; i < ODD_FLOOD; i++)
		odd_send(peer, ODD_ALERT, user_canceled, sizeof(user_canceled));
	odd_expect_refusal(peer);
}

const struct odd_case odd_message_cases[] = {
	ODD_CASE(key_updates_between_data, ODD_TLS13),
	ODD_CASE(requested_key_updates_are_answered, ODD_TLS13),
	ODD_CASE(data_and_key_updates_in_one_segment, ODD_TLS13),
	ODD_CASE(a_key_update_in_pieces, ODD_TLS13),
	ODD_CASE(key_updates_without_end_are_refused, ODD_TLS13),
	ODD_CASE(a_message_behind_a_key_update_is_refused, ODD_TLS13),
	ODD_CASE(a_key_update_of_value_2_is_refused, ODD_TLS13),
	ODD_CASE(a_key_update_of_the_wrong_size_is_refused, ODD_TLS13),
	ODD_CASE(data_within_a_handshake_message_is_refused, ODD_TLS13),
	ODD_CASE(an_endless_handshake_message_is_refused, ODD_BOTH),
	ODD_CASE(other_handshake_messages_are_refused, ODD_BOTH),
	ODD_CASE(a_client_hello_is_refused, ODD_TLS13),
	ODD_CASE(a_session_ticket_from_a_client_is_refused, ODD_BOTH),
	ODD_CASE(renegotiation_gets_a_warning_and_goes_on, ODD_TLS12),
	ODD_CASE(renegotiations_without_end_are_refused, ODD_TLS12),
	ODD_CASE(warning_alerts_are_taken, ODD_BOTH),
	ODD_CASE(warning_alerts_without_end_are_refused, ODD_BOTH),
	{ NULL, 0, NULL },
};
