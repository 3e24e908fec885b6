/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no client should send: accesses out of bounds, short bodies, broken messages, memory that is cut short, messages
 * in odd pieces. The card refuses or hangs up, and serves the next client.
 *
 * usage: test_vcard_malformed GLACIS-VCARD [CASE...]
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "ring.h"

#define BOTH (VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE)
#define PAGE 4096u

/* True when the card hangs up. */
static bool hangs_up(struct client *client)
{
	struct timeval limit = { .tv_sec = RIG_WAIT_MS / 1000 };
	uint8_t bytes[256];
	ssize_t got;

	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	do {
		got = recv(client->fd, bytes, sizeof(bytes), 0);
	} while (got > 0);
	return got == 0 || errno == ECONNRESET;
}

static void accesses_out_of_bounds(void)
{
	static const struct {
		uint32_t region;
		uint64_t offset;
		uint32_t count;
		int result;
	} accesses[] = {
		{ 0, 0, 4, 0 },
		{ 0, 0, 0, 0 },
		{ 0, GLACIS_CARD_BAR0_SIZE, 0, 0 },
		{ 0, GLACIS_CARD_BAR0_SIZE - 4, 4, 0 },
		{ 0, GLACIS_CARD_BAR0_SIZE - 4, 8, -EINVAL },
		{ 0, GLACIS_CARD_BAR0_SIZE, 4, -EINVAL },
		{ 0, UINT64_MAX - 3, 8, -EINVAL },
		{ 0, 2, 4, -EINVAL },
		{ 0, 0, 2, -EINVAL },
		{ 0, 0, 0x100004, -EINVAL },
		{ 0, 0, UINT32_MAX, -EINVAL },
		{ 1, 0, 4, -EINVAL },
		{ VFIO_PCI_CONFIG_REGION_INDEX, 255, 1, 0 },
		{ VFIO_PCI_CONFIG_REGION_INDEX, 3, 7, 0 },
		{ VFIO_PCI_CONFIG_REGION_INDEX, 255, 2, -EINVAL },
		{ VFIO_PCI_CONFIG_REGION_INDEX, 256, 1, -EINVAL },
		{ 9, 0, 4, -EINVAL },
		{ UINT32_MAX, 0, 4, -EINVAL },
	};
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	for (size_t i = 0; i < TAP_COUNT(accesses); i++) {
		struct vcard_wire_region_access access = { accesses[i].offset, accesses[i].region, accesses[i].count };
		uint8_t body[64] = { 0 };

		tap_context("region %u, offset %#llx, %u bytes", access.region, (unsigned long long)access.offset,
			    access.count);
		memcpy(body, &access, sizeof(access));
		CHECK(client_call(&rig.client,
				  &(struct message){
					  .command = VCARD_WIRE_REGION_READ, .body = body, .size = sizeof(access) },
				  NULL) == accesses[i].result);
		/* A write of as many bytes as it says, and one that has fewer. */
		if (access.count < 32)
			CHECK(client_call(&rig.client,
					  &(struct message){ .command = VCARD_WIRE_REGION_WRITE,
							     .body = body,
							     .size = sizeof(access) + access.count },
					  NULL) == accesses[i].result);
		if (access.count)
			CHECK(client_call(&rig.client,
					  &(struct message){ .command = VCARD_WIRE_REGION_WRITE,
							     .body = body,
							     .size = sizeof(access) + access.count % 32 - 1 },
					  NULL) == -EINVAL);
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
}

/* Each command with a body cut at every length is refused, and the connection goes on. */
static void short_bodies(void)
{
	static const uint32_t least[] = {
		[1] = 4, [2] = 32, [3] = 24, [4] = 16, [5] = 32, [7] = 16, [8] = 20, [9] = 16, [10] = 16
	};
	uint8_t body[64] = { 0 };
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	for (uint16_t command = 0; command < 20; command++) {
		tap_context("command %u", command);
		if (command < TAP_COUNT(least) && least[command]) {
			for (size_t size = 0; size < least[command]; size++)
				CHECK(client_call(&rig.client,
						  &(struct message){ .command = command, .body = body, .size = size },
						  NULL) == -EINVAL);
		} else if (command != VCARD_WIRE_RESET) {
			CHECK(client_call(&rig.client,
					  &(struct message){ .command = command, .body = body, .size = sizeof(body) },
					  NULL) == -EOPNOTSUPP);
		}
	}
	tap_context("%s", "");
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_MAGIC) == GLACIS_CARD_MAGIC);
	CHECK(rig_stop(&rig) == 0);
}

/* What cannot be answered ends the connection; the next client is served. */
static void broken_messages(void)
{
	static const struct {
		const char *what;
		struct vcard_wire_header header;
		unsigned fds;
	} messages[] = {
		{ "size 0", { 1, VCARD_WIRE_GET_INFO, 0, 0, 0 }, 0 },
		{ "size 15", { 1, VCARD_WIRE_GET_INFO, 15, 0, 0 }, 0 },
		{ "too large", { 1, VCARD_WIRE_REGION_WRITE, 16 + VCARD_WIRE_BODY_MAX + 1, 0, 0 }, 0 },
		{ "4 GiB", { 1, VCARD_WIRE_REGION_WRITE, UINT32_MAX, 0, 0 }, 0 },
		{ "a reply to nothing", { 1, VCARD_WIRE_DMA_READ, 16, VCARD_WIRE_REPLY, 0 }, 0 },
		{ "an unknown type", { 1, VCARD_WIRE_GET_INFO, 16, 7, 0 }, 0 },
		{ "17 descriptors", { 1, VCARD_WIRE_GET_INFO, 16, 0, 0 }, 17 },
		{ "60 descriptors", { 1, VCARD_WIRE_GET_INFO, 16, 0, 0 }, 60 },
	};
	int fds[60];
	struct rig rig;

	NEED(rig_start(&rig, NULL));
	for (unsigned i = 0; i < 60; i++)
		fds[i] = rig.memory_fd;
	for (size_t i = 0; i < TAP_COUNT(messages); i++) {
		tap_context("%s", messages[i].what);
		NEED(rig_attach(&rig));
		CHECK(client_send(&rig.client, &messages[i].header, sizeof(messages[i].header), fds, messages[i].fds) ==
		      0);
		CHECK(hangs_up(&rig.client));
		rig_detach(&rig);
	}
	tap_context("%s", "");
	NEED(rig_attach(&rig));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_MAGIC) == GLACIS_CARD_MAGIC);
	CHECK(rig_stop(&rig) == 0);
}

/* A client that cuts its memory short while the card works in it loses its connection, and no more. */
static void memory_cut_short(void)
{
	struct glacis_card_aead aead;
	struct ring ring;
	struct rig rig;
	uint8_t *text;
	int fd;

	NEED(rig_start(&rig, NULL));
	for (unsigned i = 0; i < 3; i++) {
		rig_free_all(&rig);
		NEED(rig_attach(&rig));
		rig_enable(&rig);
		NEED(ring_open(&ring, &rig, 1, 3, 3));
		text = rig_allocate(&rig, PAGE);
		fd = memfd_create("short", MFD_CLOEXEC);
		NEED(ftruncate(fd, 8 * PAGE) == 0);
		CHECK(client_map(&rig.client, 0, 8 * PAGE, BOTH, fd, 0) == 0);
		aead = ring_aead(&rig, true, 1, text, text, 2 * PAGE, text);
		aead.source = i == 1 ? rig_address(&rig, text) : 5 * PAGE;
		aead.destination = i == 1 ? 5 * PAGE : rig_address(&rig, text);
		aead.text_size = PAGE;
		CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
		CHECK(ftruncate(fd, PAGE) == 0);
		ring_put(&ring, &aead);
		ring_bell(&ring);
		CHECK(hangs_up(&rig.client));
		rig_detach(&rig);
		close(fd);
	}
	NEED(rig_attach(&rig));
	CHECK(rig_stop(&rig) == 0);
}

/* Messages in single bytes, many in one piece, without replies, cut off. */
static void odd_transport(void)
{
	struct {
		struct vcard_wire_header header;
		struct vcard_wire_region_access access;
		uint32_t value;
	} write = { { 7, VCARD_WIRE_REGION_WRITE, sizeof(write), VCARD_WIRE_NO_REPLY, 0 },
		    { GLACIS_CARD_IDENTITY_SCRATCH, 0, 4 },
		    0 };
	uint8_t many[100 * sizeof(write)];
	struct rig rig;

	static_assert(sizeof(write) == 36 + 4, "padded to 8");
	write.header.size = 36;
	NEED(rig_open(&rig, NULL));
	write.value = 1234;
	for (size_t i = 0; i < write.header.size; i++)
		CHECK(client_send(&rig.client, (uint8_t *)&write + i, 1, NULL, 0) == 0);
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_SCRATCH) == 1234);
	for (unsigned i = 0; i < 100; i++) {
		write.value = i;
		memcpy(many + (size_t)i * write.header.size, &write, write.header.size);
	}
	CHECK(client_send(&rig.client, many, (size_t)100 * write.header.size, NULL, 0) == 0);
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_SCRATCH) == 99);
	CHECK(client_send(&rig.client, many, 20, NULL, 0) == 0);
	rig_detach(&rig);
	NEED(rig_attach(&rig));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_SCRATCH) == 0);
	CHECK(rig_stop(&rig) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "accesses out of bounds", accesses_out_of_bounds },
		{ "short bodies", short_bodies },
		{ "broken messages", broken_messages },
		{ "memory cut short", memory_cut_short },
		{ "odd transport", odd_transport },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
