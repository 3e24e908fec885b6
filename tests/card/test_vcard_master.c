/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI's Bus Master Enable: a card without it neither reads nor writes its client's memory, mapped or by messages, and
 * sends no interrupt, however much it has to do; and goes on when it has it again.
 *
 * usage: test_vcard_master GLACIS-VCARD [CASE...]
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "ring.h"

#define BOTH       (VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE)
#define DATA_MAX   4096u /* of one DMA request, so that a text takes several */
#define REACH      (RIG_MEMORY / 2)
#define QUIET_MS   20u /* in which a card that does not obey would have written a lot */
#define STOPS      5u  /* streams that are to be caught half-way, and how many are tried for it */
#define STOP_TRIES 60u
#define QUEUE      3u
#define IDLE_QUEUE 7u
#define RING_LOG2  13u /* a tenth of a second of records, in which even a busy machine runs a test */

/* A client that has said nothing about mastering. */
static bool attach_bare(struct rig *rig)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;
	int error;

	do {
		error = client_connect(&rig->client, rig->socket);
		if (!error)
			error = client_negotiate_size(&rig->client, DATA_MAX);
		if (error) {
			client_close(&rig->client);
			rig_sleep_ms(2);
		}
	} while (error && rig_now_ms() < end);
	return CHECK(!error) && CHECK(client_map_doorbells(&rig->client) == 0) &&
	       CHECK(client_map(&rig->client, RIG_ADDRESS, REACH, BOTH, rig->memory_fd, 0) == 0);
}

static bool masters(struct rig *rig)
{
	uint16_t command = 0;

	CHECK(client_read(&rig->client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command, sizeof(command)) == 0);
	return command & PCI_COMMAND_MASTER;
}

static bool reset_device(struct rig *rig)
{
	return CHECK(client_call(&rig->client, &(struct message){ .command = VCARD_WIRE_RESET }, NULL) == 0);
}

/* The status that a queue in the state ERROR gives as its reason; comes to that in bounded time. */
static uint32_t reason(struct ring *ring)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;
	uint32_t status;

	while (ring_state(ring) != GLACIS_CARD_STATE_ERROR && rig_now_ms() < end)
		rig_sleep_ms(1);
	status = rig_read32(ring->rig, glacis_card_queue(ring->queue, GLACIS_CARD_QUEUE_STATUS));
	CHECK((status & GLACIS_CARD_QUEUE_STATUS_STATE_MASK) == GLACIS_CARD_STATE_ERROR);
	return (status & GLACIS_CARD_QUEUE_STATUS_ERROR_MASK) >> GLACIS_CARD_QUEUE_STATUS_ERROR_SHIFT;
}

/* A NOP fails the queue as a ring outside of the map does, and nothing is written. */
static void try_refused(struct rig *rig, struct ring *ring)
{
	const uint32_t errors = GLACIS_CARD_CONTROL_ERRORS_DMA_READ_MASK | GLACIS_CARD_CONTROL_ERRORS_QUEUE_MASK;
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop = ring_nop(1);
	uint64_t descriptor = rig_address(rig, ring->sq) + ring->sq_tail * sizeof(nop);

	ring_put(ring, &nop);
	ring_bell(ring);
	CHECK(reason(ring) == GLACIS_CARD_STATUS_DMA_READ);
	CHECK(!ring_take(ring, &completion, 0));
	CHECK(rig_read32(rig, GLACIS_CARD_CONTROL_ERRORS) == errors);
	CHECK(rig_read32(rig, GLACIS_CARD_CONTROL_ERROR_QUEUE) == ring->queue);
	CHECK(rig_read64(rig, GLACIS_CARD_CONTROL_ERROR_ADDRESS) == descriptor);
	rig_write32(rig, GLACIS_CARD_CONTROL_ERRORS, errors);
}

/* Set again it changes nothing of a queue that has failed; a reset of the queue does. */
static void try_again(struct rig *rig, struct ring *ring)
{
	struct glacis_card_rsa nop = ring_nop(2);

	CHECK(client_master(&rig->client, true) == 0);
	CHECK(ring_state(ring) == GLACIS_CARD_STATE_ERROR);
	NEED(ring_reset(ring) && ring_start(ring));
	CHECK(ring_run(ring, &nop, NULL) == GLACIS_CARD_STATUS_OK);
}

static void clear_at_first(void)
{
	struct ring ring;
	struct rig rig;

	NEED(rig_start(&rig, NULL) && attach_bare(&rig));
	for (unsigned way = 0; way < 3; way++) {
		tap_context("way %u", way);
		if (way == 1) {
			NEED(reset_device(&rig));
		} else if (way == 2) {
			rig_detach(&rig);
			NEED(attach_bare(&rig));
		}
		CHECK(!masters(&rig));
		rig_free_all(&rig);
		NEED(ring_open(&ring, &rig, QUEUE, 3, 3));
		rig_enable(&rig);
		try_refused(&rig, &ring);
		try_again(&rig, &ring);
		CHECK(masters(&rig));
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
}

/* One bit of the command register counts, and CONTROL.RESET is no business of the configuration space. */
static void one_bit(void)
{
	static const uint8_t others[] = { PCI_COMMAND_MASTER, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0xff };
	struct glacis_card_rsa nop = ring_nop(3);
	uint8_t none = 0;
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	NEED(ring_open(&ring, &rig, QUEUE, 3, 3));
	rig_enable(&rig);
	for (size_t i = 0; i < TAP_COUNT(others); i++) {
		tap_context("command %#x", others[i]);
		CHECK(client_write(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &others[i], 1) == 0);
		CHECK(client_write(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND + 1, &none, 1) == 0);
		CHECK(masters(&rig) && ring_run(&ring, &nop, NULL) == GLACIS_CARD_STATUS_OK);
	}
	tap_context("%s", "");
	CHECK(rig_reset(&rig) && masters(&rig));
	NEED(ring_start(&ring));
	rig_enable(&rig);
	CHECK(ring_run(&ring, &nop, NULL) == GLACIS_CARD_STATUS_OK);
	none = (uint8_t)~PCI_COMMAND_MASTER;
	CHECK(client_write(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &none, 1) == 0);
	try_refused(&rig, &ring);
	try_again(&rig, &ring);
	CHECK(rig_stop(&rig) == 0);
}

/* ---- in the middle of a stream of records ---- */

struct stream {
	struct rig rig;
	struct ring ring, idle;
	uint8_t *source, *destination, *tag;
	uint32_t size, count;
	int interrupt;
	uint8_t *memory; /* as it was when the card had lost the bus */
};

static bool set_interrupt(struct rig *rig, int fd)
{
	struct vfio_irq_set set = { .argsz = sizeof(set),
				    .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
				    .index = VFIO_PCI_MSIX_IRQ_INDEX,
				    .start = QUEUE,
				    .count = 1 };

	return CHECK(client_call(&rig->client,
				 &(struct message){ .command = VCARD_WIRE_SET_IRQS,
						    .body = &set,
						    .size = sizeof(set),
						    .fds = &fd,
						    .fd_count = 1 },
				 NULL) == 0);
}

static bool stream_open(struct stream *stream)
{
	struct rig *rig = &stream->rig;

	*stream = (struct stream){ .size = rig_is_rtl() ? 4096 : GLACIS_CARD_TEXT_MAX,
				   .count = rig_is_rtl() ? 31 : (1u << RING_LOG2) - 1,
				   .interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
				   .memory = malloc(RIG_MEMORY) };
	if (!CHECK(stream->memory && stream->interrupt >= 0) || !rig_open(rig, NULL) ||
	    !set_interrupt(rig, stream->interrupt) ||
	    !CHECK(ring_open(&stream->ring, rig, QUEUE, RING_LOG2, RING_LOG2)) ||
	    !CHECK(ring_open(&stream->idle, rig, IDLE_QUEUE, 3, 3)))
		return false;
	stream->source = rig_allocate(rig, stream->size);
	stream->destination = rig_allocate(rig, stream->size);
	stream->tag = rig_allocate(rig, 16);
	rig_enable(rig);
	return true;
}

static void stream_close(struct stream *stream)
{
	CHECK(rig_stop(&stream->rig) == 0);
	close(stream->interrupt);
	free(stream->memory);
}

/* Puts all records, waits until some are done, and takes the card's bus away. */
static bool stream_cut(struct stream *stream)
{
	uint32_t control = glacis_card_queue(QUEUE, GLACIS_CARD_QUEUE_CONTROL);
	struct glacis_card_completion completion;

	rig_write32(&stream->rig, control, GLACIS_CARD_QUEUE_CONTROL_IRQ_MASK);
	for (uint32_t i = 0; i < stream->count; i++) {
		struct glacis_card_aead aead = ring_aead(&stream->rig, true, i, stream->source, stream->destination,
							 stream->size, stream->tag);

		memcpy(aead.nonce, &i, sizeof(i)); /* each record has other bytes */
		ring_put(&stream->ring, &aead);
	}
	ring_bell(&stream->ring);
	return CHECK(ring_take(&stream->ring, &completion, RIG_WAIT_MS)) && CHECK(completion.cookie == 0) &&
	       CHECK(client_master(&stream->rig.client, false) == 0);
}

/* Nothing comes any more: no byte, no interrupt. */
static void stream_is_still(struct stream *stream)
{
	size_t destination = (size_t)(stream->destination - stream->rig.memory);
	uint64_t count;

	/* first what a command that was under way would still be writing */
	memcpy(stream->memory + destination, stream->destination, stream->size);
	memcpy(stream->memory, stream->rig.memory, destination);
	memcpy(stream->memory + destination + stream->size, stream->destination + stream->size,
	       RIG_MEMORY - destination - stream->size);
	(void)!read(stream->interrupt, &count, sizeof(count));
	rig_sleep_ms(QUIET_MS);
	CHECK(memcmp(stream->memory, stream->rig.memory, RIG_MEMORY) == 0);
	CHECK(read(stream->interrupt, &count, sizeof(count)) < 0);
}

/* What was completed is whole and in order. True when that is not all. */
static bool stream_stopped(struct stream *stream)
{
	struct glacis_card_completion completion;
	uint32_t done = 1;

	while (ring_take(&stream->ring, &completion, 0)) {
		CHECK(completion.cookie == done && completion.status == GLACIS_CARD_STATUS_OK);
		CHECK(completion.size == stream->size);
		done++;
	}
	return done < stream->count;
}

static void stream_goes_on(struct stream *stream)
{
	struct glacis_card_rsa nop = ring_nop(9);
	struct glacis_card_aead aead = ring_aead(&stream->rig, true, 10, stream->source, stream->destination,
						 stream->size, stream->tag);

	CHECK(client_master(&stream->rig.client, true) == 0);
	CHECK(ring_run(&stream->idle, &nop, NULL) == GLACIS_CARD_STATUS_OK); /* it tried nothing, and has not failed */
	NEED(ring_reset(&stream->ring) && ring_start(&stream->ring));
	CHECK(ring_run(&stream->ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	NEED(ring_reset(&stream->ring) && ring_start(&stream->ring));
}

static void in_mid_stream(void)
{
	const uint32_t either = GLACIS_CARD_CONTROL_ERRORS_DMA_READ_MASK | GLACIS_CARD_CONTROL_ERRORS_DMA_WRITE_MASK;
	unsigned stopped = 0;
	struct stream stream;

	NEED(stream_open(&stream));
	for (unsigned i = 0; i < STOP_TRIES && stopped < STOPS; i++) {
		tap_context("round %u", i);
		NEED(stream_cut(&stream));
		stream_is_still(&stream);
		if (stream_stopped(&stream)) {
			uint32_t why = reason(&stream.ring), errors;

			CHECK(why == GLACIS_CARD_STATUS_DMA_READ || why == GLACIS_CARD_STATUS_DMA_WRITE);
			errors = rig_read32(&stream.rig, GLACIS_CARD_CONTROL_ERRORS);
			CHECK(errors & either && errors & GLACIS_CARD_CONTROL_ERRORS_QUEUE_MASK);
			rig_write32(&stream.rig, GLACIS_CARD_CONTROL_ERRORS, UINT32_MAX);
			stopped++;
		}
		stream_goes_on(&stream);
	}
	tap_context("%s", "");
	CHECK(stopped == STOPS);
	stream_close(&stream);
}

/* ---- memory that is reached by messages ---- */

struct request {
	struct vcard_wire_header header;
	struct vcard_wire_dma_access access;
	uint8_t data[DATA_MAX];
};

static bool receive(struct client *client, void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		struct pollfd ready = { .fd = client->fd, .events = POLLIN };
		ssize_t got = poll(&ready, 1, RIG_WAIT_MS) == 1 ? read(client->fd, (uint8_t *)to + done, size - done)
								: 0;

		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static bool take_request(struct client *client, struct request *request)
{
	const size_t fixed = sizeof(request->header) + sizeof(request->access);

	return receive(client, request, fixed) && request->access.count <= DATA_MAX &&
	       receive(client, request->data, request->header.size - fixed);
}

/* The text is zeros. */
static bool answer_request(struct client *client, struct request *request)
{
	request->header.flags = VCARD_WIRE_REPLY;
	request->header.size = (uint32_t)(sizeof(request->header) + sizeof(request->access));
	if (request->header.command == VCARD_WIRE_DMA_READ)
		request->header.size += (uint32_t)request->access.count;
	memset(request->data, 0, sizeof(request->data));
	return client_send(client, request, request->header.size, NULL, 0) == 0;
}

/*
 * A seal from far memory into far memory, that loses the bus at its first request of the kind `command`. The interrupt
 * for what was done before it in one go is then still to be sent, and is not.
 */
static void cut_far(struct rig *rig, struct ring *ring, uint8_t *text, uint16_t command, int interrupt)
{
	uint32_t size = rig_is_rtl() ? 4096 : GLACIS_CARD_TEXT_MAX;
	struct glacis_card_aead aead = ring_aead(rig, true, command, text, text, size, text + size);
	struct client *client = &rig->client;
	static struct request request;
	const struct glacis_card_rsa nop = ring_nop(1);
	unsigned reads, writes;
	uint64_t count;
	uint32_t why;

	rig_write32(rig, glacis_card_queue(QUEUE, GLACIS_CARD_QUEUE_CONTROL), GLACIS_CARD_QUEUE_CONTROL_IRQ_MASK);
	ring_put(ring, &nop);
	ring_put(ring, &aead);
	ring_bell(ring);
	do {
		NEED(take_request(client, &request));
	} while (request.header.command != command && CHECK(answer_request(client, &request)));
	client->far = rig->memory + REACH;
	CHECK(client_master(client, false) == 0);
	reads = client->far_reads;
	writes = client->far_writes;
	(void)!read(interrupt, &count, sizeof(count));
	NEED(answer_request(client, &request));
	CHECK(client_serve(client, QUIET_MS) == 0);
	CHECK(client->far_reads == reads && client->far_writes == writes);
	why = reason(ring);
	CHECK(why == GLACIS_CARD_STATUS_DMA_READ || why == GLACIS_CARD_STATUS_DMA_WRITE);
	CHECK(read(interrupt, &count, sizeof(count)) < 0);
	CHECK(client_master(client, true) == 0);
	NEED(ring_reset(ring) && ring_start(ring));
	CHECK(ring_run(ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	CHECK(client->far_reads > reads && client->far_writes > writes);
	client->far = NULL;
}

static void by_messages(void)
{
	int interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct ring ring;
	struct rig rig;
	uint8_t *text;

	NEED(rig_start(&rig, NULL) && attach_bare(&rig));
	CHECK(client_map(&rig.client, RIG_ADDRESS + REACH, RIG_MEMORY - REACH, BOTH, -1, 0) == 0);
	CHECK(client_master(&rig.client, true) == 0);
	NEED(interrupt >= 0 && set_interrupt(&rig, interrupt));
	rig.client.far_address = RIG_ADDRESS + REACH;
	rig.client.far_size = RIG_MEMORY - REACH;
	NEED(ring_open(&ring, &rig, QUEUE, 3, 3));
	rig_enable(&rig);
	rig.used = REACH;
	text = rig_allocate(&rig, 2 * GLACIS_CARD_TEXT_MAX);
	for (unsigned i = 0; i < 6; i++) {
		tap_context("round %u", i);
		cut_far(&rig, &ring, text, i % 2 ? VCARD_WIRE_DMA_WRITE : VCARD_WIRE_DMA_READ, interrupt);
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
	close(interrupt);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "clear at first", clear_at_first },
		{ "one bit", one_bit },
		{ "in mid-stream", in_mid_stream },
		{ "by messages", by_messages },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
