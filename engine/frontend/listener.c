/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets and (multishot) accept. See listener.h.
 */
#include "listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "log.h"

#define BACKLOG 4096
#define RETRY_MS 100u /* after accept() failed for lack of descriptors or memory */

static const char *remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "something else listens there: stop it or choose another --listen";
	case EACCES:
		return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
	case EADDRNOTAVAIL:
		return "no interface of this machine has that address";
	default:
		return "check --listen";
	}
}

/* A first bind without SO_REUSEPORT would refuse the workers after it, so a stranger on the address has to be
 * found before: he would get half of the connections, or we half of his. */
static int refuse_stranger(const struct glacisd_address *address)
{
	int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1, error = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&address->storage, address->size))
		error = -errno;
	close(fd);
	return error;
}

static int open_socket(struct glacisd_address *address)
{
	int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1, error;

	if (fd < 0)
		return -errno;
	/* Accepted sockets inherit TCP_NODELAY: we send whole records and never want to wait for an ACK. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&address->storage, address->size) || listen(fd, BACKLOG) ||
	    getsockname(fd, (struct sockaddr *)&address->storage, &address->size)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int glacisd_listener_open(struct glacisd_address *address, bool shared)
{
	int fd = shared ? 0 : refuse_stranger(address);

	if (!fd)
		fd = open_socket(address);
	if (fd < 0)
		glacisd_log(GLACISD_LOG_ERROR, "cannot listen on %s: %s; %s", address->text, strerror(-fd),
			    remedy(-fd));
	return fd;
}

void glacisd_listener_arm(struct glacisd_worker *worker)
{
	struct io_uring_sqe *sqe;

	if (worker->accept_armed || worker->listener < 0 || worker->now_ms < worker->accept_retry_ms)
		return;
	sqe = glacisd_ring_sqe(&worker->ring, worker, GLACISD_TAG_ACCEPT);
	if (worker->ring.features.multishot_accept)
		io_uring_prep_multishot_accept(sqe, worker->listener, NULL, NULL, SOCK_CLOEXEC);
	else
		io_uring_prep_accept(sqe, worker->listener, NULL, NULL, SOCK_CLOEXEC);
	worker->accept_armed = true;
}

void glacisd_listener_accepted(struct glacisd_worker *worker, int result, uint32_t flags)
{
	if (!(flags & IORING_CQE_F_MORE))
		worker->accept_armed = false;
	if (result >= 0) {
		glacisd_connection_open(worker, result);
	} else if (result == -EINVAL && worker->ring.features.multishot_accept) {
		worker->ring.features.multishot_accept = false; /* Linux < 5.19 */
	} else if (result != -ECANCELED && result != -EINTR && result != -ECONNABORTED && worker->listener >= 0) {
		GLACISD_STAT_INC(&worker->stats, accept_errors);
		worker->accept_retry_ms = worker->now_ms + RETRY_MS;
	}
	glacisd_listener_arm(worker);
}

void glacisd_listener_close(struct glacisd_worker *worker)
{
	if (worker->listener < 0)
		return;
	if (worker->accept_armed)
		glacisd_ring_cancel(&worker->ring, worker, GLACISD_TAG_ACCEPT);
	/* The cancelled request still holds the socket: end its listening now. */
	shutdown(worker->listener, SHUT_RDWR);
	close(worker->listener);
	worker->listener = -1;
}
