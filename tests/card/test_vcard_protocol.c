/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfio-user as the card speaks it: what a client asks first, memory mapped and unmapped in every order; and the program
 * around it: sockets and options.
 *
 * usage: test_vcard_protocol GLACIS-VCARD [CASE...]
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "ring.h"

#define BOTH (VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE)
#define PAGE 4096u

static int version(struct client *client, uint16_t major, const char *capabilities, size_t size)
{
	uint8_t body[256] = { 0 };

	memcpy(body, &major, sizeof(major));
	memcpy(body + 4, capabilities, size);
	return client_call(client, &(struct message){ .command = VCARD_WIRE_VERSION, .body = body, .size = 4 + size },
			   NULL);
}

static void versions(void)
{
	static const struct {
		const char *text;
		size_t size;
		int result;
	} capabilities[] = {
		{ "", 0, 0 },
		{ "{}", 3, 0 },
		{ "{\"capabilities\":{}}", 20, 0 },
		{ "{\"capabilities\":{\"max_data_xfer_size\":4096,\"new\":[1]}}", 55, 0 },
		{ "{}", 2, -EINVAL },
		{ "{", 2, -EINVAL },
		{ "", 1, -EINVAL },
		{ "{\"capabilities\":{\"max_data_xfer_size\":0}}", 42, -EINVAL },
		{ "{\"capabilities\":{\"max_data_xfer_size\":\"1\"}}", 44, -EINVAL },
		{ "{\"capabilities\":{\"max_data_xfer_size\":-5}}", 43, -EINVAL },
	};
	struct vcard_wire_region_access access = { .region = VFIO_PCI_CONFIG_REGION_INDEX, .count = 4 };
	struct client client;
	struct rig rig;

	NEED(rig_start(&rig, NULL));
	for (size_t i = 0; i < TAP_COUNT(capabilities); i++) {
		tap_context("capabilities %zu: %s", i, capabilities[i].text);
		NEED(client_connect(&client, rig.socket) == 0);
		CHECK(client_call(&client,
				  &(struct message){
					  .command = VCARD_WIRE_REGION_READ, .body = &access, .size = sizeof(access) },
				  NULL) == -EPROTO);
		CHECK(version(&client, 1, "", 0) == -EINVAL);
		CHECK(version(&client, 0, capabilities[i].text, capabilities[i].size) == capabilities[i].result);
		if (!capabilities[i].result)
			CHECK(version(&client, 0, "", 0) == -EINVAL);
		client_close(&client);
		rig_sleep_ms(5);
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
}

static void device_information(void)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = 0 };
	struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = VFIO_PCI_MSIX_IRQ_INDEX };
	uint32_t info[4] = { sizeof(info) }, *words;
	struct message ask = { .command = VCARD_WIRE_GET_INFO, .body = info, .size = sizeof(info) };
	struct answer answer;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	words = (uint32_t *)(void *)answer.body;
	CHECK(client_call(&rig.client, &ask, &answer) == 0 && answer.size == 16);
	CHECK(words[1] == (VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET));
	CHECK(words[2] == VFIO_PCI_NUM_REGIONS && words[3] == VFIO_PCI_NUM_IRQS);

	/* Asked with room for the fixed part: no capability, no descriptor. Then with room, in a message as long as
	 * before. */
	ask = (struct message){ .command = VCARD_WIRE_GET_REGION_INFO, .body = &region, .size = sizeof(region) };
	CHECK(client_call(&rig.client, &ask, &answer) == 0 && answer.size == sizeof(region) && answer.fd < 0);
	memcpy(&region, answer.body, sizeof(region));
	CHECK(region.argsz > sizeof(region) && region.cap_offset == 0 && region.size == GLACIS_CARD_BAR0_SIZE);
	CHECK(!(region.flags & VFIO_REGION_INFO_FLAG_CAPS) && region.flags & VFIO_REGION_INFO_FLAG_MMAP);
	CHECK(client_call(&rig.client, &ask, &answer) == 0 && answer.size == region.argsz && answer.fd >= 0);
	CHECK(words[8] == (VFIO_REGION_INFO_CAP_SPARSE_MMAP | 1 << 16) && words[10] == 1);
	CHECK(words[12] == GLACIS_CARD_DOORBELLS && words[14] == 65 * PAGE);
	/* The file is as large as the client will map, and cannot be cut short. */
	CHECK(ftruncate(answer.fd, 0) < 0);
	close(answer.fd);
	for (uint32_t i = 1; i < VFIO_PCI_NUM_REGIONS; i++) {
		region = (struct vfio_region_info){ .argsz = sizeof(region), .index = i };
		CHECK(client_call(&rig.client, &ask, &answer) == 0);
		memcpy(&region, answer.body, sizeof(region));
		CHECK(region.size == (i == VFIO_PCI_CONFIG_REGION_INDEX ? 256 : 0));
	}
	region = (struct vfio_region_info){ .argsz = sizeof(region), .index = VFIO_PCI_NUM_REGIONS };
	CHECK(client_call(&rig.client, &ask, NULL) == -EINVAL);
	region = (struct vfio_region_info){ .argsz = 8 };
	CHECK(client_call(&rig.client, &ask, NULL) == -EINVAL);

	ask = (struct message){ .command = VCARD_WIRE_GET_IRQ_INFO, .body = &irq, .size = sizeof(irq) };
	CHECK(client_call(&rig.client, &ask, &answer) == 0 && words[3] == 65);
	irq.index = VFIO_PCI_INTX_IRQ_INDEX;
	CHECK(client_call(&rig.client, &ask, &answer) == 0 && words[3] == 0);
	irq.index = VFIO_PCI_NUM_IRQS;
	CHECK(client_call(&rig.client, &ask, &answer) == -EINVAL);
	CHECK(rig_stop(&rig) == 0);
}

/* A rig whose client has mapped nothing yet. */
static bool open_bare(struct rig *rig)
{
	return rig_open(rig, NULL) && CHECK(client_unmap(&rig->client, 0, 0, VCARD_WIRE_UNMAP_ALL) == 0);
}

static void mapping(void)
{
	int fd, pipes[2];
	struct client *client;
	struct rig rig;

	NEED(open_bare(&rig));
	client = &rig.client;
	fd = rig.memory_fd;
	CHECK(client_map(client, 0x10000, 0x4000, BOTH, fd, 0) == 0);
	CHECK(client_map(client, 0x10000, 0x4000, BOTH, fd, 0) == -EEXIST);
	CHECK(client_map(client, 0x13fff, 0x1000, BOTH, fd, 0) == -EEXIST);
	CHECK(client_map(client, 0xf000, 0x1001, BOTH, fd, 0) == -EEXIST);
	CHECK(client_map(client, 0, UINT64_MAX, BOTH, -1, 0) == -EEXIST);
	CHECK(client_map(client, 0xf000, 0x1000, VCARD_WIRE_MAP_READ, fd, 0x1000) == 0);
	CHECK(client_map(client, 0x14000, 0x1000, BOTH, -1, 0) == 0);
	CHECK(client_map(client, 0x20000, 0, BOTH, fd, 0) == -EINVAL);
	CHECK(client_map(client, UINT64_MAX, 2, BOTH, fd, 0) == -EINVAL);
	CHECK(client_map(client, 0x20000, 0x1000, 0, fd, 0) == -EINVAL);
	CHECK(client_map(client, 0x20000, 0x1000, 4, fd, 0) == -EINVAL);
	CHECK(client_map(client, 0x20000, 0x1000, BOTH, fd, 0x800) == -EINVAL);
	CHECK(client_map(client, 0x20000, 0x1000, BOTH, fd, RIG_MEMORY) == -EINVAL);
	CHECK(client_map(client, 0x20000, 0x1001, BOTH, fd, RIG_MEMORY - 0x1000) == -EINVAL);
	CHECK(client_map(client, 0x20000, UINT64_MAX / 2, BOTH, fd, 0) == -EINVAL);
	CHECK(client_map(client, 0x20000, 0x1000, BOTH, fd, UINT64_MAX & ~0xfffull) == -EINVAL);
	CHECK(client_map(client, UINT64_MAX - 0xfff, 0x1000, BOTH, fd, 0) == 0);
	NEED(pipe(pipes) == 0);
	CHECK(client_map(client, 0x20000, 0x1000, BOTH, pipes[0], 0) == -EINVAL);
	close(pipes[0]);
	close(pipes[1]);

	/* Unmapping: never mapped, cutting in two, over 2^64, of all. */
	CHECK(client_unmap(client, 0x800000, 0x1000, 0) == 0);
	CHECK(client_unmap(client, 0x10000, 0x1000, 0) == -EINVAL);
	CHECK(client_unmap(client, 0x11000, 0x8000, 0) == -EINVAL);
	CHECK(client_unmap(client, 0x10000, 0, 0) == -EINVAL);
	CHECK(client_unmap(client, 0x10000, 0x1000, 1) == -EOPNOTSUPP);
	CHECK(client_unmap(client, 0x10000, 0x1000, VCARD_WIRE_UNMAP_ALL) == -EINVAL);
	CHECK(client_unmap(client, UINT64_MAX - 0xffffff, 0x1000001, 0) == 0);
	CHECK(client_map(client, UINT64_MAX - 0xfff, 0x1000, BOTH, fd, 0) == 0);
	CHECK(client_unmap(client, 0, UINT64_C(1) << 63, 0) == 0);
	CHECK(client_map(client, 0x10000, 0x4000, BOTH, fd, 0) == 0);
	CHECK(client_unmap(client, UINT64_C(1) << 63, UINT64_C(1) << 63, 0) == 0);
	CHECK(client_map(client, UINT64_MAX - 0xfff, 0x1000, BOTH, fd, 0) == 0);
	CHECK(client_unmap(client, 0, 0, VCARD_WIRE_UNMAP_ALL) == 0);
	CHECK(client_map(client, 0, UINT64_MAX, BOTH, -1, 0) == 0);
	CHECK(rig_stop(&rig) == 0);
}

/* The map holds what it says, and a queue sees each change at once. */
static void many_regions(void)
{
	enum { REGIONS = 600 };
	struct ring ring;
	struct rig rig;
	uint8_t *text;

	NEED(rig_open(&rig, NULL));
	NEED(ring_open(&ring, &rig, 1, 3, 3));
	text = rig_allocate(&rig, REGIONS * PAGE);
	rig_enable(&rig);
	/* Every other page of a space, in an order that is not theirs. */
	for (uint32_t i = 0; i < REGIONS; i++) {
		uint32_t place = i * 7 % REGIONS;

		CHECK(client_map(&rig.client, place * 2 * PAGE, PAGE, BOTH, rig.memory_fd,
				 (uint64_t)(text - rig.memory) + place * PAGE) == 0);
	}
	for (uint32_t i = 0; i < REGIONS; i++) {
		struct glacis_card_aead aead = ring_aead(&rig, true, i, text, text, 16, text);

		tap_context("region %u", i);
		aead.source = aead.destination = i * 2 * PAGE + PAGE - 16;
		aead.tag = i * 2 * PAGE;
		CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
		CHECK(memcmp(text + i * PAGE, text, 16) == 0);
		aead.source++;
		CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_DMA_READ);
		aead.source--;
		CHECK(client_unmap(&rig.client, i * 2 * PAGE, PAGE, 0) == 0);
		CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_DMA_READ);
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
}

static void rights_of_regions(void)
{
	uint64_t read_only = RIG_ADDRESS + RIG_MEMORY, write_only = read_only + PAGE;
	struct glacis_card_aead aead;
	struct ring ring;
	struct rig rig;
	uint8_t *text;

	NEED(rig_open(&rig, NULL));
	NEED(ring_open(&ring, &rig, 1, 3, 3));
	text = rig_allocate(&rig, PAGE);
	rig_enable(&rig);
	CHECK(client_map(&rig.client, read_only, PAGE, VCARD_WIRE_MAP_READ, rig.memory_fd, 0) == 0);
	CHECK(client_map(&rig.client, write_only, PAGE, VCARD_WIRE_MAP_WRITE, rig.memory_fd, 0) == 0);
	aead = ring_aead(&rig, true, 1, text, text, 64, text + 64);
	aead.source = read_only;
	CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	aead.destination = read_only;
	CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_DMA_WRITE);
	aead.source = write_only;
	CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_DMA_READ);
	/* A text that begins in good memory and goes on in bad. */
	aead.source = write_only - 32;
	CHECK(ring_run(&ring, &aead, NULL) == GLACIS_CARD_STATUS_DMA_READ);
	CHECK(rig_read64(&rig, GLACIS_CARD_CONTROL_ERROR_ADDRESS) == write_only);
	CHECK(rig_stop(&rig) == 0);
}

/* Only its owner may connect; a path that is taken is left alone; what a killed card left is replaced. */
static void sockets(void)
{
	char said[512], path[200];
	const char *arguments[] = { "--socket", path, NULL };
	struct stat status;
	struct rig rig;
	int end;

	NEED(rig_start(&rig, NULL));
	CHECK(stat(rig.socket, &status) == 0 && (status.st_mode & 0777) == 0600);
	strcpy(path, rig.socket);
	CHECK(rig_program(&rig, arguments, said, sizeof(said)) == 1 && strstr(said, "another process serves"));
	strcpy(path, rig.log);
	CHECK(rig_program(&rig, arguments, said, sizeof(said)) == 1 && strstr(said, "no socket"));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK(rig_program(&rig, arguments, said, sizeof(said)) == 1 && strstr(said, "too long"));
	strcpy(path, "/nowhere/card");
	CHECK(rig_program(&rig, arguments, said, sizeof(said)) == 1 && strstr(said, "No such file"));

	kill(rig.process, SIGKILL);
	while (rig_is_alive(&rig, &end))
		rig_sleep_ms(1);
	CHECK(stat(rig.socket, &status) == 0);
	CHECK(rig_start_again(&rig, NULL));
	NEED(rig_attach(&rig));
	strcpy(path, rig.socket);
	CHECK(rig_stop(&rig) == 0);
	CHECK(stat(path, &status) < 0);
}

static void options(void)
{
	static const struct {
		const char *arguments[4];
		int status;
		const char *says;
	} tries[] = {
		{ { "--help" }, 0, "--busy-poll" },
		{ { "--version" }, 0, "glacis-vcard 0." },
		{ { NULL }, 64, "--socket" },
		{ { "--socket", "x", "--trace=x" }, 64, "--backend=rtl" },
		{ { "--socket", "x", "--backend=gpu" }, 64, "gpu" },
		{ { "--socket", "x", "--queues=65" }, 64, "from 1 to 64" },
		{ { "--socket", "x", "--queues=0" }, 64, "from 1 to 64" },
		{ { "--socket", "x", "--threads=two" }, 64, "two" },
		{ { "--socket", "x", "--key-slots=-1" }, 64, "-1" },
		{ { "--socket", "x", "--fault=fire" }, 64, "no such fault" },
		{ { "--socket", "x", "surplus" }, 64, "" },
		{ { "ctl", "--help" }, 0, "clear [NAME]" },
		{ { "ctl", "status" }, 64, "--socket" },
		{ { "ctl", "--socket=/nowhere", "status" }, 1, "is the card running?" },
	};
	char said[8192];
	struct rig rig;

	NEED(rig_start(&rig, NULL));
	for (size_t i = 0; i < TAP_COUNT(tries); i++) {
		tap_context("try %zu", i);
		CHECK(rig_program(&rig, tries[i].arguments, said, sizeof(said)) == tries[i].status);
		CHECK(strstr(said, tries[i].says));
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "versions", versions },         { "device information", device_information }, { "mapping", mapping },
		{ "many regions", many_regions }, { "rights of regions", rights_of_regions },   { "sockets", sockets },
		{ "options", options },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
