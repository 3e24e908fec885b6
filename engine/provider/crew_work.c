/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread of the crew does: takes tasks, imports their keys into libglacis, runs them, gives them back. See
 * crew.h and crew_work.h.
 */
#include "crew_work.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "status.h"

/* One thread's share. */
struct worker {
	struct crew *crew;
	struct glacis_queue *queue; /* NULL: libglacis could not start; everything is refused */
	struct task *tasks[GLACIS_RSA_LANES];
	unsigned count;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Keys. */

static void leave_list(struct crew *crew, struct crew_key *key)
{
	if (key->previous != NULL)
		key->previous->next = key->next;
	else
		crew->keys = key->next;
	if (key->next != NULL)
		key->next->previous = key->previous;
}

void crew_key_destroy(struct crew *crew, struct crew_key *key)
{
	leave_list(crew, key);
	atomic_store_explicit(&key->owner->lane, NULL, memory_order_release);
	glacis_rsa_key_destroy(key->key);
	OPENSSL_free(key);
}

/* libglacis checks a key, and measures from how many on lanes pay: some 10 ms for a first key. */
static struct glacis_rsa_key *import(struct glacis_engine *engine, const struct rsa_key *key)
{
	struct glacis_rsa_key *imported = NULL;

	if (glacis_rsa_key_import(engine, key->der, key->der_size, NULL, NULL, &imported, NULL, 0) != 0)
		return NULL;
	return imported;
}

/* With import_lock held. */
static struct crew_key *enter_key(struct crew *crew, struct rsa_key *owner)
{
	struct crew_key *key = OPENSSL_zalloc(sizeof(*key));
	int from;

	if (key == NULL)
		return NULL;
	key->crew = crew;
	key->owner = owner;
	key->key = import(crew->engine, owner);
	from = key->key != NULL ? glacis_rsa_lanes_from(crew->engine, glacis_rsa_key_bits(key->key)) : -EINVAL;
	/* Where lanes never pay the operation still leaves the application's thread. */
	key->usable = from > 0 || from == -ERANGE;
	atomic_store_explicit(&crew->lanes_from[crew_size_index(rsa_key_bytes(owner))],
			      from > 0 ? (unsigned)from : GLACIS_RSA_LANES + 1, memory_order_relaxed);
	key->next = crew->keys;
	if (crew->keys != NULL)
		crew->keys->previous = key;
	crew->keys = key;
	atomic_store_explicit(&owner->lane, key, memory_order_release);
	return key;
}

/* libglacis' copy of a task's key, made at its first task in this process. NULL: OpenSSL must do it. */
static const struct glacis_rsa_key *key_of(struct crew *crew, struct task *task)
{
	struct crew_key *key = atomic_load_explicit(&task->key->lane, memory_order_acquire);

	/* A parent's copy is as good as none. */
	if (key == NULL || key->crew != crew) {
		pthread_mutex_lock(&crew->import_lock);
		key = atomic_load_explicit(&task->key->lane, memory_order_acquire);
		if (key == NULL || key->crew != crew)
			key = enter_key(crew, task->key);
		pthread_mutex_unlock(&crew->import_lock);
	}
	return key != NULL && key->usable ? key->key : NULL;
}

/* Running. */

static void finish(const struct glacis_rsa_op *op)
{
	struct task *task = (struct task *)(uintptr_t)op->op.cookie;
	enum task_result result = TASK_REFUSED;

	if (op->op.status == GLACIS_STATUS_OK)
		result = TASK_DONE;
	else if (op->op.status == GLACIS_STATUS_INVALID && op->kind == GLACIS_RSA_DECRYPT_OAEP)
		result = TASK_INVALID;
	if (result != TASK_REFUSED && op->lane == GLACIS_RSA_LANE_BATCH)
		status_add(STATUS_RSA_LANES, 1);
	else if (result != TASK_REFUSED)
		status_add(STATUS_RSA_SINGLE, 1);
	task_finish(task, result);
}

static void collect(struct worker *worker, unsigned expected)
{
	struct glacis_op *done[GLACIS_RSA_LANES];

	glacis_queue_flush(worker->queue);
	while (expected > 0) {
		unsigned count = glacis_queue_poll(worker->queue, done, GLACIS_RSA_LANES);
		for (unsigned i = 0; i < count; i++)
			finish((const struct glacis_rsa_op *)done[i]);
		expected -= count;
		if (count == 0)
			glacis_queue_flush(worker->queue);
	}
}

static void run(struct worker *worker)
{
	struct glacis_rsa_op *ops[GLACIS_RSA_LANES];
	struct task *submitted[GLACIS_RSA_LANES];
	struct glacis_rsa_counters before, after;
	unsigned count = 0;
	int accepted;

	for (unsigned i = 0; i < worker->count; i++) {
		struct task *task = worker->tasks[i];
		task->op.key = worker->queue != NULL ? key_of(worker->crew, task) : NULL;
		if (task->op.key == NULL) {
			task_finish(task, TASK_REFUSED);
			continue;
		}
		submitted[count] = task;
		ops[count++] = &task->op;
	}
	if (count == 0)
		return;
	glacis_rsa_counters(worker->queue, &before);
	accepted = glacis_rsa_submit(worker->queue, ops, count);
	if (accepted < 0)
		accepted = 0;
	for (unsigned i = (unsigned)accepted; i < count; i++)
		task_finish(submitted[i], TASK_REFUSED);
	if (accepted > 0)
		collect(worker, (unsigned)accepted);
	glacis_rsa_counters(worker->queue, &after);
	status_add(STATUS_RSA_BATCHES, after.batches - before.batches);
}

/* Waiting. */

static void take(struct worker *worker, struct crew_list *list)
{
	while (list->first != NULL && worker->count < GLACIS_RSA_LANES) {
		struct task *task = list->first;
		list->first = task->next;
		if (list->first == NULL)
			list->end = &list->first;
		list->count--;
		worker->crew->waiting--;
		worker->tasks[worker->count++] = task;
	}
}

/* The list to start now, or NULL and in `until_us` when there will be one; 0: not before something comes. It is not
 * waited for company that cannot make up enough for lanes. */
static struct crew_list *choose(struct crew *crew, uint64_t now, uint64_t *until_us)
{
	struct crew_list *oldest = NULL;
	unsigned expected = crew_expected(crew, now);

	*until_us = 0;
	for (unsigned size = 0; size < CREW_SIZES; size++) {
		struct crew_list *list = &crew->lists[size];
		if (list->count > 0 && (list->count >= expected || expected < crew->lanes_from[size]))
			return list;
		if (list->count > 0 && (oldest == NULL || list->first->since_us < oldest->first->since_us))
			oldest = list;
	}
	if (oldest == NULL)
		return NULL;
	*until_us = oldest->first->since_us + crew->wait_us;
	return crew->stopping || now >= *until_us ? oldest : NULL;
}

static void sleep_until(struct crew *crew, uint64_t until_us)
{
	struct timespec until = { .tv_sec = (time_t)(until_us / 1000000u),
				  .tv_nsec = (long)(until_us % 1000000u) * 1000 };

	crew->sleepers++;
	if (until_us == 0)
		pthread_cond_wait(&crew->wake, &crew->lock);
	else
		pthread_cond_timedwait(&crew->wake, &crew->lock, &until);
	crew->sleepers--;
}

/* Fills worker->tasks. False: the crew ends, and nothing waits any more. */
static bool wait_for_tasks(struct worker *worker)
{
	struct crew *crew = worker->crew;
	struct crew_list *list;
	uint64_t until_us;

	pthread_mutex_lock(&crew->lock);
	crew->outstanding -= worker->count;
	worker->count = 0;
	while ((list = choose(crew, now_us(), &until_us)) == NULL && (until_us != 0 || !crew->stopping))
		sleep_until(crew, until_us);
	if (list != NULL)
		take(worker, list);
	/* What is left is for someone else, who was told when it came and may have gone back to sleep. */
	if (crew->waiting > 0 && crew->sleepers > 0)
		pthread_cond_signal(&crew->wake);
	pthread_mutex_unlock(&crew->lock);
	return worker->count > 0;
}

static void open_queue(struct worker *worker)
{
	struct crew *crew = worker->crew;

	pthread_mutex_lock(&crew->import_lock);
	if (crew->engine == NULL && glacis_engine_create(NULL, &crew->engine) != 0)
		crew->engine = NULL;
	if (crew->engine != NULL && glacis_queue_create(crew->engine, NULL, &worker->queue) != 0)
		worker->queue = NULL;
	pthread_mutex_unlock(&crew->import_lock);
}

void *crew_work(void *opaque)
{
	struct worker worker = { .crew = opaque };

	pthread_setname_np(pthread_self(), "glacis-rsa");
	open_queue(&worker);
	while (wait_for_tasks(&worker))
		run(&worker);
	glacis_queue_destroy(worker.queue);
	OPENSSL_thread_stop();
	return NULL;
}
