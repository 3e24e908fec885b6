/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving, the same for both sockets of a connection. A quiet socket waits with a
 * receive into chunks or with a poll and owns no memory; a busy one reads into a block of 128 KiB.
 * The backend's block is read with gaps between the records-to-be, so that each is sealed where
 * it lies and the sealed records are contiguous.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "connection.h"
#include "handshake.h"

/* A read shorter than this is small; two in a row lead back to chunks. */
#define SMALL_READ GLACISD_CHUNK_DATA

static enum glacisd_tag receive_tag(const struct glacisd_connection *connection, const struct glacisd_socket *socket)
{
	return socket == &connection->client ? GLACISD_TAG_CLIENT_RECEIVE : GLACISD_TAG_BACKEND_RECEIVE;
}

static struct io_uring_sqe *receive_sqe(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	connection->pending++;
	return glacisd_ring_sqe(&connection->worker->ring, connection, receive_tag(connection, socket));
}

/* One receive at a time: a multishot one loses the end of a stream, or its last bytes, when they come right behind
 * others (ADR 43). The socket is empty as a rule, so the kernel need not try before it waits; Linux has had that flag
 * as long as the buffer rings that chunks need. */
static void arm_chunks(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	struct io_uring_sqe *sqe = receive_sqe(connection, socket);

	io_uring_prep_recv(sqe, socket->fd, NULL, GLACISD_CHUNK_DATA, 0);
	sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = GLACISD_CHUNK_GROUP;
	socket->state = GLACISD_RECEIVE_ARMED;
}

static void arm_poll(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	io_uring_prep_poll_add(receive_sqe(connection, socket), socket->fd, POLLIN | POLLRDHUP);
	socket->state = GLACISD_RECEIVE_POLLING;
}

/* The backend's bytes go to where the contents of consecutive records will be. */
static uint32_t block_iovecs_with_gaps(struct glacisd_connection *connection, struct glacisd_socket *socket,
				       struct iovec *iovecs)
{
	uint32_t prefix = glacis_record_prefix_size(connection->writer);
	uint32_t suffix = glacis_record_suffix_size(connection->writer);
	uint32_t step = prefix + socket->stride + suffix;
	uint32_t count = 0;

	for (uint8_t *record = socket->block; count < GLACISD_BLOCK_RECORDS; record += step, count++) {
		iovecs[count].iov_base = record + prefix;
		iovecs[count].iov_len = socket->stride;
	}
	return count;
}

static void arm_block(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	struct msghdr *message = glacisd_ring_message(&connection->worker->ring, GLACISD_BLOCK_RECORDS);
	/* A block that holds part of a record is kept anyway, so the request may wait with it. */
	int flags = socket->block_end ? 0 : MSG_DONTWAIT;

	if (socket == &connection->backend) {
		socket->stride = glacisd_download_record_size(connection);
		message->msg_iovlen = block_iovecs_with_gaps(connection, socket, message->msg_iov);
	} else {
		message->msg_iov[0].iov_base = socket->block + socket->block_end;
		message->msg_iov[0].iov_len = GLACISD_BLOCK_SIZE - socket->block_end;
		message->msg_iovlen = 1;
	}
	io_uring_prep_recvmsg(receive_sqe(connection, socket), socket->fd, message, (unsigned)flags);
	socket->state = GLACISD_RECEIVE_READING;
}

/* A chunk from the backend becomes one record, so it must not exceed what the client takes in one. */
static bool chunks_usable(const struct glacisd_connection *connection, const struct glacisd_socket *socket)
{
	const struct glacisd_worker *worker = connection->worker;

	return socket->mode == GLACISD_RECEIVE_CHUNKS && worker->ring.features.provided_buffers && worker->chunks.free &&
	       (socket == &connection->client || connection->content_limit >= GLACISD_CHUNK_DATA);
}

void glacisd_receive_arm(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	struct glacisd_worker *worker = connection->worker;

	if (socket->state != GLACISD_RECEIVE_NONE || socket->ended || socket->fd < 0)
		return;
	if (chunks_usable(connection, socket)) {
		arm_chunks(connection, socket);
		return;
	}
	if (!socket->block && !socket->readable) {
		arm_poll(connection, socket);
		return;
	}
	if (!socket->block) {
		socket->block = glacis_pool_get(worker->blocks);
		socket->block_begin = socket->block_end = 0;
	}
	if (!socket->block) {
		GLACISD_STAT_INC(&worker->stats, buffers_exhausted);
		glacisd_connection_starve(connection);
		return;
	}
	arm_block(connection, socket);
}

void glacisd_receive_stop(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	if (socket->state == GLACISD_RECEIVE_NONE || socket->state == GLACISD_RECEIVE_CANCELLING)
		return;
	glacisd_ring_cancel(&connection->worker->ring, connection, receive_tag(connection, socket));
	if (socket->state == GLACISD_RECEIVE_ARMED)
		socket->state = GLACISD_RECEIVE_CANCELLING;
}

void glacisd_socket_drop_chunk(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	struct glacisd_chunk *chunk = socket->first;

	socket->first = chunk->next;
	if (!socket->first)
		socket->last = NULL;
	glacisd_chunk_release(&connection->worker->chunks, chunk);
}

bool glacisd_socket_bytes(const struct glacisd_socket *socket, uint8_t **bytes, uint32_t *size)
{
	if (socket->block_begin < socket->block_end) {
		*bytes = socket->block + socket->block_begin;
		*size = socket->block_end - socket->block_begin;
		return true;
	}
	for (struct glacisd_chunk *chunk = socket->first; chunk; chunk = chunk->next) {
		if (chunk->begin == chunk->end)
			continue;
		*bytes = glacisd_chunk_data(chunk) + chunk->begin;
		*size = chunk->end - chunk->begin;
		return true;
	}
	return false;
}

void glacisd_socket_consume(struct glacisd_socket *socket, uint32_t size)
{
	struct glacisd_chunk *chunk = socket->first;

	if (socket->block_begin < socket->block_end) {
		socket->block_begin += size;
		return;
	}
	while (chunk->begin == chunk->end)
		chunk = chunk->next;
	chunk->begin += size;
}

void glacisd_socket_release(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	while (socket->first && socket->first->begin == socket->first->end)
		glacisd_socket_drop_chunk(connection, socket);
	if (!socket->block || socket->block_begin != socket->block_end || socket->state == GLACISD_RECEIVE_READING)
		return;
	socket->block_begin = socket->block_end = 0;
	if (socket->mode != GLACISD_RECEIVE_BLOCK || !socket->readable)
		glacisd_socket_drop_block(connection, socket);
}

void glacisd_socket_drop_block(struct glacisd_connection *connection, struct glacisd_socket *socket)
{
	if (!socket->block)
		return;
	glacis_pool_put(connection->worker->blocks, socket->block);
	socket->block = NULL;
	socket->block_begin = socket->block_end = 0;
	glacisd_connection_feed_starved(connection->worker);
}

static void take_chunk(struct glacisd_connection *connection, struct glacisd_socket *socket, int size, uint32_t flags)
{
	struct glacisd_chunk *chunk = glacisd_chunk_received(&connection->worker->chunks,
							     (uint16_t)(flags >> IORING_CQE_BUFFER_SHIFT),
							     (uint32_t)size);

	if (socket->last)
		socket->last->next = chunk;
	else
		socket->first = chunk;
	socket->last = chunk;
}

/* A chunk receive said something. */
static void chunk_completed(struct glacisd_connection *connection, struct glacisd_socket *socket, int result,
			    uint32_t flags)
{
	connection->pending--;
	socket->state = GLACISD_RECEIVE_NONE;
	if (result > 0) {
		take_chunk(connection, socket, result, flags);
		if ((uint32_t)result == GLACISD_CHUNK_DATA) { /* bulk: go on in blocks */
			socket->mode = GLACISD_RECEIVE_BLOCK;
			socket->readable = true;
			socket->small_reads = 0;
		}
	} else if (result == -ENOBUFS) {
		socket->mode = GLACISD_RECEIVE_BLOCK;
		socket->readable = true;
	} else if (result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
		socket->ended = true;
	}
}

static void block_completed(struct glacisd_connection *connection, struct glacisd_socket *socket, int result)
{
	uint32_t room = socket == &connection->backend ? socket->stride * GLACISD_BLOCK_RECORDS :
							 GLACISD_BLOCK_SIZE - socket->block_end;

	if (result > 0) {
		socket->block_end += (uint32_t)result;
		socket->readable = (uint32_t)result == room;
		socket->small_reads = (uint32_t)result < SMALL_READ ? (uint8_t)(socket->small_reads + 1) : 0;
		if (socket->small_reads >= 2) {
			socket->mode = GLACISD_RECEIVE_CHUNKS;
			socket->small_reads = 0;
			socket->readable = false;
		}
		return;
	}
	socket->readable = false;
	if (!socket->block_end)
		glacisd_socket_drop_block(connection, socket);
	if (result != -EAGAIN && result != -EINTR && result != -ECANCELED)
		socket->ended = true;
}

/* An error or end of file of one socket, seen once. */
static void socket_ended(struct glacisd_connection *connection, struct glacisd_socket *socket, int result)
{
	struct glacisd_stats *stats = &connection->worker->stats;

	if (connection->phase == GLACISD_PHASE_LINGER || connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (socket == &connection->backend && result < 0) {
		GLACISD_STAT_INC(stats, backend_errors);
		if (!connection->down.ended)
			glacisd_connection_fail(connection, GLACIS_ALERT_INTERNAL_ERROR);
	} else if (socket == &connection->client && result < 0) {
		glacisd_connection_client_gone(connection);
	}
}

void glacisd_receive_completed(struct glacisd_connection *connection, struct glacisd_socket *socket, int result,
			       uint32_t flags)
{
	bool was_ended = socket->ended;

	switch (socket->state) {
	case GLACISD_RECEIVE_ARMED:
	case GLACISD_RECEIVE_CANCELLING:
		chunk_completed(connection, socket, result, flags);
		break;
	case GLACISD_RECEIVE_POLLING:
		connection->pending--;
		socket->state = GLACISD_RECEIVE_NONE;
		socket->readable = result >= 0;
		break;
	case GLACISD_RECEIVE_READING:
		connection->pending--;
		socket->state = GLACISD_RECEIVE_NONE;
		block_completed(connection, socket, result);
		break;
	default:
		assert(!"a completion without a request");
	}
	if (result > 0)
		connection->timer.active_ms = connection->worker->now_ms;
	if (connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (socket->ended && !was_ended) {
		socket_ended(connection, socket, result);
		if (connection->phase == GLACISD_PHASE_DEAD)
			return;
	}
	if (connection->handshake && !connection->handshake->finished)
		glacisd_handshake_advance(connection);
	else if (socket == &connection->client)
		glacisd_upload_advance(connection);
	else
		glacisd_download_advance(connection);
}
