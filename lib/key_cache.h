/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expanded keys of the sessions that are busy on one queue: a fixed array of slots in locked
 * memory, given out by the clock algorithm. Building a key takes about 130 ns, so a session that
 * lost its slot is served again without a word.
 *
 * Concepts. A slot names its owner; a session remembers its slot. The key is there exactly when
 * both agree, so eviction touches only the slot and never a session that may be gone.
 * Threads. The queue's thread looks up and evicts, without a lock. Any thread may release a
 * session's slot (a session is freed wherever its owner likes): `owner` is taken by compare and
 * exchange, and SLOT_CLAIMED keeps others off while a slot is wiped or built.
 */
#ifndef GLACIS_LIB_KEY_CACHE_H
#define GLACIS_LIB_KEY_CACHE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <intel-ipsec-mb.h>

#include "aead_session.h"
#include "backend_cpu.h"
#include "engine.h"
#include "secure_memory.h"

/* What ipsec-mb uses of its key structure, without the padding at its end. */
#define KEY_DATA_SIZE (offsetof(struct gcm_key_data, ghash_keys) + sizeof(((struct gcm_key_data *)0)->ghash_keys))

/*
 * An expanded key and its owner, which shares a cache line with the hash keys that every operation
 * reads. Key data must be 64-byte aligned, or newer releases of ipsec-mb fault.
 */
struct key_slot {
	_Alignas(64) uint8_t data[KEY_DATA_SIZE];
	_Atomic(uintptr_t) owner; /* address of the session, SLOT_FREE or SLOT_CLAIMED */
	uint8_t referenced;       /* used since the clock hand passed last */
};
#define SLOT_FREE    ((uintptr_t)0)
#define SLOT_CLAIMED ((uintptr_t)1)

struct key_cache {
	uint32_t id; /* never used twice by an engine */
	uint32_t slots;
	uint32_t hand;
	uint32_t touched; /* slots from here on were never used, their pages are not there yet */
	struct key_slot *slot;
	const struct gcm_functions *gcm; /* by key_index */
	struct queue_counters *counters;
	struct secure_region region;
	struct glacis_engine *engine;
	struct key_cache *next; /* the engine's list */
};

GLACIS_MUST_CHECK int key_cache_init(struct key_cache *cache, struct glacis_engine *engine, uint32_t slots,
				     struct queue_counters *counters);

/* Wipes every key. */
void key_cache_fini(struct key_cache *cache);

/* Expands the session's key into a slot. For key_cache_get only. */
const struct gcm_key_data *key_cache_build(struct key_cache *cache, struct glacis_aead_session *session);

/* Wipes the session's expanded key, if a cache holds it. Any thread, with nothing in flight. */
void key_cache_release(struct glacis_aead_session *session);

static inline struct gcm_key_data *key_slot_data(struct key_slot *slot)
{
	return (struct gcm_key_data *)(void *)slot->data;
}

/* The session's expanded key, built when it is not there. Valid until the next call. */
static inline const struct gcm_key_data *key_cache_get(struct key_cache *cache, struct glacis_aead_session *session)
{
	if (__builtin_expect(session->cache_id != cache->id, 0))
		return key_cache_build(cache, session);
	struct key_slot *slot = &cache->slot[session->slot];
	if (__builtin_expect(atomic_load_explicit(&slot->owner, memory_order_relaxed) != (uintptr_t)session, 0))
		return key_cache_build(cache, session);
	slot->referenced = 1;
	return key_slot_data(slot);
}

#endif
