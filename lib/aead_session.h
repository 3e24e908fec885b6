/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of one connection: a key, and where its expanded form may lie. One cache line of
 * locked memory, so that a million idle sessions cost 64 MB.
 *
 * Invariants: (`cache_id`, `slot`) is a hint that the key cache checks; it is never dereferenced
 * unchecked. `engine` is NULL when fork() has zeroed the session in a child.
 */
#ifndef GLACIS_LIB_AEAD_SESSION_H
#define GLACIS_LIB_AEAD_SESSION_H

#include <assert.h>
#include <stdint.h>

#include <glacis/aead.h>

struct glacis_aead_session {
	struct glacis_engine *engine;
	uint32_t cache_id; /* the key cache that held the expanded key last; 0: none */
	uint32_t slot;     /* its place there */
	uint32_t inflight; /* operations between submit and poll */
	uint8_t direction; /* enum glacis_direction */
	uint8_t key_size;  /* bytes */
	uint8_t key_index; /* 0, 1, 2 for 16, 24, 32 bytes */
	uint8_t unused;
	uint32_t card_queue; /* the card's queue that made something of the key last; 0: none. A module's, as is: */
	uint32_t card_slot;  /* its place there */
	uint8_t key[GLACIS_AEAD_KEY_SIZE_MAX];
};

static_assert(sizeof(struct glacis_aead_session) == 64, "a session is one cache line");

#endif
