/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake of one connection, driven by what the client socket received. See handshake.h.
 */
#include "handshake.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "log.h"
#include "provider.h"

int glacisd_handshake_create(struct glacisd_connection *connection)
{
	struct glacisd_handshake *handshake = calloc(1, sizeof(*handshake));
	BIO *from_client = BIO_new(BIO_s_mem()), *to_client = BIO_new(BIO_s_mem());

	if (!handshake || !from_client || !to_client)
		goto fail;
	handshake->ssl = SSL_new(connection->worker->tls);
	if (!handshake->ssl)
		goto fail;
	BIO_set_mem_eof_return(from_client, -1); /* empty means "try again", not "end" */
	SSL_set_bio(handshake->ssl, from_client, to_client);
	SSL_set_accept_state(handshake->ssl);
	connection->handshake = handshake;
	connection->worker->handshakes++;
	connection->worker->handshakes_unsigned++;
	return 0;
fail:
	BIO_free(from_client);
	BIO_free(to_client);
	free(handshake);
	return -ENOMEM;
}

/* The job gets no signature: it goes on and fails. */
static void refuse_signature(struct glacisd_handshake *handshake)
{
	handshake->operation->op.status = GLACIS_STATUS_INVALID;
	handshake->operation = NULL;
}

void glacisd_handshake_destroy(struct glacisd_connection *connection)
{
	struct glacisd_handshake *handshake = connection->handshake;

	if (!handshake)
		return;
	if (handshake->operation) { /* never submitted; a paused job must end before its SSL object is freed */
		refuse_signature(handshake);
		(void)SSL_do_handshake(handshake->ssl);
	}
	if (!handshake->asked)
		connection->worker->handshakes_unsigned--;
	SSL_free(handshake->ssl);
	free(handshake->input);
	free(handshake->output);
	OPENSSL_cleanse(handshake, sizeof(*handshake));
	free(handshake);
	connection->handshake = NULL;
	connection->worker->handshakes--;
}

/* Sends what OpenSSL has written, one flight at a time. */
static void flush(struct glacisd_connection *connection)
{
	struct glacisd_handshake *handshake = connection->handshake;
	BIO *to_client;
	char *bytes;
	long size;

	if (!handshake->ssl || connection->client.sending)
		return;
	to_client = SSL_get_wbio(handshake->ssl);
	size = BIO_get_mem_data(to_client, &bytes);
	if (size <= 0)
		return;
	free(handshake->output);
	handshake->output = malloc((size_t)size);
	if (!handshake->output) {
		glacisd_connection_close(connection);
		return;
	}
	memcpy(handshake->output, bytes, (size_t)size);
	handshake->output_size = (uint32_t)size;
	handshake->output_sent = 0;
	(void)BIO_reset(to_client);
	connection->client.sending = true;
	connection->pending++;
	io_uring_prep_send(glacisd_ring_sqe(&connection->worker->ring, connection, GLACISD_TAG_CLIENT_SEND),
			   connection->client.fd, handshake->output, handshake->output_size, MSG_NOSIGNAL);
}

/* Both the handshake and its last flight are through: the record layer takes over. */
static void leave(struct glacisd_connection *connection)
{
	glacisd_handshake_destroy(connection);
	if (connection->phase == GLACISD_PHASE_HANDSHAKE)
		glacisd_backend_connect(connection);
	else
		glacisd_download_advance(connection);
}

static void count_finished(struct glacisd_connection *connection)
{
	struct glacisd_stats *stats = &connection->worker->stats;

	if (SSL_session_reused(connection->handshake->ssl))
		GLACISD_STAT_INC(stats, handshakes_resumed);
	else
		GLACISD_STAT_INC(stats, handshakes_full);
	if (connection->version == GLACIS_TLS_1_3)
		GLACISD_STAT_INC(stats, handshakes_tls13);
	else
		GLACISD_STAT_INC(stats, handshakes_tls12);
}

static void finished(struct glacisd_connection *connection, size_t written_before)
{
	struct glacisd_handshake *handshake = connection->handshake;
	char *written;
	long size = BIO_get_mem_data(SSL_get_wbio(handshake->ssl), &written);
	int error = glacisd_takeover(connection, (const uint8_t *)written + written_before,
				     (uint32_t)((size_t)size - written_before));

	if (error) {
		glacisd_log(GLACISD_LOG_ERROR, "cannot take a connection over from OpenSSL: %s", strerror(-error));
		glacisd_connection_close(connection);
		return;
	}
	handshake->finished = true;
	count_finished(connection);
	/* A clean SSL_free of a live session needs no close_notify, and must not drop the session's ticket. */
	SSL_set_quiet_shutdown(handshake->ssl, 1);
	flush(connection);
	if (connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (!connection->client.sending) {
		leave(connection);
		return;
	}
	SSL_free(handshake->ssl);
	handshake->ssl = NULL;
	glacisd_backend_connect(connection);
}

static void failed(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;

	GLACISD_STAT_INC(&worker->stats, handshakes_failed);
	if (worker->config->verbose)
		glacisd_log(GLACISD_LOG_INFO, "handshake failed: %s", ERR_reason_error_string(ERR_peek_last_error()));
	connection->handshake->failed = true;
	flush(connection);
	if (connection->phase != GLACISD_PHASE_DEAD && !connection->client.sending)
		glacisd_connection_linger(connection);
}

/* Hands the signature that the async job asked for to the queue, or waits in line for room there. */
static void submit_signature(struct glacisd_connection *connection)
{
	struct glacisd_handshake *handshake = connection->handshake;
	int accepted = glacis_rsa_submit(connection->worker->queue, &handshake->operation, 1);

	handshake->computing = accepted == 1;
	if (accepted == 1) {
		connection->worker->signatures++;
		if (!handshake->asked)
			connection->worker->handshakes_unsigned--;
		handshake->asked = true;
		return;
	}
	handshake->stalled = true;
	glacisd_connection_starve(connection);
	if (accepted == 0 && handshake->operation->op.status != GLACIS_STATUS_INVALID)
		return; /* the queue is full */
	refuse_signature(handshake);
	connection->worker->feed = true;
}

/* Lets OpenSSL go on as far as it can. */
static void run(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;
	SSL *ssl = connection->handshake->ssl;
	size_t written_before = BIO_ctrl_pending(SSL_get_wbio(ssl));
	int result, error;

	if (glacisd_provider_prepare(worker->provider)) {
		glacisd_log(GLACISD_LOG_ERROR, "no random numbers for a handshake: OpenSSL's generator failed");
		glacisd_connection_close(connection);
	}
	ERR_clear_error();
	worker->running = connection;
	result = SSL_do_handshake(ssl);
	worker->running = NULL;
	error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, result);
	if (connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (error == SSL_ERROR_WANT_ASYNC && connection->handshake->exchange) {
		connection->handshake->computing = true;
		glacisd_exchange_add(connection);
	} else if (error == SSL_ERROR_WANT_ASYNC) {
		submit_signature(connection);
	} else if (error == SSL_ERROR_WANT_ASYNC_JOB) {
		connection->handshake->stalled = true;
		glacisd_connection_starve(connection);
	} else if (error == SSL_ERROR_NONE) {
		finished(connection, written_before);
	} else if (error != SSL_ERROR_WANT_READ) {
		failed(connection);
	} else {
		flush(connection);
	}
}

/* Gives OpenSSL bytes of the client. */
static void step(struct glacisd_connection *connection, const uint8_t *bytes, uint32_t size)
{
	struct glacisd_handshake *handshake = connection->handshake;
	SSL *ssl = handshake->ssl;

	if (BIO_write(SSL_get_rbio(ssl), bytes, (int)size) != (int)size) {
		glacisd_connection_close(connection);
		return;
	}
	if (bytes[0] == GLACIS_CONTENT_CHANGE_CIPHER_SPEC)
		handshake->client_changed_cipher = true;
	else if (handshake->client_changed_cipher)
		handshake->client_records++;
	run(connection);
}

/* The job has what it waited for. It goes on also when the connection is dead: it must come to its end before
 * it is freed. */
static void resume(struct glacisd_connection *connection)
{
	connection->handshake->computing = false;
	run(connection);
	glacisd_connection_feed_starved(connection->worker);
	if (connection->phase == GLACISD_PHASE_HANDSHAKE)
		glacisd_handshake_advance(connection);
}

void glacisd_handshake_signed(struct glacisd_connection *connection)
{
	connection->worker->signatures--;
	connection->worker->signed_since_publish = true;
	connection->handshake->operation = NULL;
	resume(connection);
}

void glacisd_handshake_exchanged(struct glacisd_connection *connection)
{
	connection->handshake->exchange = NULL;
	resume(connection);
}

/* Size of the record whose header this is, or 0 when it is not TLS at all. */
static uint32_t record_size(const uint8_t *header)
{
	uint32_t length = (uint32_t)header[3] << 8 | header[4];

	if (header[0] < 20 || header[0] > 23 || header[1] != 3 || length > 16384 + 2048)
		return 0;
	return GLACIS_RECORD_HEADER_SIZE + length;
}

/* Copies from the socket until `input` holds `want` bytes. */
static bool fill_input(struct glacisd_connection *connection, uint32_t want)
{
	struct glacisd_handshake *handshake = connection->handshake;
	uint32_t available;
	uint8_t *bytes;

	if (!handshake->input)
		handshake->input = malloc(GLACISD_HANDSHAKE_RECORD_MAX);
	if (!handshake->input) {
		glacisd_connection_close(connection);
		return false;
	}
	while (handshake->input_size < want && glacisd_socket_bytes(&connection->client, &bytes, &available)) {
		uint32_t size = want - handshake->input_size < available ? want - handshake->input_size : available;

		memcpy(handshake->input + handshake->input_size, bytes, size);
		handshake->input_size += size;
		glacisd_socket_consume(&connection->client, size);
	}
	return handshake->input_size == want;
}

/* One whole record, or with garbage whatever is there. False when more bytes must come first. */
static bool feed_one(struct glacisd_connection *connection)
{
	struct glacisd_handshake *handshake = connection->handshake;
	uint32_t available, size;
	uint8_t *bytes;

	if (!glacisd_socket_bytes(&connection->client, &bytes, &available))
		return false;
	if (!handshake->raw && !handshake->input_size && available >= GLACIS_RECORD_HEADER_SIZE) {
		size = record_size(bytes);
		handshake->raw = size == 0;
		if (size && size <= available) {
			glacisd_socket_consume(&connection->client, size);
			step(connection, bytes, size);
			return true;
		}
	}
	if (handshake->raw) {
		glacisd_socket_consume(&connection->client, available);
		step(connection, bytes, available);
		return true;
	}
	if (handshake->input_size < GLACIS_RECORD_HEADER_SIZE && !fill_input(connection, GLACIS_RECORD_HEADER_SIZE))
		return false;
	size = record_size(handshake->input);
	if (!size) {
		handshake->raw = true;
		size = handshake->input_size;
	} else if (!fill_input(connection, size)) {
		return false;
	}
	handshake->input_size = 0;
	step(connection, handshake->input, size);
	return true;
}

static bool wants_input(const struct glacisd_connection *connection)
{
	const struct glacisd_handshake *handshake = connection->handshake;

	return connection->phase == GLACISD_PHASE_HANDSHAKE && !handshake->failed && !handshake->computing &&
	       !handshake->stalled;
}

void glacisd_handshake_advance(struct glacisd_connection *connection)
{
	struct glacisd_socket *client = &connection->client;

	if (connection->handshake->stalled) {
		connection->handshake->stalled = false;
		if (connection->handshake->operation)
			submit_signature(connection);
		else
			run(connection);
	}
	while (wants_input(connection) && feed_one(connection))
		;
	if (connection->phase == GLACISD_PHASE_LINGER)
		glacisd_upload_advance(connection);
	/* Once the record layer has taken over, the client's bytes are its own: records of this very turn may
	 * lie in a buffer that is consumed to its end. */
	if (connection->phase != GLACISD_PHASE_HANDSHAKE && connection->phase != GLACISD_PHASE_CONNECTING)
		return;
	glacisd_socket_release(connection, client);
	if (client->ended && connection->phase == GLACISD_PHASE_HANDSHAKE && !connection->handshake->failed) {
		GLACISD_STAT_INC(&connection->worker->stats, handshakes_aborted);
		glacisd_connection_close(connection);
		return;
	}
	/* Bytes that cannot be taken yet must not be received: those in a block count as older than chunks. */
	if (wants_input(connection))
		glacisd_receive_arm(connection, client);
}

void glacisd_handshake_sent(struct glacisd_connection *connection, int result)
{
	struct glacisd_handshake *handshake = connection->handshake;

	connection->pending--;
	connection->client.sending = false;
	if (connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (result < 0 && result != -EINTR && result != -EAGAIN) {
		glacisd_connection_client_gone(connection);
		return;
	}
	handshake->output_sent += result > 0 ? (uint32_t)result : 0;
	if (handshake->output_sent < handshake->output_size) {
		connection->client.sending = true;
		connection->pending++;
		io_uring_prep_send(glacisd_ring_sqe(&connection->worker->ring, connection, GLACISD_TAG_CLIENT_SEND),
				   connection->client.fd, handshake->output + handshake->output_sent,
				   handshake->output_size - handshake->output_sent, MSG_NOSIGNAL);
		return;
	}
	flush(connection); /* what was written meanwhile */
	if (connection->phase == GLACISD_PHASE_DEAD || connection->client.sending)
		return;
	if (handshake->failed)
		glacisd_connection_linger(connection);
	else if (handshake->finished)
		leave(connection);
}
