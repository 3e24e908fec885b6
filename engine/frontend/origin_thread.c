/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop around a libmicrohttpd daemon. See origin_thread.h, and ADR 84 for why the daemon has no thread of its own:
 * that one's epoll loop, after as many ready sockets as it looks at in one call (128), waits for one more before it
 * serves them. MHD_run() never waits, so waiting is done here.
 */
#include "origin_thread.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A connection on its way to the thread. */
struct arrival {
	struct arrival *next;
	int fd;
	struct glacisd_visitor visitor;
};

struct glacisd_origin_thread {
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int wake; /* an eventfd: something arrived, or the end */
	pthread_mutex_t lock;
	struct arrival *first; /* these three under the lock */
	struct arrival **last;
	bool ending;
};

static_assert(sizeof(struct glacisd_visitor) <= sizeof(((struct sockaddr_un *)0)->sun_path),
	      "the visitor's description must fit the address that carries it");

static void wake(struct glacisd_origin_thread *thread)
{
	const uint64_t one = 1;

	while (write(thread->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Takes all that arrived, in order; false at the end. */
static bool take(struct glacisd_origin_thread *thread, struct arrival **arrivals)
{
	bool ending;

	pthread_mutex_lock(&thread->lock);
	*arrivals = thread->first;
	thread->first = NULL;
	thread->last = &thread->first;
	ending = thread->ending;
	pthread_mutex_unlock(&thread->lock);
	return !ending;
}

/* The daemon closes the socket itself when it cannot take it. */
static void add(struct MHD_Daemon *daemon, const struct arrival *arrival)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, &arrival->visitor, sizeof(arrival->visitor));
	(void)MHD_add_connection(daemon, arrival->fd, (const struct sockaddr *)&address, sizeof(address));
}

static void wait_for_work(struct glacisd_origin_thread *thread)
{
	const union MHD_DaemonInfo *epoll = MHD_get_daemon_info(thread->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd ready[] = { { .fd = thread->wake, .events = POLLIN },
				  { .fd = epoll->epoll_fd, .events = POLLIN } };
	MHD_UNSIGNED_LONG_LONG timeout_ms;
	int wait_ms = -1;
	uint64_t count;

	if (MHD_get_timeout(thread->daemon, &timeout_ms) == MHD_YES)
		wait_ms = timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX;
	if (poll(ready, 2, wait_ms) > 0 && ready[0].revents != 0)
		(void)!read(thread->wake, &count, sizeof(count));
}

static void *run(void *argument)
{
	struct glacisd_origin_thread *thread = argument;
	struct arrival *arrivals, *next;

	while (take(thread, &arrivals)) {
		for (; arrivals != NULL; arrivals = next) {
			next = arrivals->next;
			add(thread->daemon, arrivals);
			free(arrivals);
		}
		MHD_run(thread->daemon);
		wait_for_work(thread);
	}
	for (; arrivals != NULL; arrivals = next) {
		next = arrivals->next;
		close(arrivals->fd);
		free(arrivals);
	}
	return NULL;
}

int glacisd_origin_thread_start(struct MHD_Daemon *daemon, struct glacisd_origin_thread **result)
{
	struct glacisd_origin_thread *thread = calloc(1, sizeof(*thread));
	int error = -ENOMEM;

	if (thread == NULL)
		goto no_memory;
	thread->daemon = daemon;
	thread->last = &thread->first;
	thread->wake = eventfd(0, EFD_CLOEXEC);
	if (thread->wake < 0) {
		error = -errno;
		goto no_wake;
	}
	pthread_mutex_init(&thread->lock, NULL);
	error = -pthread_create(&thread->thread, NULL, run, thread);
	if (error == 0) {
		*result = thread;
		return 0;
	}
	pthread_mutex_destroy(&thread->lock);
	close(thread->wake);
no_wake:
	free(thread);
no_memory:
	MHD_stop_daemon(daemon);
	return error;
}

void glacisd_origin_thread_stop(struct glacisd_origin_thread *thread)
{
	if (thread == NULL)
		return;
	pthread_mutex_lock(&thread->lock);
	thread->ending = true;
	pthread_mutex_unlock(&thread->lock);
	wake(thread);
	pthread_join(thread->thread, NULL);
	MHD_stop_daemon(thread->daemon);
	pthread_mutex_destroy(&thread->lock);
	close(thread->wake);
	free(thread);
}

int glacisd_origin_thread_give(struct glacisd_origin_thread *thread, int fd, const struct glacisd_visitor *visitor)
{
	struct arrival *arrival = malloc(sizeof(*arrival));
	bool first;

	if (arrival == NULL)
		return -ENOMEM;
	*arrival = (struct arrival){ .fd = fd, .visitor = *visitor };
	pthread_mutex_lock(&thread->lock);
	first = thread->first == NULL;
	*thread->last = arrival;
	thread->last = &arrival->next;
	pthread_mutex_unlock(&thread->lock);
	if (first)
		wake(thread);
	return 0;
}
