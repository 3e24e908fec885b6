/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in and out; see channel.h. Requests of ours are in channel_dma.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "channel_request.h"
#include "clock.h"

int vcard_channel_init(struct vcard_channel *channel, struct vcard_gate *gate, const atomic_bool *master)
{
	int error = -ENOMEM;

	memset(channel, 0, sizeof(*channel));
	channel->fd = -1;
	channel->gate = gate;
	channel->master = master;
	channel->body = malloc(VCARD_WIRE_BODY_MAX);
	if (!channel->body)
		return error;
	error = -pthread_mutex_init(&channel->send_lock, NULL);
	if (error)
		goto no_send_lock;
	error = -pthread_mutex_init(&channel->lock, NULL);
	if (error)
		goto no_lock;
	error = vcard_clock_condition(&channel->changed);
	if (error)
		goto no_condition;
	return 0;
no_condition:
	pthread_mutex_destroy(&channel->lock);
no_lock:
	pthread_mutex_destroy(&channel->send_lock);
no_send_lock:
	free(channel->body);
	return error;
}

static void close_fds(struct vcard_channel *channel)
{
	for (unsigned i = 0; i < channel->fd_count; i++) {
		if (channel->fds[i] >= 0)
			close(channel->fds[i]);
	}
	channel->fd_count = 0;
}

void vcard_channel_destroy(struct vcard_channel *channel)
{
	vcard_channel_close(channel);
	pthread_cond_destroy(&channel->changed);
	pthread_mutex_destroy(&channel->lock);
	pthread_mutex_destroy(&channel->send_lock);
	free(channel->body);
}

void vcard_channel_open(struct vcard_channel *channel, int fd)
{
	const struct timeval deadline = { .tv_sec = CHANNEL_SEND_DEADLINE_S };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
	channel->fd = fd;
	channel->received = 0;
	channel->complete = false;
	pthread_mutex_lock(&channel->lock);
	channel->closing = false;
	channel->data_max = VCARD_WIRE_DATA_MAX;
	pthread_mutex_unlock(&channel->lock);
}

void vcard_channel_close(struct vcard_channel *channel)
{
	if (channel->fd < 0)
		return;
	/* Whoever sends or waits for an answer stops now. */
	shutdown(channel->fd, SHUT_RDWR);
	pthread_mutex_lock(&channel->lock);
	channel->closing = true;
	channel->connection++;
	pthread_cond_broadcast(&channel->changed);
	while (channel->requests)
		pthread_cond_wait(&channel->changed, &channel->lock);
	pthread_mutex_unlock(&channel->lock);
	close(channel->fd);
	close_fds(channel);
	channel->fd = -1;
}

/* ---- receiving ---- */

static int take_fds(struct vcard_channel *channel, struct msghdr *message)
{
	int error = message->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		size_t count;
		const uint8_t *data = CMSG_DATA(control);

		if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
			continue;
		count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
			if (channel->fd_count < VCARD_WIRE_FDS_MAX) {
				channel->fds[channel->fd_count++] = fd;
			} else {
				close(fd);
				error = -EPROTO;
			}
		}
	}
	return error;
}

/* Receives up to `size` bytes and what descriptors come along. The number of bytes, 0 for none yet, or an error. */
static ssize_t receive_some(struct vcard_channel *channel, void *to, size_t size)
{
	/* Twice the limit, so that too many are seen as such and not lost silently. */
	union {
		struct cmsghdr alignment;
		uint8_t bytes[CMSG_SPACE(2 * VCARD_WIRE_FDS_MAX * sizeof(int))];
	} control;
	struct iovec piece = { .iov_base = to, .iov_len = size };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	ssize_t got = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int error;

	if (got == 0)
		return -ECONNRESET;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	error = take_fds(channel, &message);
	return error ? error : got;
}

static int check_header(struct vcard_channel *channel)
{
	if (channel->header.size < sizeof(channel->header) ||
	    channel->header.size - sizeof(channel->header) > VCARD_WIRE_BODY_MAX)
		return -EPROTO;
	channel->body_size = channel->header.size - sizeof(channel->header);
	return 0;
}

/* Goes on with the message under way: 1 when it is complete, 0 when nothing more is there. */
static int receive_message(struct vcard_channel *channel)
{
	const size_t header_size = sizeof(channel->header);

	for (;;) {
		bool in_header = channel->received < header_size;
		size_t in_body = in_header ? 0 : channel->received - header_size;
		ssize_t got;

		if (!in_header && in_body == channel->body_size)
			return 1;
		if (in_header)
			got = receive_some(channel, (uint8_t *)&channel->header + channel->received,
					   header_size - channel->received);
		else
			got = receive_some(channel, channel->body + in_body, channel->body_size - in_body);
		if (got <= 0)
			return (int)got;
		channel->received += (size_t)got;
		if (channel->received == header_size) {
			int error = check_header(channel);

			if (error)
				return error;
		}
	}
}

int vcard_channel_receive(struct vcard_channel *channel)
{
	int result;

	do {
		if (channel->complete) {
			close_fds(channel);
			channel->complete = false;
			channel->received = 0;
		}
		result = receive_message(channel);
		channel->complete = result == 1;
	} while (result == 1 && (channel->header.flags & VCARD_WIRE_TYPE_MASK) == VCARD_WIRE_REPLY &&
		 vcard_channel_deliver(channel));
	if (result == 1 && (channel->header.flags & VCARD_WIRE_TYPE_MASK) != VCARD_WIRE_REQUEST)
		return -EPROTO;
	return result;
}

/* ---- sending ---- */

int vcard_channel_send(struct vcard_channel *channel, const struct vcard_wire_header *header, const struct iovec *body,
		       int fd)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec pieces[] = { { .iov_base = (void *)(uintptr_t)header, .iov_len = sizeof(*header) },
				  body[0],
				  body[1] };
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 3 };
	bool is_request = (header->flags & VCARD_WIRE_TYPE_MASK) == VCARD_WIRE_REQUEST;
	int error = 0;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	pthread_mutex_lock(&channel->send_lock);
	/* Under this lock, which the reply to whoever clears the bit needs as well: so it is behind our last request.
	 */
	if (is_request && !atomic_load_explicit(channel->master, memory_order_relaxed)) {
		pthread_mutex_unlock(&channel->send_lock);
		return -EACCES;
	}
	for (size_t left = header->size; left && !error;) {
		ssize_t sent = sendmsg(channel->fd, &message, MSG_NOSIGNAL);

		if (sent < 0) {
			error = errno == EINTR ? 0 : -errno;
			continue;
		}
		left -= (size_t)sent;
		message.msg_control = NULL;
		message.msg_controllen = 0;
		for (; message.msg_iovlen && (size_t)sent >= message.msg_iov->iov_len; message.msg_iovlen--)
			sent -= (ssize_t)(message.msg_iov++)->iov_len;
		if (message.msg_iovlen) {
			message.msg_iov->iov_base = (uint8_t *)message.msg_iov->iov_base + sent;
			message.msg_iov->iov_len -= (size_t)sent;
		}
	}
	/* Half a message cannot be taken back. */
	if (error)
		shutdown(channel->fd, SHUT_RDWR);
	pthread_mutex_unlock(&channel->send_lock);
	return error;
}

static int answer(struct vcard_channel *channel, int error, const void *body, size_t size, int fd)
{
	struct vcard_wire_header header = {
		.id = channel->header.id,
		.command = channel->header.command,
		.size = (uint32_t)(sizeof(header) + size),
		.flags = VCARD_WIRE_REPLY | (error ? VCARD_WIRE_ERROR : 0),
		.error = (uint32_t)error,
	};
	struct iovec pieces[2] = { { .iov_base = (void *)(uintptr_t)body, .iov_len = size } };

	if (channel->header.flags & VCARD_WIRE_NO_REPLY)
		return 0;
	return vcard_channel_send(channel, &header, pieces, fd);
}

int vcard_channel_reply(struct vcard_channel *channel, const void *body, size_t size, int fd)
{
	return answer(channel, 0, body, size, fd);
}

int vcard_channel_refuse(struct vcard_channel *channel, int error)
{
	return answer(channel, -error, NULL, 0, -1);
}
