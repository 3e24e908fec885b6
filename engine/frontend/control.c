/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that are not data: alerts and KeyUpdate. They are built in the record's own small buffer
 * and go through the down flow like everything else, so they are sealed and sent in order.
 */
#include <string.h>

#include "connection.h"

static bool add(struct glacisd_connection *connection, uint8_t type, const uint8_t *content, uint32_t size)
{
	struct glacisd_record *record = glacisd_flow_add(connection, &connection->down);

	if (!record)
		return false;
	record->op.stream = connection->writer;
	record->op.record = record->small;
	record->op.content_type = type;
	record->op.content_size = size;
	memcpy(record->small + glacis_record_prefix_size(connection->writer), content, size);
	return true;
}

static bool add_alert(struct glacisd_connection *connection, uint8_t level, uint8_t alert)
{
	const uint8_t content[2] = { level, alert };

	return add(connection, GLACIS_CONTENT_ALERT, content, sizeof(content));
}

static bool add_key_update(struct glacisd_connection *connection)
{
	uint8_t content[GLACIS_KEY_UPDATE_MESSAGE_SIZE];

	glacis_record_key_update_message(content, false);
	return add(connection, GLACIS_CONTENT_HANDSHAKE, content, sizeof(content));
}

/* The AEAD usage limit of RFC 8446 section 5.5: new keys in TLS 1.3, an end in TLS 1.2. */
static void check_limit(struct glacisd_connection *connection)
{
	struct glacisd_control *control = &connection->control;

	if (control->final || !glacis_record_writer_rekey_due(connection->writer))
		return;
	if (connection->version == GLACIS_TLS_1_3) {
		control->key_update = true;
		return;
	}
	GLACISD_STAT_INC(&connection->worker->stats, limit_closes);
	glacisd_connection_say_last(connection, GLACIS_ALERT_WARNING, GLACIS_ALERT_CLOSE_NOTIFY);
}

bool glacisd_control_collect(struct glacisd_connection *connection)
{
	struct glacisd_control *control = &connection->control;
	bool added = true;

	check_limit(connection);
	if (control->final) {
		if (!control->final_made)
			control->final_made = added = add_alert(connection, control->level, control->alert);
	} else if (control->key_update) {
		added = add_key_update(connection);
		control->key_update = !added;
	} else if (control->no_renegotiation) {
		added = add_alert(connection, GLACIS_ALERT_WARNING, GLACIS_ALERT_NO_RENEGOTIATION);
		control->no_renegotiation = !added;
		return !added;
	} else {
		return false;
	}
	if (!added)
		glacisd_flow_starve(connection, &connection->down);
	return true;
}

bool glacisd_control_close_notify(struct glacisd_connection *connection)
{
	if (!connection->control.close_notify_made)
		connection->control.close_notify_made =
			add_alert(connection, GLACIS_ALERT_WARNING, GLACIS_ALERT_CLOSE_NOTIFY);
	if (!connection->control.close_notify_made)
		glacisd_flow_starve(connection, &connection->down);
	return connection->control.close_notify_made;
}
