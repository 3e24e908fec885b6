/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers and doorbells of a card behind a vfio-user socket. Parts of BAR0 that the server offers as shared memory
 * are mapped and used as such; all else is a message of some ten microseconds. Doorbells are never written by message
 * when their page is mapped.
 */
#include "glacis_vfio_user.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_io.h>

#include "glacis_card_abi.h"
#include "glacis_log.h"

#define PCI_COMMAND        4u
#define PCI_COMMAND_MEMORY 0x2u
#define PCI_COMMAND_MASTER 0x4u

/* What this client announces: one descriptor goes with a message, and no more than a register's data. */
static const char capabilities[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":4096}}";

struct read_context {
	struct glacis_wire_access access;
	uint8_t data[8];
};

static int version_parse(const uint8_t *body, size_t size, void *context)
{
	(void)context;
	return glacis_wire_parse_version(body, size);
}

static int version_negotiate(struct glacis_vfio_user *link)
{
	const uint16_t version[2] = { 0, 0 };

	return glacis_socket_request(&link->socket, &(struct glacis_request){ .command = GLACIS_WIRE_VERSION,
									      .head = version,
									      .head_size = sizeof(version),
									      .tail = capabilities,
									      .tail_size = sizeof(capabilities),
									      .fd = -1,
									      .parse = version_parse });
}

static int device_parse(const uint8_t *body, size_t size, void *context)
{
	return glacis_wire_parse_device(body, size, context);
}

static int regions_count(struct glacis_vfio_user *link, uint32_t *regions)
{
	const struct glacis_wire_device_info info = { .argsz = sizeof(info) };

	return glacis_socket_request(&link->socket, &(struct glacis_request){ .command = GLACIS_WIRE_DEVICE_INFO,
									      .head = &info,
									      .head_size = sizeof(info),
									      .fd = -1,
									      .parse = device_parse,
									      .context = regions });
}

static int region_parse(const uint8_t *body, size_t size, void *context)
{
	return glacis_wire_parse_region(body, size, GLACIS_WIRE_REGION_BAR0, context);
}

static int read_parse(const uint8_t *body, size_t size, void *context)
{
	struct read_context *read = context;

	return glacis_wire_parse_read(body, size, &read->access, read->data);
}

static int region_read(void *link_, uint32_t region, uint64_t offset, uint32_t count, void *data)
{
	struct read_context read = { .access = { .offset = offset, .region = region, .count = count } };
	struct glacis_vfio_user *link = link_;
	int status;

	status = glacis_socket_request(&link->socket, &(struct glacis_request){ .command = GLACIS_WIRE_REGION_READ,
										.head = &read.access,
										.head_size = sizeof(read.access),
										.fd = -1,
										.parse = read_parse,
										.context = &read });
	if (status == 0)
		memcpy(data, read.data, count);
	return status;
}

static int region_write(void *link_, uint32_t region, uint64_t offset, uint32_t count, const void *data)
{
	const struct glacis_wire_access access = { .offset = offset, .region = region, .count = count };
	struct glacis_vfio_user *link = link_;

	return glacis_socket_request(&link->socket, &(struct glacis_request){ .command = GLACIS_WIRE_REGION_WRITE,
									      .head = &access,
									      .head_size = sizeof(access),
									      .tail = data,
									      .tail_size = count,
									      .fd = -1 });
}

/* Lets the function do DMA, or forbids it, as a driver of a PCIe function does. */
static int bus_master_set(struct glacis_vfio_user *link, bool on)
{
	uint16_t command;
	int status = region_read(link, GLACIS_WIRE_REGION_CONFIG, PCI_COMMAND, sizeof(command), &command);

	if (status != 0)
		return status;
	command = on ? command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER;
	return region_write(link, GLACIS_WIRE_REGION_CONFIG, PCI_COMMAND, sizeof(command), &command);
}

static void mappings_drop(struct glacis_vfio_user *link)
{
	for (uint32_t i = 0; i < link->mapping_count; i++)
		munmap((void *)(uintptr_t)link->mappings[i].address, link->mappings[i].size);
	link->mapping_count = 0;
}

/* A file that is shorter than it says would kill this process at the first doorbell: such an area is not mapped. */
static int areas_map(struct glacis_vfio_user *link, const struct glacis_wire_region *region, int fd)
{
	struct stat file;

	if (fstat(fd, &file) != 0)
		return -errno;
	for (uint32_t i = 0; i < region->area_count; i++) {
		const struct glacis_wire_area *area = &region->areas[i];
		uint64_t start = region->file_offset + area->offset;
		void *address;

		if ((uint64_t)file.st_size < start || (uint64_t)file.st_size - start < area->size)
			return -EPROTO;
		address = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)start);
		if (address == MAP_FAILED)
			return -errno;
		link->mappings[link->mapping_count++] = (struct glacis_vfio_user_mapping){
			.offset = area->offset,
			.size = area->size,
			.address = address,
		};
	}
	return 0;
}

static int bar_map(struct glacis_vfio_user *link)
{
	const struct glacis_wire_region_info info = { .argsz = GLACIS_WIRE_BODY_MAX, .index = GLACIS_WIRE_REGION_BAR0 };
	struct glacis_wire_region region = { .size = 0 };
	int fd = -1, status;

	status = glacis_socket_request(&link->socket, &(struct glacis_request){ .command = GLACIS_WIRE_REGION_INFO,
										.head = &info,
										.head_size = sizeof(info),
										.fd = -1,
										.parse = region_parse,
										.context = &region,
										.taken_fd = &fd });
	if (status == 0 && region.size < GLACIS_CARD_BAR0_SIZE) {
		GLACIS_LOG(ERR, "%s: BAR0 has %" PRIu64 " bytes, and a Glacis card has %u: is it another device?",
			   link->path, region.size, GLACIS_CARD_BAR0_SIZE);
		status = -ENOTSUP;
	}
	if (status == 0 && fd >= 0)
		status = areas_map(link, &region, fd);
	if (fd >= 0)
		close(fd);
	return status;
}

static int link_start(struct glacis_vfio_user *link)
{
	uint32_t regions = 0;
	int status;

	status = glacis_socket_connect(&link->socket, link->path);
	if (status != 0) {
		GLACIS_LOG(ERR, "%s: %s; start glacis-vcard with --socket %s first, or give the path it has",
			   link->path, strerror(-status), link->path);
		return status;
	}
	status = version_negotiate(link);
	if (status == 0)
		status = regions_count(link, &regions);
	if (status == 0 && regions <= GLACIS_WIRE_REGION_CONFIG)
		status = -EPROTO;
	if (status == 0)
		status = bar_map(link);
	if (status == 0)
		status = bus_master_set(link, true);
	if (status == 0)
		status = glacis_vfio_user_memory_share(link);
	if (status != 0)
		GLACIS_LOG(ERR, "%s: does not answer as a vfio-user device of version 0: %s", link->path,
			   strerror(-status));
	return status;
}

static void link_stop(struct glacis_vfio_user *link)
{
	glacis_vfio_user_memory_forget(link);
	glacis_socket_close(&link->socket);
	mappings_drop(link);
}

int glacis_vfio_user_open(const char *path, void **link_)
{
	struct glacis_vfio_user *link;
	int status;

	if (strlen(path) >= GLACIS_VFIO_USER_PATH_MAX) {
		GLACIS_LOG(ERR, "%s: the path of a socket has at most %u bytes", path, GLACIS_VFIO_USER_PATH_MAX - 1);
		return -ENAMETOOLONG;
	}
	link = calloc(1, sizeof(*link));
	if (link == NULL)
		return -ENOMEM;
	memcpy(link->path, path, strlen(path) + 1);
	glacis_socket_init(&link->socket);
	status = link_start(link);
	if (status != 0) {
		link_stop(link);
		free(link);
		return status;
	}
	*link_ = link;
	return 0;
}

static volatile uint8_t *mapped(const struct glacis_vfio_user *link, uint64_t offset, uint64_t size)
{
	for (uint32_t i = 0; i < link->mapping_count; i++) {
		const struct glacis_vfio_user_mapping *mapping = &link->mappings[i];

		if (offset >= mapping->offset && offset - mapping->offset < mapping->size &&
		    size <= mapping->size - (offset - mapping->offset))
			return mapping->address + (offset - mapping->offset);
	}
	return NULL;
}

static volatile uint8_t *vfio_user_doorbell(void *link, uint32_t queue)
{
	return mapped(link, glacis_card_doorbell(queue, 0), GLACIS_CARD_PAGE);
}

static int vfio_user_read32(void *link, uint32_t offset, uint32_t *value)
{
	return region_read(link, GLACIS_WIRE_REGION_BAR0, offset, sizeof(*value), value);
}

static int vfio_user_write32(void *link, uint32_t offset, uint32_t value)
{
	return region_write(link, GLACIS_WIRE_REGION_BAR0, offset, sizeof(value), &value);
}

static bool vfio_user_gone(void *link_)
{
	struct glacis_vfio_user *link = link_;

	return glacis_socket_gone(&link->socket);
}

static void vfio_user_cut(void *link_)
{
	struct glacis_vfio_user *link = link_;

	/* A server that lives obeys the first; one that does not sees its client go and drops the memory. */
	(void)bus_master_set(link, false);
	glacis_socket_close(&link->socket);
}

static int vfio_user_reopen(void *link_)
{
	struct glacis_vfio_user *link = link_;

	link_stop(link);
	return link_start(link);
}

static void vfio_user_close(void *link_)
{
	struct glacis_vfio_user *link = link_;

	(void)bus_master_set(link, false);
	link_stop(link);
	pthread_mutex_destroy(&link->socket.lock);
	free(link);
}

const struct glacis_transport glacis_vfio_user_transport = {
	.name = "vfio-user",
	.read32 = vfio_user_read32,
	.write32 = vfio_user_write32,
	.doorbell = vfio_user_doorbell,
	.gone = vfio_user_gone,
	.cut = vfio_user_cut,
	.reopen = vfio_user_reopen,
	.close = vfio_user_close,
};
