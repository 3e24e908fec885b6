/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crew's lists, start and end; see crew.h. What a thread does with the tasks it has taken is in crew_work.c.
 */
#include "crew.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "crew_work.h"
#include "fork_gate.h"
#include "status.h"

/* A batch of lanes takes 140 KiB; sanitizers make frames several times larger. */
#define STACK_BYTES (2u << 20)
/* How long what was seen is believed in: one to two epochs. */
#define EPOCH_US 50000u
#define RETRY_US 1000000u /* between attempts to start the first thread */
/* From so many RSA operations at once on, secrets wait for each other: half a batch of lanes. */
#define CROWD 4u

static _Atomic(struct crew *) current;
static _Atomic unsigned users;

static void crew_free(struct crew *crew)
{
	crew_card_free(&crew->card);
	pthread_cond_destroy(&crew->wake);
	pthread_mutex_destroy(&crew->import_lock);
	pthread_mutex_destroy(&crew->lock);
	OPENSSL_free(crew);
}

static struct crew *crew_new(struct crew *parents)
{
	struct crew *crew = OPENSSL_zalloc(sizeof(*crew));
	pthread_condattr_t monotonic;

	if (crew == NULL)
		return NULL;
	crew->process = getpid();
	crew->parents = parents;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_mutex_init(&crew->import_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&crew->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	crew_card_init(&crew->card);
	for (unsigned i = 0; i < CREW_LISTS; i++)
		crew->lists[i].end = &crew->lists[i].first;
	return crew;
}

/* This process's crew, without making one. */
static struct crew *crew_here(void)
{
	struct crew *crew = atomic_load_explicit(&current, memory_order_acquire);

	return crew != NULL && crew->process == getpid() ? crew : NULL;
}

/* This process's crew. No lock: one that was held at fork() would be held for ever. */
static struct crew *crew_get(void)
{
	struct crew *found = atomic_load_explicit(&current, memory_order_acquire), *made;

	if (found != NULL && found->process == getpid())
		return found;
	made = crew_new(found);
	if (made == NULL || atomic_compare_exchange_strong(&current, &found, made))
		return made;
	crew_free(made); /* another thread was faster */
	return found;
}

/* How many threads there may be: with no setting one for each processor of those that bring tasks. */
static unsigned threads_allowed(const struct crew *crew, const struct settings *settings)
{
	unsigned count = settings->threads > 0 ? settings->threads : (unsigned)CPU_COUNT(&crew->processors);

	if (count == 0)
		count = 1;
	return count < SETTINGS_THREADS_MAX ? count : SETTINGS_THREADS_MAX;
}

/* With the lock held. The application's signals are not for our threads. */
static int start_thread(struct crew *crew)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	int error = -pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&crew->threads[crew->thread_count], &attributes, crew_work, crew);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		crew->thread_count++;
	return error;
}

static void append(struct crew_list *list, struct task *task)
{
	task->next = NULL;
	*list->end = task;
	list->end = &task->next;
	list->count++;
}

/* Those of all threads that bring tasks: a server may have pinned each of its threads to a processor of its own. */
static void note_processors(struct crew *crew)
{
	cpu_set_t processors;

	if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
		CPU_OR(&crew->processors, &crew->processors, &processors);
}

/* With the lock held. */
static void note_task(struct crew *crew, enum task_kind kind, uint64_t now)
{
	static _Thread_local uint64_t counted_us[TASK_KINDS]; /* the epoch in which this thread was counted */
	struct crew_crowd *crowd = &crew->crowds[kind];

	if (now - crowd->epoch_us >= EPOCH_US) {
		bool goes_on = now - crowd->epoch_us < 2 * EPOCH_US;

		crowd->last_peak = goes_on ? crowd->peak : 0;
		crowd->last_threads = goes_on ? crowd->threads : 0;
		crowd->peak = 0;
		crowd->threads = 0;
		crowd->epoch_us = now;
	}
	crowd->outstanding++;
	if (crowd->outstanding > crowd->peak)
		crowd->peak = crowd->outstanding;
	if (counted_us[kind] != crowd->epoch_us) {
		counted_us[kind] = crowd->epoch_us;
		crowd->threads++;
		note_processors(crew);
	}
}

unsigned crew_submitters(const struct crew *crew, uint64_t now)
{
	unsigned most = 1, processors = (unsigned)CPU_COUNT(&crew->processors);

	for (unsigned kind = 0; kind < TASK_KINDS; kind++) {
		const struct crew_crowd *crowd = &crew->crowds[kind];
		unsigned threads = crowd->threads > crowd->last_threads ? crowd->threads : crowd->last_threads;

		if (now - crowd->epoch_us < 2 * EPOCH_US && threads > most)
			most = threads;
	}
	return processors > 0 && most > processors ? processors : most;
}

unsigned crew_expected(const struct crew *crew, enum task_kind kind, uint64_t now)
{
	const struct crew_crowd *crowd = &crew->crowds[kind];
	uint64_t age = now - crowd->epoch_us;
	unsigned expected = crowd->peak > crowd->last_peak ? crowd->peak : crowd->last_peak;

	if (age >= 2 * EPOCH_US)
		expected = 0;
	return expected < GLACIS_RSA_LANES ? expected : GLACIS_RSA_LANES;
}

/* The first one. HAProxy forbids its process new ones (RLIMIT_NPROC 0) unless its configuration says otherwise. */
static int start_first_thread(struct crew *crew, const struct settings *settings, uint64_t now)
{
	int error;

	if (now < crew->retry_us)
		return -EAGAIN;
	fork_gate_init();
	crew->wait_us = settings->wait_us;
	crew->card.settings = *settings;
	error = start_thread(crew);
	if (error != 0)
		crew->retry_us = now + RETRY_US;
	return error;
}

/* With the lock held. True for whoever is to say, once, that there is no thread. */
static bool must_tell(struct crew *crew)
{
	bool tell = crew->retry_us != 0 && crew->thread_count == 0 && !crew->told;

	crew->told |= tell;
	return tell;
}

static void tell_no_thread(const struct provider *provider)
{
	status_log(provider, "no thread may be started, so RSA stays OpenSSL's (HAProxy needs insecure-fork-wanted, "
			     "others a higher ulimit -u)");
}

/* Starts a thread when none is there, or when a whole batch waits and all are busy. */
static int provide_thread(struct crew *crew, const struct settings *settings, const struct crew_list *list,
			  uint64_t now)
{
	if (crew->thread_count == 0)
		return start_first_thread(crew, settings, now);
	if (crew->sleepers == 0 && list->count + 1 >= GLACIS_RSA_LANES &&
	    crew->thread_count < threads_allowed(crew, settings))
		(void)start_thread(crew); /* fewer threads do it too */
	return 0;
}

static unsigned list_of(const struct task *task)
{
	return task->kind == TASK_X25519 ? CREW_X25519 : crew_size_index(rsa_key_bytes(task->key));
}

/* Whether a thread must be told of the task that was just appended: when it is the last that is waited for, or when
 * nobody will look in time by himself. A card takes each at once. */
static bool must_wake(const struct crew *crew, unsigned number, const struct task *task)
{
	const struct crew_list *list = &crew->lists[number];
	unsigned expected = crew_expected(crew, task->kind, task->since_us);

	if (list->count >= expected || expected < crew_lanes_from(crew, number))
		return true;
	return list->count == 1 &&
	       (crew->dozers == 0 || !crew->meter.busy || crew->card.settings.card.device[0] != '\0');
}

int crew_submit(struct task *task)
{
	struct crew *crew = crew_get();
	const struct provider *provider = task->provider;
	unsigned number = list_of(task);
	bool tell, wake = false;
	int error;

	if (crew == NULL)
		return -ENOMEM;
	task->since_us = crew_now_us();
	pthread_mutex_lock(&crew->lock);
	error = crew->waiting >= CREW_WAITING_MAX
			? -EAGAIN
			: provide_thread(crew, &provider->settings, &crew->lists[number], task->since_us);
	if (error == 0) {
		note_task(crew, task->kind, task->since_us);
		append(&crew->lists[number], task);
		crew->waiting++;
		wake = must_wake(crew, number, task);
	}
	tell = must_tell(crew);
	pthread_mutex_unlock(&crew->lock);
	/* Not before: the thread would come to the lock at once, and wait for it. */
	if (wake)
		pthread_cond_signal(&crew->wake);
	if (tell)
		tell_no_thread(provider);
	return error;
}

bool crew_is_crowded(void)
{
	struct crew *crew = crew_here();
	bool crowded = false;

	if (crew != NULL) {
		pthread_mutex_lock(&crew->lock);
		crowded = crew->thread_count > 0 && crew_expected(crew, TASK_RSA, crew_now_us()) >= CROWD;
		pthread_mutex_unlock(&crew->lock);
	}
	return crowded;
}

void crew_ask_keys(const struct provider *provider)
{
	struct crew *crew = crew_get();
	bool tell;

	if (crew == NULL)
		return;
	pthread_mutex_lock(&crew->lock);
	if (!crew->keys_asked &&
	    (crew->thread_count > 0 || start_first_thread(crew, &provider->settings, crew_now_us()) == 0)) {
		crew->keys_asked = true;
		pthread_cond_signal(&crew->wake);
	}
	tell = must_tell(crew);
	pthread_mutex_unlock(&crew->lock);
	if (tell)
		tell_no_thread(provider);
}

unsigned crew_threads(void)
{
	struct crew *crew = crew_here();
	unsigned count = 0;

	if (crew != NULL) {
		pthread_mutex_lock(&crew->lock);
		count = crew->thread_count;
		pthread_mutex_unlock(&crew->lock);
	}
	return count;
}

const char *crew_card(const struct settings *settings)
{
	const struct crew *crew = crew_here();

	if (settings->card.device[0] == '\0')
		return "none";
	return crew != NULL ? crew_card_text(&crew->card) : "not started";
}

bool crew_takes(const struct rsa_key *key)
{
	const struct crew_key *lane = atomic_load_explicit(&key->lane, memory_order_acquire);

	return lane == NULL || lane->usable || lane->crew != atomic_load_explicit(&current, memory_order_relaxed);
}

void crew_key_forget(struct rsa_key *key)
{
	struct crew *crew = crew_here();
	struct crew_key *lane = atomic_load_explicit(&key->lane, memory_order_acquire);

	if (lane == NULL)
		return;
	/* A parent's key is not ours to touch: its memory is zeros here, and its list may be half written. */
	if (crew == NULL || lane->crew != crew)
		return;
	pthread_mutex_lock(&crew->import_lock);
	crew_key_destroy(crew, lane);
	pthread_mutex_unlock(&crew->import_lock);
}

void crew_enter(void)
{
	atomic_fetch_add(&users, 1);
}

/* Ends the threads, which first finish what waits. */
static void crew_stop(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->stopping = true;
	pthread_cond_broadcast(&crew->wake);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned i = 0; i < crew->thread_count; i++)
		pthread_join(crew->threads[i], NULL);
	crew_card_stop(&crew->card);
	while (crew->keys != NULL)
		crew_key_destroy(crew, crew->keys);
	glacis_engine_destroy(crew->engine);
}

void crew_leave(void)
{
	struct crew *crew;

	if (atomic_fetch_sub(&users, 1) != 1)
		return;
	crew = crew_here();
	if (crew == NULL)
		return;
	crew_stop(crew);
	/* Not before: a thread that drops the last reference to a key must find its crew, which knows the key. */
	atomic_store(&current, crew->parents);
	crew_free(crew);
}
