/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What glacisd takes over from OpenSSL beside the keys themselves: the count of records already
 * written under them, and the traffic secrets in OpenSSL's key log lines (the format that
 * SSLKEYLOGFILE has: label, client random, secret).
 */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <string.h>

#include "handshake.h"

#define RECORD(type, ...) type, 3, 3, 0, sizeof((const uint8_t[]){ __VA_ARGS__ }), __VA_ARGS__
#define COUNT(version, ...)                                                                                            \
	glacisd_takeover_count_written(version, (const uint8_t[]){ __VA_ARGS__ },                                      \
				       sizeof((const uint8_t[]){ __VA_ARGS__ }))

Test(takeover, counts_the_tickets_of_tls_1_3)
{
	cr_assert_eq(glacisd_takeover_count_written(GLACIS_TLS_1_3, NULL, 0), 0);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1, 2, 3)), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1, 2, 3), RECORD(23, 4)), 2);
}

Test(takeover, counts_in_tls_1_2_from_behind_the_change_cipher_spec)
{
	/* NewSessionTicket in the clear, ChangeCipherSpec, Finished */
	cr_assert_eq(COUNT(GLACIS_TLS_1_2, RECORD(22, 4, 0, 0), RECORD(20, 1), RECORD(22, 9, 9, 9)), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_2, RECORD(20, 1), RECORD(22, 9), RECORD(22, 9)), 2);
}

/* Our Finished, record 0, went out before the client's, and nothing follows it. */
Test(takeover, counts_one_for_a_resumed_tls_1_2_handshake)
{
	cr_assert_eq(glacisd_takeover_count_written(GLACIS_TLS_1_2, NULL, 0), 1);
}

Test(takeover, stops_counting_at_an_incomplete_record)
{
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1), 23, 3, 3, 0), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1), 23, 3, 3, 0, 2, 7), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1), 23, 3, 3, 1, 0, 7), 1);
}

/* ---- key log lines ---- */

static SSL_CTX *context;
static SSL *ssl;
static struct glacisd_handshake handshake;

static void open_ssl(void)
{
	context = SSL_CTX_new(TLS_server_method());
	ssl = SSL_new(context);
	memset(&handshake, 0, sizeof(handshake));
	SSL_set_app_data(ssl, &handshake);
}

static void close_ssl(void)
{
	SSL_free(ssl);
	SSL_CTX_free(context);
}

TestSuite(keylog, .init = open_ssl, .fini = close_ssl);

#define RANDOM	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_32 "ff0102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1eAa"
#define SECRET_48 SECRET_32 "202122232425262728292a2b2c2d2e2f"

Test(keylog, keeps_both_application_secrets)
{
	glacisd_takeover_keylog(ssl, "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " SECRET_32);
	glacisd_takeover_keylog(ssl, "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET_48);
	cr_assert_eq(handshake.client_secret[0], 0xff);
	cr_assert_eq(handshake.client_secret[10], 0x0a);
	cr_assert_eq(handshake.client_secret[31], 0xaa);
	cr_assert_eq(handshake.server_secret[32], 0x20);
	cr_assert_eq(handshake.server_secret[47], 0x2f);
	cr_assert_eq(handshake.secret_size, 48);
}

Test(keylog, ignores_every_other_secret)
{
	glacisd_takeover_keylog(ssl, "CLIENT_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " SECRET_32);
	glacisd_takeover_keylog(ssl, "SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " SECRET_32);
	glacisd_takeover_keylog(ssl, "EXPORTER_SECRET " RANDOM " " SECRET_32);
	glacisd_takeover_keylog(ssl, "CLIENT_RANDOM " RANDOM " " SECRET_48);
	cr_assert_eq(handshake.secret_size, 0);
}

Test(keylog, takes_no_secret_from_a_malformed_line)
{
	glacisd_takeover_keylog(ssl, "CLIENT_TRAFFIC_SECRET_0 " RANDOM " xx" SECRET_32);
	cr_assert_eq(handshake.secret_size, 0);
	glacisd_takeover_keylog(ssl, "CLIENT_TRAFFIC_SECRET_0 " RANDOM " ");
	cr_assert_eq(handshake.secret_size, 0);
}

Test(keylog, never_writes_past_the_longest_secret)
{
	handshake.server_secret[0] = 0x5a;
	glacisd_takeover_keylog(ssl, "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " SECRET_48 SECRET_48);
	cr_assert_eq(handshake.secret_size, 48);
	cr_assert_eq(handshake.server_secret[0], 0x5a);
}
