/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client side of one connection, see tls_connection.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "tls_connection.h"
#include "tls_network.h"
#include "tls_origin.h"

int tls_connection_open(struct tls_connection *connection, struct tls_exchange *exchange)
{
	char name[] = "localhost"; /* not const: the macro below casts it */
	int handle = tls_network_connect(exchange->port);

	if (handle < 0) {
		snprintf(exchange->error, sizeof(exchange->error), "connect to 127.0.0.1:%u: %s", exchange->port,
			 strerror(-handle));
		return handle;
	}
	*connection = (struct tls_connection){ .handle = handle, .state = TLS_CONNECTION_HANDSHAKE };
	connection->ssl = SSL_new(exchange->context);
	if (!connection->ssl || SSL_set_fd(connection->ssl, handle) != 1 ||
	    SSL_set_tlsext_host_name(connection->ssl, name) != 1) {
		snprintf(exchange->error, sizeof(exchange->error), "out of memory for a connection");
		tls_connection_close(connection);
		return -ENOMEM;
	}
	SSL_set_connect_state(connection->ssl);
	return 0;
}

void tls_connection_close(struct tls_connection *connection)
{
	if (connection->state == TLS_CONNECTION_NONE)
		return;
	SSL_free(connection->ssl);
	close(connection->handle);
	connection->ssl = NULL;
	connection->state = TLS_CONNECTION_NONE;
}

void tls_connection_ask(struct tls_connection *connection)
{
	connection->head_size = 0;
	connection->body_received = 0;
	connection->body_expected = -1;
	connection->state = TLS_CONNECTION_SENDING;
}

void tls_connection_expect_end(struct tls_connection *connection)
{
	connection->state = TLS_CONNECTION_ENDING;
}

/* 0 when OpenSSL only waits for the socket, else a negative errno with a message. */
static int explain(struct tls_connection *connection, struct tls_exchange *exchange, int result, const char *doing)
{
	int saved = errno;
	int error = SSL_get_error(connection->ssl, result);
	char reason[160] = "connection closed";

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return 0;
	if (error == SSL_ERROR_SYSCALL && saved)
		snprintf(reason, sizeof(reason), "%s", strerror(saved));
	else if (ERR_peek_error())
		ERR_error_string_n(ERR_peek_error(), reason, sizeof(reason));
	ERR_clear_error();
	snprintf(exchange->error, sizeof(exchange->error), "%s: %s", doing, reason);
	return -EPROTO;
}

/* Gathers the head; returns how many of `size` bytes belong to it, or -1 when it is not what the origin sends. */
static int take_head(struct tls_connection *connection, struct tls_exchange *exchange, const uint8_t *bytes, int size)
{
	uint32_t before = connection->head_size;
	uint32_t room = TLS_ANSWER_HEAD_MAX - 1 - before;
	uint32_t taken = (uint32_t)size < room ? (uint32_t)size : room;
	char *end, *length;

	memcpy(connection->head + before, bytes, taken);
	connection->head_size = before + taken;
	connection->head[connection->head_size] = '\0';
	end = strstr(connection->head, "\r\n\r\n");
	if (!end && taken < (uint32_t)size)
		return -1;
	if (!end)
		return size;
	length = strcasestr(connection->head, "\r\ncontent-length:");
	if (strncmp(connection->head, "HTTP/1.1 200 ", 13) != 0 || !length || length > end ||
	    strtoull(length + 17, NULL, 10) != exchange->body)
		return -1;
	connection->body_expected = (int64_t)exchange->body;
	return (int)((uint32_t)(end + 4 - connection->head) - before);
}

/* Checks and counts `size` bytes of an answer. */
static int take_answer(struct tls_connection *connection, struct tls_exchange *exchange, const uint8_t *bytes, int size)
{
	if (connection->body_expected < 0) {
		int head = take_head(connection, exchange, bytes, size);

		if (head < 0) {
			snprintf(exchange->error, sizeof(exchange->error), "not the answer asked for: %.80s",
				 connection->head);
			return -EBADMSG;
		}
		bytes += head;
		size -= head;
	}
	if (size == 0)
		return 0;
	if (connection->body_received + (uint64_t)size > exchange->body ||
	    bytes[0] != tls_origin_byte(connection->body_received) ||
	    bytes[size - 1] != tls_origin_byte(connection->body_received + (uint64_t)size - 1)) {
		snprintf(exchange->error, sizeof(exchange->error), "wrong bytes in the body after %llu",
			 (unsigned long long)connection->body_received);
		return -EBADMSG;
	}
	connection->body_received += (uint64_t)size;
	return 0;
}

/* Reads until the answer is whole. 0: the socket is empty; 1: it is whole. */
static int receive(struct tls_connection *connection, struct tls_exchange *exchange)
{
	for (;;) {
		int got = SSL_read(connection->ssl, exchange->buffer, TLS_READ_SIZE);
		int status;

		if (got <= 0)
			return explain(connection, exchange, got, "reading the answer");
		status = take_answer(connection, exchange, exchange->buffer, got);
		if (status)
			return status;
		if (connection->body_expected >= 0 && connection->body_received == exchange->body)
			return 1;
	}
}

/* Waits for close_notify or the end of the connection. 0: not yet; 1: ended. */
static int receive_end(struct tls_connection *connection, struct tls_exchange *exchange)
{
	int got = SSL_read(connection->ssl, exchange->buffer, TLS_READ_SIZE);
	int error = got > 0 ? SSL_ERROR_NONE : SSL_get_error(connection->ssl, got);

	ERR_clear_error();
	if (got > 0) {
		snprintf(exchange->error, sizeof(exchange->error), "%d bytes after the end of the answer", got);
		return -EBADMSG;
	}
	if (error == SSL_ERROR_WANT_READ)
		return 0;
	if (error == SSL_ERROR_ZERO_RETURN)
		SSL_shutdown(connection->ssl);
	return 1;
}

int tls_connection_advance(struct tls_connection *connection, struct tls_exchange *exchange)
{
	int result;

	errno = 0;
	switch (connection->state) {
	case TLS_CONNECTION_HANDSHAKE:
		result = SSL_do_handshake(connection->ssl);
		if (result != 1)
			return explain(connection, exchange, result, "handshake");
		connection->state = TLS_CONNECTION_IDLE;
		return 0;
	case TLS_CONNECTION_SENDING:
		result = SSL_write(connection->ssl, exchange->request, exchange->request_size);
		if (result <= 0)
			return explain(connection, exchange, result, "sending the request");
		connection->state = TLS_CONNECTION_RECEIVING;
		__attribute__((fallthrough));
	case TLS_CONNECTION_RECEIVING:
		result = receive(connection, exchange);
		if (result == 1)
			connection->state = TLS_CONNECTION_IDLE;
		return result < 0 ? result : 0;
	case TLS_CONNECTION_ENDING:
		result = receive_end(connection, exchange);
		if (result == 1)
			tls_connection_close(connection);
		return result < 0 ? result : 0;
	case TLS_CONNECTION_IDLE:
	case TLS_CONNECTION_NONE:
		return 0;
	}
	return 0;
}
