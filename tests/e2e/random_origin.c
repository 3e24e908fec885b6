/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin of random_close: behaves to each connection as its header says, and checks every byte.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "random_close.h"

static atomic_long connections;

static bool read_header(int fd, struct header *header)
{
	size_t have = 0;

	while (have < sizeof(*header)) {
		ssize_t got = wait_for(fd, POLLIN) ? read(fd, (char *)header + have, sizeof(*header) - have) : -1;

		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

/* Reads, or finds the end. False when the connection is over. */
static bool origin_read(int fd, const struct header *header, uint64_t *received, bool *ended)
{
	uint8_t bytes[PIECE_MAX];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	if (got < 0)
		return errno == EAGAIN;
	if (got == 0) {
		*ended = true;
		if (*received < header->up && header->flags & CLEAN)
			complain("the origin sees a clean end", header, *received);
		return *received == header->up;
	}
	if (*received + (uint64_t)got > header->up || !matches(bytes, (size_t)got, header->seed, *received)) {
		complain("wrong byte at the origin", header, *received);
		return false;
	}
	*received += (uint64_t)got;
	return true;
}

static bool origin_write(int fd, const struct header *header, uint64_t *sent, uint32_t *random)
{
	uint8_t bytes[PIECE_MAX];
	uint32_t piece = header->flags & SLOW_ORIGIN ? next_random(random) % 5000 + 1 : PIECE_MAX;
	uint32_t size = header->down - *sent < piece ? (uint32_t)(header->down - *sent) : piece;
	ssize_t put;

	fill(bytes, size, ~header->seed, *sent);
	put = send(fd, bytes, size, MSG_NOSIGNAL);
	if (put < 0)
		return errno == EAGAIN;
	*sent += (uint64_t)put;
	if (header->flags & SLOW_ORIGIN)
		pause_us(next_random(random) % 1000);
	return true;
}

static void origin_serve(int fd)
{
	struct header header;
	uint64_t received = 0, sent = 0;
	bool ended = false, finished = false;
	uint32_t random;

	if (!read_header(fd, &header))
		return;
	if (header.magic != MAGIC) {
		memset(&header, 0, sizeof(header));
		complain("no header at the origin", &header, 0);
		return;
	}
	random = header.seed | 1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		bool may_send = sent < header.down && (received == header.up || header.flags & DOWN_FIRST);
		short events = (short)((ended ? 0 : POLLIN) | (may_send ? POLLOUT : 0));

		if (header.flags & (RESET_BY_ORIGIN | CLOSED_BY_ORIGIN) && received + sent >= header.break_at) {
			if (header.flags & RESET_BY_ORIGIN)
				make_reset(fd);
			return;
		}
		if (sent == header.down && !finished && (received == header.up || header.flags & DOWN_FIRST)) {
			finished = true;
			shutdown(fd, SHUT_WR);
		}
		if ((finished && received == header.up) || !wait_for(fd, events))
			return;
		if (!ended && !origin_read(fd, &header, &received, &ended))
			return;
		if (may_send && !origin_write(fd, &header, &sent, &random))
			return;
	}
}

static void *origin_connection(void *argument)
{
	int fd = (int)(intptr_t)argument;

	origin_serve(fd);
	close(fd);
	atomic_fetch_sub(&connections, 1);
	return NULL;
}

static void *origin_accept(void *argument)
{
	int listener = (int)(intptr_t)argument;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_attr_t small;
		pthread_t thread;

		if (fd < 0)
			continue;
		atomic_fetch_add(&connections, 1);
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, 256 * 1024);
		pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
		if (pthread_create(&thread, &small, origin_connection, (void *)(intptr_t)fd)) {
			close(fd);
			atomic_fetch_sub(&connections, 1);
		}
		pthread_attr_destroy(&small);
	}
	return NULL;
}

int origin_start(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(port),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	pthread_t acceptor;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) || listen(listener, 4096))
		return -1;
	errno = pthread_create(&acceptor, NULL, origin_accept, (void *)(intptr_t)listener);
	return errno ? -1 : 0;
}

void origin_wait(void)
{
	for (int turn = 0; turn < 500 && atomic_load(&connections); turn++)
		pause_us(10000);
}
