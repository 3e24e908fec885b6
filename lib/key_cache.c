/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expanded keys of busy sessions; see key_cache.h.
 *
 * The engine keeps a list of its caches under a lock. It is walked only where a key leaves a cache
 * by other means than eviction - a session freed, idle, re-keyed or moved to another queue - so
 * that the slot can be wiped at once, and never on the way of an operation that stays on its queue.
 */
#include "key_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The hand gives second chances to at most so many keys, which bounds the time of one look-up. */
#define CLOCK_STEPS_MAX 64u

int key_cache_init(struct key_cache *cache, struct glacis_engine *engine, uint32_t slots,
		   struct queue_counters *counters)
{
	memset(cache, 0, sizeof(*cache));
	int error = secure_memory_map(&engine->memory, (size_t)slots * sizeof(struct key_slot), &cache->region);
	if (error != 0)
		return error;
	cache->engine = engine;
	cache->slots = slots;
	cache->slot = cache->region.base;
	cache->gcm = engine->cpu.gcm;
	cache->counters = counters;
	pthread_mutex_lock(&engine->caches_lock);
	cache->id = ++engine->last_cache_id;
	cache->next = engine->caches;
	engine->caches = cache;
	pthread_mutex_unlock(&engine->caches_lock);
	return 0;
}

static void leave_engine(struct key_cache *cache)
{
	pthread_mutex_lock(&cache->engine->caches_lock);
	struct key_cache **link = &cache->engine->caches;
	while (*link != cache)
		link = &(*link)->next;
	*link = cache->next;
	pthread_mutex_unlock(&cache->engine->caches_lock);
}

void key_cache_fini(struct key_cache *cache)
{
	/* In a child the lock may be held by a thread that does not exist there, and the keys are gone already. */
	if (!engine_is_foreign(cache->engine)) {
		leave_engine(cache);
		for (uint32_t i = 0; i < cache->touched; i++)
			explicit_bzero(cache->slot[i].data, KEY_DATA_SIZE);
	}
	secure_memory_unmap(&cache->engine->memory, &cache->region);
}

/* Takes a slot from whoever has it, unless another thread is wiping it. */
static bool claim(struct key_cache *cache, struct key_slot *slot)
{
	uintptr_t owner = atomic_load(&slot->owner);
	if (owner == SLOT_CLAIMED || !atomic_compare_exchange_strong(&slot->owner, &owner, SLOT_CLAIMED))
		return false;
	if (owner != SLOT_FREE) {
		explicit_bzero(slot->data, KEY_DATA_SIZE);
		counter_add(&cache->counters->keys_evicted, 1);
	}
	return true;
}

static struct key_slot *take_slot(struct key_cache *cache)
{
	for (uint32_t step = 0;; step++) {
		struct key_slot *slot = &cache->slot[cache->hand++];
		if (cache->touched < cache->hand)
			cache->touched = cache->hand;
		if (cache->hand == cache->slots)
			cache->hand = 0;
		bool busy = slot->referenced != 0 &&
			    atomic_load_explicit(&slot->owner, memory_order_relaxed) != SLOT_FREE;
		slot->referenced = 0;
		if (!(busy && step < CLOCK_STEPS_MAX) && claim(cache, slot))
			return slot;
	}
}

const struct gcm_key_data *key_cache_build(struct key_cache *cache, struct glacis_aead_session *session)
{
	/* A session that comes from another queue leaves no key behind there. */
	if (session->cache_id != 0 && session->cache_id != cache->id)
		key_cache_release(session);
	struct key_slot *slot = take_slot(cache);
	cache->gcm[session->key_index].expand(session->key, key_slot_data(slot));
	slot->referenced = 1;
	atomic_store(&slot->owner, (uintptr_t)session);
	session->cache_id = cache->id;
	session->slot = (uint32_t)(slot - cache->slot);
	counter_add(&cache->counters->keys_expanded, 1);
	return key_slot_data(slot);
}

void key_cache_release(struct glacis_aead_session *session)
{
	if (session->cache_id == 0)
		return;
	struct glacis_engine *engine = session->engine;
	pthread_mutex_lock(&engine->caches_lock);
	struct key_cache *cache = engine->caches;
	while (cache != NULL && cache->id != session->cache_id)
		cache = cache->next;
	struct key_slot *slot = cache != NULL ? &cache->slot[session->slot] : NULL;
	uintptr_t owner = (uintptr_t)session;
	if (slot != NULL && atomic_compare_exchange_strong(&slot->owner, &owner, SLOT_CLAIMED)) {
		explicit_bzero(slot->data, KEY_DATA_SIZE);
		atomic_store(&slot->owner, SLOT_FREE);
	}
	pthread_mutex_unlock(&engine->caches_lock);
	session->cache_id = 0;
	session->slot = 0;
}
