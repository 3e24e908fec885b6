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

#include <glacis/card.h>
#include <openssl/crypto.h>

#include "fork_gate.h"
#include "key_pool.h"
#include "status.h"

/* One thread's share. */
struct worker {
	struct crew *crew;
	struct glacis_queue *queue;           /* NULL: libglacis could not start; everything is refused */
	struct task *tasks[GLACIS_RSA_LANES]; /* of one kind */
	unsigned count;
	enum task_kind kind;                /* of them */
	bool keys_asked;                    /* pairs are to be made for the pool, and nothing else is to be done */
	unsigned finished[TASK_KINDS];      /* tasks, since the crew was told */
	unsigned inflight;                  /* operations the queue has: on the card, between two turns */
	bool with_card;                     /* the queue is of the card's engine */
	bool stays;                         /* ... and never will be */
	struct glacis_rsa_counters counted; /* what of the queue's is in the status already */
	struct glacis_card_counters card_counted;
};

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
	glacis_rsa_key_destroy(atomic_load(&key->card_key));
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
	/* Where lanes never pay, or are not there and a card may be, the operation still leaves the application's
	 * thread. */
	key->usable = from > 0 || from == -ERANGE || from == -ENOTSUP;
	atomic_store_explicit(&crew->lanes_from[crew_size_index(rsa_key_bytes(owner))],
			      from > 0 ? (unsigned)from : GLACIS_RSA_LANES + 1, memory_order_relaxed);
	key->next = crew->keys;
	if (crew->keys != NULL)
		crew->keys->previous = key;
	crew->keys = key;
	atomic_store_explicit(&owner->lane, key, memory_order_release);
	return key;
}

/* The copy that the card's engine has of a key. */
static const struct glacis_rsa_key *card_key_of(struct crew *crew, struct crew_key *key)
{
	struct glacis_rsa_key *card_key = atomic_load_explicit(&key->card_key, memory_order_acquire);

	if (card_key != NULL)
		return card_key;
	pthread_mutex_lock(&crew->import_lock);
	card_key = atomic_load_explicit(&key->card_key, memory_order_relaxed);
	if (card_key == NULL && !key->card_refused) {
		card_key = import(crew_card_engine(&crew->card), key->owner);
		key->card_refused = card_key == NULL;
		atomic_store_explicit(&key->card_key, card_key, memory_order_release);
	}
	pthread_mutex_unlock(&crew->import_lock);
	return card_key;
}

/* libglacis' copy of a task's key, made at its first task in this process. NULL: OpenSSL must do it. */
static const struct glacis_rsa_key *key_of(struct worker *worker, struct task *task)
{
	struct crew *crew = worker->crew;
	struct crew_key *key = atomic_load_explicit(&task->key->lane, memory_order_acquire);

	/* A parent's copy is as good as none. */
	if (key == NULL || key->crew != crew) {
		pthread_mutex_lock(&crew->import_lock);
		key = atomic_load_explicit(&task->key->lane, memory_order_acquire);
		if (key == NULL || key->crew != crew)
			key = enter_key(crew, task->key);
		pthread_mutex_unlock(&crew->import_lock);
	}
	if (key == NULL || !key->usable)
		return NULL;
	return worker->with_card ? card_key_of(crew, key) : key->key;
}

/* Running. */

static void finish(struct worker *worker, struct task *task, enum task_result result)
{
	worker->finished[TASK_RSA]++;
	task_finish(task, result);
}

static void complete(struct worker *worker, const struct glacis_rsa_op *op)
{
	enum task_result result = TASK_REFUSED;

	if (op->op.status == GLACIS_STATUS_OK)
		result = TASK_DONE;
	else if (op->op.status == GLACIS_STATUS_INVALID && op->kind == GLACIS_RSA_DECRYPT_OAEP)
		result = TASK_INVALID;
	if (result != TASK_REFUSED)
		status_add(op->op.path == GLACIS_PATH_CARD     ? STATUS_RSA_CARD
			   : op->lane == GLACIS_RSA_LANE_BATCH ? STATUS_RSA_LANES
							       : STATUS_RSA_SINGLE,
			   1);
	finish(worker, (struct task *)(uintptr_t)op->op.cookie, result);
}

/* What the queue has counted since the last time goes into the status. */
static void count(struct worker *worker)
{
	struct glacis_rsa_counters now;
	struct glacis_card_counters card;
	const struct glacis_card_counters *before = &worker->card_counted;

	glacis_rsa_counters(worker->queue, &now);
	status_add(STATUS_RSA_BATCHES, now.batches - worker->counted.batches);
	worker->counted = now;
	if (!worker->with_card)
		return;
	glacis_card_counters(worker->queue, &card);
	status_add(STATUS_RSA_CARD_AGAIN, card.again_error + card.again_late + card.again_wrong - before->again_error -
						  before->again_late - before->again_wrong);
	status_add(STATUS_RSA_CARD_POLICY, card.to_cpu_policy - before->to_cpu_policy);
	status_add(STATUS_RSA_CARD_FULL, card.to_cpu_full - before->to_cpu_full);
	status_add(STATUS_RSA_CARD_DOWN, card.to_cpu_down - before->to_cpu_down);
	status_add(STATUS_RSA_CARD_UNFIT, card.to_cpu_unfit - before->to_cpu_unfit);
	worker->card_counted = card;
}

/* Takes what is back. What the processor is to do is run here and now; only what is on the card is left. */
static void collect(struct worker *worker)
{
	struct glacis_op *done[GLACIS_RSA_LANES];

	while (worker->inflight > 0) {
		glacis_queue_flush(worker->queue);
		unsigned back = glacis_queue_poll(worker->queue, done, GLACIS_RSA_LANES);
		for (unsigned i = 0; i < back; i++)
			complete(worker, (const struct glacis_rsa_op *)done[i]);
		worker->inflight -= back;
		if (back == 0 && glacis_rsa_wait_us(worker->queue) < 0)
			break;
	}
	count(worker);
}

/* Submits the tasks that were taken. */
static void submit(struct worker *worker)
{
	struct glacis_rsa_op *ops[GLACIS_RSA_LANES];
	struct task *submitted[GLACIS_RSA_LANES];
	unsigned total = 0;
	int accepted;

	for (unsigned i = 0; i < worker->count; i++) {
		struct task *task = worker->tasks[i];
		task->op.key = worker->queue != NULL ? key_of(worker, task) : NULL;
		if (task->op.key == NULL) {
			finish(worker, task, TASK_REFUSED);
			continue;
		}
		submitted[total] = task;
		ops[total++] = &task->op;
	}
	if (total == 0)
		return;
	accepted = glacis_rsa_submit(worker->queue, ops, total);
	if (accepted < 0)
		accepted = 0;
	for (unsigned i = (unsigned)accepted; i < total; i++)
		finish(worker, submitted[i], TASK_REFUSED);
	worker->inflight += (unsigned)accepted;
}

static void run(struct worker *worker)
{
	if (worker->kind == TASK_RSA) {
		submit(worker);
	} else {
		crew_x25519_run(worker->tasks, worker->count);
		worker->finished[TASK_X25519] += worker->count;
	}
	if (worker->inflight > 0)
		collect(worker);
	/* A thread that is awake makes what the handshakes of a batch take. */
	if (key_pool_is_wanted())
		crew_x25519_make(worker->keys_asked);
}

/* Waiting. */

static void take(struct worker *worker, struct crew_list *list, unsigned most)
{
	while (list->first != NULL && worker->count < most) {
		struct task *task = list->first;
		list->first = task->next;
		if (list->first == NULL)
			list->end = &list->first;
		list->count--;
		worker->crew->waiting--;
		worker->tasks[worker->count++] = task;
	}
	worker->kind = worker->tasks[0]->kind;
}

/* Until the card has done something, perhaps, or until something comes that it has room for. With the lock. A thread
 * whose card is full waits without the condition: a signal to it would be lost for the others. */
static void rest_for_card(struct worker *worker, unsigned room)
{
	struct crew *crew = worker->crew;
	int64_t wait_us = glacis_card_wait_us(worker->queue);

	if (wait_us <= 0)
		return;
	if (room > 0) {
		crew_sleep_until(crew, crew_now_us() + (uint64_t)wait_us);
		return;
	}
	pthread_mutex_unlock(&crew->lock);
	nanosleep(&(struct timespec){ .tv_nsec = (long)wait_us * 1000 }, NULL);
	pthread_mutex_lock(&crew->lock);
}

/* Fills worker->tasks, or comes back without any when pairs are asked for, or it is time to look at the card. With the
 * lock. */
static void take_or_wait(struct worker *worker)
{
	struct crew *crew = worker->crew;

	for (;;) {
		unsigned room = worker->with_card ? glacis_card_rsa_room(worker->queue) : 0;
		struct crew_list *list = room > 0 ? crew_oldest_rsa(crew) : NULL;
		unsigned most = list != NULL && room < GLACIS_RSA_LANES ? room : GLACIS_RSA_LANES;
		uint64_t until_us = 0;

		if (list == NULL)
			list = crew_choose(crew, crew_now_us(), &until_us);
		if (list != NULL) {
			take(worker, list, most);
			return;
		}
		worker->keys_asked = crew->keys_asked;
		crew->keys_asked = false;
		if (worker->keys_asked)
			return;
		if (worker->inflight > 0) {
			rest_for_card(worker, room);
			return;
		}
		if (until_us == 0 && crew->stopping)
			return;
		crew_sleep_or_doze(crew, until_us);
	}
}

/* Fills worker->tasks, if there is no other work. False: the crew ends, and nothing waits any more. */
static bool wait_for_tasks(struct worker *worker)
{
	struct crew *crew = worker->crew;

	pthread_mutex_lock(&crew->lock);
	for (unsigned kind = 0; kind < TASK_KINDS; kind++) {
		crew->crowds[kind].outstanding -= worker->finished[kind];
		worker->finished[kind] = 0;
	}
	worker->count = 0;
	worker->keys_asked = false;
	take_or_wait(worker);
	/* What is left is for someone else, who was told when it came and may have gone back to sleep. */
	if (worker->count > 0 && crew->waiting > 0 && crew->sleepers > 0)
		pthread_cond_signal(&crew->wake);
	pthread_mutex_unlock(&crew->lock);
	return worker->count > 0 || worker->inflight > 0 || worker->keys_asked;
}

/* Its first thread starts the crew's engine, and the opener of the card. */
static void open_queue(struct worker *worker)
{
	struct crew *crew = worker->crew;

	pthread_mutex_lock(&crew->import_lock);
	if (crew->engine == NULL) {
		if (glacis_engine_create(NULL, &crew->engine) != 0)
			crew->engine = NULL;
		else
			crew_card_start(&crew->card);
	}
	if (crew->engine != NULL && glacis_queue_create(crew->engine, NULL, &worker->queue) != 0)
		worker->queue = NULL;
	pthread_mutex_unlock(&crew->import_lock);
}

/* Once the card is open, the thread goes on with a queue of its engine. The old queue has nothing in flight. */
static void turn_to_card(struct worker *worker)
{
	struct glacis_engine *engine = crew_card_engine(&worker->crew->card);
	struct glacis_queue *queue;

	if (worker->with_card || worker->stays || engine == NULL || worker->inflight > 0)
		return;
	if (glacis_queue_create(engine, NULL, &queue) != 0) {
		worker->stays = true; /* no memory: libglacis' processor way is as good as before */
		return;
	}
	glacis_queue_destroy(worker->queue);
	worker->queue = queue;
	worker->with_card = true;
	worker->counted = (struct glacis_rsa_counters){ 0 };
}

void *crew_work(void *opaque)
{
	struct worker worker = { .crew = opaque };

	pthread_setname_np(pthread_self(), "glacis-rsa");
	fork_gate_enter();
	open_queue(&worker);
	fork_gate_leave();
	while (wait_for_tasks(&worker)) {
		fork_gate_enter();
		turn_to_card(&worker);
		run(&worker);
		fork_gate_leave();
	}
	fork_gate_enter();
	glacis_queue_destroy(worker.queue);
	OPENSSL_thread_stop();
	fork_gate_leave();
	return NULL;
}
