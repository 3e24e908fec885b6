/* SPDX-License-Identifier: Apache-2.0 */
/* What the public interface tells of the card, and its memory for pools. */
#include <errno.h>
#include <string.h>

#include <glacis/card.h>

#include "backend_card.h"
#include "card.h"
#include "card_rsa.h"
#include "engine.h"
#include "queue.h"
#include "rsa_key.h"

int glacis_card_open(struct glacis_engine *engine, const struct glacis_card_options *options)
{
	int error;

	if (engine_is_foreign(engine))
		return -ECHILD;
	if (engine->card != NULL || atomic_load(&engine->queues) > 0 || atomic_load(&engine->pools) > 0)
		return -EBUSY;
	error = card_open(engine, options, &engine->card);
	if (error != 0 || engine->card == NULL)
		return error;
	pthread_mutex_lock(&engine->rsa.lock);
	for (struct glacis_rsa_key *key = engine->rsa.keys; key != NULL; key = key->next)
		card_rsa_key_load(key);
	pthread_mutex_unlock(&engine->rsa.lock);
	return 0;
}

void *card_memory_alloc(struct card *card, size_t size)
{
	void *memory = card->module->memory_alloc(card->device, size);

	if (memory == NULL && atomic_fetch_add(&card->plain_pools, 1) == 0)
		card_log(card, GLACIS_CARD_LOG_WARNING,
			 "card %s: no %zu MiB of its memory are left for a pool: operations on it are copied; give it "
			 "more than %u MiB",
			 card->description.device, size >> 20, card->options.memory_mib);
	return memory;
}

void card_memory_free(struct card *card, void *memory, size_t size)
{
	card->module->memory_free(card->device, memory, size);
}

void card_memory_trim(struct card *card, void *memory, size_t size)
{
	card->module->memory_trim(card->device, memory, size);
}

static void fill_texts(struct card *card, struct glacis_card_info *info)
{
	memcpy(info->device, card->description.device, sizeof(info->device));
	memcpy(info->driver, card->description.driver, sizeof(info->driver));
	pthread_mutex_lock(&card->text_lock);
	memcpy(info->last_failure, card->last_failure, sizeof(info->last_failure));
	info->identity = card->identity;
	memcpy(info->costs, card->costs, sizeof(info->costs));
	pthread_mutex_unlock(&card->text_lock);
}

void glacis_card_info(const struct glacis_engine *engine, struct glacis_card_info *info)
{
	struct card *card = engine->card;

	*info = (struct glacis_card_info){ 0 };
	if (card == NULL || engine_is_foreign(engine))
		return;
	*info = (struct glacis_card_info){
		.state = (enum glacis_card_state)atomic_load(&card->state),
		.aead = card->description.aead,
		.rsa = card->description.rsa,
		.direct = card->description.direct,
		.queues = card->description.queues - 1,
		.deadline_ms = card->options.deadline_ms,
		.policy = card->options.policy,
		.verify = card->options.verify,
		.size_from = atomic_load(&card->size_from),
		.size_from_busy = atomic_load(&card->size_from_busy),
		.failures = atomic_load(&card->failures),
		.restarts = atomic_load(&card->restarts),
		.readmissions = atomic_load(&card->readmissions),
		.tests_failed = atomic_load(&card->tests_failed),
		.recovery_us = atomic_load(&card->recovery_us),
		.queues_used = atomic_load(&card->seats_used),
	};
	fill_texts(card, info);
}

void glacis_card_counters(const struct glacis_queue *queue, struct glacis_card_counters *counters)
{
	*counters = (struct glacis_card_counters){ 0 };
	if (queue->backend == &backend_card && !engine_is_foreign(queue->engine))
		backend_card_counters(queue->backend_state, counters);
}

int64_t glacis_card_wait_us(const struct glacis_queue *queue)
{
	if (queue->backend != &backend_card || engine_is_foreign(queue->engine))
		return -1;
	/* Completions that nobody has fetched yet. */
	if (queue->completions.head != queue->completions.tail)
		return 0;
	return backend_card_wait_us(queue->backend_state);
}

unsigned glacis_card_rsa_room(struct glacis_queue *queue)
{
	if (queue->backend != &backend_card || engine_is_foreign(queue->engine))
		return 0;
	return backend_card_rsa_room(queue->backend_state);
}

const char *glacis_card_state_name(enum glacis_card_state state)
{
	static const char *const names[GLACIS_CARD_STATES] = { "none", "up", "suspect", "lost" };

	return state < GLACIS_CARD_STATES ? names[state] : "none";
}
