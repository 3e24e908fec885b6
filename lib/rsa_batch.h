/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batcher: RSA operations of one queue wait here for company, and are run in lanes or one by
 * one. Called by the CPU backend, in the queue's thread.
 *
 * Concepts. There is one list per key size and kind of exponentiation. A list starts when it holds
 * RSA_LANES operations, when its oldest has waited `wait_us`, or at a flush. A list shorter than
 * the engine's break-even is run one by one, one at each call: a result is not kept back until the
 * next ones are computed, and these may still get company. Where lanes never pay nothing waits.
 */
#ifndef GLACIS_LIB_RSA_BATCH_H
#define GLACIS_LIB_RSA_BATCH_H

#include <stdint.h>

#include <glacis/rsa.h>
#include <glacis/status.h>

#include "backend.h"

struct rsa_batch;

/* Returns 0, -ENOMEM, -EPERM, or -ENOSPC: RSA_QUEUES_MAX queues use RSA already. */
GLACIS_MUST_CHECK int rsa_batch_open(const struct backend_queue_setup *setup, struct rsa_batch **batch);
/* Nothing waits any more, or this is a child after fork(). NULL is ignored. */
void rsa_batch_close(struct rsa_batch *batch);

/* Takes valid operations in state QUEUED. */
void rsa_batch_submit(struct rsa_batch *batch, struct glacis_rsa_op *const ops[], unsigned count);
/* Starts the lists whose time has come. */
void rsa_batch_poll(struct rsa_batch *batch);
/* Starts all lists; what has to run one by one is due from then on. */
void rsa_batch_flush(struct rsa_batch *batch);
/* Microseconds until rsa_batch_poll has something to start; 0 now, -1 nothing waits. */
int64_t rsa_batch_wait_us(const struct rsa_batch *batch);

#endif
