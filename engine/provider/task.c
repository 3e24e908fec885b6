/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks, and jobs that wait for them; see task.h.
 */
#include "task.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <openssl/async.h>
#include <openssl/crypto.h>

#include "crew.h"
#include "fork_gate.h"
#include "status.h"

/* A job that is resumed before its time is paused again. When pausing does not work (the application forbids it for a
 * while, ASYNC_block_pause), its thread waits after this many attempts. */
#define PAUSES_MAX 64u
/* How long such a thread waits at most; then OpenSSL computes. */
#define WAIT_MAX_MS 2000

/* Wakes whoever looks at one wait context. */
struct notifier {
	_Atomic unsigned references;
	pthread_mutex_t lock;    /* `closed`, and the callback under way */
	bool closed;             /* the wait context is gone */
	int file;                /* eventfd */
	struct task *waited_for; /* the job's reference to its task, while it is paused */
	pid_t process;           /* whose eventfd and lock they are */
	ASYNC_callback_fn callback;
	void *callback_argument;
};

/* What a task is made of. */
struct task_frame {
	enum task_kind kind;
	const struct provider *provider;
	size_t input_size, output_size;
};

/* Our name in a wait context. */
static const char wait_key;
static _Atomic unsigned wait_contexts;

unsigned task_wait_contexts(void)
{
	return atomic_load(&wait_contexts);
}

static void notifier_release(struct notifier *notifier)
{
	if (atomic_fetch_sub_explicit(&notifier->references, 1, memory_order_acq_rel) != 1)
		return;
	close(notifier->file);
	pthread_mutex_destroy(&notifier->lock);
	OPENSSL_free(notifier);
}

static struct notifier *notifier_new(void)
{
	struct notifier *notifier = OPENSSL_zalloc(sizeof(*notifier));

	if (notifier == NULL)
		return NULL;
	notifier->file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (notifier->file < 0 || pthread_mutex_init(&notifier->lock, NULL) != 0) {
		if (notifier->file >= 0)
			close(notifier->file);
		OPENSSL_free(notifier);
		return NULL;
	}
	notifier->process = getpid();
	atomic_init(&notifier->references, 1);
	return notifier;
}

static void task_release(struct task *task)
{
	if (atomic_fetch_sub_explicit(&task->references, 1, memory_order_acq_rel) != 1)
		return;
	rsa_key_release(task->key);
	notifier_release(task->notifier);
	OPENSSL_clear_free(task, task->size);
}

/* OpenSSL's: the wait context is being freed, and with it, perhaps, a job that will never go on. In a child of fork()
 * the crew is not there, and a copy of the lock may be held by nobody for ever. */
static void notifier_close(ASYNC_WAIT_CTX *context, const void *key, OSSL_ASYNC_FD file, void *opaque)
{
	struct notifier *notifier = opaque;
	bool here = notifier->process == getpid();
	struct task *dropped = notifier->waited_for;

	if (here) {
		pthread_mutex_lock(&notifier->lock);
		notifier->closed = true;
		pthread_mutex_unlock(&notifier->lock);
	}
	notifier->waited_for = NULL;
	if (dropped != NULL && !here)
		atomic_store(&dropped->references, 1); /* the crew's reference is the parent's */
	if (dropped != NULL)
		task_release(dropped);
	notifier_release(notifier);
	atomic_fetch_sub(&wait_contexts, 1);
}

/* The notifier of a wait context, made at its first operation. The reference stays the context's. A child that goes
 * on with its parent's connection gets an eventfd of its own: the old one would wake both. */
static struct notifier *notifier_of(ASYNC_WAIT_CTX *context)
{
	struct notifier *notifier;
	OSSL_ASYNC_FD file;
	void *opaque;

	if (ASYNC_WAIT_CTX_get_fd(context, &wait_key, &file, &opaque)) {
		notifier = opaque;
		if (notifier->process == getpid())
			return notifier;
		if (!ASYNC_WAIT_CTX_clear_fd(context, &wait_key))
			return NULL;
		notifier_close(context, &wait_key, file, notifier);
	}
	notifier = notifier_new();
	if (notifier == NULL)
		return NULL;
	if (!ASYNC_WAIT_CTX_set_wait_fd(context, &wait_key, notifier->file, notifier, notifier_close)) {
		notifier_release(notifier);
		return NULL;
	}
	atomic_fetch_add(&wait_contexts, 1);
	return notifier;
}

static void set_callback(struct notifier *notifier, ASYNC_WAIT_CTX *context)
{
	pthread_mutex_lock(&notifier->lock);
	if (!ASYNC_WAIT_CTX_get_callback(context, &notifier->callback, &notifier->callback_argument))
		notifier->callback = NULL;
	pthread_mutex_unlock(&notifier->lock);
}

static void notifier_wake(struct notifier *notifier)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&notifier->lock);
	if (!notifier->closed) {
		if (notifier->callback != NULL) {
			fork_gate_leave(); /* the program may wait in there for whoever forks */
			notifier->callback(notifier->callback_argument);
			fork_gate_enter();
		}
		/* Cannot fail: the counter has room for 2^64 - 2 of these. */
		if (write(notifier->file, &one, sizeof(one)) < 0)
			notifier->closed = true;
	}
	pthread_mutex_unlock(&notifier->lock);
}

void task_finish(struct task *task, enum task_result result)
{
	task->result = result;
	atomic_store_explicit(&task->done, true, memory_order_release);
	notifier_wake(task->notifier);
	task_release(task);
}

/* No larger than it must be: the C library gives blocks of a kilobyte and more away slowly. */
static struct task *task_new(const struct task_frame *frame, struct notifier *notifier)
{
	size_t size = sizeof(struct task) + frame->input_size + frame->output_size;
	struct task *task = OPENSSL_malloc(size);

	if (task == NULL)
		return NULL;
	*task = (struct task){ .kind = frame->kind, .provider = frame->provider, .size = size };
	task->input = (uint8_t *)(task + 1);
	task->output = task->input + frame->input_size;
	atomic_init(&task->references, 2);
	atomic_fetch_add(&notifier->references, 1);
	task->notifier = notifier;
	task->process = getpid();
	return task;
}

/* Where the job cannot be paused. True when the task is done. */
static bool wait_in_place(struct task *task)
{
	struct pollfd event = { .fd = task->notifier->file, .events = POLLIN };
	struct timespec start, now;
	long waited = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!atomic_load_explicit(&task->done, memory_order_acquire) && waited < WAIT_MAX_MS) {
		if (poll(&event, 1, (int)(WAIT_MAX_MS - waited)) < 0 && errno != EINTR)
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		waited = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
	}
	return atomic_load_explicit(&task->done, memory_order_acquire);
}

/* A descriptor that was registered and never shown to the application: OpenSSL forgets that it is new when a job that
 * has paused goes on. */
static bool is_unseen(ASYNC_WAIT_CTX *context)
{
	size_t added = 0, removed = 0;

	return ASYNC_WAIT_CTX_get_changed_fds(context, NULL, &added, NULL, &removed) && added > 0;
}

/*
 * Pauses the job until the task is done. False: it never will be, or too late.
 *
 * It is paused once even when the task is done by then: the application learns of our descriptor only from a job that
 * is paused, and HAProxy ends when it meets one later that it was not told of.
 */
static bool wait_for(struct task *task, ASYNC_WAIT_CTX *context)
{
	unsigned pauses = 0;

	do {
		if (pauses++ >= PAUSES_MAX)
			return wait_in_place(task);
		if (!ASYNC_pause_job())
			return false;
		/* The job went on in a child: the crew that has the task is not here. */
		if (getpid() != task->process)
			return false;
		if (is_unseen(context))
			return wait_in_place(task);
	} while (!atomic_load_explicit(&task->done, memory_order_acquire));
	return true;
}

/* Takes a descriptor back that the application has not seen. */
static void unregister(ASYNC_WAIT_CTX *context, struct notifier *notifier)
{
	if (is_unseen(context) && ASYNC_WAIT_CTX_clear_fd(context, &wait_key))
		notifier_close(context, &wait_key, notifier->file, notifier);
}

/* Takes back what woke us, so that the descriptor is quiet until the next operation. */
static void drain(struct notifier *notifier)
{
	uint64_t count;
	ssize_t size = read(notifier->file, &count, sizeof(count));

	(void)size; /* -EAGAIN when the job was resumed before it was woken: one more turn for nobody */
}

/* A task of the current job. NULL: no memory, no descriptor. */
static struct task *task_begin(const struct task_frame *frame, ASYNC_WAIT_CTX *context)
{
	struct notifier *notifier = context != NULL ? notifier_of(context) : NULL;
	struct task *task = notifier != NULL ? task_new(frame, notifier) : NULL;

	if (task != NULL)
		set_callback(notifier, context);
	else if (notifier != NULL)
		unregister(context, notifier);
	return task;
}

/* Hands the task over and waits for it. The crew has nothing to do with it any more when this returns, or will drop
 * its reference. */
static enum task_result task_carry(struct task *task, ASYNC_WAIT_CTX *context)
{
	struct notifier *notifier = task->notifier;
	bool done;

	if (crew_submit(task) != 0) {
		atomic_store(&task->references, 1); /* the crew never had it */
		return TASK_REFUSED;
	}
	notifier->waited_for = task;
	done = wait_for(task, context);
	notifier->waited_for = NULL;
	if (done) {
		drain(notifier);
		return task->result;
	}
	if (getpid() != task->process)
		atomic_store(&task->references, 1); /* the crew's reference is the parent's */
	return TASK_REFUSED;
}

static void task_end(struct task *task, ASYNC_WAIT_CTX *context)
{
	struct notifier *notifier = task->notifier;

	task_release(task);
	unregister(context, notifier);
}

enum task_result task_run(struct rsa_key *key, const struct task_request *request, uint8_t *output, size_t *output_size)
{
	ASYNC_WAIT_CTX *context = ASYNC_get_wait_ctx(ASYNC_get_current_job());
	const struct task_frame frame = { .kind = TASK_RSA,
					  .provider = key->provider,
					  .input_size = request->input_size,
					  .output_size = rsa_key_bytes(key) };
	struct task *task = task_begin(&frame, context);
	enum task_result result = TASK_REFUSED;

	if (task != NULL) {
		task->key = rsa_key_hold(key);
		memcpy(task->input, request->input, request->input_size);
		task->op = (struct glacis_rsa_op){ .op.cookie = (uint64_t)(uintptr_t)task,
						   .kind = (uint8_t)request->kind,
						   .hash = (uint8_t)request->hash,
						   .salt_size = request->salt_size,
						   .input = task->input,
						   .input_size = (uint32_t)request->input_size,
						   .output = task->output };
		result = task_carry(task, context);
		if (result == TASK_DONE) {
			*output_size = task->op.output_size;
			memcpy(output, task->output, task->op.output_size);
		}
		task_end(task, context);
	}
	if (result == TASK_REFUSED)
		status_add(STATUS_RSA_OPENSSL_FAULT, 1);
	return result;
}

enum task_result task_exchange(const struct provider *provider, const uint8_t scalar[GLACIS_X25519_SIZE],
			       const uint8_t peer[GLACIS_X25519_SIZE], uint8_t secret[GLACIS_X25519_SIZE])
{
	ASYNC_WAIT_CTX *context = ASYNC_get_wait_ctx(ASYNC_get_current_job());
	const struct task_frame frame = { .kind = TASK_X25519,
					  .provider = provider,
					  .input_size = 2 * GLACIS_X25519_SIZE,
					  .output_size = GLACIS_X25519_SIZE };
	struct task *task = task_begin(&frame, context);
	enum task_result result;

	if (task == NULL)
		return TASK_REFUSED;
	memcpy(task->input, scalar, GLACIS_X25519_SIZE);
	memcpy(task->input + GLACIS_X25519_SIZE, peer, GLACIS_X25519_SIZE);
	task->exchange = (struct glacis_x25519_op){ .scalar = task->input,
						    .point = task->input + GLACIS_X25519_SIZE,
						    .result = task->output };
	result = task_carry(task, context);
	if (result == TASK_DONE)
		memcpy(secret, task->output, GLACIS_X25519_SIZE);
	task_end(task, context);
	return result;
}
