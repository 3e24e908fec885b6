/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a vfio-user client: messages with their descriptors in, replies out, and requests of ours (DMA by
 * message) with the client's replies.
 *
 * The socket's thread receives, replies, opens and closes; any worker may send a request. Nothing waits without a
 * deadline: a client that does not read, or does not answer, loses its connection.
 */
#ifndef VCARD_CHANNEL_H
#define VCARD_CHANNEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate.h"
#include "wire.h"

#define CHANNEL_SEND_DEADLINE_S    5
#define CHANNEL_REQUEST_DEADLINE_S 5

struct vcard_request; /* one of ours under way; in channel.c */

struct vcard_channel {
	int fd; /* -1: closed */
	struct vcard_gate *gate;
	const atomic_bool *master; /* requests of ours go out while it is set */

	/* The message being received, valid until the next call of vcard_channel_receive(). */
	struct vcard_wire_header header;
	uint8_t *body; /* VCARD_WIRE_BODY_MAX bytes */
	size_t body_size;
	int fds[VCARD_WIRE_FDS_MAX]; /* what is taken over is set to -1; the rest is closed with the next message */
	unsigned fd_count;
	size_t received;
	bool complete;

	pthread_mutex_t send_lock;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct vcard_request *requests;
	uint16_t next_id;
	bool closing;
	uint32_t connection; /* number of this one */
	uint32_t data_max;   /* bytes of data that the client takes in one message */
};

/* `master`: once it is clear and a reply was sent after that, no request of ours follows. */
int vcard_channel_init(struct vcard_channel *channel, struct vcard_gate *gate, const atomic_bool *master);
void vcard_channel_destroy(struct vcard_channel *channel);

/* Takes over `fd`, a connected stream socket. */
void vcard_channel_open(struct vcard_channel *channel, int fd);

/* Requests under way end with -ECONNRESET; returns when the last one has. With the gate open. */
void vcard_channel_close(struct vcard_channel *channel);

/*
 * 1: a message is there, which is no reply to a request of ours. 0: nothing yet. -ECONNRESET: the client is gone;
 * -EPROTO: it breaks the protocol; other errors of recvmsg().
 */
int vcard_channel_receive(struct vcard_channel *channel);

/* Answers the message that was received last; `fd` goes along unless it is -1. Nothing when no answer is wanted. */
int vcard_channel_reply(struct vcard_channel *channel, const void *body, size_t size, int fd);
int vcard_channel_refuse(struct vcard_channel *channel, int error);

/*
 * DMA by message, the functions of struct vcard_host; `context` is the channel. By a worker inside the gate, which is
 * left while the answer is awaited.
 */
int vcard_channel_dma_read(void *context, uint64_t address, void *to, uint32_t size);
int vcard_channel_dma_write(void *context, uint64_t address, const void *from, uint32_t size);

#endif
