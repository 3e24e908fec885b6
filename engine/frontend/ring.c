/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set-up, submission entries and waiting of a worker's io_uring. See ring.h.
 */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "log.h"

#define RING_SHRINK_MAX 16u

static bool without(const char *feature)
{
	const char *list = getenv("GLACISD_URING_WITHOUT");

	return list && strstr(list, feature);
}

static const char *remedy(int error)
{
	switch (error) {
	case -ENOMEM:
		return "raise the limit of locked memory (LimitMEMLOCK, ulimit -l), from which the kernel takes rings, "
		       "or "
		       "start fewer --workers";
	case -EMFILE:
		return "raise the limit of open files (LimitNOFILE, ulimit -n)";
	default:
		return "check that kernel.io_uring_disabled is 0 and that the container's seccomp profile allows "
		       "io_uring_setup";
	}
}

/* From the best flags to none: an older kernel refuses unknown ones with -EINVAL. */
static int queue_init_sized(struct io_uring *uring, unsigned shrink)
{
	static const unsigned attempts[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
		0,
	};
	int error = -EINVAL;

	for (size_t i = without("defer-taskrun") ? 1 : 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		struct io_uring_params params = { .flags = attempts[i] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
						  .cq_entries = GLACISD_RING_COMPLETIONS / shrink };

		error = io_uring_queue_init_params(GLACISD_RING_ENTRIES / shrink, uring, &params);
		if (error != -EINVAL)
			break;
	}
	return error;
}

/* The memory of rings counts as locked, of which a plain user may have little: when half of it is too little for
 * all rings, smaller ones do, which cost more system calls under load and nothing else. */
static int queue_init(struct io_uring *uring, unsigned rings)
{
	const unsigned long size = GLACISD_RING_ENTRIES * 80ul + GLACISD_RING_COMPLETIONS * 16ul;
	struct rlimit locked = { .rlim_cur = RLIM_INFINITY };
	unsigned shrink = 1;
	int error;

	(void)getrlimit(RLIMIT_MEMLOCK, &locked);
	while (shrink < RING_SHRINK_MAX && size / shrink * rings > locked.rlim_cur / 2)
		shrink *= 2;
	while ((error = queue_init_sized(uring, shrink)) == -ENOMEM && shrink < RING_SHRINK_MAX)
		shrink *= 2;
	return error;
}

static int require_opcodes(struct io_uring *uring)
{
	static const struct {
		int opcode;
		const char *name;
	} needed[] = {
		{ IORING_OP_ACCEPT, "ACCEPT" },     { IORING_OP_CONNECT, "CONNECT" },
		{ IORING_OP_SEND, "SEND" },         { IORING_OP_RECV, "RECV" },
		{ IORING_OP_SENDMSG, "SENDMSG" },   { IORING_OP_RECVMSG, "RECVMSG" },
		{ IORING_OP_POLL_ADD, "POLL_ADD" }, { IORING_OP_ASYNC_CANCEL, "ASYNC_CANCEL" },
	};
	struct io_uring_probe *probe = io_uring_get_probe_ring(uring);
	int error = 0;

	if (!probe)
		return -ENOSYS;
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (io_uring_opcode_supported(probe, needed[i].opcode))
			continue;
		glacisd_log(GLACISD_LOG_ERROR, "this kernel's io_uring lacks %s: Linux 5.11 or newer is needed",
			    needed[i].name);
		error = -ENOSYS;
	}
	io_uring_free_probe(probe);
	return error;
}

int glacisd_ring_init(struct glacisd_ring *ring, unsigned rings)
{
	int error;

	memset(ring, 0, sizeof(*ring));
	error = queue_init(&ring->uring, rings);
	if (error) {
		ring->uring.ring_fd = -1;
		glacisd_log(GLACISD_LOG_ERROR, "cannot set up io_uring: %s; %s", strerror(-error), remedy(error));
		return error;
	}
	if (!(ring->uring.features & IORING_FEAT_SUBMIT_STABLE) || !(ring->uring.features & IORING_FEAT_EXT_ARG)) {
		glacisd_log(GLACISD_LOG_ERROR, "this kernel's io_uring is too old: Linux 5.11 or newer is needed");
		error = -ENOSYS;
	} else {
		error = require_opcodes(&ring->uring);
	}
	if (error) {
		io_uring_queue_exit(&ring->uring);
		ring->uring.ring_fd = -1;
		return error;
	}
	/* Saves looking the descriptor up in each system call; kernels before 5.18 go on without. */
	(void)io_uring_register_ring_fd(&ring->uring);
	/* Multishot requests cannot be probed: the first refusal (-EINVAL) switches them off. */
	ring->features.multishot_accept = !without("multishot-accept");
	ring->features.provided_buffers = !without("provided-buffers");
	return 0;
}

void glacisd_ring_exit(struct glacisd_ring *ring)
{
	if (ring->uring.ring_fd >= 0)
		io_uring_queue_exit(&ring->uring);
}

/* A message may be overwritten only when the kernel has taken every request: it can leave some behind. */
static void arena_reset(struct glacisd_ring *ring)
{
	if (io_uring_sq_ready(&ring->uring))
		return;
	ring->messages_used = 0;
	ring->iovecs_used = 0;
}

static void ring_submit(struct glacisd_ring *ring)
{
	do {
		/* Older kernels take nothing while completions wait for room. */
		if (io_uring_submit(&ring->uring) == -EBUSY)
			io_uring_get_events(&ring->uring);
	} while (io_uring_sq_ready(&ring->uring));
	arena_reset(ring);
}

struct io_uring_sqe *glacisd_ring_sqe(struct glacisd_ring *ring, void *object, unsigned tag)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	while (!sqe) {
		ring_submit(ring);
		sqe = io_uring_get_sqe(&ring->uring);
	}
	/* Every io_uring_prep_* of liburing 2.3 leaves user_data alone, so it may be set first. */
	io_uring_sqe_set_data64(sqe, (uint64_t)(uintptr_t)object | tag);
	return sqe;
}

struct msghdr *glacisd_ring_message(struct glacisd_ring *ring, uint32_t iovecs)
{
	struct msghdr *message;

	/* Room for the request too, or getting its entry would submit and let this message be overwritten. */
	if (ring->messages_used == GLACISD_ARENA_MESSAGES || ring->iovecs_used + iovecs > GLACISD_ARENA_IOVECS ||
	    !io_uring_sq_space_left(&ring->uring))
		ring_submit(ring);
	message = &ring->messages[ring->messages_used++];
	memset(message, 0, sizeof(*message));
	message->msg_iov = &ring->iovecs[ring->iovecs_used];
	ring->iovecs_used += iovecs;
	return message;
}

void glacisd_ring_cancel(struct glacisd_ring *ring, void *object, unsigned tag)
{
	struct io_uring_sqe *sqe = glacisd_ring_sqe(ring, NULL, 0);

	io_uring_prep_cancel64(sqe, (uint64_t)(uintptr_t)object | tag, 0);
	io_uring_sqe_set_data64(sqe, 0);
}

int glacisd_ring_wait(struct glacisd_ring *ring, int64_t timeout_us)
{
	struct __kernel_timespec timeout = { .tv_sec = timeout_us / 1000000, .tv_nsec = (timeout_us % 1000000) * 1000 };
	struct io_uring_cqe *cqe;
	int result = io_uring_submit_and_wait_timeout(&ring->uring, &cqe, 1, timeout_us < 0 ? NULL : &timeout, NULL);

	arena_reset(ring);
	if (result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY)
		return 0;
	return result < 0 ? result : 0;
}
