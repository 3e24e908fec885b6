/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crew: threads of ours that run the private RSA operations and X25519 secrets of async jobs, eight at a time in
 * libglacis' lanes, across jobs, threads and library contexts of the process.
 *
 * Concepts. Tasks wait in one list for each RSA key size, and one for X25519. A thread that is free takes up to eight
 * of one size. It waits until as many are there as were under way at once of late, and not at all when those would be
 * too few for lanes: so a client alone is served at once, and a crowd fills its batches. It waits while the program
 * computes, `wait_us` at most, and starts with what is there when that is idle. In a crowd one idle thread looks again
 * by itself, so that the first task of a batch need not wake it where the program is busy. What is too few for lanes
 * libglacis runs one by one. Another thread starts,
 * up to the limit, when eight wait and all are busy. Idle threads sleep, a tenth of a second after a crowd all of them.
 * While a card takes operations (crew_card.h) a thread hands it what is there at once, without company, and looks again
 * and again until they are back.
 *
 * Invariants. The first task of a process starts the crew, so a child after fork() has its own: the parent's is never
 * touched there, not even its locks. Only these threads use libglacis' engine, queues and keys.
 */
#ifndef GLACIS_PROVIDER_CREW_H
#define GLACIS_PROVIDER_CREW_H

#include "task.h"

/* Tasks that may wait at once; more are refused, and OpenSSL computes them. */
#define CREW_WAITING_MAX 4096u

/* Hands a task over; the crew will call task_finish. Returns 0, -EAGAIN (too many wait), -ENOMEM, or the error of
 * pthread_create; then the crew keeps nothing of the task. */
GLACIS_MUST_CHECK int crew_submit(struct task *task);

/* Whether, of late, so many RSA operations were under way at once that a secret of X25519 will find company. Any
 * thread. */
bool crew_is_crowded(void);

/* Has the pool of X25519 pairs filled (key_pool.h). Any thread, any stack. */
void crew_ask_keys(const struct provider *provider);

/* False once libglacis has refused a key, or lanes have computed something else than OpenSSL. Any thread, no lock. */
bool crew_takes(const struct rsa_key *key);

/* Frees what the crew keeps of a key, when no task of it is under way. */
void crew_key_forget(struct rsa_key *key);

/* Threads running now. */
unsigned crew_threads(void);

/* How the card of the settings stands: "none", "up", ... Never NULL. */
const char *crew_card(const struct settings *settings);

/* The module counts who uses it; when the last user leaves, the crew finishes its tasks, ends, and is freed. */
void crew_enter(void);
void crew_leave(void);

#endif
