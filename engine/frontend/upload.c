/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client to backend: records are opened where they lie, and what they mean is acted on in order:
 * data goes to the backend, KeyUpdate and alerts to the connection. A record that straddles two
 * receive buffers is put together in a block.
 */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "connection.h"

#define RECORDS_PER_PASS 32u

/* Takes whole records off the front of what was received. False after a protocol violation. */
static bool collect(struct glacisd_connection *connection)
{
	struct glacisd_socket *client = &connection->client;
	uint32_t available, record_size;
	uint8_t *bytes;

	for (uint32_t count = 0; count < RECORDS_PER_PASS; count++) {
		struct glacisd_record *record;
		enum glacis_alert alert;
		int known;

		if (!glacisd_socket_bytes(client, &bytes, &available))
			break;
		known = glacis_record_peek(connection->reader, bytes, available, &record_size, &alert);
		if (known < 0) {
			GLACISD_STAT_INC(&connection->worker->stats, protocol_errors);
			glacisd_connection_fail(connection, alert);
			return false;
		}
		if (!known || record_size > available)
			break;
		record = glacisd_flow_add(connection, &connection->up);
		if (!record) {
			if (!connection->up.first)
				glacisd_flow_starve(connection, &connection->up);
			break;
		}
		record->op.stream = connection->reader;
		record->op.record = bytes;
		record->op.record_size = record_size;
		glacisd_socket_consume(client, record_size);
	}
	return true;
}

/* Moves what there is of an incomplete record to the front of a block. False when it has to wait for one. */
static bool assemble(struct glacisd_connection *connection)
{
	struct glacisd_socket *client = &connection->client;

	if (client->state == GLACISD_RECEIVE_READING)
		return true;
	if (!client->block)
		client->block = glacis_pool_get(connection->worker->blocks);
	if (!client->block) {
		GLACISD_STAT_INC(&connection->worker->stats, buffers_exhausted);
		glacisd_connection_starve(connection);
		return false;
	}
	if (client->block_begin) {
		memmove(client->block, client->block + client->block_begin, client->block_end - client->block_begin);
		client->block_end -= client->block_begin;
		client->block_begin = 0;
	}
	while (client->first) {
		struct glacisd_chunk *chunk = client->first;
		uint32_t size = chunk->end - chunk->begin;

		if (client->block_end + size > GLACISD_BLOCK_SIZE)
			break;
		memcpy(client->block + client->block_end, glacisd_chunk_data(chunk) + chunk->begin, size);
		client->block_end += size;
		glacisd_socket_drop_chunk(connection, client);
	}
	return true;
}

/* The client will send nothing more. */
static void end(struct glacisd_connection *connection)
{
	if (connection->up.ended)
		return;
	if (!connection->close_received && !connection->control.close_notify_made) {
		/* Nobody can tell a truncated request from a whole one: the backend must not see a clean end. */
		GLACISD_STAT_INC(&connection->worker->stats, client_truncated);
		glacisd_connection_close(connection);
		return;
	}
	connection->up.ended = true;
	if (connection->backend.fd >= 0)
		shutdown(connection->backend.fd, SHUT_WR);
	glacisd_connection_check_end(connection);
}

/* After the last word to the client, what it still sends is read and dropped. */
static void discard(struct glacisd_connection *connection)
{
	struct glacisd_socket *client = &connection->client;
	uint32_t size;
	uint8_t *bytes;

	while (glacisd_socket_bytes(client, &bytes, &size))
		glacisd_socket_consume(client, size);
	glacisd_socket_release(connection, client);
	if (client->ended)
		glacisd_connection_close(connection);
	else
		glacisd_receive_arm(connection, client);
}

/* Nothing could be collected: there is no whole record. */
static void need_more(struct glacisd_connection *connection)
{
	struct glacisd_socket *client = &connection->client;
	uint32_t size;
	uint8_t *bytes;

	if (connection->up.starved)
		return;
	if (glacisd_socket_bytes(client, &bytes, &size)) {
		if (!assemble(connection))
			return;
		/* Several chunks may have made a record whole. */
		if (collect(connection) && connection->up.first) {
			glacisd_flow_submit(connection, &connection->up, connection->up.first);
			return;
		}
		if (connection->phase != GLACISD_PHASE_RELAY || connection->up.starved)
			return;
	}
	if (client->ended)
		end(connection);
	else
		glacisd_receive_arm(connection, client);
}

void glacisd_upload_advance(struct glacisd_connection *connection)
{
	struct glacisd_flow *up = &connection->up;
	uint32_t size;
	uint8_t *bytes;

	if (up->stage != GLACISD_STAGE_IDLE || connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (connection->phase == GLACISD_PHASE_LINGER) {
		glacisd_flow_free_all(connection, up);
		discard(connection);
		return;
	}
	/* With bytes left, how they end shows when they are opened. */
	if (connection->phase == GLACISD_PHASE_CONNECTING && connection->client.ended &&
	    !glacisd_socket_bytes(&connection->client, &bytes, &size))
		end(connection);
	if (connection->phase != GLACISD_PHASE_RELAY)
		return;
	glacisd_socket_release(connection, &connection->client);
	if (connection->close_received) {
		end(connection);
		return;
	}
	up->starved = false;
	if (!collect(connection))
		return;
	if (up->first)
		glacisd_flow_submit(connection, up, up->first);
	else
		need_more(connection);
}

/* ---- what opened records mean ---- */

static void count_error(struct glacisd_connection *connection, enum glacis_alert alert)
{
	if (alert == GLACIS_ALERT_BAD_RECORD_MAC)
		GLACISD_STAT_INC(&connection->worker->stats, records_bad_mac);
	else
		GLACISD_STAT_INC(&connection->worker->stats, protocol_errors);
}

/* Returns false when the connection is at its end and nothing after this record counts. */
static bool act(struct glacisd_connection *connection, struct glacisd_record *record,
		const struct glacis_record_event *event)
{
	struct glacisd_stats *stats = &connection->worker->stats;

	switch (event->kind) {
	case GLACIS_EVENT_DATA:
		record->data = event->content;
		record->size = connection->up.dead ? 0 : event->content_size;
		connection->last_was_up = true;
		GLACISD_STAT_ADD(stats, bytes_opened, event->content_size);
		return true;
	case GLACIS_EVENT_CLOSE:
		connection->close_received = true;
		return true;
	case GLACIS_EVENT_FATAL_ALERT:
		GLACISD_STAT_INC(stats, alerts_received);
		glacisd_connection_close(connection);
		return false;
	case GLACIS_EVENT_KEY_UPDATE:
		GLACISD_STAT_INC(stats, key_updates_received);
		connection->control.key_update |= event->reply_requested;
		return true;
	case GLACIS_EVENT_RENEGOTIATION:
		GLACISD_STAT_INC(stats, renegotiations_refused);
		connection->control.no_renegotiation = true;
		return true;
	case GLACIS_EVENT_ERROR:
		count_error(connection, event->alert);
		glacisd_connection_fail(connection, event->alert);
		return false;
	default:
		return true;
	}
}

/* Finishes records in order. Those with data stay in the list; `stale` is the first that has to be opened
 * again, under the keys a KeyUpdate before it brought. */
static bool finish_records(struct glacisd_connection *connection, struct glacisd_record **stale)
{
	struct glacisd_flow *up = &connection->up;
	struct glacisd_record *record = up->first, *next;

	up->first = up->last = NULL;
	*stale = NULL;
	for (; record; record = next) {
		bool alive = true;

		next = record->next;
		if (!record->data && !*stale) {
			struct glacis_record_event event;

			glacis_record_finish(&record->op, &event);
			if (event.kind == GLACIS_EVENT_STALE)
				*stale = record;
			else
				alive = act(connection, record, &event);
			GLACISD_STAT_INC(&connection->worker->stats, records_opened);
		}
		record->next = NULL;
		if (record->size || *stale) {
			if (up->last)
				up->last->next = record;
			else
				up->first = record;
			up->last = record;
		} else {
			glacisd_record_free(connection, record);
		}
		if (!alive) {
			for (record = next; record; record = next) {
				next = record->next;
				glacisd_record_free(connection, record);
			}
			glacisd_flow_free_all(connection, up);
			return false;
		}
	}
	return true;
}

void glacisd_upload_crypto_done(struct glacisd_connection *connection)
{
	struct glacisd_flow *up = &connection->up;
	struct glacisd_record *stale;

	if (connection->phase == GLACISD_PHASE_LINGER || !finish_records(connection, &stale)) {
		if (connection->phase == GLACISD_PHASE_LINGER)
			glacisd_upload_advance(connection);
		return;
	}
	if (connection->control.key_update || connection->control.no_renegotiation)
		glacisd_download_advance(connection);
	if (connection->phase == GLACISD_PHASE_DEAD)
		return;
	if (stale)
		glacisd_flow_submit(connection, up, stale);
	else if (up->first)
		glacisd_flow_send(connection, up);
	else
		glacisd_upload_advance(connection);
}
