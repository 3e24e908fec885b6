/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The io_uring of one worker: set-up with whatever the kernel offers, and the few requests a
 * proxy makes. A feature the kernel lacks is replaced request by request: multishot accept and
 * receive by single shots, provided buffers by poll and plain receive.
 *
 * Concepts. `user_data` is a pointer to a 64-byte aligned object with a tag in its low six bits.
 * Message headers and iovecs come from an arena that lives until the next submission (the kernel
 * reads them when a request is submitted and not later: IORING_FEAT_SUBMIT_STABLE).
 */
#ifndef GLACISD_RING_H
#define GLACISD_RING_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define GLACISD_RING_ENTRIES 1024u  /* submissions between two system calls */
#define GLACISD_RING_COMPLETIONS 8192u
#define GLACISD_ARENA_MESSAGES 512u
#define GLACISD_ARENA_IOVECS 4096u
#define GLACISD_TAG_MASK 63u

struct glacisd_ring_features {
	bool multishot_accept;
	bool provided_buffers;
};

struct glacisd_ring {
	struct io_uring uring;
	struct glacisd_ring_features features;
	uint32_t messages_used;
	uint32_t iovecs_used;
	struct msghdr messages[GLACISD_ARENA_MESSAGES];
	struct iovec iovecs[GLACISD_ARENA_IOVECS];
};

/* Sets the ring up for the calling thread, which must be the only one to use it. The environment
 * variable GLACISD_URING_WITHOUT (comma-separated: multishot-accept, multishot-receive,
 * provided-buffers, defer-taskrun) switches features off, for tests of the fallbacks.
 * `rings`: how many the process will have. Returns 0 or a negative errno after logging what to do. */
int glacisd_ring_init(struct glacisd_ring *ring, unsigned rings);
void glacisd_ring_exit(struct glacisd_ring *ring);

/* A submission entry; submits what is there when the queue is full. Never NULL. */
struct io_uring_sqe *glacisd_ring_sqe(struct glacisd_ring *ring, void *object, unsigned tag);

/* A message header with room for `iovecs` iovecs (1..64), for the entry that is taken next. */
struct msghdr *glacisd_ring_message(struct glacisd_ring *ring, uint32_t iovecs);

/* Cancels the request with this object and tag; its own completion says -ECANCELED. */
void glacisd_ring_cancel(struct glacisd_ring *ring, void *object, unsigned tag);

/* Submits, then waits for a completion or until `timeout_us` have passed (negative: for ever). */
int glacisd_ring_wait(struct glacisd_ring *ring, int64_t timeout_us);

#endif
