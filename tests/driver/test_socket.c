/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's end of a vfio-user connection against servers that answer in pieces, late, wrongly, too much or not at
 * all. A thread is the server: it reads one request and writes what the case says. Needs no DPDK.
 */
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "glacis_vfio_user_socket.h"

struct server {
	int listener;
	const uint8_t *answer;
	size_t size;
	size_t piece; /* bytes in one write */
	unsigned descriptors;
	bool hold; /* keeps the connection open, and is silent */
	pthread_t thread;
};

static char path[64];
static struct glacis_socket client;

static void answer_send(int fd, const struct server *server)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;

	for (size_t sent = 0; sent < server->size; sent += server->piece) {
		size_t left = server->size - sent;
		struct iovec piece = { .iov_base = (void *)(uintptr_t)(server->answer + sent),
				       .iov_len = left < server->piece ? left : server->piece };
		struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

		memset(&control, 0, sizeof(control));
		if (sent == 0 && server->descriptors > 0) {
			message.msg_control = &control;
			message.msg_controllen = CMSG_SPACE(server->descriptors * sizeof(int));
			CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
			CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
			CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(server->descriptors * sizeof(int));
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), (int[4]){ fd, fd, fd, fd },
			       server->descriptors * sizeof(int));
		}
		if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
			return;
	}
}

static void *serve(void *server_)
{
	struct server *server = server_;
	int fd = accept(server->listener, NULL, NULL);
	uint8_t request[64];

	while (read(fd, request, sizeof(request)) > 0) {
		answer_send(fd, server);
		if (!server->hold)
			break;
	}
	close(fd);
	return NULL;
}

static unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* One request to a server that answers so. */
static int ask(struct server *server, int *taken)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int status;

	memcpy(address.sun_path, path, sizeof(path));
	unlink(path);
	server->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(server->listener, 1) != 0)
		exit((printf("Bail out! %s: %s\n", path, strerror(errno)), 1));
	pthread_create(&server->thread, NULL, serve, server);
	glacis_socket_init(&client);
	status = glacis_socket_connect(&client, path);
	CHECK(status == 0, "connect: %s", strerror(-status));
	return glacis_socket_request(
		&client, &(struct glacis_request){ .command = GLACIS_WIRE_DEVICE_INFO, .fd = -1, .taken_fd = taken });
}

static void finish(struct server *server)
{
	glacis_socket_close(&client);
	pthread_join(server->thread, NULL);
	close(server->listener);
	pthread_mutex_destroy(&client.lock);
}

static struct glacis_wire_header good_header(uint32_t body)
{
	return (struct glacis_wire_header){
		.id = 1, .command = GLACIS_WIRE_DEVICE_INFO, .size = 16 + body, .flags = GLACIS_WIRE_REPLY
	};
}

/* Servers after whose answer nothing more is asked. */
static void broken(const void *answer, size_t size, bool hold, const char *what)
{
	struct server server = { .answer = answer, .size = size, .piece = size == 0 ? 1 : size, .hold = hold };
	unsigned before = open_descriptors();
	int64_t start = now_ms();
	int status = ask(&server, NULL);

	CHECK(status == -ENODEV, "%s: %d", what, status);
	CHECK(now_ms() - start < 2 * GLACIS_SOCKET_DEADLINE_MS, "%s: took %ld ms", what, (long)(now_ms() - start));
	start = now_ms();
	CHECK(glacis_socket_request(&client, &(struct glacis_request){ .command = 4, .fd = -1 }) == -ENODEV &&
		      now_ms() - start < GLACIS_SOCKET_DEADLINE_MS / 2,
	      "%s: the next request fails at once", what);
	finish(&server);
	CHECK(open_descriptors() == before, "%s: descriptors are left", what);
}

static void broken_servers(void)
{
	struct glacis_wire_header header = good_header(16), wrong;

	broken(&header, 0, false, "ends without an answer");
	broken(&header, 7, false, "ends inside the header");
	broken(&header, 16, false, "ends before the body");
	broken(&header, 0, true, "is silent");
	broken(&header, 16, true, "is silent before the body");
	wrong = header, wrong.id = 9;
	broken(&wrong, 16, true, "answers another request");
	wrong = header, wrong.size = UINT32_MAX;
	broken(&wrong, 16, true, "announces four gigabytes");
	wrong = header, wrong.size = 3;
	broken(&wrong, 16, true, "announces less than a header");
	wrong = header, wrong.flags = 0;
	broken(&wrong, 16, true, "asks instead of answering");
	tap_case("servers that break off, are silent, or answer wrongly");
}

static void good_servers(void)
{
	struct {
		struct glacis_wire_header header;
		uint8_t body[16];
	} answer = { .header = good_header(16) };
	struct server server = { .answer = (const uint8_t *)&answer, .size = sizeof(answer), .hold = true };

	for (server.piece = 1; server.piece <= sizeof(answer); server.piece++) {
		int status = ask(&server, NULL);

		CHECK(status == 0, "pieces of %zu: %d", server.piece, status);
		finish(&server);
	}
	tap_case("an answer in pieces of any size");

	answer.header.flags |= GLACIS_WIRE_ERROR;
	answer.header.error = EINVAL;
	server.piece = sizeof(answer);
	CHECK(ask(&server, NULL) == -EINVAL, "is told");
	answer.header.id = 2;
	answer.header.flags = GLACIS_WIRE_REPLY;
	CHECK(glacis_socket_request(&client,
				    &(struct glacis_request){ .command = GLACIS_WIRE_DEVICE_INFO, .fd = -1 }) == 0,
	      "and the connection goes on");
	finish(&server);
	tap_case("a refusal");
}

static void descriptors(void)
{
	struct glacis_wire_header header = good_header(0);
	struct server server = {
		.answer = (const uint8_t *)&header, .size = 16, .piece = 16, .descriptors = 4, .hold = true
	};
	unsigned before = open_descriptors();
	int taken = -1;

	CHECK(ask(&server, NULL) == 0, "unasked");
	finish(&server);
	CHECK(open_descriptors() == before, "%u descriptors more", open_descriptors() - before);
	CHECK(ask(&server, &taken) == 0 && taken >= 0, "one is asked for");
	close(taken);
	finish(&server);
	CHECK(open_descriptors() == before, "%u descriptors more", open_descriptors() - before);
	tap_case("descriptors that come along: the first to who asks, the others are closed");
}

static void no_server(void)
{
	unlink(path);
	glacis_socket_init(&client);
	CHECK(glacis_socket_connect(&client, path) == -ENOENT, "nobody listens");
	CHECK(glacis_socket_request(&client, &(struct glacis_request){ .command = 4, .fd = -1 }) == -ENODEV,
	      "a request");
	tap_case("no server");
}

int main(void)
{
	snprintf(path, sizeof(path), "/tmp/glacis-socket-%d", (int)getpid());
	good_servers();
	descriptors();
	broken_servers();
	no_server();
	unlink(path);
	return tap_end();
}
