/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend to client: what was received is sealed where it lies and sent. One pass takes all that is
 * there (a block, or up to sixteen chunks) through collect, crypto and send. With a card a block is
 * sealed into another one, since a device never overwrites what it works on.
 */
#include <assert.h>
#include <sys/socket.h>

#include "connection.h"

#define CHUNKS_PER_PASS 16u
/* Small records until this much has gone out, so that the first bytes can be used before a whole
 * 16 KiB record, more than an initial congestion window, has arrived; again after a pause. */
#define START_BYTES       65536u
#define START_RECORD_SIZE 4096u
#define START_PAUSE_MS    1000u

uint32_t glacisd_download_record_size(const struct glacisd_connection *connection)
{
	uint32_t size = connection->down_bytes < START_BYTES ? START_RECORD_SIZE : GLACIS_RECORD_CONTENT_MAX;

	return size < connection->content_limit ? size : connection->content_limit;
}

static bool add_data(struct glacisd_connection *connection, uint8_t *content, uint32_t size)
{
	struct glacisd_record *record = glacisd_flow_add(connection, &connection->down);

	if (!record)
		return false;
	record->op.stream = connection->writer;
	record->op.record = content - glacis_record_prefix_size(connection->writer);
	record->op.content_type = GLACIS_CONTENT_APPLICATION_DATA;
	record->op.content_size = size;
	return true;
}

static void collect_chunks(struct glacisd_connection *connection)
{
	struct glacisd_socket *backend = &connection->backend;
	uint32_t count = 0;

	for (struct glacisd_chunk *chunk = backend->first; chunk && count < CHUNKS_PER_PASS;
	     chunk = chunk->next, count++) {
		if (!add_data(connection, glacisd_chunk_data(chunk), chunk->end))
			break;
		chunk->begin = chunk->end;
	}
}

/* A block for the card to write into. Without one the pass is sealed in place, which costs the card's way a copy. */
static void take_sealed(struct glacisd_connection *connection)
{
	if (connection->worker->card_records && !connection->sealed)
		connection->sealed = glacis_pool_get(connection->worker->blocks);
}

void glacisd_download_drop_sealed(struct glacisd_connection *connection)
{
	if (!connection->sealed)
		return;
	glacis_pool_put(connection->worker->blocks, connection->sealed);
	connection->sealed = NULL;
	glacisd_connection_feed_starved(connection->worker);
}

/* The block was read with gaps: `block_end` counts content bytes only. */
static void collect_block(struct glacisd_connection *connection)
{
	struct glacisd_socket *backend = &connection->backend;
	uint32_t prefix = glacis_record_prefix_size(connection->writer);
	uint32_t step = prefix + backend->stride + glacis_record_suffix_size(connection->writer);

	take_sealed(connection);
	while (backend->block_begin < backend->block_end) {
		uint32_t left = backend->block_end - backend->block_begin;
		uint32_t size = left < backend->stride ? left : backend->stride;
		uint32_t index = backend->block_begin / backend->stride;

		if (!add_data(connection, backend->block + index * step + prefix, size))
			return;
		if (connection->sealed)
			connection->down.last->op.output = connection->sealed + index * step;
		backend->block_begin += size;
	}
}

static bool source_empty(const struct glacisd_socket *socket)
{
	uint8_t *bytes;
	uint32_t size;

	return !glacisd_socket_bytes(socket, &bytes, &size);
}

static void collect(struct glacisd_connection *connection)
{
	struct glacisd_socket *backend = &connection->backend;

	if (glacisd_control_collect(connection))
		return;
	if (connection->worker->now_ms - connection->down_at_ms > START_PAUSE_MS)
		connection->down_bytes = 0;
	connection->down_at_ms = connection->worker->now_ms;
	if (backend->first)
		collect_chunks(connection);
	else
		collect_block(connection);
	if (!source_empty(backend)) {
		if (!connection->down.first)
			glacisd_flow_starve(connection, &connection->down);
		return;
	}
	if (backend->ended)
		glacisd_control_close_notify(connection);
}

/* Everything is out. True when this direction is at its end. */
static bool check_end(struct glacisd_connection *connection)
{
	if (connection->control.final_made) {
		glacisd_connection_linger(connection);
		return true;
	}
	if (connection->control.close_notify_made && !connection->down.ended) {
		connection->down.ended = true;
		shutdown(connection->client.fd, SHUT_WR);
		glacisd_connection_check_end(connection);
		return true;
	}
	return connection->down.ended;
}

void glacisd_download_advance(struct glacisd_connection *connection)
{
	struct glacisd_flow *down = &connection->down;

	if (down->stage != GLACISD_STAGE_IDLE || connection->handshake || !connection->writer ||
	    connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (!down->first)
		glacisd_download_drop_sealed(connection);
	if (connection->backend.fd >= 0)
		glacisd_socket_release(connection, &connection->backend);
	if (check_end(connection))
		return;
	down->starved = false;
	if (!down->first)
		collect(connection);
	if (down->first)
		glacisd_flow_submit(connection, down, down->first);
	else if (connection->phase == GLACISD_PHASE_RELAY && !down->starved)
		glacisd_receive_arm(connection, &connection->backend);
}

static void account(struct glacisd_connection *connection, const struct glacisd_record *record)
{
	struct glacisd_stats *stats = &connection->worker->stats;

	GLACISD_STAT_INC(stats, records_sealed);
	if (record->op.content_type != GLACIS_CONTENT_APPLICATION_DATA)
		return;
	GLACISD_STAT_ADD(stats, bytes_sealed, record->op.content_size);
	connection->down_bytes += record->op.content_size;
	connection->last_was_up = false;
}

void glacisd_download_crypto_done(struct glacisd_connection *connection)
{
	struct glacisd_flow *down = &connection->down;
	bool key_update = false;

	for (struct glacisd_record *record = down->first; record; record = record->next) {
		if (record->op.aead.op.status != GLACIS_STATUS_OK) {
			/* The hard limit, which check_limit keeps away: nothing can be sealed any more, not even an
			 * alert. */
			GLACISD_STAT_INC(&connection->worker->stats, limit_closes);
			glacisd_connection_close(connection);
			return;
		}
		record->data = record->op.output ? record->op.output : record->op.record;
		record->size = record->op.record_size;
		key_update |= record->op.content_type == GLACIS_CONTENT_HANDSHAKE;
		account(connection, record);
	}
	if (key_update) {
		GLACISD_STAT_INC(&connection->worker->stats, key_updates_sent);
		if (glacis_record_writer_update(connection->writer)) {
			glacisd_connection_close(connection);
			return;
		}
	}
	glacisd_flow_send(connection, down);
}
