/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's life: opened and closed with the engine, its options, and the word that something failed; see card.h. What
 * takes time is its keeper's (card_keeper.c).
 */
#include "card.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUES_DEFAULT     8u
#define QUEUES_MAX         62u
#define DEPTH_DEFAULT      1024u
#define DEPTH_MIN          64u /* a burst and what is measured with */
#define DEPTH_MAX          32767u
#define DEADLINE_MS        100u
#define DEADLINE_MS_MAX    60000u
#define MEMORY_MIB_DEFAULT 512u
#define MEMORY_MIB_MAX     65536u

uint64_t card_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* ---- failure ---- */

void card_failed(struct card *card, const char *what)
{
	uint32_t up = GLACIS_CARD_UP;

	if (!atomic_compare_exchange_strong(&card->state, &up, GLACIS_CARD_SUSPECT))
		return;
	atomic_store(&card->failed_us, card_now_us());
	atomic_fetch_add(&card->failures, 1);
	/* Not the other lock: the keeper may hold that one while it waits for the caller's seat. */
	pthread_mutex_lock(&card->text_lock);
	snprintf(card->last_failure, sizeof(card->last_failure), "%s", what);
	pthread_mutex_unlock(&card->text_lock);
	sem_post(&card->wake);
}

void card_rsa_failed(struct card *card)
{
	uint32_t times = atomic_fetch_add(&card->rsa_wrong, 1);
	uint64_t pause_ms = (uint64_t)CARD_RSA_PAUSE_MS << (times < 8 ? times : 8);

	atomic_store(&card->rsa_pause_until_us, card_now_us() + pause_ms * 1000);
	card_log(card, GLACIS_CARD_LOG_WARNING,
		 "card %s: an RSA result failed its check; RSA runs on the processor for %llu ms",
		 card->description.device, (unsigned long long)pause_ms);
}

bool card_rsa_allowed(const struct card *card)
{
	uint64_t until = atomic_load_explicit(&card->rsa_pause_until_us, memory_order_relaxed);

	return card->description.rsa && (until == 0 || card_now_us() >= until);
}

/* ---- open and close ---- */

static uint32_t or_default(uint32_t value, uint32_t standard)
{
	return value != 0 ? value : standard;
}

static void card_free(struct card *card)
{
	char **arguments = (char **)(uintptr_t)card->options.eal_arguments;

	for (uint32_t i = 0; arguments != NULL && i < card->options.eal_argument_count; i++)
		free(arguments[i]);
	free(arguments);
	free((char *)(uintptr_t)card->options.device);
	free((char *)(uintptr_t)card->options.module);
	sem_destroy(&card->wake);
	sem_destroy(&card->ready);
	pthread_mutex_destroy(&card->lock);
	pthread_mutex_destroy(&card->text_lock);
	free(card);
}

/* The caller's strings need not live on. */
static int options_copy(struct card *card, const struct glacis_card_options *options)
{
	struct glacis_card_options *own = &card->options;
	char **arguments = NULL;

	*own = *options;
	own->module = NULL;
	own->eal_arguments = NULL;
	own->eal_argument_count = 0;
	own->queues = or_default(options->queues, QUEUES_DEFAULT) + 1; /* and the keeper's */
	own->depth = or_default(options->depth, DEPTH_DEFAULT);
	own->deadline_ms = or_default(options->deadline_ms, DEADLINE_MS);
	own->memory_mib = or_default(options->memory_mib, MEMORY_MIB_DEFAULT);
	own->device = strdup(options->device);
	if (own->device == NULL)
		return -ENOMEM;
	if (options->module != NULL && (own->module = strdup(options->module)) == NULL)
		return -ENOMEM;
	if (options->eal_argument_count > 0) {
		arguments = calloc(options->eal_argument_count, sizeof(*arguments));
		if (arguments == NULL)
			return -ENOMEM;
	}
	own->eal_arguments = (const char *const *)arguments;
	for (uint32_t i = 0; i < options->eal_argument_count; i++) {
		arguments[i] = strdup(options->eal_arguments[i]);
		if (arguments[i] == NULL)
			return -ENOMEM;
		own->eal_argument_count++;
	}
	return 0;
}

int card_open(struct glacis_engine *engine, const struct glacis_card_options *options, struct card **opened)
{
	struct card *card;
	int error;

	*opened = NULL;
	if (options->device == NULL || options->device[0] == '\0')
		return 0;
	if (options->queues > QUEUES_MAX || options->depth > DEPTH_MAX ||
	    (options->depth != 0 && options->depth < DEPTH_MIN) || options->deadline_ms > DEADLINE_MS_MAX ||
	    options->memory_mib > MEMORY_MIB_MAX || options->policy > GLACIS_CARD_NEVER ||
	    options->verify > GLACIS_CARD_VERIFY_NONE)
		return -EINVAL;
	card = calloc(1, sizeof(*card));
	if (card == NULL)
		return -ENOMEM;
	card->engine = engine;
	pthread_mutex_init(&card->lock, NULL);
	pthread_mutex_init(&card->text_lock, NULL);
	sem_init(&card->wake, 0, 0);
	sem_init(&card->ready, 0, 0);
	error = options_copy(card, options);
	if (error == 0)
		error = card_load(card);
	if (error == 0)
		error = card_keeper_start(card);
	if (error == 0) {
		*opened = card;
		return 0;
	}
	card_unload(card);
	if (error == -ENODEV && strcmp(card->options.device, "auto") == 0)
		error = 0;
	card_free(card);
	return error;
}

void card_close(struct card *card)
{
	if (card == NULL)
		return;
	card_keeper_stop(card);
	card_unload(card);
	card_free(card);
}
