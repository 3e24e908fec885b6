/* SPDX-License-Identifier: Apache-2.0 */
/* Workers; see worker.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "clock.h"

struct round {
	unsigned commands; /* taken */
	unsigned enabled;  /* queues that could have had some */
};

static struct round run_queues(struct vcard_worker *worker)
{
	struct vcard_card *card = worker->card;
	struct round round = { 0 };

	if (card->logic) {
		vcard_gate_pause(&card->gate);
		round.commands = card->setup.backend->logic->run(card->logic, &round.enabled);
		return round;
	}
	for (unsigned i = worker->index; i < vcard_card_queue_count(card); i += card->setup.threads) {
		struct vcard_queue *queue = &card->queues[i];

		vcard_gate_pause(&card->gate);
		if (!card->enabled ||
		    atomic_load_explicit(&queue->state, memory_order_relaxed) != GLACIS_CARD_STATE_ENABLED)
			continue;
		round.enabled++;
		round.commands += vcard_queue_run(queue, worker->scratch);
	}
	return round;
}

static bool must_stop(const struct vcard_worker *worker)
{
	return atomic_load_explicit(&worker->stop, memory_order_relaxed);
}

/* Sleeps for `ns`, 0 meaning until it is woken, and leaves the gate meanwhile. False when the worker is to end. */
static bool sleep_outside(struct vcard_worker *worker, uint64_t ns)
{
	struct timespec until = vcard_clock_after(ns);
	int error = 0;

	vcard_gate_leave(&worker->card->gate);
	pthread_mutex_lock(&worker->lock);
	while (!worker->wake && !must_stop(worker) && !error) {
		if (ns)
			error = pthread_cond_timedwait(&worker->woken, &worker->lock, &until);
		else
			error = pthread_cond_wait(&worker->woken, &worker->lock);
	}
	worker->wake = false;
	pthread_mutex_unlock(&worker->lock);
	vcard_gate_enter(&worker->card->gate);
	return !must_stop(worker);
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* The sleep after one of `pause`, when there was no work since `idle_since`. */
static uint64_t longer(uint64_t pause, uint64_t idle_since)
{
	bool quiet = vcard_clock_ns() - idle_since > WORKER_QUIET_NS;
	uint64_t longest = quiet ? WORKER_SLEEP_QUIET_NS : WORKER_SLEEP_MAX_NS;

	return pause * 2 < longest ? pause * 2 : longest;
}

static void *work(void *argument)
{
	struct vcard_worker *worker = argument;
	uint64_t idle_since = 0, pause = WORKER_SLEEP_MIN_NS;
	bool stop = false;

	vcard_gate_enter(&worker->card->gate);
	while (!stop) {
		struct round round = run_queues(worker);

		if (round.commands) {
			idle_since = 0;
			pause = WORKER_SLEEP_MIN_NS;
			stop = must_stop(worker);
		} else if (!round.enabled) {
			stop = !sleep_outside(worker, 0);
		} else if (!idle_since) {
			idle_since = vcard_clock_ns();
		} else if (worker->card->setup.busy_poll || vcard_clock_ns() - idle_since < WORKER_SPIN_NS) {
			relax();
			stop = must_stop(worker);
		} else {
			stop = !sleep_outside(worker, pause);
			pause = longer(pause, idle_since);
		}
	}
	vcard_gate_leave(&worker->card->gate);
	return NULL;
}

int vcard_worker_start(struct vcard_worker *worker, struct vcard_card *card, unsigned index)
{
	int error;

	*worker = (struct vcard_worker){ .card = card, .index = index }; /* stop and wake are false */
	worker->scratch = aligned_alloc(64, (sizeof(*worker->scratch) + 63) / 64 * 64);
	if (!worker->scratch)
		return -ENOMEM;
	memset(worker->scratch, 0, sizeof(*worker->scratch));
	worker->scratch->thread = index;
	error = -pthread_mutex_init(&worker->lock, NULL);
	if (error)
		goto no_lock;
	error = vcard_clock_condition(&worker->woken);
	if (error)
		goto no_condition;
	error = -pthread_create(&worker->thread, NULL, work, worker);
	if (error)
		goto no_thread;
	return 0;
no_thread:
	pthread_cond_destroy(&worker->woken);
no_condition:
	pthread_mutex_destroy(&worker->lock);
no_lock:
	free(worker->scratch);
	return error;
}

void vcard_worker_stop(struct vcard_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	atomic_store_explicit(&worker->stop, true, memory_order_relaxed);
	pthread_cond_signal(&worker->woken);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	pthread_cond_destroy(&worker->woken);
	pthread_mutex_destroy(&worker->lock);
	explicit_bzero(worker->scratch, sizeof(*worker->scratch));
	free(worker->scratch);
}

void vcard_worker_wake(struct vcard_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->wake = true;
	pthread_cond_signal(&worker->woken);
	pthread_mutex_unlock(&worker->lock);
}
