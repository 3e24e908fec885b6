/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to the origin: made when the handshake is done, so that nobody reaches the origin
 * without having finished one.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "handshake.h"
#include "log.h"

static void refused(struct glacisd_connection *connection, int error)
{
	struct glacisd_worker *worker = connection->worker;

	GLACISD_STAT_INC(&worker->stats, backend_refused);
	if (worker->config->verbose)
		glacisd_log(GLACISD_LOG_WARNING, "backend %s: %s; check that it runs and listens there",
			    worker->config->backend.text, strerror(-error));
	glacisd_connection_fail(connection, GLACIS_ALERT_INTERNAL_ERROR);
}

static void connect_builtin(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;
	struct glacisd_visitor visitor;
	int fd, error;

	memset(&visitor, 0, sizeof(visitor));
	snprintf(visitor.tls_version, sizeof(visitor.tls_version), "TLSv1.%d",
		 connection->version == GLACIS_TLS_1_3 ? 3 : 2);
	snprintf(visitor.cipher, sizeof(visitor.cipher), "%s", glacisd_suite_name(connection->suite));
	snprintf(visitor.path, sizeof(visitor.path), "%s", glacis_path_name(worker->last_path));
	error = glacisd_origin_connect(worker->origin, &visitor, &fd);
	if (!error)
		connection->backend.fd = fd;
	glacisd_backend_connected(connection, error);
}

void glacisd_backend_connect(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;
	const struct glacisd_address *address = &worker->config->backend;
	int one = 1, fd;

	connection->phase = GLACISD_PHASE_CONNECTING;
	if (address->kind == GLACISD_ADDRESS_BUILTIN) {
		connect_builtin(connection);
		return;
	}
	fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		refused(connection, -errno);
		return;
	}
	if (address->kind == GLACISD_ADDRESS_TCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connection->backend.fd = fd;
	connection->pending++;
	io_uring_prep_connect(glacisd_ring_sqe(&worker->ring, connection, GLACISD_TAG_CONNECT), fd,
			      (const struct sockaddr *)&address->storage, address->size);
	glacisd_timer_set(&worker->timers, &connection->timer, GLACISD_TIMER_CONNECT, worker->now_ms);
}

void glacisd_backend_connected(struct glacisd_connection *connection, int result)
{
	struct glacisd_worker *worker = connection->worker;

	if (connection->phase != GLACISD_PHASE_CONNECTING)
		return;
	if (result) {
		refused(connection, result);
		return;
	}
	GLACISD_STAT_INC(&worker->stats, backend_connects);
	connection->phase = GLACISD_PHASE_RELAY;
	glacisd_timer_set(&worker->timers, &connection->timer, GLACISD_TIMER_IDLE, worker->now_ms);
	glacisd_download_advance(connection);
	if (connection->phase == GLACISD_PHASE_RELAY)
		glacisd_upload_advance(connection);
}
