/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vfio-user client for tests. It can also say what no client should; and it answers the card's DMA requests for
 * memory that it gave without a descriptor ("far" memory). One thread.
 */
#ifndef CARD_CLIENT_H
#define CARD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define CLIENT_DEADLINE_MS 20000

struct client {
	int fd;
	uint16_t next_id;
	uint8_t *doorbells; /* mapped, or NULL */
	size_t doorbells_size;

	uint8_t *far;
	uint64_t far_address;
	uint64_t far_size;
	unsigned far_reads, far_writes;
	bool far_silent; /* requests are not answered */
};

struct message {
	uint16_t command;
	const void *body;
	size_t size;
	const int *fds;
	unsigned fd_count;
};

struct answer {
	uint8_t body[4096];
	size_t size; /* may be more than fits into `body` */
	int fd;      /* -1: none came; the caller's */
};

/* A connection, without a word said yet. 0 or a negative errno. */
int client_connect(struct client *client, const char *path);
void client_close(struct client *client);

/* VERSION, by which DMA requests carry up to 64 KiB or `data_max`; and the doorbell pages mapped. */
int client_negotiate(struct client *client);
int client_negotiate_size(struct client *client, unsigned data_max);
int client_map_doorbells(struct client *client);

/* Sends a message and waits for its answer. 0, the error that it carries, -ECONNRESET or -ETIMEDOUT. */
int client_call(struct client *client, const struct message *message, struct answer *answer);

/* Sends bytes as they are. */
int client_send(struct client *client, const void *bytes, size_t size, const int *fds, unsigned fd_count);

/* Answers the card's DMA requests that are there; waits up to `ms` for the first. -ECONNRESET when the card is gone. */
int client_serve(struct client *client, int ms);

int client_read(struct client *client, uint32_t region, uint64_t offset, void *to, uint32_t size);
int client_write(struct client *client, uint32_t region, uint64_t offset, const void *from, uint32_t size);
int client_map(struct client *client, uint64_t address, uint64_t size, uint32_t flags, int fd, uint64_t offset);
int client_unmap(struct client *client, uint64_t address, uint64_t size, uint32_t flags);

/* Lets the card master the bus, or forbids it. */
int client_master(struct client *client, bool may);

#endif
