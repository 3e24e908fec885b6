/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of ours to the client: DMA to memory that it gave without a descriptor. A request is listed before the gate
 * is left, and vcard_channel_close() waits until the list is empty; what comes in pieces ends with the connection it
 * began with. So no request can reach the next client.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "channel_request.h"
#include "clock.h"

struct vcard_request {
	struct vcard_request *next;
	uint16_t id;
	uint16_t command;
	struct vcard_wire_dma_access access; /* what was asked for, and must be answered */
	void *data;                          /* of a read: where the answer goes */
	bool done;
	int error;
};

static uint32_t connection(struct vcard_channel *channel)
{
	uint32_t number;

	pthread_mutex_lock(&channel->lock);
	number = channel->connection;
	pthread_mutex_unlock(&channel->lock);
	return number;
}

/* False when the connection is not the one that the request is for. */
static bool list(struct vcard_channel *channel, struct vcard_request *request, uint32_t number)
{
	bool same;

	pthread_mutex_lock(&channel->lock);
	same = channel->connection == number && !channel->closing;
	if (same) {
		request->id = channel->next_id++;
		request->next = channel->requests;
		channel->requests = request;
	}
	pthread_mutex_unlock(&channel->lock);
	return same;
}

static void unlist(struct vcard_channel *channel, struct vcard_request *request)
{
	struct vcard_request **link = &channel->requests;

	while (*link != request)
		link = &(*link)->next;
	*link = request->next;
	pthread_cond_broadcast(&channel->changed);
}

static int check_answer(const struct vcard_channel *channel, const struct vcard_request *request)
{
	size_t data = request->data ? request->access.count : 0;
	const struct vcard_wire_dma_access *answer = (const void *)channel->body;

	if (channel->header.flags & VCARD_WIRE_ERROR)
		return -EFAULT;
	if (channel->body_size < sizeof(*answer) + data || answer->address != request->access.address ||
	    answer->count != request->access.count)
		return -EPROTO;
	return 0;
}

bool vcard_channel_deliver(struct vcard_channel *channel)
{
	struct vcard_request *request;

	pthread_mutex_lock(&channel->lock);
	for (request = channel->requests; request; request = request->next) {
		if (!request->done && request->id == channel->header.id && request->command == channel->header.command)
			break;
	}
	if (request) {
		request->done = true;
		request->error = check_answer(channel, request);
		if (!request->error && request->data)
			memcpy(request->data, channel->body + sizeof(request->access), request->access.count);
		pthread_cond_broadcast(&channel->changed);
	}
	pthread_mutex_unlock(&channel->lock);
	return request;
}

static int wait_answer(struct vcard_channel *channel, struct vcard_request *request)
{
	struct timespec deadline = vcard_clock_after(CHANNEL_REQUEST_DEADLINE_S * VCARD_SECOND);
	int error = 0;

	pthread_mutex_lock(&channel->lock);
	while (!request->done && !channel->closing && !error)
		error = pthread_cond_timedwait(&channel->changed, &channel->lock, &deadline);
	if (request->done)
		error = request->error;
	else
		error = channel->closing ? -ECONNRESET : -ETIMEDOUT;
	unlist(channel, request);
	pthread_mutex_unlock(&channel->lock);
	return error;
}

/* The request has not gone out. */
static void drop(struct vcard_channel *channel, struct vcard_request *request, int error)
{
	pthread_mutex_lock(&channel->lock);
	request->done = true;
	request->error = error;
	pthread_mutex_unlock(&channel->lock);
}

static int exchange(struct vcard_channel *channel, struct vcard_request *request, uint32_t number, const void *data,
		    uint32_t size)
{
	struct vcard_wire_header header = { .command = request->command,
					    .size = (uint32_t)(sizeof(header) + sizeof(request->access)) + size };
	struct iovec body[2] = { { .iov_base = &request->access, .iov_len = sizeof(request->access) },
				 { .iov_base = (void *)(uintptr_t)data, .iov_len = size } };
	struct vcard_gate *gate = channel->gate; /* once the request is off the list the channel may be gone */
	int error;

	if (!list(channel, request, number))
		return -ECONNRESET;
	header.id = request->id;
	vcard_gate_leave(gate);
	error = vcard_channel_send(channel, &header, body, -1);
	if (error == -EACCES)
		drop(channel, request, error); /* any other closes the channel, which the wait sees */
	error = wait_answer(channel, request);
	vcard_gate_enter(gate);
	return error;
}

/* In pieces that the client takes. */
static int access_in_pieces(struct vcard_channel *channel, uint16_t command, uint64_t address, uint8_t *read_to,
			    const uint8_t *write_from, uint32_t size)
{
	uint32_t number = connection(channel);
	int error = 0;

	for (uint32_t done = 0; done < size && !error;) {
		uint32_t left = size - done, piece = left < channel->data_max ? left : channel->data_max;
		struct vcard_request request = { .command = command,
						 .access = { .address = address + done, .count = piece },
						 .data = read_to ? read_to + done : NULL };

		error = exchange(channel, &request, number, write_from ? write_from + done : NULL,
				 write_from ? piece : 0);
		done += piece;
	}
	return error;
}

int vcard_channel_dma_read(void *context, uint64_t address, void *to, uint32_t size)
{
	return access_in_pieces(context, VCARD_WIRE_DMA_READ, address, to, NULL, size);
}

int vcard_channel_dma_write(void *context, uint64_t address, const void *from, uint32_t size)
{
	return access_in_pieces(context, VCARD_WIRE_DMA_WRITE, address, NULL, from, size);
}
