/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper, a thread of the card's own: opens the device, asks known answers now and then, and brings a card back
 * that has failed; see card.h for its states.
 *
 * Nothing of it is on the way of an operation: a queue that notices a failure sets the state and posts a semaphore.
 * Everything that takes time - DPDK's start, resets, reconnecting, known answers - happens here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend_cpu.h"
#include "card.h"
#include "engine.h"

/* Sleeps, unless the engine ends. */
static bool rest(struct card *card, uint64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	/* Woken early by a failure that is known already: the rest of the time goes on. */
	while (!atomic_load(&card->stopping) && sem_clockwait(&card->wake, CLOCK_MONOTONIC, &until) == 0)
		;
	return !atomic_load(&card->stopping);
}

/* Closes a seat to its queue; its owner may be inside for the time of a burst. */
static void gate_take(struct card_seat *seat)
{
	while (!card_seat_enter(seat))
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
}

/* Takes everything back from the card, into the stashes. Returns how many operations it still has. */
static uint64_t collect(struct card *card)
{
	uint64_t left = 0;

	pthread_mutex_lock(&card->lock);
	for (uint32_t i = 0; i < CARD_SEATS_MAX; i++) {
		struct card_seat *seat = card->seats[i];

		if (seat == NULL)
			continue;
		gate_take(seat);
		card_seat_stash(seat);
		left += atomic_load(&seat->live) - (seat->stashed - seat->taken);
		card_seat_exit(seat);
	}
	pthread_mutex_unlock(&card->lock);
	return left;
}

/* Lets queues that have nothing to poll for have back what is in quarantine. */
static void collect_late(struct card *card)
{
	pthread_mutex_lock(&card->lock);
	for (uint32_t i = 0; i < CARD_SEATS_MAX; i++) {
		struct card_seat *seat = card->seats[i];

		if (seat == NULL || !card_seat_enter(seat))
			continue;
		if (atomic_load(&seat->live) == 0)
			card_seat_stash(seat);
		card_seat_exit(seat);
	}
	pthread_mutex_unlock(&card->lock);
}

/* Why it does not start again: for whoever looks at it, and in the log when it is another reason than before. */
static void tell_why(struct card *card, const char *why)
{
	char text[sizeof(card->last_failure)] = "";
	bool known;

	snprintf(text, sizeof(text), "does not start again: %s", why);
	pthread_mutex_lock(&card->text_lock);
	known = strcmp(card->last_failure, text) == 0;
	memcpy(card->last_failure, text, sizeof(text));
	pthread_mutex_unlock(&card->text_lock);
	if (!known)
		card_log(card, GLACIS_CARD_LOG_WARNING, "card %s: does not start again: %s", card->description.device,
			 why);
}

/* Stops and starts the device, while nobody can be with it. */
static int restart(struct card *card)
{
	char why[CARD_WHY_SIZE] = "";
	int error;

	pthread_mutex_lock(&card->lock);
	for (uint32_t i = 0; i < CARD_SEATS_MAX; i++)
		if (card->seats[i] != NULL)
			gate_take(card->seats[i]);
	error = card->module->restart(card->device, why);
	for (uint32_t i = 0; i < CARD_SEATS_MAX; i++)
		if (card->seats[i] != NULL)
			card_seat_exit(card->seats[i]);
	pthread_mutex_unlock(&card->lock);
	atomic_fetch_add(&card->restarts, 1);
	if (error != 0)
		tell_why(card, why);
	return error;
}

/* It may be another image that has come back. */
static void identify(struct card *card)
{
	struct glacis_card_identity identity;

	card->module->identity(card->device, &identity);
	pthread_mutex_lock(&card->text_lock);
	card->identity = identity;
	pthread_mutex_unlock(&card->text_lock);
}

static bool answers_right(struct card *card, bool quick)
{
	bool right;

	if (!card->description.aead || card->options.ask_nothing)
		return true;
	gate_take(&card->own_seat);
	right = card_answers_right(card, quick);
	card_seat_exit(&card->own_seat);
	if (!right)
		atomic_fetch_add(&card->tests_failed, 1);
	return right;
}

/* How long the card waits before it gets traffic again. */
static uint32_t backoff_ms(struct card *card)
{
	uint64_t now = card_now_us();
	uint32_t shift;

	if (now - card->back_since_us > CARD_GOOD_MS * UINT64_C(1000))
		card->failures_in_row = 0;
	shift = card->failures_in_row++;
	return shift > 8 || CARD_BACKOFF_MS << shift > CARD_BACKOFF_MS_MAX ? CARD_BACKOFF_MS_MAX
									   : CARD_BACKOFF_MS << shift;
}

/* Starts the device again until it gives right answers. False: the engine ends. */
static bool bring_back(struct card *card)
{
	uint32_t retry_ms = CARD_BACKOFF_MS;

	atomic_store(&card->state, GLACIS_CARD_LOST);
	card_log(card, GLACIS_CARD_LOG_WARNING,
		 "card %s: is lost; everything runs on the processor, and the card is tried again",
		 card->description.device);
	for (;;) {
		/* Where an operation does not come back, its queue's driver has not let go: starting again must wait.
		 */
		if (collect(card) == 0 && restart(card) == 0) {
			identify(card);
			if (answers_right(card, false))
				return true;
		}
		if (!rest(card, retry_ms))
			return false;
		retry_ms = retry_ms * 2 > CARD_RETRY_MS_MAX ? CARD_RETRY_MS_MAX : retry_ms * 2;
	}
}

/* From a failure to the return into traffic. False: the engine ends. */
static bool recover(struct card *card)
{
	uint32_t wait_ms = backoff_ms(card);
	uint64_t failed_us = atomic_load(&card->failed_us), took_us;
	char what[sizeof(card->last_failure)];

	pthread_mutex_lock(&card->text_lock);
	memcpy(what, card->last_failure, sizeof(what));
	pthread_mutex_unlock(&card->text_lock);
	card_log(card, GLACIS_CARD_LOG_WARNING, "card %s: %s; it gets no traffic for at least %u ms",
		 card->description.device, what, wait_ms);
	(void)collect(card);
	if (!answers_right(card, false) && !bring_back(card))
		return false;
	took_us = card_now_us() - failed_us;
	if (took_us < wait_ms * UINT64_C(1000) && !rest(card, wait_ms - took_us / 1000))
		return false;
	took_us = card_now_us() - failed_us;
	if (!card->measured)
		card_costs_measure(card);
	atomic_store(&card->recovery_us, took_us);
	atomic_fetch_add(&card->readmissions, 1);
	card->back_since_us = card_now_us();
	atomic_store(&card->state, GLACIS_CARD_UP);
	card_log(card, GLACIS_CARD_LOG_INFO, "card %s: gave the known answers and gets traffic again, after %llu ms",
		 card->description.device, (unsigned long long)(took_us / 1000));
	return true;
}

static void keep(struct card *card)
{
	while (!atomic_load(&card->stopping)) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += CARD_HEARTBEAT_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		(void)sem_clockwait(&card->wake, CLOCK_MONOTONIC, &until);
		if (atomic_load(&card->stopping))
			return;
		/* Of a queue that has nothing to poll for, the late ones come back here. */
		if (card->options.copy_always || !card->description.direct)
			collect_late(card);
		if (card_is_up(card) && !answers_right(card, true))
			card_failed(card, "did not answer a known question right");
		if (!card_is_up(card) && !recover(card))
			return;
	}
}

/* ---- its life ---- */

static int keeper_open(struct card *card)
{
	char why[CARD_WHY_SIZE] = "";
	const struct card_open open = { .options = &card->options, .why = why };
	const struct backend_queue_setup cpu = {
		.engine = card->engine,
		.completions = &card->cpu_done,
		.counters = &card->cpu_counters,
		.depth = 64,
		.key_slots = 16,
	};
	int error = card->module->open(&open, &card->device);

	if (error != 0) {
		bool none = error == -ENODEV && strcmp(card->options.device, "auto") == 0;

		card_log(card, none ? GLACIS_CARD_LOG_INFO : GLACIS_CARD_LOG_ERROR, "card %s: %s%s",
			 card->options.device, why[0] != '\0' ? why : strerror(-error),
			 none ? "; everything runs on the processor" : "");
		return error;
	}
	card->module->describe(card->device, &card->description);
	identify(card);
	card->cpu_done = (struct completion_ring){ .entries = card->cpu_entries, .mask = 63 };
	error = backend_cpu.queue_open(&cpu, &card->cpu);
	if (error == 0)
		error = card_seat_open(card, &card->own_seat, 0, NULL, NULL);
	if (error == 0)
		error = card_answers_open(card);
	if (error != 0)
		card_log(card, GLACIS_CARD_LOG_ERROR, "card %s: %s", card->options.device, strerror(-error));
	return error;
}

static void keeper_close(struct card *card)
{
	card_answers_close(card);
	card_seat_close(&card->own_seat);
	if (card->cpu != NULL)
		backend_cpu.queue_close(card->cpu);
	if (card->device != NULL)
		card->module->close(card->device);
}

static const char *where(bool by_card)
{
	return by_card ? "by the card" : "by the processor alone";
}

/* What it does and what it leaves, once. */
static void introduce(const struct card *card)
{
	card_log(card, GLACIS_CARD_LOG_INFO, "card %s: at %s, %u queues; AES-GCM %s, RSA %s", card->description.device,
		 card->identity.place, card->description.queues - 1, where(card->description.aead),
		 where(card->description.rsa));
}

static void *keeper_main(void *card_)
{
	struct card *card = card_;

	card->open_error = keeper_open(card);
	if (card->open_error == 0) {
		introduce(card);
		card->seats[0] = &card->own_seat;
		atomic_store(&card->state, GLACIS_CARD_UP);
		if (answers_right(card, false)) {
			card_costs_measure(card);
		} else {
			/* It is there and does not work: the engine starts all the same, and the keeper tries on. */
			atomic_store(&card->size_from, UINT32_MAX);
			atomic_store(&card->size_from_busy, UINT32_MAX);
			card_failed(card, "did not give the known answers at start");
		}
	}
	sem_post(&card->ready);
	if (card->open_error == 0)
		keep(card);
	keeper_close(card);
	return NULL;
}

/* The thread gets no signals: they are the program's. */
int card_keeper_start(struct card *card)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&card->keeper, NULL, keeper_main, card);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		return error;
	while (sem_wait(&card->ready) != 0)
		;
	if (card->open_error != 0)
		pthread_join(card->keeper, NULL);
	return card->open_error;
}

void card_keeper_stop(struct card *card)
{
	atomic_store(&card->stopping, true);
	sem_post(&card->wake);
	pthread_join(card->keeper, NULL);
}
