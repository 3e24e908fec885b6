/* SPDX-License-Identifier: Apache-2.0 */
/* Registers through vfio-user; see card_link_ways.h. The socket and the judge of its messages are the driver's. */
#include "card_link_ways.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "glacis_vfio_user_socket.h"

#define HELLO "{\"capabilities\":{}}"

struct socket_link {
	struct card_link link;
	struct glacis_socket socket;
	const char *path;
};

static int parse_version(const uint8_t *body, size_t size, void *context)
{
	(void)context;
	return glacis_wire_parse_version(body, size);
}

/* Introduces itself. A card that another client has hangs up. */
static int connect_link(struct socket_link *link)
{
	struct {
		uint16_t major, minor;
		char text[sizeof(HELLO)];
	} hello = { 0, 0, HELLO };
	const struct glacis_request request = { .command = GLACIS_WIRE_VERSION,
						.head = &hello,
						.head_size = sizeof(hello.major) * 2 + sizeof(HELLO),
						.fd = -1,
						.parse = parse_version };
	int error = glacis_socket_connect(&link->socket, link->path);

	if (!error)
		error = glacis_socket_request(&link->socket, &request);
	if (error)
		glacis_socket_close(&link->socket);
	return error;
}

static void close_link(struct card_link *link)
{
	struct socket_link *socket = (struct socket_link *)link;

	glacis_socket_close(&socket->socket);
	free(socket);
}

/* The card went away with its connection: a new one is the way back. */
static int rejoin(struct card_link *link)
{
	struct socket_link *socket = (struct socket_link *)link;

	glacis_socket_close(&socket->socket);
	return connect_link(socket);
}

/* ---- registers ---- */

struct answer {
	const struct glacis_wire_access *asked;
	uint8_t *data; /* NULL for a write */
};

static int parse_access(const uint8_t *body, size_t size, void *context)
{
	const struct answer *answer = context;

	return answer->data ? glacis_wire_parse_read(body, size, answer->asked, answer->data) : 0;
}

static int access_region(struct socket_link *link, uint16_t command, uint32_t offset, void *to, const void *from,
			 size_t size)
{
	const struct glacis_wire_access access = { .offset = offset,
						   .region = GLACIS_WIRE_REGION_BAR0,
						   .count = (uint32_t)size };
	struct answer answer = { &access, to };
	const struct glacis_request request = { .command = command,
						.head = &access,
						.head_size = sizeof(access),
						.tail = from,
						.tail_size = from ? size : 0,
						.fd = -1,
						.parse = parse_access,
						.context = &answer };

	return glacis_socket_request(&link->socket, &request);
}

static int read_block(struct card_link *link, uint32_t offset, void *to, size_t size)
{
	return access_region((struct socket_link *)link, GLACIS_WIRE_REGION_READ, offset, to, NULL, size);
}

static int write_block(struct card_link *link, uint32_t offset, const void *from, size_t size)
{
	return access_region((struct socket_link *)link, GLACIS_WIRE_REGION_WRITE, offset, NULL, from, size);
}

int card_link_open_socket(struct card_link **link, const char *path, struct flash_problem *problem)
{
	static const struct card_link_way way = {
		.read = read_block, .write = write_block, .rejoin = rejoin, .close = close_link
	};
	struct socket_link *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return flash_fail(problem, -ENOMEM, "out of memory; free some");
	made->link.way = &way;
	made->path = path;
	glacis_socket_init(&made->socket);
	error = connect_link(made);
	if (error == -ENODEV)
		flash_fail(
			problem, error,
			"vfio-user:%s: the card hung up: another program uses it; stop that program (a glacisd, a DPDK "
			"application) first",
			path);
	else if (error)
		flash_fail(problem, error, "vfio-user:%s: cannot reach the card: %s; is glacis-vcard running there?",
			   path, strerror(-error));
	if (error)
		free(made);
	else
		*link = &made->link;
	return error;
}
