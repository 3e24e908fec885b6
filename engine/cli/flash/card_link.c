/* SPDX-License-Identifier: Apache-2.0 */
/* Registers through vfio-user; see card_link.h. The socket and the judge of its messages are the driver's. */
#include "card_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "glacis_vfio_user_socket.h"

#define PREFIX   "vfio-user:"
#define PAUSE_MS 20u
#define HELLO    "{\"capabilities\":{}}"

struct card_link {
	struct glacis_socket socket;
	const char *path;
};

static int parse_version(const uint8_t *body, size_t size, void *context)
{
	(void)context;
	return glacis_wire_parse_version(body, size);
}

/* Introduces itself. A card that another client has hangs up. */
static int connect_link(struct card_link *link)
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

int card_link_open(struct card_link **link, const char *device, struct flash_problem *problem)
{
	struct card_link *made;
	int error;

	if (strncmp(device, PREFIX, strlen(PREFIX)) != 0 || !device[strlen(PREFIX)])
		return flash_fail(problem, -EINVAL,
				  "--device: \"%s\" is no card that this command can reach; it is vfio-user:PATH, PATH "
				  "the socket of the card",
				  device);
	made = calloc(1, sizeof(*made));
	if (!made)
		return flash_fail(problem, -ENOMEM, "out of memory; free some");
	made->path = device + strlen(PREFIX);
	glacis_socket_init(&made->socket);
	error = connect_link(made);
	if (error == -ENODEV)
		flash_fail(problem, error,
			   "%s: the card hung up: another program uses it; stop that program (a glacisd, a DPDK "
			   "application) first",
			   device);
	else if (error)
		flash_fail(problem, error, "%s: cannot reach the card: %s; is glacis-vcard running there?", device,
			   strerror(-error));
	if (error)
		free(made);
	else
		*link = made;
	return error;
}

void card_link_close(struct card_link *link)
{
	glacis_socket_close(&link->socket);
	free(link);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int card_link_reopen(struct card_link *link, unsigned deadline_ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	uint64_t end = now_ms() + deadline_ms;
	int error;

	glacis_socket_close(&link->socket);
	do {
		nanosleep(&pause, NULL);
		error = connect_link(link);
	} while (error && now_ms() < end);
	return error;
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

static int access_region(struct card_link *link, uint16_t command, uint32_t offset, void *to, const void *from,
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

int card_link_read_block(struct card_link *link, uint32_t offset, void *to, size_t size)
{
	return access_region(link, GLACIS_WIRE_REGION_READ, offset, to, NULL, size);
}

int card_link_write_block(struct card_link *link, uint32_t offset, const void *from, size_t size)
{
	return access_region(link, GLACIS_WIRE_REGION_WRITE, offset, NULL, from, size);
}

int card_link_read(struct card_link *link, uint32_t offset, uint32_t *value)
{
	return card_link_read_block(link, offset, value, sizeof(*value));
}

int card_link_write(struct card_link *link, uint32_t offset, uint32_t value)
{
	return card_link_write_block(link, offset, &value, sizeof(value));
}
