/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed loop over all connections of a load, see tls_client.h. A request is taken from
 * `remaining` before it is sent, so exactly as many are sent as were asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tls_client.h"
#include "tls_connection.h"

#define STALL_MS     10000 /* nothing at all happens for so long: the proxy hangs */
#define OPEN_AT_ONCE 64u   /* handshakes in parallel while opening: no listen queue overflows */

struct tls_client {
	struct tls_load load;
	struct tls_exchange exchange;
	struct tls_connection *connections;
	unsigned active;    /* connections that owe something */
	uint64_t remaining; /* requests not started yet */
	int loop;
};

static int open_socket(struct tls_client *client, struct tls_connection *connection)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection };
	int status = tls_connection_open(connection, &client->exchange);

	if (!status && epoll_ctl(client->loop, EPOLL_CTL_ADD, connection->handle, &event))
		status = -errno;
	return status;
}

/* Carries a connection as far as it goes now. */
static int pump(struct tls_client *client, struct tls_connection *connection)
{
	for (;;) {
		enum tls_connection_state before = connection->state;
		int status = tls_connection_advance(connection, &client->exchange);

		if (status || before == TLS_CONNECTION_IDLE)
			return status;
		if (connection->state == TLS_CONNECTION_IDLE && before == TLS_CONNECTION_HANDSHAKE) {
			tls_connection_ask(connection);
		} else if (connection->state == TLS_CONNECTION_IDLE && client->load.close_each) {
			tls_connection_expect_end(connection);
		} else if (connection->state == TLS_CONNECTION_IDLE || connection->state == TLS_CONNECTION_NONE) {
			if (client->remaining == 0) {
				client->active--;
				return 0;
			}
			client->remaining--;
			if (connection->state == TLS_CONNECTION_NONE)
				return open_socket(client, connection); /* epoll calls again */
			tls_connection_ask(connection);
		} else {
			return 0;
		}
	}
}

static int start(struct tls_client *client, struct tls_connection *connection)
{
	if (client->remaining == 0)
		return 0;
	client->remaining--;
	client->active++;
	if (connection->state == TLS_CONNECTION_NONE)
		return open_socket(client, connection);
	tls_connection_ask(connection);
	return pump(client, connection);
}

static int wait_for_answers(struct tls_client *client)
{
	struct epoll_event events[256];

	while (client->active > 0) {
		int count = epoll_wait(client->loop, events, 256, STALL_MS);
		int status = 0;

		if (tls_interrupted)
			return -EINTR;
		if (count == 0) {
			snprintf(client->exchange.error, sizeof(client->exchange.error),
				 "%u connections wait and nothing happened for %d seconds", client->active,
				 STALL_MS / 1000);
			return -ETIMEDOUT;
		}
		for (int i = 0; i < count && !status; i++) {
			struct tls_connection *connection = events[i].data.ptr;

			status = connection->state == TLS_CONNECTION_NONE ? 0 : pump(client, connection);
		}
		if (status)
			return status;
	}
	return 0;
}

/* Sends `requests` over `count` of the connections, beginning with number `first`. */
static int run_some(struct tls_client *client, unsigned first, unsigned count, uint64_t requests)
{
	int status = 0;

	client->active = 0;
	client->remaining = requests;
	for (unsigned i = first; i < first + count && !status; i++)
		status = start(client, &client->connections[i]);
	if (!status)
		status = wait_for_answers(client);
	return tls_exchange_explain(&client->exchange, status);
}

int tls_client_open(const struct tls_load *load, struct tls_client **out)
{
	struct tls_client *client = calloc(1, sizeof(*client));
	int status = client ? 0 : -ENOMEM;

	if (!status) {
		client->load = *load;
		client->loop = epoll_create1(EPOLL_CLOEXEC);
		client->connections = calloc(load->connections, sizeof(*client->connections));
		status = client->connections && client->loop >= 0 ? 0 : -ENOMEM;
	}
	if (!status)
		status = tls_exchange_open(load, &client->exchange);
	for (unsigned first = 0; first < load->connections && !status; first += OPEN_AT_ONCE) {
		unsigned count = load->connections - first;

		if (count > OPEN_AT_ONCE)
			count = OPEN_AT_ONCE;
		status = run_some(client, first, count, count);
	}
	if (status) {
		tls_client_close(client);
		return status;
	}
	*out = client;
	return 0;
}

int tls_client_run(struct tls_client *client, uint64_t requests)
{
	return run_some(client, 0, client->load.connections, requests);
}

void tls_client_close(struct tls_client *client)
{
	if (!client)
		return;
	for (unsigned i = 0; i < client->load.connections && client->connections; i++)
		tls_connection_close(&client->connections[i]);
	tls_exchange_close(&client->exchange);
	if (client->loop >= 0)
		close(client->loop);
	free(client->connections);
	free(client);
}
