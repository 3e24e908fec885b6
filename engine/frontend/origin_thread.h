/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of the built-in origin: runs one libmicrohttpd daemon and hands it the connections that other threads give.
 * Private to origin*.c.
 */
#ifndef GLACISD_ORIGIN_THREAD_H
#define GLACISD_ORIGIN_THREAD_H

#include <microhttpd.h>

#include "origin.h"

struct glacisd_origin_thread;

/* Starts a thread that runs `daemon`, which must have been started with MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET and no
 * thread of its own. Returns 0 or a negative errno; the daemon is the thread's from then on, and stopped on failure. */
int glacisd_origin_thread_start(struct MHD_Daemon *daemon, struct glacisd_origin_thread **thread);

/* Ends the thread and its daemon with every connection, those it has not taken yet too. NULL is allowed. No other
 * thread may be in glacisd_origin_thread_give(). */
void glacisd_origin_thread_stop(struct glacisd_origin_thread *thread);

/* Gives the thread a connected socket, closed when it cannot be served (the limit of connections is reached). Any
 * thread. Returns 0, or -ENOMEM with `fd` still the caller's. */
int glacisd_origin_thread_give(struct glacisd_origin_thread *thread, int fd, const struct glacisd_visitor *visitor);

#endif
