/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One vfio-user connection: a request goes out, its answer comes back, within a deadline. A connection that ended, was
 * late or gave an answer that makes no sense is closed at once and stays so; every later request gets -ENODEV.
 */
#ifndef GLACIS_DRIVER_VFIO_USER_SOCKET_H
#define GLACIS_DRIVER_VFIO_USER_SOCKET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glacis_vfio_user_wire.h"

#define GLACIS_SOCKET_DEADLINE_MS 2000 /* for an answer; a server that lives gives it in microseconds */

struct glacis_socket {
	pthread_mutex_t lock; /* one request at a time */
	int fd;               /* -1: closed */
	uint16_t id;
	uint8_t body[GLACIS_WIRE_BODY_MAX]; /* of the newest answer, valid under the lock */
};

struct glacis_request {
	uint16_t command;
	const void *head; /* the body in up to two pieces */
	size_t head_size;
	const void *tail;
	size_t tail_size;
	int fd; /* goes along; -1: none */
	/* Judges the answer; called under the lock when the server did not refuse. */
	int (*parse)(const uint8_t *body, size_t size, void *context);
	void *context;
	/* Takes descriptors that came with the answer, else they are closed. */
	int *taken_fd;
};

void glacis_socket_init(struct glacis_socket *socket);
/* Returns 0 or -errno: of connect, or -ETIMEDOUT. */
int glacis_socket_connect(struct glacis_socket *socket, const char *path);
void glacis_socket_close(struct glacis_socket *socket);
/* Has the server hung up? Does not wait, not even for a request of another thread: then it says no. */
bool glacis_socket_gone(struct glacis_socket *socket);
/* Returns 0, -ENODEV when the server is gone, or what the server or `parse` refused with. */
int glacis_socket_request(struct glacis_socket *socket, const struct glacis_request *request);

#endif
