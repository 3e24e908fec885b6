/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared secrets of one turn. See exchange.h. Each waits in an async job, of which there are GLACISD_JOBS_MAX, so the
 * list has room for all.
 */
#include "exchange.h"

#include <assert.h>
#include <string.h>

#include <glacis/x25519.h>

#include "connection.h"
#include "handshake.h"

void glacisd_exchange_add(struct glacisd_connection *connection)
{
	struct glacisd_worker *worker = connection->worker;

	assert(worker->exchange_count < GLACISD_JOBS_MAX);
	worker->exchanges[worker->exchange_count++] = connection;
}

static void compute(struct glacisd_connection *const connections[], unsigned count)
{
	struct glacis_x25519_op ops[GLACIS_X25519_LANES];
	bool failed;

	for (unsigned i = 0; i < count; i++)
		ops[i] = *connections[i]->handshake->exchange;
	failed = glacis_x25519(ops, count) != 0;
	for (unsigned i = 0; i < count; i++)
		connections[i]->handshake->exchange->status = failed ? GLACIS_STATUS_FAILED : ops[i].status;
}

/* The first few, off the list: a handshake that goes on may come back to its end. */
static unsigned take(struct glacisd_worker *worker, struct glacisd_connection *connections[GLACIS_X25519_LANES])
{
	uint32_t count = worker->exchange_count < GLACIS_X25519_LANES ? worker->exchange_count : GLACIS_X25519_LANES;

	memcpy(connections, worker->exchanges, count * sizeof(*connections));
	worker->exchange_count -= count;
	memmove(worker->exchanges, worker->exchanges + count, worker->exchange_count * sizeof(*connections));
	return count;
}

/* Whether one more turn may bring company for those who wait: a whole call costs the same for one as for eight. */
static bool wait_a_turn(struct glacisd_worker *worker, unsigned handled)
{
	bool wait = handled && !worker->exchange_waited && worker->exchange_count < GLACIS_X25519_LANES;

	worker->exchange_waited = wait && worker->exchange_count;
	return wait;
}

void glacisd_exchange_run(struct glacisd_worker *worker, unsigned handled)
{
	struct glacisd_connection *connections[GLACIS_X25519_LANES];

	if (wait_a_turn(worker, handled))
		return;
	while (worker->exchange_count) {
		unsigned count = take(worker, connections);

		compute(connections, count);
		for (unsigned i = 0; i < count; i++) {
			glacisd_handshake_exchanged(connections[i]);
			glacisd_connection_reap(connections[i]);
		}
	}
}
