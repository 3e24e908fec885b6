/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers over a UNIX socket, with descriptors that go along. The socket never blocks: every wait is a
 * poll with what is left of the deadline.
 */
#include "glacis_vfio_user_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Waits until the socket is ready for `events`, or until the deadline: -ETIMEDOUT. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int ready;

	do {
		left = deadline - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		ready = poll(&poll_fd, 1, (int)left);
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	return ready < 0 ? -errno : 0;
}

void glacis_socket_init(struct glacis_socket *socket)
{
	pthread_mutex_init(&socket->lock, NULL);
	socket->fd = -1;
	socket->id = 0;
}

int glacis_socket_connect(struct glacis_socket *socket_, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t deadline = now_ms() + GLACIS_SOCKET_DEADLINE_MS;
	int fd, status = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A listener whose queue is full says EAGAIN, and poll has nothing to wait for: ask again. */
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		status = -errno;
		if ((status != -EAGAIN && status != -EINTR) || now_ms() >= deadline) {
			close(fd);
			return status;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	socket_->fd = fd;
	return 0;
}

void glacis_socket_close(struct glacis_socket *socket)
{
	pthread_mutex_lock(&socket->lock);
	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
	pthread_mutex_unlock(&socket->lock);
}

bool glacis_socket_gone(struct glacis_socket *socket)
{
	struct pollfd ask = { .events = POLLRDHUP };
	bool gone;

	if (pthread_mutex_trylock(&socket->lock) != 0)
		return false;
	ask.fd = socket->fd;
	gone = socket->fd < 0 || (poll(&ask, 1, 0) > 0 && (ask.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
	pthread_mutex_unlock(&socket->lock);
	return gone;
}

static int send_all(int fd, struct msghdr *message, int64_t deadline)
{
	while (message->msg_iovlen > 0) {
		ssize_t sent = sendmsg(fd, message, MSG_NOSIGNAL);
		int status;

		if (sent < 0 && errno == EAGAIN) {
			status = wait_for(fd, POLLOUT, deadline);
			if (status != 0)
				return status;
			continue;
		}
		if (sent < 0 && errno != EINTR)
			return -errno;
		message->msg_control = NULL; /* the descriptor went with the first bytes */
		message->msg_controllen = 0;
		for (; sent > 0 && message->msg_iovlen > 0;) {
			size_t step = (size_t)sent < message->msg_iov->iov_len ? (size_t)sent
									       : message->msg_iov->iov_len;

			message->msg_iov->iov_base = (uint8_t *)message->msg_iov->iov_base + step;
			message->msg_iov->iov_len -= step;
			sent -= (ssize_t)step;
			if (message->msg_iov->iov_len > 0)
				break;
			message->msg_iov++;
			message->msg_iovlen--;
		}
		while (message->msg_iovlen > 0 && message->msg_iov->iov_len == 0) {
			message->msg_iov++;
			message->msg_iovlen--;
		}
	}
	return 0;
}

static int request_send(struct glacis_socket *socket, const struct glacis_request *request, int64_t deadline)
{
	struct glacis_wire_header header = { .id = socket->id, .command = request->command };
	struct iovec pieces[3] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)(uintptr_t)request->head, .iov_len = request->head_size },
		{ .iov_base = (void *)(uintptr_t)request->tail, .iov_len = request->tail_size },
	};
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 3 };

	header.size = (uint32_t)(sizeof(header) + request->head_size + request->tail_size);
	if (request->fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.bytes);
		CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &request->fd, sizeof(int));
	}
	return send_all(socket->fd, &message, deadline);
}

/* Keeps the first descriptor when somebody wants it and closes all others. */
static void descriptors_take(struct msghdr *message, int *taken)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control != NULL;
	     control = CMSG_NXTHDR(message, control)) {
		size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
			if (taken != NULL && *taken < 0)
				*taken = fd;
			else
				close(fd);
		}
	}
}

static int receive_all(int fd, void *bytes, size_t size, int *taken, int64_t deadline)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(int) * GLACIS_WIRE_FDS_MAX)];
	} control;
	size_t done = 0;

	while (done < size) {
		struct iovec piece = { .iov_base = (uint8_t *)bytes + done, .iov_len = size - done };
		struct msghdr message = { .msg_iov = &piece,
					  .msg_iovlen = 1,
					  .msg_control = &control,
					  .msg_controllen = sizeof(control.bytes) };
		ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
		int status;

		if (got > 0) {
			descriptors_take(&message, taken);
			done += (size_t)got;
		} else if (got == 0) {
			return -ENODEV;
		} else if (errno == EAGAIN) {
			status = wait_for(fd, POLLIN, deadline);
			if (status != 0)
				return status;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* Sets *usable when the stream is still in step, whatever the answer was. */
static int exchange(struct glacis_socket *socket, const struct glacis_request *request, int *taken, bool *usable)
{
	int64_t deadline = now_ms() + GLACIS_SOCKET_DEADLINE_MS;
	struct glacis_wire_header header;
	size_t size;
	int status;

	status = request_send(socket, request, deadline);
	if (status == 0)
		status = receive_all(socket->fd, &header, sizeof(header), taken, deadline);
	if (status == 0)
		status = glacis_wire_check_header(&header, socket->id, request->command, &size);
	if (status == 0)
		status = receive_all(socket->fd, socket->body, size, taken, deadline);
	if (status != 0)
		return status;
	*usable = true;
	status = glacis_wire_refusal(&header);
	if (status == 0 && request->parse != NULL)
		status = request->parse(socket->body, size, request->context);
	return status;
}

int glacis_socket_request(struct glacis_socket *socket, const struct glacis_request *request)
{
	bool usable = false;
	int status = -ENODEV, taken = -1;

	pthread_mutex_lock(&socket->lock);
	if (socket->fd >= 0) {
		socket->id++;
		status = exchange(socket, request, request->taken_fd == NULL ? NULL : &taken, &usable);
		if (!usable) {
			close(socket->fd);
			socket->fd = -1;
			status = -ENODEV;
		}
	}
	if (request->taken_fd != NULL)
		*request->taken_fd = taken;
	pthread_mutex_unlock(&socket->lock);
	return status;
}
