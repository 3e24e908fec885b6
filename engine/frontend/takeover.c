/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From OpenSSL to libglacis: secrets and exact sequence numbers of a finished handshake, by public
 * interfaces only. TLS 1.3 secrets come from the key schedule (provider_kdf.c), TLS 1.2 keys from the master
 * secret and the two randoms. Sequence numbers are counted on the wire: in TLS 1.3 every record
 * that OpenSSL writes in the call that reads the client's Finished is under application keys (session
 * tickets); in TLS 1.2 both sides count from their ChangeCipherSpec.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "handshake.h"

const char *glacisd_suite_name(uint16_t suite)
{
	switch (suite) {
	case 0x1301:
		return "TLS_AES_128_GCM_SHA256";
	case 0x1302:
		return "TLS_AES_256_GCM_SHA384";
	case 0xc02b:
		return "ECDHE-ECDSA-AES128-GCM-SHA256";
	case 0xc02c:
		return "ECDHE-ECDSA-AES256-GCM-SHA384";
	case 0xc02f:
		return "ECDHE-RSA-AES128-GCM-SHA256";
	case 0xc030:
		return "ECDHE-RSA-AES256-GCM-SHA384";
	default:
		return "unknown";
	}
}

static int keys_1_3(const struct glacisd_handshake *handshake, uint16_t suite, struct glacis_record_keys *client,
		    struct glacis_record_keys *server)
{
	int error = glacis_tls13_record_keys(suite, handshake->client_secret, handshake->secret_size, client);

	return error ? error : glacis_tls13_record_keys(suite, handshake->server_secret, handshake->secret_size, server);
}

static int keys_1_2(SSL *ssl, uint16_t suite, struct glacis_record_keys *client, struct glacis_record_keys *server)
{
	uint8_t master[GLACIS_TLS_MASTER_SECRET_SIZE];
	uint8_t client_random[GLACIS_TLS_RANDOM_SIZE], server_random[GLACIS_TLS_RANDOM_SIZE];
	int error = -EIO;

	if (SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master)) == sizeof(master) &&
	    SSL_get_client_random(ssl, client_random, sizeof(client_random)) == sizeof(client_random) &&
	    SSL_get_server_random(ssl, server_random, sizeof(server_random)) == sizeof(server_random))
		error = glacis_tls12_record_keys(suite, master, client_random, server_random, client, server);
	OPENSSL_cleanse(master, sizeof(master));
	return error;
}

uint64_t glacisd_takeover_count_written(uint16_t version, const uint8_t *output, uint32_t size)
{
	/* A resumed TLS 1.2 handshake ends with the client's Finished: ours, record 0, went out before. */
	bool counting = version == GLACIS_TLS_1_3;
	uint64_t count = 0;
	bool changed = false;

	while (size >= GLACIS_RECORD_HEADER_SIZE) {
		uint32_t record = GLACIS_RECORD_HEADER_SIZE + ((uint32_t)output[3] << 8 | output[4]);

		if (record > size)
			break;
		if (counting)
			count++;
		if (version == GLACIS_TLS_1_2 && output[0] == GLACIS_CONTENT_CHANGE_CIPHER_SPEC)
			changed = counting = true;
		output += record;
		size -= record;
	}
	return version == GLACIS_TLS_1_2 && !changed ? 1 : count;
}

static uint16_t content_limit(SSL *ssl)
{
	switch (SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl))) {
	case TLSEXT_max_fragment_length_512:
		return 512;
	case TLSEXT_max_fragment_length_1024:
		return 1024;
	case TLSEXT_max_fragment_length_2048:
		return 2048;
	case TLSEXT_max_fragment_length_4096:
		return 4096;
	default:
		return GLACIS_RECORD_CONTENT_MAX;
	}
}

int glacisd_takeover(struct glacisd_connection *connection, const uint8_t *output, uint32_t output_size)
{
	struct glacisd_handshake *handshake = connection->handshake;
	struct glacis_engine *engine = connection->worker->engine;
	struct glacis_record_stream_options options = { 0 };
	struct glacis_record_keys client, server;
	SSL *ssl = handshake->ssl;
	int error;

	connection->version = (uint16_t)SSL_version(ssl);
	connection->suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl));
	connection->content_limit = content_limit(ssl);
	if (connection->version == GLACIS_TLS_1_3)
		error = keys_1_3(handshake, connection->suite, &client, &server);
	else
		error = keys_1_2(ssl, connection->suite, &client, &server);
	if (error)
		goto out;
	options.content_limit = connection->content_limit;
	options.first_sequence = connection->version == GLACIS_TLS_1_3 ? 0 : handshake->client_records;
	error = glacis_record_stream_create(engine, GLACIS_OPEN, &client, &options, &connection->reader);
	if (error)
		goto out;
	options.soft_limit = connection->worker->rekey_records;
	options.first_sequence = glacisd_takeover_count_written(connection->version, output, output_size);
	error = glacis_record_stream_create(engine, GLACIS_SEAL, &server, &options, &connection->writer);
out:
	glacis_record_keys_wipe(&client);
	glacis_record_keys_wipe(&server);
	return error;
}
