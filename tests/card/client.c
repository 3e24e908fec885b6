/* SPDX-License-Identifier: Apache-2.0 */
/* A vfio-user client for tests; see client.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "client.h"
#include "glacis_card_abi.h"

int client_connect(struct client *client, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*client = (struct client){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (client->fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -EINVAL;
	strcpy(address.sun_path, path);
	if (connect(client->fd, (struct sockaddr *)&address, sizeof(address))) {
		int error = -errno;

		client_close(client);
		return error;
	}
	return 0;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	if (client->doorbells)
		munmap(client->doorbells, client->doorbells_size);
	client->fd = -1;
	client->doorbells = NULL;
}

int client_send(struct client *client, const void *bytes, size_t size, const int *fds, unsigned fd_count)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(64 * sizeof(int))];
	} control = { 0 };
	struct iovec piece = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (fd_count) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	}
	return sendmsg(client->fd, &message, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -ECONNRESET;
}

/* ---- receiving ---- */

static int receive(struct client *client, void *to, size_t size, int *fd)
{
	for (size_t done = 0; done < size;) {
		union {
			struct cmsghdr header;
			uint8_t bytes[CMSG_SPACE(sizeof(int))];
		} control;
		struct pollfd ready = { .fd = client->fd, .events = POLLIN };
		struct iovec piece = { .iov_base = (uint8_t *)to + done, .iov_len = size - done };
		struct msghdr message = { .msg_iov = &piece,
					  .msg_iovlen = 1,
					  .msg_control = control.bytes,
					  .msg_controllen = sizeof(control.bytes) };
		ssize_t got;

		if (poll(&ready, 1, CLIENT_DEADLINE_MS) != 1)
			return -ETIMEDOUT;
		got = recvmsg(client->fd, &message, MSG_CMSG_CLOEXEC);
		if (got <= 0)
			return -ECONNRESET;
		if (CMSG_FIRSTHDR(&message)) {
			int came;

			memcpy(&came, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(came));
			if (fd && *fd < 0)
				*fd = came;
			else
				close(came);
		}
		done += (size_t)got;
	}
	return 0;
}

static bool in_far(const struct client *client, const struct vcard_wire_dma_access *access)
{
	return client->far && access->address >= client->far_address && access->count <= client->far_size &&
	       access->address - client->far_address <= client->far_size - access->count && access->count <= 0x10000;
}

static int serve_dma(struct client *client, const struct vcard_wire_header *asked)
{
	struct {
		struct vcard_wire_header header;
		struct vcard_wire_dma_access access;
		uint8_t data[0x10000];
	} answer;
	size_t data = asked->size - sizeof(answer.header) - sizeof(answer.access);
	uint8_t *place;
	int error;

	if (asked->size < sizeof(answer.header) + sizeof(answer.access) || data > sizeof(answer.data))
		return -EPROTO;
	error = receive(client, &answer.access, sizeof(answer.access) + data, NULL);
	if (error || client->far_silent)
		return error;
	answer.header = *asked;
	answer.header.flags = VCARD_WIRE_REPLY;
	answer.header.size = sizeof(answer.header) + sizeof(answer.access);
	if (!in_far(client, &answer.access)) {
		answer.header.flags |= VCARD_WIRE_ERROR;
		answer.header.error = EFAULT;
		answer.header.size = sizeof(answer.header);
		return client_send(client, &answer, answer.header.size, NULL, 0);
	}
	place = client->far + (answer.access.address - client->far_address);
	if (asked->command == VCARD_WIRE_DMA_WRITE) {
		client->far_writes++;
		memcpy(place, answer.data, answer.access.count);
	} else {
		client->far_reads++;
		memcpy(answer.data, place, answer.access.count);
		answer.header.size += (uint32_t)answer.access.count;
	}
	return client_send(client, &answer, answer.header.size, NULL, 0);
}

static bool is_request(const struct vcard_wire_header *header)
{
	return (header->flags & VCARD_WIRE_TYPE_MASK) == VCARD_WIRE_REQUEST &&
	       (header->command == VCARD_WIRE_DMA_READ || header->command == VCARD_WIRE_DMA_WRITE);
}

int client_serve(struct client *client, int ms)
{
	struct pollfd ready = { .fd = client->fd, .events = POLLIN };
	struct vcard_wire_header header;
	int error = 0;

	while (!error && poll(&ready, 1, ms) == 1) {
		error = receive(client, &header, sizeof(header), NULL);
		if (!error)
			error = is_request(&header) ? serve_dma(client, &header) : -EPROTO;
		ms = 0;
	}
	return error;
}

static int receive_answer(struct client *client, uint16_t id, struct answer *answer)
{
	struct vcard_wire_header header;
	size_t keep;
	int error;

	for (;;) {
		error = receive(client, &header, sizeof(header), &answer->fd);
		if (error || !is_request(&header))
			break;
		error = serve_dma(client, &header);
		if (error)
			return error;
	}
	if (error)
		return error;
	if (header.id != id || !(header.flags & VCARD_WIRE_REPLY) || header.size < sizeof(header))
		return -EPROTO;
	answer->size = header.size - sizeof(header);
	keep = answer->size < sizeof(answer->body) ? answer->size : sizeof(answer->body);
	error = receive(client, answer->body, keep, &answer->fd);
	for (size_t left = answer->size - keep; left && !error; left--) {
		uint8_t byte;

		error = receive(client, &byte, 1, NULL);
	}
	if (!error && header.flags & VCARD_WIRE_ERROR)
		error = -(int)header.error;
	return error;
}

int client_call(struct client *client, const struct message *message, struct answer *answer)
{
	uint8_t bytes[8192];
	struct vcard_wire_header header = { .id = client->next_id++,
					    .command = message->command,
					    .size = (uint32_t)(sizeof(header) + message->size) };
	struct answer unwanted;
	int error;

	if (message->size > sizeof(bytes) - sizeof(header))
		return -EMSGSIZE;
	memcpy(bytes, &header, sizeof(header));
	if (message->size)
		memcpy(bytes + sizeof(header), message->body, message->size);
	error = client_send(client, bytes, header.size, message->fds, message->fd_count);
	if (error)
		return error;
	if (!answer)
		answer = &unwanted;
	answer->fd = -1;
	error = receive_answer(client, header.id, answer);
	if (answer == &unwanted && unwanted.fd >= 0)
		close(unwanted.fd);
	return error;
}

/* ---- commands ---- */

int client_negotiate_size(struct client *client, unsigned data_max)
{
	char body[128] = { 0 }; /* begins with the version, 0.0 */
	int size = snprintf(body + 4, sizeof(body) - 4,
			    "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":%u}}", data_max);

	return client_call(
		client, &(struct message){ .command = VCARD_WIRE_VERSION, .body = body, .size = 4 + (size_t)size + 1 },
		NULL);
}

int client_negotiate(struct client *client)
{
	return client_negotiate_size(client, 65536);
}

int client_map_doorbells(struct client *client)
{
	struct vfio_region_info asked = { .argsz = 4096, .index = VFIO_PCI_BAR0_REGION_INDEX };
	struct vfio_region_sparse_mmap_area area;
	struct answer answer;
	void *memory;
	int error = client_call(
		client,
		&(struct message){ .command = VCARD_WIRE_GET_REGION_INFO, .body = &asked, .size = sizeof(asked) },
		&answer);

	if (error)
		return error;
	if (answer.fd < 0 || answer.size < sizeof(asked) + 16 + sizeof(area))
		return -EPROTO;
	memcpy(&area, answer.body + sizeof(asked) + 16, sizeof(area));
	memory = mmap(NULL, area.size, PROT_READ | PROT_WRITE, MAP_SHARED, answer.fd, (off_t)area.offset);
	close(answer.fd);
	if (memory == MAP_FAILED)
		return -errno;
	client->doorbells = memory;
	client->doorbells_size = area.size;
	return 0;
}

int client_read(struct client *client, uint32_t region, uint64_t offset, void *to, uint32_t size)
{
	struct vcard_wire_region_access access = { .offset = offset, .region = region, .count = size };
	struct answer answer;
	int error = client_call(
		client, &(struct message){ .command = VCARD_WIRE_REGION_READ, .body = &access, .size = sizeof(access) },
		&answer);

	if (error)
		return error;
	if (answer.size != sizeof(access) + size || size > sizeof(answer.body) - sizeof(access))
		return -EPROTO;
	memcpy(to, answer.body + sizeof(access), size);
	return 0;
}

int client_write(struct client *client, uint32_t region, uint64_t offset, const void *from, uint32_t size)
{
	struct vcard_wire_region_access access = { .offset = offset, .region = region, .count = size };
	uint8_t body[4096];

	if (size > sizeof(body) - sizeof(access))
		return -EMSGSIZE;
	memcpy(body, &access, sizeof(access));
	memcpy(body + sizeof(access), from, size);
	return client_call(
		client,
		&(struct message){ .command = VCARD_WIRE_REGION_WRITE, .body = body, .size = sizeof(access) + size },
		NULL);
}

int client_map(struct client *client, uint64_t address, uint64_t size, uint32_t flags, int fd, uint64_t offset)
{
	struct vcard_wire_dma_map map = { sizeof(map), flags, offset, address, size };

	return client_call(client,
			   &(struct message){ .command = VCARD_WIRE_DMA_MAP,
					      .body = &map,
					      .size = sizeof(map),
					      .fds = &fd,
					      .fd_count = fd >= 0 },
			   NULL);
}

int client_unmap(struct client *client, uint64_t address, uint64_t size, uint32_t flags)
{
	struct vcard_wire_dma_unmap unmap = { sizeof(unmap), flags, address, size };

	return client_call(client,
			   &(struct message){ .command = VCARD_WIRE_DMA_UNMAP, .body = &unmap, .size = sizeof(unmap) },
			   NULL);
}

int client_master(struct client *client, bool may)
{
	uint16_t command;
	int error = client_read(client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command, sizeof(command));

	if (error)
		return error;
	command = (uint16_t)(may ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER);
	return client_write(client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command, sizeof(command));
}
