/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AEAD sessions: made and freed by any thread, used by one at a time; see aead_session.h.
 * Only the raw key lies here; its expanded form is the key cache's and can be dropped at any time.
 */
#include "aead_session.h"

#include <errno.h>
#include <string.h>

#include "card.h"
#include "engine.h"
#include "key_cache.h"

static bool key_size_valid(size_t key_size)
{
	return key_size == 16 || key_size == 24 || key_size == 32;
}

/* Wipes what was made of the key, here and for the card. */
static void release_keys(struct glacis_aead_session *session)
{
	const struct card *card = session->engine->card;

	key_cache_release(session);
	if (card != NULL && session->card_queue != 0)
		card->module->session_release(card->device, session);
}

int glacis_aead_session_create(struct glacis_engine *engine, enum glacis_direction direction, const uint8_t *key,
			       size_t key_size, struct glacis_aead_session **session)
{
	void *object;

	if (engine_is_foreign(engine))
		return -ECHILD;
	if (!key_size_valid(key_size) || (direction != GLACIS_SEAL && direction != GLACIS_OPEN) || key == NULL)
		return -EINVAL;
	int error = secure_memory_alloc(&engine->memory, sizeof(struct glacis_aead_session), &object);
	if (error != 0)
		return error;
	struct glacis_aead_session *created = object;
	created->engine = engine;
	created->direction = (uint8_t)direction;
	created->key_size = (uint8_t)key_size;
	created->key_index = (uint8_t)((key_size - 16) / 8);
	memcpy(created->key, key, key_size);
	atomic_fetch_add_explicit(&engine->sessions, 1, memory_order_relaxed);
	*session = created;
	return 0;
}

void glacis_aead_session_destroy(struct glacis_aead_session *session)
{
	/* Zeroed by fork(): nothing is left to free in this process. */
	if (session == NULL || session->engine == NULL)
		return;
	struct glacis_engine *engine = session->engine;
	assert(session->inflight == 0);
	release_keys(session);
	secure_memory_free(&engine->memory, session, sizeof(*session));
	atomic_fetch_sub_explicit(&engine->sessions, 1, memory_order_relaxed);
}

int glacis_aead_session_rekey(struct glacis_aead_session *session, const uint8_t *key, size_t key_size)
{
	if (session->engine == NULL)
		return -ECHILD;
	if (session->inflight > 0)
		return -EBUSY;
	if (key == NULL || key_size != session->key_size)
		return -EINVAL;
	release_keys(session);
	memcpy(session->key, key, key_size);
	return 0;
}

void glacis_aead_session_idle(struct glacis_aead_session *session)
{
	if (session->engine != NULL && session->inflight == 0)
		release_keys(session);
}
