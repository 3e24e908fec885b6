/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the load: handshake, request, answer, and again or close. Driven by
 * tls_client.c whenever the socket is ready; never blocks.
 */
#ifndef BENCH_TLS_CONNECTION_H
#define BENCH_TLS_CONNECTION_H

#include <stdint.h>

#include "tls_exchange.h"

#define TLS_ANSWER_HEAD_MAX 1024u

enum tls_connection_state {
	TLS_CONNECTION_NONE = 0, /* no socket */
	TLS_CONNECTION_HANDSHAKE,
	TLS_CONNECTION_IDLE, /* open, nothing asked for */
	TLS_CONNECTION_SENDING,
	TLS_CONNECTION_RECEIVING,
	TLS_CONNECTION_ENDING, /* answered; waits for the proxy's close */
};

struct tls_connection {
	SSL *ssl;
	int handle;
	enum tls_connection_state state;
	uint32_t head_size; /* bytes of the answer's head gathered so far */
	uint64_t body_received;
	int64_t body_expected; /* -1: head not whole yet */
	char head[TLS_ANSWER_HEAD_MAX];
};

/* Makes the socket and starts the handshake. Returns 0 or a negative errno. */
int tls_connection_open(struct tls_connection *connection, struct tls_exchange *exchange);

/* Asks for the next answer on an idle connection; then call `advance`. */
void tls_connection_ask(struct tls_connection *connection);

/* Goes on until the socket is exhausted or the state becomes IDLE (handshake done, or an answer is
 * complete) or NONE (after ENDING). Returns 0 or a negative errno with `exchange->error`. */
int tls_connection_advance(struct tls_connection *connection, struct tls_exchange *exchange);

/* Tells an idle connection that the proxy is going to close it. */
void tls_connection_expect_end(struct tls_connection *connection);

void tls_connection_close(struct tls_connection *connection);

#endif
