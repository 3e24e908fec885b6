/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the reading side share: a reader together with the sender's side of it, whose records come from
 * OpenSSL's AES-GCM, so that no mistake can hide on both sides. One record at a time, in one place.
 */
#ifndef RECORD_PEER_H
#define RECORD_PEER_H

#include "record_support.h"

extern struct rig peer_rig;
extern struct record peer_record;             /* the last one opened */
extern uint8_t peer_wire[RECORD_BUFFER_SIZE]; /* and its bytes as they came */

/* For TestSuite(). */
void peer_set_up(void);
void peer_tear_down(void);

struct peer {
	struct glacis_record_keys keys;
	struct glacis_record_stream *reader;
	uint64_t sequence;
};

void peer_open(struct peer *peer, uint16_t suite, const struct glacis_record_stream_options *options);
void peer_close(struct peer *peer);
/* Sends one record of the version's own shape and returns what the reader makes of it. */
enum glacis_record_event_kind peer_send(struct peer *peer, uint8_t type, const void *content, uint32_t size);

/* That this event is an error with this alert, and shows no content. */
void expect_error(enum glacis_record_event_kind kind, enum glacis_alert alert);
/* What a fresh reader says to one record. */
void expect_error_for(uint16_t suite, uint8_t type, const void *content, uint32_t size, enum glacis_alert alert);

#endif
