/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow's records: taken from the pool, handed to the queue in the turn's burst, sent in as few
 * system calls' worth of iovecs as possible, freed. Both directions use it.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "connection.h"
#include "handshake.h"

#define SEND_IOVECS_MAX 64u

struct glacisd_record *glacisd_flow_add(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	struct glacisd_record *record = glacis_pool_get(connection->worker->records);

	if (!record) {
		GLACISD_STAT_INC(&connection->worker->stats, buffers_exhausted);
		return NULL;
	}
	memset(record, 0, offsetof(struct glacisd_record, small));
	if (flow->last)
		flow->last->next = record;
	else
		flow->first = record;
	flow->last = record;
	return record;
}

void glacisd_flow_starve(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	flow->starved = true;
	glacisd_connection_starve(connection);
}

void glacisd_record_free(struct glacisd_connection *connection, struct glacisd_record *record)
{
	struct glacisd_worker *worker = connection->worker;

	glacis_pool_put(worker->records, record);
	worker->feed |= worker->starved_first != NULL;
}

void glacisd_flow_free_first(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	struct glacisd_record *record = flow->first;

	flow->first = record->next;
	if (!flow->first)
		flow->last = NULL;
	flow->first_sent = 0;
	glacisd_record_free(connection, record);
}

void glacisd_flow_free_all(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	while (flow->first)
		glacisd_flow_free_first(connection, flow);
}

/* ---- crypto ---- */

static void flow_crypto_done(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	flow->stage = GLACISD_STAGE_IDLE;
	if (connection->phase == GLACISD_PHASE_DEAD)
		;
	else if (flow == &connection->up)
		glacisd_upload_crypto_done(connection);
	else
		glacisd_download_crypto_done(connection);
	if (connection->phase == GLACISD_PHASE_DEAD)
		glacisd_connection_reap(connection);
}

void glacisd_flow_submit(struct glacisd_connection *connection, struct glacisd_flow *flow, struct glacisd_record *from)
{
	struct glacisd_worker *worker = connection->worker;

	flow->stage = GLACISD_STAGE_CRYPTO;
	for (struct glacisd_record *record = from; record; record = record->next) {
		/* The connection is 64-byte aligned, so the direction fits into the cookie's low bit. */
		record->op.aead.op.cookie = (uint64_t)(uintptr_t)connection | (flow == &connection->up);
		flow->crypto_pending++;
		worker->batch[worker->batch_size++] = &record->op;
	}
}

static void record_completed(struct glacisd_worker *worker, struct glacis_op *op)
{
	uint64_t cookie = op->cookie;
	struct glacisd_connection *connection = (void *)(uintptr_t)(cookie & ~1ull);
	struct glacisd_flow *flow = cookie & 1 ? &connection->up : &connection->down;

	worker->last_path = op->path;
	if (op->path == GLACIS_PATH_CARD)
		GLACISD_STAT_INC(&worker->stats, records_card);
	else if (op->path == GLACIS_PATH_CPU)
		GLACISD_STAT_INC(&worker->stats, records_cpu);
	if (--flow->crypto_pending == 0)
		flow_crypto_done(connection, flow);
}

static void signature_completed(struct glacis_op *op)
{
	struct glacisd_connection *connection = (void *)(uintptr_t)op->cookie;

	glacisd_handshake_signed(connection);
	if (connection->phase == GLACISD_PHASE_DEAD)
		glacisd_connection_reap(connection);
}

void glacisd_batch_poll(struct glacisd_worker *worker)
{
	struct glacis_op *completed[64];
	unsigned count;

	/* Not until nothing comes any more: each poll may compute a signature, and the last one's flight is to leave
	 * first. */
	do {
		count = glacis_queue_poll(worker->queue, completed, 64);
		for (unsigned i = 0; i < count; i++)
			if (completed[i]->kind == GLACIS_OP_RSA)
				signature_completed(completed[i]);
			else
				record_completed(worker, completed[i]);
	} while (count == 64);
}

/* Submits in order; a record that the queue refuses for good completes with the refusal as its status. */
static void batch_submit(struct glacisd_worker *worker, struct glacis_record_op **batch, uint32_t count)
{
	uint32_t done = 0;

	GLACISD_STAT_INC(&worker->stats, bursts);
	while (done < count) {
		int accepted = glacis_record_submit(worker->queue, batch + done, count - done);

		if (accepted > 0)
			done += (uint32_t)accepted;
		glacisd_batch_poll(worker);
		if (accepted < 0) /* only after a fork, which this process never does */
			batch[done]->aead.op.status = GLACIS_STATUS_INVALID;
		if (accepted <= 0 && batch[done]->aead.op.status != GLACIS_STATUS_PENDING)
			record_completed(worker, &batch[done++]->aead.op);
	}
}

void glacisd_batch_run(struct glacisd_worker *worker)
{
	/* What a completion sets off may fill the batch again (the successors of a KeyUpdate). */
	while (worker->batch_size) {
		struct glacis_record_op **batch = worker->batch;
		uint32_t count = worker->batch_size;

		worker->batch = worker->batch_spare;
		worker->batch_spare = batch;
		worker->batch_size = 0;
		batch_submit(worker, batch, count);
	}
}

/* ---- sending ---- */

static uint32_t gather(const struct glacisd_flow *flow, struct iovec *iovecs, uint32_t *total)
{
	uint32_t count = 0;

	*total = 0;
	for (const struct glacisd_record *record = flow->first; record; record = record->next) {
		uint32_t skip = record == flow->first ? flow->first_sent : 0;
		uint8_t *data = record->data + skip;
		uint32_t size = record->size - skip;

		if (count && (uint8_t *)iovecs[count - 1].iov_base + iovecs[count - 1].iov_len == data) {
			iovecs[count - 1].iov_len += size;
		} else {
			if (count == SEND_IOVECS_MAX)
				break;
			iovecs[count].iov_base = data;
			iovecs[count].iov_len = size;
			count++;
		}
		*total += size;
	}
	return count;
}

void glacisd_flow_send(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	struct glacisd_ring *ring = &connection->worker->ring;
	struct glacisd_socket *sink = glacisd_flow_sink(connection, flow);
	enum glacisd_tag tag = sink == &connection->client ? GLACISD_TAG_CLIENT_SEND : GLACISD_TAG_BACKEND_SEND;
	struct msghdr *message;
	struct io_uring_sqe *sqe;
	struct iovec iovecs[SEND_IOVECS_MAX];
	uint32_t total, count = gather(flow, iovecs, &total);

	assert(!sink->sending && count);
	flow->stage = GLACISD_STAGE_SENDING;
	sink->sending = true;
	connection->pending++;
	if (count == 1) {
		sqe = glacisd_ring_sqe(ring, connection, tag);
		io_uring_prep_send(sqe, sink->fd, iovecs[0].iov_base, total, MSG_NOSIGNAL);
		return;
	}
	message = glacisd_ring_message(ring, count);
	memcpy(message->msg_iov, iovecs, count * sizeof(*iovecs));
	message->msg_iovlen = count;
	sqe = glacisd_ring_sqe(ring, connection, tag);
	io_uring_prep_sendmsg(sqe, sink->fd, message, MSG_NOSIGNAL);
}

static void flow_advance(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	if (flow == &connection->up)
		glacisd_upload_advance(connection);
	else
		glacisd_download_advance(connection);
}

static void send_failed(struct glacisd_connection *connection, struct glacisd_flow *flow)
{
	glacisd_flow_free_all(connection, flow);
	flow->stage = GLACISD_STAGE_IDLE;
	if (flow == &connection->down) {
		glacisd_connection_client_gone(connection);
		return;
	}
	/* The backend takes no more, but its answer may be on the way: read on until its end. */
	flow->dead = true;
	if (connection->down.ended && connection->phase == GLACISD_PHASE_RELAY)
		glacisd_connection_check_end(connection);
	else
		flow_advance(connection, flow);
}

void glacisd_flow_sent(struct glacisd_connection *connection, struct glacisd_flow *flow, int result)
{
	struct glacisd_socket *sink = glacisd_flow_sink(connection, flow);
	uint32_t left;

	connection->pending--;
	sink->sending = false;
	if (connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (connection->phase == GLACISD_PHASE_LINGER && flow == &connection->up) {
		/* Stopped: the backend is being left. What the client waits for must not be cut off by it. */
		flow->stage = GLACISD_STAGE_IDLE;
		flow_advance(connection, flow);
		return;
	}
	if (result == -EINTR || result == -EAGAIN)
		result = 0;
	if (result < 0) {
		send_failed(connection, flow);
		return;
	}
	if (result)
		connection->timer.active_ms = connection->worker->now_ms;
	for (left = (uint32_t)result; flow->first && left >= flow->first->size - flow->first_sent;) {
		left -= flow->first->size - flow->first_sent;
		glacisd_flow_free_first(connection, flow);
	}
	flow->first_sent += left;
	if (flow->first) {
		glacisd_flow_send(connection, flow);
		return;
	}
	flow->first_sent = 0;
	flow->stage = GLACISD_STAGE_IDLE;
	flow_advance(connection, flow);
}
