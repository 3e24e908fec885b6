/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One private RSA operation or X25519 secret of an async job, on its way through the crew; and the job's side of it:
 * handing over, pausing, waking.
 *
 * Concepts. A task lies on the heap and has two owners, the job and the crew, because neither may count on the other:
 * an application may drop a paused job for good. The job is woken through the wait context of its connection: an
 * eventfd that stays registered there until the context is freed, and the application's callback, if it has set one.
 *
 * Invariants. Between task_submit and DONE only the crew touches input, output and result. A job never runs lanes: its
 * stack has 32 KiB.
 */
#ifndef GLACIS_PROVIDER_TASK_H
#define GLACIS_PROVIDER_TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glacis/rsa.h>
#include <glacis/x25519.h>

#include "rsa_key.h"

struct notifier;

enum task_kind { TASK_RSA, TASK_X25519, TASK_KINDS };

enum task_result {
	TASK_DONE,    /* output is valid */
	TASK_INVALID, /* the input has not the right padding, the peer's point small order */
	TASK_REFUSED, /* not computed: let OpenSSL do it */
};

struct task {
	_Atomic unsigned references;
	_Atomic bool done;
	enum task_kind kind;
	struct task *next;               /* in the crew's list */
	const struct provider *provider; /* looked at while it is handed over only */
	struct rsa_key *key;             /* RSA */
	struct notifier *notifier;
	pid_t process;
	uint64_t since_us; /* when it was handed over */
	enum task_result result;
	union {
		struct glacis_rsa_op op;          /* kind, hash, salt_size and sizes */
		struct glacis_x25519_op exchange; /* scalar and point are one after the other in input */
	};
	uint8_t *input, *output;
	size_t size; /* of all this, input and output among it */
};

/* What a private operation is asked for. */
struct task_request {
	enum glacis_rsa_kind kind;
	enum glacis_rsa_hash hash;
	uint32_t salt_size;
	const uint8_t *input;
	size_t input_size;
};

/*
 * Runs a private operation of `key` in the crew while the current job is paused. `output` has room for the modulus.
 * Must be called inside a job. After TASK_REFUSED the caller lets OpenSSL compute; why has been counted.
 */
enum task_result task_run(struct rsa_key *key, const struct task_request *request, uint8_t *output,
			  size_t *output_size);

/*
 * The same for the secret shared with `peer`. After TASK_INVALID it would be all zeros and is not given out (RFC 7748
 * section 6.1); after TASK_REFUSED nothing has been counted.
 */
enum task_result task_exchange(const struct provider *provider, const uint8_t scalar[GLACIS_X25519_SIZE],
			       const uint8_t peer[GLACIS_X25519_SIZE], uint8_t secret[GLACIS_X25519_SIZE]);

/* For the crew: `task` has its result. Wakes the job and drops the crew's reference. Inside the gate (fork_gate.h). */
void task_finish(struct task *task, enum task_result result);

/* Wait contexts that still know a function of this module: it must not be unloaded before they are gone. */
unsigned task_wait_contexts(void);

#endif
