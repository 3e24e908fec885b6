/* SPDX-License-Identifier: Apache-2.0 */
/* Between driver and card; see middle.h. */
#include "middle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "glacis_vfio_user_wire.h"

#define BODY_MAX 4096u
#define TRIES    500u /* to connect, 10 ms apart: the card may not have noticed that its client before is gone */

struct received {
	struct glacis_wire_header header;
	uint8_t body[BODY_MAX];
	int fd; /* -1: none came */
};

/* All of `size` bytes, and the descriptor that comes along. */
static bool receive(int from, void *to, size_t size, int *fd)
{
	for (size_t done = 0; done < size;) {
		union {
			struct cmsghdr header;
			uint8_t bytes[CMSG_SPACE(sizeof(int))];
		} control;
		struct iovec piece = { .iov_base = (uint8_t *)to + done, .iov_len = size - done };
		struct msghdr message = { .msg_iov = &piece,
					  .msg_iovlen = 1,
					  .msg_control = &control,
					  .msg_controllen = sizeof(control.bytes) };
		ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);

		if (got <= 0)
			return false;
		if (CMSG_FIRSTHDR(&message) != NULL)
			memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*fd));
		done += (size_t)got;
	}
	return true;
}

static bool take(int driver, struct received *received)
{
	received->fd = -1;
	if (!receive(driver, &received->header, sizeof(received->header), &received->fd) ||
	    received->header.size < sizeof(received->header) ||
	    received->header.size - sizeof(received->header) > BODY_MAX)
		return false;
	return receive(driver, received->body, received->header.size - sizeof(received->header), &received->fd);
}

static bool pass_on(struct client *card, int driver, const struct received *received)
{
	const struct message message = { .command = received->header.command,
					 .body = received->body,
					 .size = received->header.size - sizeof(received->header),
					 .fds = &received->fd,
					 .fd_count = received->fd >= 0 };
	struct answer answer = { .fd = -1 };
	struct {
		struct glacis_wire_header header;
		uint8_t body[BODY_MAX];
	} back = { .header = received->header };
	struct client to_driver = { .fd = driver };
	int error = client_call(card, &message, &answer);

	back.header.flags = GLACIS_WIRE_REPLY | (error != 0 ? GLACIS_WIRE_ERROR : 0);
	back.header.error = (uint32_t)-error;
	back.header.size = (uint32_t)(sizeof(back.header) + (error != 0 ? 0 : answer.size));
	if (answer.size > BODY_MAX)
		return false;
	memcpy(back.body, answer.body, answer.size);
	error = client_send(&to_driver, &back, back.header.size, &answer.fd, answer.fd >= 0);
	if (answer.fd >= 0)
		close(answer.fd);
	return error == 0;
}

static void *serve(void *middle_)
{
	struct middle *middle = middle_;
	int driver = accept4(middle->listener, NULL, NULL, SOCK_CLOEXEC);
	static struct received received;

	while (driver >= 0 && take(driver, &received)) {
		bool good = pass_on(&middle->card, driver, &received);

		if (received.fd >= 0)
			close(received.fd);
		if (!good)
			break;
	}
	if (driver >= 0)
		close(driver);
	return NULL;
}

/* The card takes one client at a time, and turns a second one away once it speaks. */
static bool connect_card(struct client *client, const char *card)
{
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t info[4] = { sizeof(info) };

		/* Before VERSION anything else is refused, by a card that listens. */
		if (client_connect(client, card) == 0) {
			int error = client_call(
				client,
				&(struct message){ .command = VCARD_WIRE_GET_INFO, .body = info, .size = sizeof(info) },
				NULL);

			if (error == -EPROTO)
				return true;
			client_close(client);
		}
		usleep(10000);
	}
	return false;
}

bool middle_start(struct middle *middle, const char *card)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(middle->folder, "/tmp/glacis-middle.XXXXXX");
	if (mkdtemp(middle->folder) == NULL)
		return false;
	snprintf(middle->path, sizeof(middle->path), "%s/card", middle->folder);
	strcpy(address.sun_path, middle->path);
	middle->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect_card(&middle->card, card) &&
	       bind(middle->listener, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(middle->listener, 1) == 0 && pthread_create(&middle->thread, NULL, serve, middle) == 0;
}

void middle_wait(struct middle *middle)
{
	pthread_join(middle->thread, NULL);
}

void middle_end(struct middle *middle)
{
	client_close(&middle->card);
	close(middle->listener);
	unlink(middle->path);
	rmdir(middle->folder);
}
