/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crew's inside, shared by crew.c (lists, start and end), crew_work.c (what its threads do) and crew_wait.c (what
 * they wait for).
 */
#ifndef GLACIS_PROVIDER_CREW_WORK_H
#define GLACIS_PROVIDER_CREW_WORK_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <glacis/engine.h>

#include "crew.h"
#include "crew_card.h"

/* 2048, 3072 and 4096 bits. */
#define CREW_SIZES 3u
/* The list of X25519 tasks comes after those of the RSA sizes. */
#define CREW_X25519 CREW_SIZES
#define CREW_LISTS  (CREW_SIZES + 1u)
/* Lanes take for one secret what OpenSSL takes for one and a half. */
#define CREW_X25519_FROM 2u

struct crew_list {
	struct task *first, **end;
	unsigned count;
};

/* Tasks of one kind that were handed over and not finished; the most at once in the epoch that began at epoch_us and in
 * the one before it, and how many threads brought them. */
struct crew_crowd {
	unsigned outstanding, peak, last_peak, threads, last_threads;
	uint64_t epoch_us;
};

/* From when on processor time is counted, and what the process had taken by then; 0: nothing is counted yet. */
struct crew_span {
	uint64_t since_us, spent_us;
};

/* How busy the program is. */
struct crew_meter {
	struct crew_span look, age; /* a moment, and for a while */
	bool busy, saturated;       /* what was found of each when it ended last */
};

/* libglacis' copies of a key, in this process. */
struct crew_key {
	struct crew *crew;
	struct rsa_key *owner;                     /* whose `lane` points here */
	struct glacis_rsa_key *key;                /* NULL: libglacis has refused it */
	bool usable;                               /* libglacis computes it right */
	_Atomic(struct glacis_rsa_key *) card_key; /* of the card's engine; NULL: not needed yet, or refused */
	bool card_refused;
	struct crew_key *next, *previous;
};

struct crew {
	pid_t process;
	struct crew *parents; /* of the process that forked us; kept, never touched */

	pthread_mutex_t lock; /* everything up to import_lock */
	pthread_cond_t wake;
	struct crew_list lists[CREW_LISTS];
	unsigned waiting;  /* tasks in the lists */
	unsigned sleepers; /* threads that wait for tasks or company */
	unsigned dozers;   /* ... of them, those that look again soon without being told */
	unsigned thread_count;
	uint64_t retry_us;    /* no thread could be started: not tried again before */
	bool told;            /* ... and said so */
	cpu_set_t processors; /* of the threads that submit */
	unsigned wait_us;
	_Atomic unsigned lanes_from[CREW_SIZES]; /* from how many on lanes pay; 0: not known yet */
	struct crew_crowd crowds[TASK_KINDS];
	struct crew_meter meter;
	bool keys_asked; /* the pool of X25519 pairs is to be filled */
	bool stopping;
	pthread_t threads[SETTINGS_THREADS_MAX];

	pthread_mutex_t import_lock; /* the engine's start, and keys */
	struct glacis_engine *engine;
	struct crew_key *keys;

	struct crew_card card;
};

/* By the size of a modulus in bytes. */
static inline unsigned crew_size_index(size_t bytes)
{
	return (unsigned)(bytes / 128 - 2);
}

/* From how many tasks of a list on lanes pay; RSA's break-even is measured. */
static inline unsigned crew_lanes_from(const struct crew *crew, unsigned list)
{
	return list == CREW_X25519 ? CREW_X25519_FROM : crew->lanes_from[list];
}

/* For how many tasks of a kind it is worth to wait: as many as were under way at once of late, at most a batch. With
 * the lock. */
unsigned crew_expected(const struct crew *crew, enum task_kind kind, uint64_t now);

/* How many threads have brought tasks of late, or how many processors they have, whichever is less; at least 1. With
 * the lock. */
unsigned crew_submitters(const struct crew *crew, uint64_t now);

/* crew_x25519.c: computes the secrets of `count` tasks, at most GLACIS_X25519_LANES, and finishes them. */
void crew_x25519_run(struct task *const tasks[], unsigned count);
/* ... and makes pairs ahead, eight, or as many as the pool takes. */
void crew_x25519_make(bool all);

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t crew_now_us(void);

/* The list to start now, or NULL and in `until_us` when there will be one; 0: not before something comes. It is not
 * waited for company that cannot make up enough for lanes. With the lock. */
struct crew_list *crew_choose(struct crew *crew, uint64_t now, uint64_t *until_us);
/* The RSA list whose first task is the oldest, or NULL. With the lock. */
struct crew_list *crew_oldest_rsa(struct crew *crew);
/* Both with the lock. 0: until somebody tells; in a crowd one thread looks again by itself nevertheless, so that
 * whoever brings a task need not wake it for each batch. */
void crew_sleep_or_doze(struct crew *crew, uint64_t until_us);
void crew_sleep_until(struct crew *crew, uint64_t until_us);

/* A thread of the crew. */
void *crew_work(void *crew);

/* Destroys libglacis' copy of a key; no task of it is under way. With import_lock held, or no threads left. */
void crew_key_destroy(struct crew *crew, struct crew_key *key);

#endif
