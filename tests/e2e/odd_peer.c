/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hand-made TLS client of odd_client.c: handshake by OpenSSL, then record protection by EVP.
 * Sources: RFC 8446 sections 5.2, 5.3, 7.1-7.3; RFC 5246 section 6.3; RFC 5288 section 3.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>

#include "odd_peer.h"

#define TAG_SIZE          16u
#define RECEIVE_TIMEOUT_S 10

void odd_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "odd_client: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(1);
}

static const char *digest_name(const struct odd_peer *peer)
{
	return peer->hash_size == 48 ? "SHA384" : "SHA256";
}

static void derive(const char *kdf_name, const OSSL_PARAM *parameters, uint8_t *output, size_t size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;

	if (!context || EVP_KDF_derive(context, output, size, parameters) != 1)
		odd_fail("%s failed", kdf_name);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

static OSSL_PARAM octets(const char *name, uint8_t *bytes, size_t size)
{
	return OSSL_PARAM_construct_octet_string(name, bytes, size);
}

static OSSL_PARAM digest_parameter(const struct odd_peer *peer)
{
	static char names[2][7] = { "SHA256", "SHA384" };

	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, names[peer->hash_size == 48], 0);
}

/* HKDF-Expand-Label with an empty context. */
static void expand_label(const struct odd_peer *peer, uint8_t *secret, const char *label, uint8_t *output, size_t size)
{
	uint8_t info[64];
	size_t label_size = strlen(label);
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

	info[0] = (uint8_t)(size >> 8);
	info[1] = (uint8_t)size;
	info[2] = (uint8_t)(6 + label_size);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, label_size);
	info[9 + label_size] = 0;

	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		digest_parameter(peer),
		octets(OSSL_KDF_PARAM_KEY, secret, peer->hash_size),
		octets(OSSL_KDF_PARAM_INFO, info, 10 + label_size),
		OSSL_PARAM_construct_end(),
	};
	derive("HKDF", parameters, output, size);
}

static void direction_start(const struct odd_peer *peer, struct odd_direction *direction)
{
	expand_label(peer, direction->secret, "key", direction->key, peer->key_size);
	expand_label(peer, direction->secret, "iv", direction->iv, sizeof(direction->iv));
	direction->sequence = 0;
}

void odd_next_keys(struct odd_peer *peer, struct odd_direction *direction)
{
	uint8_t next[48];

	expand_label(peer, direction->secret, "traffic upd", next, peer->hash_size);
	memcpy(direction->secret, next, peer->hash_size);
	direction_start(peer, direction);
}

static void hex_read(const char *text, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned int value;

		if (sscanf(text + 2 * i, "%2x", &value) != 1)
			odd_fail("a key log line is too short");
		bytes[i] = (uint8_t)value;
	}
}

/* Key log lines are "LABEL client_random secret", in hex. */
static void key_log(const SSL *ssl, const char *line)
{
	struct odd_peer *peer = SSL_get_app_data(ssl);
	const char *secret = strrchr(line, ' ');

	if (!secret)
		return;
	if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
		hex_read(secret + 1, peer->out.secret, strlen(secret + 1) / 2);
	if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0)
		hex_read(secret + 1, peer->in.secret, strlen(secret + 1) / 2);
}

/* TLS 1.2: key block = client key, server key, client salt, server salt; one record (Finished) is behind us. */
static void key_block_take(struct odd_peer *peer, SSL *ssl)
{
	uint8_t master[48], seed[13 + 64], block[2 * 32 + 2 * 4];
	size_t size = 2 * peer->key_size + 8;

	memcpy(seed, "key expansion", 13);
	SSL_get_server_random(ssl, seed + 13, 32);
	SSL_get_client_random(ssl, seed + 45, 32);
	if (SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master)) != sizeof(master))
		odd_fail("OpenSSL gives no master secret");

	OSSL_PARAM parameters[] = {
		digest_parameter(peer),
		octets(OSSL_KDF_PARAM_SECRET, master, sizeof(master)),
		octets(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};
	derive("TLS1-PRF", parameters, block, size);
	memcpy(peer->out.key, block, peer->key_size);
	memcpy(peer->in.key, block + peer->key_size, peer->key_size);
	memcpy(peer->out.iv, block + 2 * peer->key_size, 4);
	memcpy(peer->in.iv, block + 2 * peer->key_size + 4, 4);
	peer->out.sequence = peer->in.sequence = 1;
}

static int tcp_connect(uint16_t port)
{
	const struct sockaddr_in server = { .sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval timeout = { .tv_sec = RECEIVE_TIMEOUT_S };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&server, sizeof(server)) != 0)
		odd_fail("cannot connect to 127.0.0.1:%u: %s", port, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void odd_connect(struct odd_peer *peer, uint16_t port, bool tls13, bool aes256)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int version = tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
	SSL *ssl;

	*peer = (struct odd_peer){
		.fd = tcp_connect(port), .tls13 = tls13, .key_size = aes256 ? 32 : 16, .hash_size = aes256 ? 48 : 32
	};
	if (!context || SSL_CTX_set_min_proto_version(context, version) != 1 ||
	    SSL_CTX_set_max_proto_version(context, version) != 1 ||
	    SSL_CTX_set_ciphersuites(context, aes256 ? "TLS_AES_256_GCM_SHA384" : "TLS_AES_128_GCM_SHA256") != 1 ||
	    SSL_CTX_set_cipher_list(context, aes256 ? "ECDHE+AES256+AESGCM" : "ECDHE+AES128+AESGCM") != 1)
		odd_fail("OpenSSL refuses the options");
	SSL_CTX_set_keylog_callback(context, key_log);
	ssl = SSL_new(context);
	if (!ssl || SSL_set_fd(ssl, peer->fd) != 1 || SSL_set_app_data(ssl, peer) != 1)
		odd_fail("OpenSSL is out of memory");
	if (SSL_connect(ssl) != 1)
		odd_fail("the handshake failed");
	if (tls13) {
		direction_start(peer, &peer->out);
		direction_start(peer, &peer->in);
	} else {
		key_block_take(peer, ssl);
	}
	SSL_set_quiet_shutdown(ssl, 1);
	SSL_free(ssl);
	SSL_CTX_free(context);
}

/* AES-GCM of one record, both ways. `tag` is written when sealing and checked when opening. */
static bool gcm(const struct odd_peer *peer, bool seal, const struct odd_direction *direction, const uint8_t nonce[12],
		const uint8_t *aad, size_t aad_size, uint8_t *text, size_t size, uint8_t *tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *cipher = peer->key_size == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
	int done = 0;
	bool ok;

	ok = context && EVP_CipherInit_ex(context, cipher, NULL, direction->key, nonce, seal) == 1 &&
	     EVP_CipherUpdate(context, NULL, &done, aad, (int)aad_size) == 1 &&
	     (size == 0 || EVP_CipherUpdate(context, text, &done, text, (int)size) == 1);
	if (ok && !seal)
		ok = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1;
	ok = ok && EVP_CipherFinal_ex(context, text + size, &done) == 1;
	if (ok && seal)
		ok = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(context);
	return ok;
}

static void be64(uint8_t *bytes, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* TLS 1.3: iv XOR sequence. TLS 1.2: salt, then the explicit nonce. */
static void nonce_make(const struct odd_peer *peer, const struct odd_direction *direction,
		       const uint8_t *explicit_nonce, uint8_t nonce[12])
{
	uint8_t sequence[8];

	memcpy(nonce, direction->iv, 12);
	if (!peer->tls13) {
		memcpy(nonce + 4, explicit_nonce, 8);
		return;
	}
	be64(sequence, direction->sequence);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] ^= sequence[i];
}

/* TLS 1.2: sequence, type, version, length of the content. TLS 1.3: the record's header. */
static size_t aad_make(const struct odd_peer *peer, const struct odd_direction *direction, const uint8_t *header,
		       size_t size, uint8_t aad[13])
{
	if (peer->tls13) {
		memcpy(aad, header, 5);
		return 5;
	}
	be64(aad, direction->sequence);
	memcpy(aad + 8, header, 3);
	aad[11] = (uint8_t)(size >> 8);
	aad[12] = (uint8_t)size;
	return 13;
}

size_t odd_seal(struct odd_peer *peer, uint8_t type, const void *content, size_t size, size_t padding, uint8_t *record)
{
	uint8_t *text = record + (peer->tls13 ? 5 : 13);
	size_t text_size = size, body, aad_size;
	uint8_t nonce[12], aad[13];

	memcpy(text, content, size);
	if (peer->tls13) {
		text[size] = type;
		memset(text + size + 1, 0, padding);
		text_size += 1 + padding;
	} else {
		/* any value that never repeats is legal (RFC 5288): not the sequence number, to see that */
		be64(record + 5, peer->out.sequence ^ 0xa5a5a5a5a5a5a5a5u);
	}
	body = text_size + TAG_SIZE + (peer->tls13 ? 0 : 8);
	record[0] = peer->tls13 ? ODD_DATA : type;
	record[1] = record[2] = 3;
	record[3] = (uint8_t)(body >> 8);
	record[4] = (uint8_t)body;
	nonce_make(peer, &peer->out, record + 5, nonce);
	aad_size = aad_make(peer, &peer->out, record, text_size, aad);
	if (!gcm(peer, true, &peer->out, nonce, aad, aad_size, text, text_size, text + text_size))
		odd_fail("sealing failed");
	peer->out.sequence++;
	return 5 + body;
}

void odd_send_raw(struct odd_peer *peer, const void *bytes, size_t size)
{
	const uint8_t *next = bytes;

	while (size) {
		ssize_t sent = send(peer->fd, next, size, MSG_NOSIGNAL);

		if (sent < 0)
			return; /* the server has closed: what it said can still be read */
		next += sent;
		size -= (size_t)sent;
	}
}

void odd_send(struct odd_peer *peer, uint8_t type, const void *content, size_t size)
{
	uint8_t record[ODD_RECORD_MAX];

	odd_send_raw(peer, record, odd_seal(peer, type, content, size, 0, record));
}

/* False at the end of input or a reset before the first byte. */
static bool receive_exactly(struct odd_peer *peer, uint8_t *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = recv(peer->fd, bytes + done, size - done, 0);

		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			odd_fail("nothing came for %d s", RECEIVE_TIMEOUT_S);
		if (got <= 0 && done == 0)
			return false;
		if (got <= 0)
			odd_fail("the input ends within a record");
		done += (size_t)got;
	}
	return true;
}

bool odd_receive(struct odd_peer *peer, struct odd_record *record)
{
	uint8_t header[5], body[ODD_RECORD_MAX], nonce[12], aad[13];
	size_t size, prefix = peer->tls13 ? 0 : 8, aad_size;

	if (!receive_exactly(peer, header, sizeof(header)))
		return false;
	size = (size_t)header[3] << 8 | header[4];
	if (size > sizeof(body) || size < prefix + TAG_SIZE + (peer->tls13 ? 1 : 0))
		odd_fail("a record of %zu bytes came", size);
	if (!receive_exactly(peer, body, size))
		odd_fail("the input ends behind a record header");
	size -= prefix + TAG_SIZE;
	nonce_make(peer, &peer->in, body, nonce);
	aad_size = aad_make(peer, &peer->in, header, size, aad);
	if (!gcm(peer, false, &peer->in, nonce, aad, aad_size, body + prefix, size, body + prefix + size))
		odd_fail("record %llu of the server does not open (%s)", (unsigned long long)peer->in.sequence,
			 digest_name(peer));
	peer->in.sequence++;
	record->type = header[0];
	if (peer->tls13) {
		while (size && body[size - 1] == 0)
			size--;
		if (size == 0)
			odd_fail("a record without a content type came");
		record->type = body[--size];
	}
	memcpy(record->content, body + prefix, size);
	record->size = size;
	return true;
}
