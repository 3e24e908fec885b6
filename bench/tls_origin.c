/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin process, see tls_origin.h: one epoll loop, a request at a time per connection, no
 * copy of bodies in user space. Only what the proxies of the benchmark send needs to be
 * understood; anything else is answered with 400 and a close.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tls_network.h"
#include "tls_origin.h"

#define REQUEST_MAX 4096u
#define HEAD_MAX    160u
#define PIECES_MAX  16 /* a send offers up to this many periods, 1 MiB */

struct visitor {
	int handle;
	size_t request_size;
	size_t head_size, head_sent;
	uint64_t body_size, body_sent;
	bool answering;
	bool close_after;
	char head[HEAD_MAX];
	char request[REQUEST_MAX];
};

static uint8_t pattern[TLS_ORIGIN_PERIOD];

static void drop(struct visitor *visitor)
{
	close(visitor->handle);
	free(visitor);
}

/* Fills in the answer to the request at the start of the buffer; false when it is not whole yet. */
static bool take_request(struct visitor *visitor)
{
	char *end;
	size_t used;

	visitor->request[visitor->request_size] = '\0';
	end = strstr(visitor->request, "\r\n\r\n");
	if (!end)
		return false;
	*end = '\0';
	used = (size_t)(end - visitor->request) + 4;
	visitor->close_after = strcasestr(visitor->request, "\r\nconnection: close") != NULL;
	visitor->body_size = 0;
	if (strncmp(visitor->request, "GET /bytes/", 11) == 0) {
		visitor->body_size = strtoull(visitor->request + 11, NULL, 10);
		visitor->head_size = (size_t)snprintf(
			visitor->head, HEAD_MAX, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n%s\r\n",
			(unsigned long long)visitor->body_size, visitor->close_after ? "Connection: close\r\n" : "");
	} else {
		visitor->close_after = true;
		visitor->head_size = (size_t)snprintf(
			visitor->head, HEAD_MAX,
			"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	}
	visitor->head_sent = 0;
	visitor->body_sent = 0;
	visitor->answering = true;
	memmove(visitor->request, visitor->request + used, visitor->request_size - used);
	visitor->request_size -= used;
	return true;
}

static int list_pieces(struct visitor *visitor, struct iovec *pieces)
{
	uint64_t offset = visitor->body_sent;
	int count = 0;

	if (visitor->head_sent < visitor->head_size)
		pieces[count++] = (struct iovec){ visitor->head + visitor->head_sent,
						  visitor->head_size - visitor->head_sent };
	while (offset < visitor->body_size && count < PIECES_MAX) {
		size_t start = offset % TLS_ORIGIN_PERIOD;
		size_t size = TLS_ORIGIN_PERIOD - start;

		if (size > visitor->body_size - offset)
			size = visitor->body_size - offset;
		pieces[count++] = (struct iovec){ pattern + start, size };
		offset += size;
	}
	return count;
}

/* Sends what fits. Returns 1 when the answer is complete, 0 when the socket is full, -1 when it is broken. */
static int send_answer(struct visitor *visitor)
{
	for (;;) {
		struct iovec pieces[PIECES_MAX];
		struct msghdr message = { .msg_iov = pieces };
		size_t head;
		ssize_t sent;

		message.msg_iovlen = (size_t)list_pieces(visitor, pieces);
		if (message.msg_iovlen == 0)
			return 1;
		sent = sendmsg(visitor->handle, &message, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN ? 0 : -1;
		head = visitor->head_size - visitor->head_sent;
		if (head > (size_t)sent)
			head = (size_t)sent;
		visitor->head_sent += head;
		visitor->body_sent += (size_t)sent - head;
	}
}

/* Reads and answers until the socket has no more. Returns false when the visitor is to be dropped. */
static bool serve(struct visitor *visitor)
{
	for (;;) {
		ssize_t got;

		if (visitor->answering) {
			int sent = send_answer(visitor);

			if (sent <= 0)
				return sent == 0;
			visitor->answering = false;
			if (visitor->close_after)
				return false;
		}
		if (visitor->request_size > 0 && take_request(visitor))
			continue;
		if (visitor->request_size >= REQUEST_MAX - 1)
			return false;
		got = recv(visitor->handle, visitor->request + visitor->request_size,
			   REQUEST_MAX - 1 - visitor->request_size, 0);
		if (got <= 0)
			return got < 0 && errno == EAGAIN;
		visitor->request_size += (size_t)got;
	}
}

static void accept_all(int loop, int listener)
{
	for (;;) {
		int handle = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct visitor *visitor;
		struct epoll_event event;

		if (handle < 0)
			return;
		visitor = calloc(1, sizeof(*visitor));
		if (!visitor) {
			close(handle);
			return;
		}
		visitor->handle = handle;
		/* Edge-triggered, both ways: one epoll_ctl per connection. */
		event = (struct epoll_event){ .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = visitor };
		if (epoll_ctl(loop, EPOLL_CTL_ADD, handle, &event))
			drop(visitor);
	}
}

static void run(int listener)
{
	struct epoll_event events[256];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	int loop = epoll_create1(EPOLL_CLOEXEC);

	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = tls_origin_byte(i);
	if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event))
		_exit(EXIT_FAILURE);
	for (;;) {
		int count = epoll_wait(loop, events, 256, -1);

		for (int i = 0; i < count; i++) {
			if (!events[i].data.ptr)
				accept_all(loop, listener);
			else if (!serve(events[i].data.ptr))
				drop(events[i].data.ptr);
		}
	}
}

pid_t tls_origin_start(int core, uint16_t *port)
{
	int listener = tls_network_listen(port);
	pid_t parent = getpid();
	pid_t child;
	cpu_set_t cores;

	if (listener < 0) {
		fprintf(stderr, "glacis-bench: the origin cannot listen on 127.0.0.1: %s\n", strerror(-listener));
		return listener;
	}
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole group; the parent ends us in order */
		signal(SIGTERM, SIG_DFL);
		CPU_ZERO(&cores);
		CPU_SET(core, &cores);
		sched_setaffinity(0, sizeof(cores), &cores);
		run(listener);
	}
	close(listener);
	if (child < 0)
		fprintf(stderr, "glacis-bench: the origin cannot be started: %s\n", strerror(errno));
	return child < 0 ? -errno : child;
}
