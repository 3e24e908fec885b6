/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections at moments set in advance, in one epoll loop; see tls_arrivals.h.
 */
#include "tls_arrivals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tls_client.h"
#include "tls_connection.h"

#define SLOTS    4096u      /* connections at a time; who finds none begins later, and that counts */
#define STALL_US 10000000.0 /* nothing at all happens for so long: the proxy hangs */

struct slot {
	struct tls_connection connection;
	struct tls_arrival *arrival;
	struct slot *next; /* free ones */
};

struct arrivals {
	struct tls_exchange exchange;
	struct slot *slots, *free;
	struct tls_arrival *list;
	unsigned count, begun, ended;
	double start_us;
	int loop;
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Carries a connection as far as it goes now. */
static int pump(struct arrivals *arrivals, struct slot *slot)
{
	struct tls_connection *connection = &slot->connection;

	for (;;) {
		enum tls_connection_state before = connection->state;
		int status = tls_connection_advance(connection, &arrivals->exchange);

		if (status)
			return status;
		if (connection->state == TLS_CONNECTION_IDLE && before == TLS_CONNECTION_HANDSHAKE) {
			slot->arrival->handshake = now_us() - arrivals->start_us - slot->arrival->due;
			tls_connection_ask(connection);
		} else if (connection->state == TLS_CONNECTION_IDLE) {
			tls_connection_expect_end(connection);
		} else {
			if (connection->state == TLS_CONNECTION_NONE) {
				slot->next = arrivals->free;
				arrivals->free = slot;
				arrivals->ended++;
			}
			return 0;
		}
	}
}

static int begin_one(struct arrivals *arrivals)
{
	struct slot *slot = arrivals->free;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot };
	int status;

	arrivals->free = slot->next;
	slot->arrival = &arrivals->list[arrivals->begun++];
	slot->arrival->late = now_us() - arrivals->start_us - slot->arrival->due;
	status = tls_connection_open(&slot->connection, &arrivals->exchange);
	if (!status && epoll_ctl(arrivals->loop, EPOLL_CTL_ADD, slot->connection.handle, &event))
		status = -errno;
	return status;
}

/* Begins what is due; `wait_us` is the time until the next one is. */
static int begin(struct arrivals *arrivals, double *wait_us)
{
	*wait_us = STALL_US;
	while (arrivals->begun < arrivals->count && arrivals->free) {
		double wait = arrivals->list[arrivals->begun].due - (now_us() - arrivals->start_us);
		int status;

		if (wait > 0.0) {
			*wait_us = wait < STALL_US ? wait : STALL_US;
			return 0;
		}
		status = begin_one(arrivals);
		if (status)
			return status;
	}
	return 0;
}

static int run(struct arrivals *arrivals)
{
	double active_us = now_us();
	int status = 0;

	while (arrivals->ended < arrivals->count && !status) {
		struct epoll_event event; /* one, and then the clock is looked at again: a handshake takes a while */
		struct timespec wait;
		double wait_us;
		int ready;

		status = begin(arrivals, &wait_us);
		if (status)
			break;
		wait = (struct timespec){ .tv_sec = (time_t)(wait_us / 1e6),
					  .tv_nsec = (long)(wait_us * 1e3) % 1000000000L };
		ready = epoll_pwait2(arrivals->loop, &event, 1, &wait, NULL);
		if (tls_interrupted)
			return -EINTR;
		if (ready > 0)
			active_us = now_us();
		if (ready > 0) {
			struct slot *slot = event.data.ptr;

			status = slot->connection.state == TLS_CONNECTION_NONE ? 0 : pump(arrivals, slot);
		}
		if (!status && arrivals->begun > arrivals->ended && now_us() - active_us > STALL_US) {
			snprintf(arrivals->exchange.error, sizeof(arrivals->exchange.error),
				 "%u connections wait and nothing happened for %.0f seconds",
				 arrivals->begun - arrivals->ended, STALL_US / 1e6);
			status = -ETIMEDOUT;
		}
	}
	return status;
}

static void close_all(struct arrivals *arrivals)
{
	for (unsigned i = 0; i < SLOTS && arrivals->slots; i++)
		tls_connection_close(&arrivals->slots[i].connection);
	tls_exchange_close(&arrivals->exchange);
	if (arrivals->loop >= 0)
		close(arrivals->loop);
	free(arrivals->slots);
	free(arrivals);
}

int tls_arrivals_run(const struct tls_load *load, double rate, unsigned count, struct tls_arrival *list)
{
	struct arrivals *arrivals = calloc(1, sizeof(*arrivals));
	int status;

	if (!arrivals)
		return -ENOMEM;
	arrivals->list = list;
	arrivals->count = count;
	arrivals->slots = calloc(SLOTS, sizeof(*arrivals->slots));
	arrivals->loop = epoll_create1(EPOLL_CLOEXEC);
	status = arrivals->slots && arrivals->loop >= 0 ? tls_exchange_open(load, &arrivals->exchange) : -ENOMEM;
	if (!status) {
		for (unsigned i = 0; i < SLOTS; i++) {
			arrivals->slots[i].next = arrivals->free;
			arrivals->free = &arrivals->slots[i];
		}
		tls_arrivals_schedule(list, count, rate);
		arrivals->start_us = now_us();
		status = run(arrivals);
	}
	tls_exchange_explain(&arrivals->exchange, status);
	close_all(arrivals);
	return status;
}
