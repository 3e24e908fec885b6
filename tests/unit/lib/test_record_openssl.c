/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real connections: OpenSSL shakes hands with itself over memory BIOs, then one side is taken over
 * by our streams, from exported secrets and record counts alone, and talks to the other: data both
 * ways, session tickets, KeyUpdate both ways, renegotiation, close_notify.
 */
#include <string.h>

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "record_support.h"

#define BULK_SIZE 100000u

static struct rig rig;
static struct record record;

static void set_up(void)
{
	rig_open(&rig, 64);
}

static void tear_down(void)
{
	rig_close(&rig);
}

TestSuite(record_openssl, .init = set_up, .fini = tear_down, .timeout = 120);

/* A connection, one of whose ends is ours. */
struct connection {
	SSL_CTX *context;
	SSL *client;
	SSL *server;
	SSL *theirs; /* the end that stays OpenSSL's */
	struct glacis_record_stream *reader;
	struct glacis_record_stream *writer;
	struct glacis_record_keys client_keys;
	struct glacis_record_keys server_keys;
	uint8_t client_secret[48];
	uint8_t server_secret[48];
	unsigned tickets;
};

static void parse_secret(const char *hex, uint8_t *secret)
{
	for (size_t i = 0; i < 48 && hex[2 * i] != '\0'; i++) {
		unsigned value;

		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &value), 1);
		secret[i] = (uint8_t)value;
	}
}

static void on_key_log(const SSL *ssl, const char *line)
{
	struct connection *connection = SSL_get_app_data(ssl);
	char secret[200];

	if (sscanf(line, "CLIENT_TRAFFIC_SECRET_0 %*s %199s", secret) == 1)
		parse_secret(secret, connection->client_secret);
	if (sscanf(line, "SERVER_TRAFFIC_SECRET_0 %*s %199s", secret) == 1)
		parse_secret(secret, connection->server_secret);
}

static void use_certificate(SSL_CTX *context)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	cr_assert(key != NULL && certificate != NULL);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	cr_assert_gt(X509_sign(certificate, key, EVP_sha256()), 0);
	cr_assert_eq(SSL_CTX_use_certificate(context, certificate), 1);
	cr_assert_eq(SSL_CTX_use_PrivateKey(context, key), 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static SSL *make_ssl(struct connection *connection)
{
	SSL *ssl = SSL_new(connection->context);

	cr_assert_not_null(ssl);
	SSL_set_app_data(ssl, connection);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	return ssl;
}

static void move(SSL *from, SSL *to)
{
	uint8_t bytes[4096];
	int size;

	while ((size = BIO_read(SSL_get_wbio(from), bytes, sizeof(bytes))) > 0)
		cr_assert_eq(BIO_write(SSL_get_rbio(to), bytes, size), size);
}

static void shake_hands(struct connection *connection)
{
	for (unsigned i = 0;
	     i < 10 && !(SSL_is_init_finished(connection->client) && SSL_is_init_finished(connection->server)); i++) {
		SSL_do_handshake(connection->client);
		move(connection->client, connection->server);
		SSL_do_handshake(connection->server);
		if (!SSL_is_init_finished(connection->client))
			move(connection->server, connection->client);
	}
	cr_assert(SSL_is_init_finished(connection->client));
	cr_assert(SSL_is_init_finished(connection->server));
}

static void export_keys(struct connection *connection, uint16_t suite)
{
	size_t secret_size = suite == 0x1302 ? 48 : 32;
	uint8_t master[48], client_random[32], server_random[32];

	cr_assert_eq(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(connection->client)), suite);
	if (suite == 0x1301 || suite == 0x1302) {
		cr_assert_eq(glacis_tls13_record_keys(suite, connection->client_secret, secret_size,
						      &connection->client_keys),
			     0);
		cr_assert_eq(glacis_tls13_record_keys(suite, connection->server_secret, secret_size,
						      &connection->server_keys),
			     0);
		return;
	}
	cr_assert_eq(SSL_SESSION_get_master_key(SSL_get_session(connection->client), master, sizeof(master)), 48);
	cr_assert_eq(SSL_get_client_random(connection->client, client_random, 32), 32);
	cr_assert_eq(SSL_get_server_random(connection->client, server_random, 32), 32);
	cr_assert_eq(glacis_tls12_record_keys(suite, master, client_random, server_random, &connection->client_keys,
					      &connection->server_keys),
		     0);
}

/* Whole records in the bytes that `from` has written, without taking them. */
static unsigned count_records(SSL *from)
{
	uint8_t *bytes;
	long size = BIO_get_mem_data(SSL_get_wbio(from), &bytes);
	unsigned count = 0;

	while (size >= 5) {
		long whole = 5 + (bytes[3] << 8 | bytes[4]);

		cr_assert_leq(whole, size);
		bytes += whole;
		size -= whole;
		count++;
	}
	cr_assert_eq(size, 0);
	return count;
}

/* TLS 1.2 has one record behind it in each direction, Finished; TLS 1.3 has the server's tickets. */
static void take_over(struct connection *connection, bool our_end_is_server, bool tls13)
{
	struct glacis_record_stream_options reading = { .first_sequence = tls13 ? 0 : 1,
							.peer_is_server = !our_end_is_server };
	struct glacis_record_stream_options writing = { .first_sequence = tls13 ? 0 : 1 };

	connection->tickets = count_records(connection->server);
	if (our_end_is_server) {
		/* What the server had sealed before it was taken over still goes out. */
		writing.first_sequence += connection->tickets;
		move(connection->server, connection->client);
		connection->theirs = connection->client;
		connection->reader = make_stream(&rig, GLACIS_OPEN, &connection->client_keys, &reading);
		connection->writer = make_stream(&rig, GLACIS_SEAL, &connection->server_keys, &writing);
	} else {
		connection->theirs = connection->server;
		connection->reader = make_stream(&rig, GLACIS_OPEN, &connection->server_keys, &reading);
		connection->writer = make_stream(&rig, GLACIS_SEAL, &connection->client_keys, &writing);
	}
}

static void connect_ends(struct connection *connection, uint16_t suite, bool our_end_is_server)
{
	bool tls13 = suite == 0x1301 || suite == 0x1302;
	int version = tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;

	memset(connection, 0, sizeof(*connection));
	connection->context = SSL_CTX_new(TLS_method());
	cr_assert_not_null(connection->context);
	use_certificate(connection->context);
	SSL_CTX_set_min_proto_version(connection->context, version);
	SSL_CTX_set_max_proto_version(connection->context, version);
	SSL_CTX_set_keylog_callback(connection->context, on_key_log);
	if (tls13)
		cr_assert_eq(SSL_CTX_set_ciphersuites(connection->context, suite == 0x1301 ? "TLS_AES_128_GCM_SHA256"
											   : "TLS_AES_256_GCM_SHA384"),
			     1);
	else
		cr_assert_eq(SSL_CTX_set_cipher_list(connection->context, suite == 0xc02b
										  ? "ECDHE-ECDSA-AES128-GCM-SHA256"
										  : "ECDHE-ECDSA-AES256-GCM-SHA384"),
			     1);
	connection->client = make_ssl(connection);
	connection->server = make_ssl(connection);
	SSL_set_connect_state(connection->client);
	SSL_set_accept_state(connection->server);
	shake_hands(connection);
	export_keys(connection, suite);
	take_over(connection, our_end_is_server, tls13);
}

static void disconnect(struct connection *connection)
{
	glacis_record_stream_destroy(connection->reader);
	glacis_record_stream_destroy(connection->writer);
	/* Freed without a shutdown: not an error of either side here. */
	SSL_free(connection->client);
	SSL_free(connection->server);
	SSL_CTX_free(connection->context);
}

/* The next record of theirs, opened; false when there is none. */
static bool receive(struct connection *connection)
{
	static uint8_t wire[RECORD_BUFFER_SIZE];
	BIO *bio = SSL_get_wbio(connection->theirs);
	enum glacis_alert alert;
	uint32_t size;

	if (BIO_read(bio, wire, 5) != 5)
		return false;
	cr_assert_eq(glacis_record_peek(connection->reader, wire, 5, &size, &alert), 1);
	cr_assert_eq(BIO_read(bio, wire + 5, (int)size - 5), (int)size - 5);
	open_record(&rig, &record, connection->reader, wire, size);
	return true;
}

static void transmit(struct connection *connection, uint8_t type, const void *content, uint32_t size, uint16_t padding)
{
	cr_assert_eq(seal(&rig, &record, connection->writer, type, content, size, padding), GLACIS_STATUS_OK);
	cr_assert_eq(BIO_write(SSL_get_rbio(connection->theirs), record.buffer, (int)record.op.record_size),
		     (int)record.op.record_size);
}

static void expect_their_data(struct connection *connection, const uint8_t *content, size_t size)
{
	size_t received = 0;

	while (received < size) {
		cr_assert(receive(connection));
		cr_assert_eq(record.event.kind, GLACIS_EVENT_DATA, "event %d", record.event.kind);
		cr_assert_leq(record.event.content_size, size - received);
		cr_assert_arr_eq(record.event.content, content + received, record.event.content_size);
		received += record.event.content_size;
	}
}

static void expect_our_data(struct connection *connection, const uint8_t *content, size_t size)
{
	static uint8_t output[BULK_SIZE];
	size_t received = 0;

	while (received < size) {
		int part = SSL_read(connection->theirs, output + received, (int)(size - received));

		cr_assert_gt(part, 0, "SSL_read: error %d", SSL_get_error(connection->theirs, part));
		received += (size_t)part;
	}
	cr_assert_arr_eq(output, content, size);
}

static void skip_tickets(struct connection *connection)
{
	if (connection->theirs != connection->server)
		return;
	for (unsigned i = 0; i < connection->tickets; i++) {
		cr_assert(receive(connection));
		cr_assert_eq(record.event.kind, GLACIS_EVENT_IGNORED);
	}
}

static void exchange_data(struct connection *connection)
{
	static uint8_t content[BULK_SIZE];
	bool tls13 = SSL_version(connection->theirs) == TLS1_3_VERSION;

	fill(content, sizeof(content), 6);
	cr_assert_eq(SSL_write(connection->theirs, content, sizeof(content)), (int)sizeof(content));
	expect_their_data(connection, content, sizeof(content));
	for (uint32_t done = 0, size; done < sizeof(content); done += size) {
		uint16_t padding = tls13 ? (uint16_t)(done % 1000) : 0;

		size = sizeof(content) - done < 15000 ? sizeof(content) - done : 15000;
		transmit(connection, 23, content + done, size, padding);
	}
	expect_our_data(connection, content, sizeof(content));
}

static void close_both(struct connection *connection)
{
	static const uint8_t close_notify[] = { GLACIS_ALERT_WARNING, GLACIS_ALERT_CLOSE_NOTIFY };
	char byte;

	cr_assert_eq(SSL_shutdown(connection->theirs), 0);
	cr_assert(receive(connection));
	cr_assert_eq(record.event.kind, GLACIS_EVENT_CLOSE);
	cr_assert_not(receive(connection));
	transmit(connection, 21, close_notify, 2, 0);
	cr_assert_leq(SSL_read(connection->theirs, &byte, 1), 0);
	cr_assert_eq(SSL_get_shutdown(connection->theirs), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

static void talk(uint16_t suite, bool our_end_is_server)
{
	struct connection connection;

	connect_ends(&connection, suite, our_end_is_server);
	skip_tickets(&connection);
	for (unsigned i = 0; i < 3; i++)
		exchange_data(&connection);
	close_both(&connection);
	disconnect(&connection);
}

Test(record_openssl, tls13_aes128_as_server)
{
	talk(0x1301, true);
}

Test(record_openssl, tls13_aes128_as_client)
{
	talk(0x1301, false);
}

Test(record_openssl, tls13_aes256_as_server)
{
	talk(0x1302, true);
}

Test(record_openssl, tls13_aes256_as_client)
{
	talk(0x1302, false);
}

Test(record_openssl, tls12_aes128_as_server)
{
	talk(0xc02b, true);
}

Test(record_openssl, tls12_aes128_as_client)
{
	talk(0xc02b, false);
}

Test(record_openssl, tls12_aes256_as_server)
{
	talk(0xc02c, true);
}

Test(record_openssl, tls12_aes256_as_client)
{
	talk(0xc02c, false);
}

/* OpenSSL's server sends two tickets, and a reader that took none of them would fail. */
Test(record_openssl, tickets_are_records)
{
	struct connection connection;

	connect_ends(&connection, 0x1301, false);
	cr_expect_eq(connection.tickets, 2);
	skip_tickets(&connection);
	cr_expect_eq(glacis_record_sequence(connection.reader), 2);
	disconnect(&connection);
}

/* Theirs, asking for ours; and ours, asking for theirs; three times over. */
static void update_both_ways(uint16_t suite, bool our_end_is_server)
{
	uint8_t message[GLACIS_KEY_UPDATE_MESSAGE_SIZE];
	struct connection connection;

	connect_ends(&connection, suite, our_end_is_server);
	skip_tickets(&connection);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(SSL_key_update(connection.theirs, SSL_KEY_UPDATE_REQUESTED), 1);
		cr_assert_eq(SSL_write(connection.theirs, "theirs", 6), 6);
		cr_assert(receive(&connection));
		cr_assert_eq(record.event.kind, GLACIS_EVENT_KEY_UPDATE);
		cr_assert(record.event.reply_requested);
		expect_their_data(&connection, (const uint8_t *)"theirs", 6);
		glacis_record_key_update_message(message, false);
		transmit(&connection, 22, message, sizeof(message), 0);
		cr_assert_eq(glacis_record_writer_update(connection.writer), 0);
		transmit(&connection, 23, "ours", 4, 0);
		expect_our_data(&connection, (const uint8_t *)"ours", 4);
		cr_assert_not(receive(&connection));

		glacis_record_key_update_message(message, true);
		transmit(&connection, 22, message, sizeof(message), 0);
		cr_assert_eq(glacis_record_writer_update(connection.writer), 0);
		transmit(&connection, 23, "again", 5, 0);
		expect_our_data(&connection, (const uint8_t *)"again", 5);
		cr_assert_eq(SSL_write(connection.theirs, "answer", 6), 6);
		cr_assert(receive(&connection));
		cr_assert_eq(record.event.kind, GLACIS_EVENT_KEY_UPDATE);
		cr_assert_not(record.event.reply_requested);
		expect_their_data(&connection, (const uint8_t *)"answer", 6);
		exchange_data(&connection);
	}
	close_both(&connection);
	disconnect(&connection);
}

Test(record_openssl, key_updates_as_server)
{
	update_both_ways(0x1301, true);
	update_both_ways(0x1302, true);
}

Test(record_openssl, key_updates_as_client)
{
	update_both_ways(0x1301, false);
	update_both_ways(0x1302, false);
}

static void renegotiate(bool our_end_is_server)
{
	static const uint8_t no_renegotiation[] = { GLACIS_ALERT_WARNING, GLACIS_ALERT_NO_RENEGOTIATION };
	struct connection connection;

	connect_ends(&connection, 0xc02c, our_end_is_server);
	cr_assert_eq(SSL_renegotiate(connection.theirs), 1);
	SSL_do_handshake(connection.theirs);
	cr_assert(receive(&connection));
	cr_assert_eq(record.event.kind, GLACIS_EVENT_RENEGOTIATION);
	transmit(&connection, 21, no_renegotiation, 2, 0);
	disconnect(&connection);
}

Test(record_openssl, a_client_renegotiates)
{
	renegotiate(true);
}

Test(record_openssl, a_server_asks_for_renegotiation)
{
	renegotiate(false);
}

/* OpenSSL finds a tampered record and tells; we understand its alert. */
Test(record_openssl, their_alert_is_understood)
{
	static const uint16_t suites[] = { 0x1301, 0xc02b };

	for (size_t i = 0; i < 2; i++) {
		struct connection connection;
		char byte;

		connect_ends(&connection, suites[i], true);
		cr_assert_eq(seal(&rig, &record, connection.writer, 23, "data", 4, 0), GLACIS_STATUS_OK);
		record.buffer[record.op.record_size - 1] ^= 1;
		BIO_write(SSL_get_rbio(connection.theirs), record.buffer, (int)record.op.record_size);
		cr_assert_leq(SSL_read(connection.theirs, &byte, 1), 0);
		cr_assert(receive(&connection));
		cr_assert_eq(record.event.kind, GLACIS_EVENT_FATAL_ALERT);
		cr_assert_eq(record.event.alert, GLACIS_ALERT_BAD_RECORD_MAC);
		disconnect(&connection);
	}
}
