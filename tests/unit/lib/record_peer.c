/* SPDX-License-Identifier: Apache-2.0 */
/* See record_peer.h. */
#include "record_peer.h"

#include <criterion/criterion.h>

struct rig peer_rig;
struct record peer_record;
uint8_t peer_wire[RECORD_BUFFER_SIZE];

void peer_set_up(void)
{
	rig_open(&peer_rig, 64);
}

void peer_tear_down(void)
{
	rig_close(&peer_rig);
}

void peer_open(struct peer *peer, uint16_t suite, const struct glacis_record_stream_options *options)
{
	make_keys(suite, 11, &peer->keys);
	peer->reader = make_stream(&peer_rig, GLACIS_OPEN, &peer->keys, options);
	peer->sequence = options != NULL ? options->first_sequence : 0;
}

void peer_close(struct peer *peer)
{
	glacis_record_stream_destroy(peer->reader);
}

enum glacis_record_event_kind peer_send(struct peer *peer, uint8_t type, const void *content, uint32_t size)
{
	uint32_t wire_size;

	if (peer->keys.version == GLACIS_TLS_1_3)
		wire_size = reference_seal13(&peer->keys, peer->sequence++, type, content, size, 0, peer_wire);
	else
		wire_size = reference_seal(&peer->keys, peer->sequence++, type, content, size, peer_wire);
	return open_record(&peer_rig, &peer_record, peer->reader, peer_wire, wire_size);
}

void expect_error(enum glacis_record_event_kind kind, enum glacis_alert alert)
{
	cr_expect_eq(kind, GLACIS_EVENT_ERROR, "event %d", kind);
	cr_expect_eq(peer_record.event.alert, alert, "alert %s", glacis_alert_name(peer_record.event.alert));
	cr_expect_null(peer_record.event.content);
	cr_expect_eq(peer_record.event.content_size, 0);
}

void expect_error_for(uint16_t suite, uint8_t type, const void *content, uint32_t size, enum glacis_alert alert)
{
	struct peer peer;

	peer_open(&peer, suite, NULL);
	expect_error(peer_send(&peer, type, content, size), alert);
	peer_close(&peer);
}
