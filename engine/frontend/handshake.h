/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS handshake of one connection: OpenSSL over memory BIOs, fed one whole record at a time, so
 * that the record that finishes it is known and what follows stays outside OpenSSL.
 */
#ifndef GLACISD_HANDSHAKE_H
#define GLACISD_HANDSHAKE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include <glacis/record.h>
#include <glacis/rsa.h>
#include <glacis/x25519.h>

#include "connection.h"

#define GLACISD_HANDSHAKE_RECORD_MAX (5u + 16384u + 2048u)

struct glacisd_handshake {
	SSL *ssl;
	uint8_t *input; /* an incomplete record; NULL until one comes in pieces */
	uint32_t input_size;
	bool raw; /* not TLS records: OpenSSL gets the bytes as they come and finds the alert */
	uint8_t *output; /* flight on its way to the client */
	uint32_t output_size, output_sent;
	uint32_t client_records; /* TLS 1.2: records after the client's ChangeCipherSpec */
	bool client_changed_cipher;
	/* What its paused async job waits for, on the job's stack; NULL: nothing. */
	struct glacis_rsa_op *operation; /* a signature */
	struct glacis_x25519_op *exchange; /* a shared secret */
	bool computing; /* one of them is under way: the object must stay */
	bool asked;	/* for its signature: only once */
	bool stalled;  /* has its input but no async job yet */
	bool finished; /* TLS is up; the object stays until its output is out */
	bool failed;   /* the output is an alert; then close */
	uint8_t secret_size; /* TLS 1.3 application traffic secrets, from the key schedule (provider_kdf.c) */
	uint8_t client_secret[GLACIS_TLS_SECRET_SIZE_MAX];
	uint8_t server_secret[GLACIS_TLS_SECRET_SIZE_MAX];
};

int glacisd_handshake_create(struct glacisd_connection *connection);
void glacisd_handshake_destroy(struct glacisd_connection *connection);
/* Consumes the client's chunks and blocks as far as the handshake goes. */
void glacisd_handshake_advance(struct glacisd_connection *connection);
/* The RSA operation it waited for is done. */
void glacisd_handshake_signed(struct glacisd_connection *connection);
/* So is the shared secret. */
void glacisd_handshake_exchanged(struct glacisd_connection *connection);
void glacisd_handshake_sent(struct glacisd_connection *connection, int result);

/* takeover.c: from a finished SSL object to the connection's reader and writer. `output`: what OpenSSL wrote
 * in the call that finished the handshake. Returns 0 or a negative errno. */
int glacisd_takeover(struct glacisd_connection *connection, const uint8_t *output, uint32_t output_size);
/* Records in `output` under the keys that the connection will use from now on. */
uint64_t glacisd_takeover_count_written(uint16_t version, const uint8_t *output, uint32_t size);
/* "TLS_AES_128_GCM_SHA256" and the like, for a suite this service negotiates. */
const char *glacisd_suite_name(uint16_t suite);

#endif
