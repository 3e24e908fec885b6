/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protected records of RFC 8448 section 3, opened to what the RFC says they hold and sealed
 * again byte for byte, each side's in their order, from the traffic secrets alone.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "record_support.h"

#define TRACE      "rfc8448_section3.txt"
#define RECORD_MAX 1024

static struct rig rig;

static void set_up(void)
{
	rig_open(&rig, 16);
}

static void tear_down(void)
{
	rig_close(&rig);
}

TestSuite(record_vectors, .init = set_up, .fini = tear_down);

static void trace_keys(const char *secret_name, struct glacis_record_keys *keys)
{
	uint8_t secret[32];

	vector(TRACE, secret_name, secret, sizeof(secret));
	cr_assert_eq(glacis_tls13_record_keys(0x1301, secret, sizeof(secret), keys), 0);
}

static void expect_sealed(struct glacis_record_stream *writer, uint8_t type, const uint8_t *content, uint32_t size,
			  const char *record_name)
{
	static struct record record;
	uint8_t expected[RECORD_MAX];
	uint32_t expected_size = vector(TRACE, record_name, expected, sizeof(expected));

	cr_assert_eq(seal(&rig, &record, writer, type, content, size, 0), GLACIS_STATUS_OK);
	cr_assert_eq(record.op.record_size, expected_size, "%s", record_name);
	cr_assert_arr_eq(record.buffer, expected, expected_size, "%s", record_name);
}

static enum glacis_record_event_kind open_named(struct glacis_record_stream *reader, struct record *record,
						const char *record_name)
{
	uint8_t bytes[RECORD_MAX];
	uint32_t size = vector(TRACE, record_name, bytes, sizeof(bytes));
	enum glacis_alert alert;
	uint32_t peeked = 0;

	cr_assert_eq(glacis_record_peek(reader, bytes, size, &peeked, &alert), 1);
	cr_assert_eq(peeked, size);
	return open_record(&rig, record, reader, bytes, size);
}

static void expect_data(struct glacis_record_stream *reader, const char *record_name)
{
	static struct record record;

	cr_assert_eq(open_named(reader, &record, record_name), GLACIS_EVENT_DATA);
	cr_assert_eq(record.event.content_size, 50);
	for (uint8_t i = 0; i < 50; i++)
		cr_assert_eq(record.event.content[i], i);
}

static void expect_close(struct glacis_record_stream *reader, const char *record_name)
{
	static struct record record;

	cr_assert_eq(open_named(reader, &record, record_name), GLACIS_EVENT_CLOSE);
	cr_assert_eq(record.event.alert, GLACIS_ALERT_CLOSE_NOTIFY);
}

Test(record_vectors, client_application_records_open)
{
	struct glacis_record_stream *reader;
	struct glacis_record_keys keys;

	trace_keys("client_application_secret", &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
	expect_data(reader, "client_data_record");
	expect_close(reader, "client_alert_record");
	glacis_record_stream_destroy(reader);
}

Test(record_vectors, client_application_records_seal)
{
	static const uint8_t close_notify[] = { 1, 0 };
	struct glacis_record_stream *writer;
	struct glacis_record_keys keys;
	uint8_t data[50];

	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	trace_keys("client_application_secret", &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	expect_sealed(writer, GLACIS_CONTENT_APPLICATION_DATA, data, sizeof(data), "client_data_record");
	expect_sealed(writer, GLACIS_CONTENT_ALERT, close_notify, sizeof(close_notify), "client_alert_record");
	glacis_record_stream_destroy(writer);
}

Test(record_vectors, server_application_records_open)
{
	const struct glacis_record_stream_options options = { .peer_is_server = true };
	static struct record ticket;
	struct glacis_record_stream *reader;
	struct glacis_record_keys keys;

	trace_keys("server_application_secret", &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, &options);
	cr_assert_eq(open_named(reader, &ticket, "server_ticket_record"), GLACIS_EVENT_IGNORED);
	expect_data(reader, "server_data_record");
	expect_close(reader, "server_alert_record");
	glacis_record_stream_destroy(reader);
}

Test(record_vectors, server_application_records_seal)
{
	static const uint8_t close_notify[] = { 1, 0 };
	const struct glacis_record_stream_options options = { .peer_is_server = true };
	static struct record ticket;
	struct glacis_record_stream *reader, *writer;
	struct glacis_record_keys keys;
	uint8_t data[50];
	/* The RFC's NewSessionTicket: 201 bytes of body, lifetime 30 s; the rest is as opened. */
	static const uint8_t ticket_start[] = { 4, 0, 0, 201, 0, 0, 0, 30 };

	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	trace_keys("server_application_secret", &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, &options);
	cr_assert_eq(open_named(reader, &ticket, "server_ticket_record"), GLACIS_EVENT_IGNORED);
	cr_assert_arr_eq(ticket.buffer + 5, ticket_start, sizeof(ticket_start));
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	expect_sealed(writer, GLACIS_CONTENT_HANDSHAKE, ticket.buffer + 5, 205, "server_ticket_record");
	expect_sealed(writer, GLACIS_CONTENT_APPLICATION_DATA, data, sizeof(data), "server_data_record");
	expect_sealed(writer, GLACIS_CONTENT_ALERT, close_notify, sizeof(close_notify), "server_alert_record");
	glacis_record_stream_destroy(reader);
	glacis_record_stream_destroy(writer);
}

/* The server's flight: four messages in one record. */
static uint32_t server_flight(uint8_t content[RECORD_MAX])
{
	static const char *const messages[] = { "server_encrypted_extensions", "server_certificate",
						"server_certificate_verify", "server_finished" };
	uint32_t size = 0;

	for (unsigned i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		size += vector(TRACE, messages[i], content + size, RECORD_MAX - size);
	return size;
}

/* What the first record under these keys holds, without a reader, which takes no handshake. */
static void expect_content(const char *secret_name, const char *record_name, const uint8_t *content, uint32_t size)
{
	struct glacis_aead_session *session;
	struct glacis_record_keys keys;
	uint8_t record[RECORD_MAX], text[RECORD_MAX];
	uint32_t record_size = vector(TRACE, record_name, record, sizeof(record));
	struct glacis_op *done;

	trace_keys(secret_name, &keys);
	cr_assert_eq(record_size, 5 + size + 1 + GLACIS_AEAD_TAG_SIZE);
	cr_assert_eq(glacis_aead_session_create(rig.engine, GLACIS_OPEN, keys.key, keys.key_size, &session), 0);
	struct glacis_aead_op op = { .session = session,
				     .source = record + 5,
				     .destination = text,
				     .length = size + 1,
				     .tag = record + record_size - GLACIS_AEAD_TAG_SIZE,
				     .aad = record,
				     .aad_size = 5 };
	struct glacis_aead_op *burst[] = { &op };

	memcpy(op.nonce, keys.iv, sizeof(op.nonce)); /* sequence number 0 */
	cr_assert_eq(glacis_queue_submit(rig.queue, burst, 1), 1);
	cr_assert_eq(glacis_queue_poll(rig.queue, &done, 1), 1u);
	cr_assert_eq(op.op.status, GLACIS_STATUS_OK, "%s", record_name);
	cr_assert_arr_eq(text, content, size, "%s", record_name);
	cr_assert_eq(text[size], GLACIS_CONTENT_HANDSHAKE);
	glacis_aead_session_destroy(session);
}

Test(record_vectors, server_handshake_flight_opens)
{
	uint8_t content[RECORD_MAX];
	uint32_t size = server_flight(content);

	expect_content("server_handshake_secret", "server_flight_record", content, size);
}

Test(record_vectors, server_handshake_flight_seals)
{
	struct glacis_record_stream *writer;
	struct glacis_record_keys keys;
	uint8_t content[RECORD_MAX];
	uint32_t size = server_flight(content);

	trace_keys("server_handshake_secret", &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	expect_sealed(writer, GLACIS_CONTENT_HANDSHAKE, content, size, "server_flight_record");
	glacis_record_stream_destroy(writer);
}

/* Nor does the client's reader of application data take the server's flight. */
Test(record_vectors, server_handshake_flight_is_refused)
{
	const struct glacis_record_stream_options options = { .peer_is_server = true };
	struct glacis_record_stream *reader;
	struct glacis_record_keys keys;
	static struct record record;

	trace_keys("server_handshake_secret", &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, &options);
	cr_assert_eq(open_named(reader, &record, "server_flight_record"), GLACIS_EVENT_ERROR);
	cr_assert_eq(record.event.alert, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	glacis_record_stream_destroy(reader);
}

Test(record_vectors, client_finished_opens)
{
	uint8_t message[64];
	uint32_t size = vector(TRACE, "client_finished_message", message, sizeof(message));

	expect_content("client_handshake_secret", "client_finished_record", message, size);
}

/* Handshake keys are record keys like any other. */
Test(record_vectors, client_finished_seals)
{
	struct glacis_record_stream *writer;
	struct glacis_record_keys keys;
	uint8_t message[64];
	uint32_t size = vector(TRACE, "client_finished_message", message, sizeof(message));

	trace_keys("client_handshake_secret", &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	expect_sealed(writer, GLACIS_CONTENT_HANDSHAKE, message, size, "client_finished_record");
	glacis_record_stream_destroy(writer);
}

/* A reader of application data takes no Finished: the message is authentic and still illegal. */
Test(record_vectors, client_finished_is_refused)
{
	struct glacis_record_stream *reader;
	struct glacis_record_keys keys;
	static struct record record;

	trace_keys("client_handshake_secret", &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
	cr_assert_eq(open_named(reader, &record, "client_finished_record"), GLACIS_EVENT_ERROR);
	cr_assert_eq(record.event.alert, GLACIS_ALERT_UNEXPECTED_MESSAGE);
	glacis_record_stream_destroy(reader);
}
