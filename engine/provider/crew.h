/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crew: threads of ours that run the private RSA operations of async jobs, eight at a time in libglacis' lanes,
 * across jobs, threads and library contexts of the process.
 *
 * Concepts. Tasks wait in one list for each key size. A thread that is free takes up to eight of one size: at once
 * when there are eight, or when company is not to be expected; else when the oldest has waited `wait_us`. Company is
 * expected for a moment after two tasks came close together. What is too few for lanes libglacis runs one by one.
 * Another thread starts, up to the limit, when eight wait and all are busy. Idle threads sleep.
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

/* Whether lanes can be expected to pay for a key: false once libglacis has refused it, or lanes have turned out
 * wrong or slow. Any thread, no lock. */
bool crew_takes(const struct rsa_key *key);

/* Frees what the crew keeps of a key, when no task of it is under way. */
void crew_key_forget(struct rsa_key *key);

/* Threads running now. */
unsigned crew_threads(void);

/* The module counts who uses it; when the last user leaves, the crew finishes its tasks, ends, and is freed. */
void crew_enter(void);
void crew_leave(void);

#endif
