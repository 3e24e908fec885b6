/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load, and what all its connections share: the client's SSL_CTX and the request. Certificates are verified,
 * session resumption is never used.
 */
#ifndef BENCH_TLS_EXCHANGE_H
#define BENCH_TLS_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#define TLS_READ_SIZE 65536u

/* What to send. */
struct tls_load {
	const char *suite;     /* TLS 1.3 suite or, when `tls_1_2`, TLS 1.2 cipher, in OpenSSL's spelling */
	const char *authority; /* PEM file that signed the proxy's certificate */
	unsigned connections;  /* at once */
	uint64_t body;         /* bytes of each answer */
	uint16_t port;
	bool tls_1_2;
	bool close_each; /* a new connection, with its handshake, for each request */
};

struct tls_exchange {
	SSL_CTX *context;
	char request[128];
	int request_size;
	uint64_t body;
	uint16_t port;
	uint8_t buffer[TLS_READ_SIZE];
	char error[256]; /* what went wrong, for the message */
};

/* Returns 0, or -EINVAL after a message. */
int tls_exchange_open(const struct tls_load *load, struct tls_exchange *exchange);
void tls_exchange_close(struct tls_exchange *exchange);

/* Tells on standard error what went wrong with the client, unless it was interrupted. Returns `status`. */
int tls_exchange_explain(const struct tls_exchange *exchange, int status);

#endif
