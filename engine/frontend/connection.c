/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a connection: opened by the listener, ended by either side, a time-out, an error or a
 * drain, and freed when the kernel and the queue have given everything back.
 */
#include "connection.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handshake.h"
#include "log.h"

static void socket_init(struct glacisd_socket *socket, int fd)
{
	socket->fd = fd;
	socket->mode = GLACISD_RECEIVE_CHUNKS;
	socket->state = GLACISD_RECEIVE_NONE;
}

static void link_all(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;

	connection->all_next = worker->all;
	connection->all_link = &worker->all;
	if (worker->all)
		worker->all->all_link = &connection->all_next;
	worker->all = connection;
}

static void unlink_all(struct glacisd_connection *connection)
{
	*connection->all_link = connection->all_next;
	if (connection->all_next)
		connection->all_next->all_link = connection->all_link;
}

void glacisd_connection_open(struct glacisd_worker *worker, int fd)
{
	struct glacisd_connection *connection = glacis_pool_get(worker->connections);

	if (!connection) {
		GLACISD_STAT_INC(&worker->stats, connections_refused);
		close(fd);
		return;
	}
	memset(connection, 0, sizeof(*connection));
	connection->worker = worker;
	connection->content_limit = GLACIS_RECORD_CONTENT_MAX;
	socket_init(&connection->client, fd);
	socket_init(&connection->backend, -1);
	link_all(connection);
	worker->open++;
	GLACISD_STAT_INC(&worker->stats, connections_accepted);
	glacisd_timer_set(&worker->timers, &connection->timer, GLACISD_TIMER_HANDSHAKE, worker->now_ms);
	if (glacisd_handshake_create(connection)) {
		glacisd_connection_close(connection);
		glacisd_connection_reap(connection);
		return;
	}
	glacisd_receive_arm(connection, &connection->client);
}

static void stop_backend(struct glacisd_connection *connection)
{
	struct glacisd_ring *ring = &connection->worker->ring;

	glacisd_receive_stop(connection, &connection->backend);
	if (connection->backend.sending)
		glacisd_ring_cancel(ring, connection, GLACISD_TAG_BACKEND_SEND);
	if (connection->phase == GLACISD_PHASE_CONNECTING)
		glacisd_ring_cancel(ring, connection, GLACISD_TAG_CONNECT);
}

static void stop_client(struct glacisd_connection *connection)
{
	glacisd_receive_stop(connection, &connection->client);
	if (connection->client.sending)
		glacisd_ring_cancel(&connection->worker->ring, connection, GLACISD_TAG_CLIENT_SEND);
}

void glacisd_connection_close(struct glacisd_connection *connection)
{
	if (connection->phase == GLACISD_PHASE_DEAD)
		return;
	stop_client(connection);
	stop_backend(connection);
	glacisd_timer_cancel(&connection->timer);
	connection->phase = GLACISD_PHASE_DEAD;
}

void glacisd_connection_client_gone(struct glacisd_connection *connection)
{
	const struct glacisd_handshake *handshake = connection->handshake;
	struct glacisd_stats *stats = &connection->worker->stats;

	GLACISD_STAT_INC(stats, client_errors);
	if (handshake && !handshake->finished && !handshake->failed)
		GLACISD_STAT_INC(stats, handshakes_aborted);
	glacisd_connection_close(connection);
}

static void close_socket(struct glacisd_connection *connection, struct glacisd_socket *socket, bool reset)
{
	static const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	while (socket->first)
		glacisd_socket_drop_chunk(connection, socket);
	if (socket->block)
		glacis_pool_put(connection->worker->blocks, socket->block);
	if (socket->fd < 0)
		return;
	if (reset)
		setsockopt(socket->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(socket->fd);
}

static void unlink_starved(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;
	struct glacisd_connection **link = &worker->starved_first, *last = NULL;

	if (!connection->starved)
		return;
	while (*link != connection) {
		last = *link;
		link = &last->starved_next;
	}
	*link = connection->starved_next;
	if (worker->starved_last == connection)
		worker->starved_last = last;
	connection->starved = false;
}

bool glacisd_connection_reap(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;
	bool clean = connection->up.ended && connection->down.ended && connection->close_received;

	if (connection->phase != GLACISD_PHASE_DEAD || connection->pending || connection->up.crypto_pending ||
	    connection->down.crypto_pending || (connection->handshake && connection->handshake->computing))
		return false;
	glacisd_handshake_destroy(connection);
	glacisd_flow_free_all(connection, &connection->up);
	glacisd_flow_free_all(connection, &connection->down);
	glacisd_download_drop_sealed(connection);
	close_socket(connection, &connection->client, false);
	close_socket(connection, &connection->backend, !connection->up.ended);
	glacis_record_stream_destroy(connection->reader);
	glacis_record_stream_destroy(connection->writer);
	unlink_starved(connection);
	unlink_all(connection);
	glacis_pool_put(worker->connections, connection);
	worker->open--;
	GLACISD_STAT_INC(&worker->stats, connections_closed);
	if (clean)
		GLACISD_STAT_INC(&worker->stats, clean_closes);
	glacisd_connection_feed_starved(worker);
	return true;
}

void glacisd_connection_say_last(struct glacisd_connection *connection, enum glacis_alert_level level,
				 enum glacis_alert alert)
{
	struct glacisd_worker *worker = connection->worker;

	if (connection->control.final)
		return;
	stop_backend(connection); /* a send to the client goes on: it may be in the middle of a record */
	connection->control.final = true;
	connection->control.level = (uint8_t)level;
	connection->control.alert = (uint8_t)alert;
	connection->phase = GLACISD_PHASE_LINGER;
	glacisd_timer_set(&worker->timers, &connection->timer, GLACISD_TIMER_LINGER, worker->now_ms);
}

void glacisd_connection_fail(struct glacisd_connection *connection, enum glacis_alert alert)
{
	struct glacisd_worker *worker = connection->worker;

	if (connection->phase == GLACISD_PHASE_DEAD || connection->control.final)
		return;
	GLACISD_STAT_INC(&worker->stats, alerts_sent);
	if (worker->config->verbose)
		glacisd_log(GLACISD_LOG_INFO, "closing a connection: fatal alert %s sent", glacis_alert_name(alert));
	glacisd_connection_say_last(connection, GLACIS_ALERT_FATAL, alert);
	glacisd_download_advance(connection);
}

void glacisd_connection_finish(struct glacisd_connection *connection)
{
	uint32_t size;
	uint8_t *bytes;

	if (connection->phase == GLACISD_PHASE_DEAD || connection->control.final)
		return;
	if (!connection->writer || connection->down.ended) {
		glacisd_connection_close(connection);
		return;
	}
	/* The backend gets an end, not a reset, if it has all that the client sent. */
	connection->up.ended = connection->up.stage == GLACISD_STAGE_IDLE && !connection->up.first &&
			       !glacisd_socket_bytes(&connection->client, &bytes, &size);
	glacisd_connection_say_last(connection, GLACIS_ALERT_WARNING, GLACIS_ALERT_CLOSE_NOTIFY);
	glacisd_download_advance(connection);
}

/* Our end is said. Bytes of the client that nobody reads would make the kernel reset the connection. */
static void drop_rest(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;

	connection->phase = GLACISD_PHASE_LINGER;
	glacisd_timer_set(&worker->timers, &connection->timer, GLACISD_TIMER_LINGER, worker->now_ms);
	glacisd_upload_advance(connection);
}

void glacisd_connection_linger(struct glacisd_connection *connection)
{
	if (connection->down.ended)
		return;
	connection->down.ended = true;
	shutdown(connection->client.fd, SHUT_WR);
	drop_rest(connection);
}

void glacisd_connection_check_end(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;

	if (connection->up.ended && connection->down.ended)
		glacisd_connection_close(connection);
	else if (connection->down.ended && connection->up.dead)
		drop_rest(connection); /* an upload that the backend cut short with its answer */
	else if (connection->phase == GLACISD_PHASE_RELAY)
		glacisd_timer_set(&worker->timers, &connection->timer, GLACISD_TIMER_HALF_CLOSED, worker->now_ms);
}

void glacisd_connection_expired(struct glacisd_connection *connection)
{
	struct glacisd_stats *stats = &connection->worker->stats;

	switch (connection->phase) {
	case GLACISD_PHASE_HANDSHAKE:
		GLACISD_STAT_INC(stats, handshake_timeouts);
		glacisd_connection_close(connection);
		break;
	case GLACISD_PHASE_CONNECTING:
		GLACISD_STAT_INC(stats, connect_timeouts);
		glacisd_connection_fail(connection, GLACIS_ALERT_INTERNAL_ERROR);
		break;
	case GLACISD_PHASE_RELAY:
		GLACISD_STAT_INC(stats, idle_timeouts);
		glacisd_connection_finish(connection);
		break;
	default:
		glacisd_connection_close(connection);
	}
}

void glacisd_connection_starve(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;

	if (connection->starved)
		return;
	connection->starved = true;
	connection->starved_next = NULL;
	if (worker->starved_last)
		worker->starved_last->starved_next = connection;
	else
		worker->starved_first = connection;
	worker->starved_last = connection;
}

/* Only marks the turn's end as the moment: feeding advances connections, which must not happen inside
 * another one's advance. */
void glacisd_connection_feed_starved(struct glacisd_worker *worker)
{
	worker->feed = worker->starved_first != NULL;
}
