/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crew's card: an engine of libglacis beside the crew's own, opened with the card of the settings by a thread that
 * does nothing else.
 *
 * Concepts. DPDK's start takes a second, and a card may be another process's still, an old worker's after a reload: so
 * operations go on on the processor meanwhile, and the opener tries again, less and less often, until the card is there
 * or it is certain that it never will be. From then on the threads of the crew work with queues of the card's engine,
 * and what becomes of a card that fails is libglacis' concern (docs/offload.md).
 *
 * Invariants. Nothing here runs, and no module is loaded, without a card in the settings. DPDK starts once in a process
 * and is of no use in its children: where an ancestor has tried, a child does not.
 */
#ifndef GLACIS_PROVIDER_CREW_CARD_H
#define GLACIS_PROVIDER_CREW_CARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <glacis/engine.h>

#include "settings.h"

struct crew_card {
	struct settings settings;               /* those of the context that started the crew */
	_Atomic(struct glacis_engine *) engine; /* with the card, once it is open */
	_Atomic int progress;                   /* what there is to say before that: enum in crew_card.c */
	pthread_t opener;
	bool opening;         /* there is an opener to be joined */
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	bool stopping;
	bool holding;    /* lines are kept until it is known whether they say something new */
	char held[2048]; /* lines, each with its end */
	size_t held_size;
};

void crew_card_init(struct crew_card *card);

/* Starts the opener, if the settings have a card. Called once, by a thread of the crew. */
void crew_card_start(struct crew_card *card);

/* The engine that has the card, or NULL: not yet, or never. Any thread, no lock. */
static inline struct glacis_engine *crew_card_engine(const struct crew_card *card)
{
	return atomic_load_explicit(&card->engine, memory_order_acquire);
}

/* How it stands: a word or two. Any thread. */
const char *crew_card_text(const struct crew_card *card);

/* Ends the opener, which may be in the middle of an attempt. */
void crew_card_stop(struct crew_card *card);

/* Destroys the engine, when nobody has a queue or key of it any more; with it the card is let go. After the stop. */
void crew_card_free(struct crew_card *card);

#endif
