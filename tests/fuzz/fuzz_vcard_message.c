/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the emulated card's vfio-user server: whatever a client may send after the connection, with
 * descriptors. Beyond crashes it checks what the rest of the card relies on: the map is sorted, without overlaps and
 * wraps; queues are in a known state; a message is answered once, or the connection ends.
 *
 * An input is a row of messages: command, flags (bits 0-3: descriptors that come along; bit 4: without a reply; bit 5:
 * the header's size is wrong; bit 6: another type), two bytes of length, the body. Odd ones lie: the first byte of the
 * input says whether VERSION goes before them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "session.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MEMORY 0x10000

static struct vcard_card *card;
static struct vcard_session *session;
static struct vcard_scratch *scratch;
static int fds[3]; /* memory, an eventfd, neither */

static void require(bool holds, const char *promise)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

/* Nobody answers here, so far memory is none. */
static int no_read(void *context, uint64_t address, void *to, uint32_t size)
{
	return -EFAULT;
}

static int no_write(void *context, uint64_t address, const void *from, uint32_t size)
{
	return -EFAULT;
}

static const struct vcard_host nobody = { no_read, no_write, NULL };

/* The flash survives from input to input, as that of a card does. */
static bool give_flash(void)
{
	char path[] = "/tmp/glacis-fuzz-flash.XXXXXX";
	int file = mkstemp(path), error;

	if (file < 0)
		return false;
	close(file);
	error = vcard_card_open_flash(card, path);
	unlink(path);
	return !error;
}

static void prepare(void)
{
	const struct vcard_setup setup = { .backend = &vcard_instant, .queues = 3, .threads = 0, .key_slots = 2 };
	int pipes[2];

	card = calloc(1, sizeof(*card));
	session = calloc(1, sizeof(*session));
	scratch = calloc(1, sizeof(*scratch));
	require(card && session && scratch && !vcard_card_init(card, &setup) && !vcard_session_init(session, card),
		"a card can be made");
	require(give_flash(), "the card can have a flash");
	fds[0] = memfd_create("fuzz", MFD_CLOEXEC);
	fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	require(fds[0] >= 0 && !ftruncate(fds[0], MEMORY) && fds[1] >= 0 && !pipe(pipes), "descriptors can be made");
	fds[2] = pipes[1];
}

static bool send_message(int client, const struct vcard_wire_header *header, const uint8_t *body, size_t size,
			 unsigned fd_count)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(16 * sizeof(int))];
	} control = { 0 };
	struct iovec pieces[2] = { { (void *)(uintptr_t)header, sizeof(*header) }, { (void *)(uintptr_t)body, size } };
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 2 };

	if (fd_count) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		for (unsigned i = 0; i < fd_count; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fds[(i + header->command) % 3],
			       sizeof(int));
	}
	return sendmsg(client, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(sizeof(*header) + size);
}

/* Takes what the card has sent and counts the bytes. */
static size_t drain(int client)
{
	static uint8_t buffer[1 << 16];
	size_t all = 0;
	ssize_t got;

	while ((got = recv(client, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		all += (size_t)got;
	return all;
}

static void check_card(void)
{
	bool master = vcard_pci_config_masters(&session->config);

	require(card->map.master == master, "the card masters the bus when its command register says so");
	for (size_t i = 0; i < card->map.count; i++) {
		const struct vcard_dma_region *region = &card->map.regions[i];

		require(region->size && region->address + (region->size - 1) >= region->address, "regions do not wrap");
		require(!i || card->map.regions[i - 1].address + (card->map.regions[i - 1].size - 1) < region->address,
			"regions are sorted and apart");
		require(region->access && region->access <= 3, "regions have rights");
		require(vcard_dma_map_find(&card->map, region->address) == (master ? region : NULL),
			"regions are found by a card that masters the bus");
	}
	for (unsigned i = 0; i < vcard_card_queue_count(card); i++) {
		require(card->queues[i].state <= GLACIS_CARD_STATE_ERROR, "queues are in a known state");
		require((card->queues[i].error != 0) == (card->queues[i].state == GLACIS_CARD_STATE_ERROR),
			"a queue has a reason when it has failed");
	}
}

static void run_queues(void)
{
	vcard_gate_enter(&card->gate);
	for (unsigned i = 0; i < vcard_card_queue_count(card); i++) {
		if (card->enabled && card->queues[i].state == GLACIS_CARD_STATE_ENABLED)
			vcard_queue_run(&card->queues[i], scratch);
	}
	vcard_gate_leave(&card->gate);
}

/* One message of the input; how much of it that was, or 0 when it is used up. */
static size_t send_next(int client, const uint8_t *bytes, size_t size, bool *answered)
{
	struct vcard_wire_header header = { .id = (uint16_t)size };
	size_t body;

	if (size < 4)
		return 0;
	body = bytes[2] | (size_t)bytes[3] << 8;
	body = body > size - 4 ? size - 4 : body;
	header.command = bytes[0];
	header.flags = (bytes[1] & 0x10 ? VCARD_WIRE_NO_REPLY : 0) | (bytes[1] & 0x40 ? 2u : 0);
	header.size = (uint32_t)(sizeof(header) + body + (bytes[1] & 0x20 ? bytes[1] - 0x30u : 0));
	*answered = !(bytes[1] & 0x70);
	if (!send_message(client, &header, bytes + 4, body, bytes[1] & 15))
		return 0;
	return 4 + body;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct vcard_wire_header hello = { .command = VCARD_WIRE_VERSION, .size = 20 };
	static const struct timeval patience = { .tv_usec = 1000 };
	static const uint8_t version[4];
	size_t used = 1, step;
	int ends[2], result;
	bool answered, exact = true;

	if (!card)
		prepare();
	if (!size || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return 0;
	require(vcard_session_open(session, ends[1]) == 0, "a client can come after any other");
	/* Nobody reads while an answer is written, and one that no socket holds would wait for the card's deadline. */
	setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	card->host = &nobody;
	card->booting = false; /* it is back */
	if (bytes[0] & 1) {
		require(send_message(ends[0], &hello, version, 4, 0), "the socket takes a message");
		require(vcard_session_run(session) == 0 && drain(ends[0]) > 16, "VERSION is answered");
	}
	while ((step = send_next(ends[0], bytes + used, size - used, &answered)) != 0) {
		exact = exact && !(bytes[used + 1] & 0x20);
		used += step;
		result = vcard_session_run(session);
		require(result <= 0, "a session says how it goes on");
		check_card();
		if (result)
			break;
		require(drain(ends[0]) >= (answered && exact ? sizeof(struct vcard_wire_header) : 0),
			"a message is answered");
		run_queues();
		check_card();
	}
	close(ends[0]);
	vcard_session_close(session);
	require(!card->map.count && !card->map.master && !card->enabled && !card->doorbells,
		"nothing is left of a client");
	return 0;
}
