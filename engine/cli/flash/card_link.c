/* SPDX-License-Identifier: Apache-2.0 */
/* Which way leads to a card; see card_link.h. */
#include "card_link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "card_link_ways.h"

#define SOCKET_PREFIX "vfio-user:"
#define PCI_PREFIX    "pci:"
#define PCI_FUNCTIONS "/sys/bus/pci/devices/"
#define PAUSE_MS      20u

struct address {
	unsigned domain, bus, slot, function;
};

/* With or without a domain. */
static bool parse_address(const char *text, struct address *to)
{
	int end = 0;

	if (sscanf(text, "%8x:%2x:%2x.%1o%n", &to->domain, &to->bus, &to->slot, &to->function, &end) == 4 && !text[end])
		return true;
	to->domain = 0;
	return sscanf(text, "%2x:%2x.%1o%n", &to->bus, &to->slot, &to->function, &end) == 3 && !text[end];
}

static int open_pci(struct card_link **link, const char *text, struct flash_problem *problem)
{
	char folder[sizeof(PCI_FUNCTIONS) + 32];
	struct address at;

	if (!parse_address(text, &at))
		return flash_fail(
			problem, -EINVAL,
			"--device: \"%s\" is no address of a PCI function; it is DOMAIN:BUS:DEVICE.FUNCTION, as in "
			"0000:3b:00.0 (lspci -D lists them)",
			text);
	snprintf(folder, sizeof(folder), PCI_FUNCTIONS "%04x:%02x:%02x.%o", at.domain, at.bus, at.slot, at.function);
	return card_link_open_pci(link, folder, problem);
}

int card_link_open(struct card_link **link, const char *device, struct flash_problem *problem)
{
	if (strncmp(device, SOCKET_PREFIX, strlen(SOCKET_PREFIX)) == 0 && device[strlen(SOCKET_PREFIX)])
		return card_link_open_socket(link, device + strlen(SOCKET_PREFIX), problem);
	if (strncmp(device, PCI_PREFIX, strlen(PCI_PREFIX)) == 0)
		return open_pci(link, device + strlen(PCI_PREFIX), problem);
	return flash_fail(
		problem, -EINVAL,
		"--device: \"%s\" is no card that this command can reach; it is pci:ADDRESS, or vfio-user:PATH, PATH "
		"the socket of an emulated card",
		device);
}

void card_link_close(struct card_link *link)
{
	link->way->close(link);
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

	do {
		nanosleep(&pause, NULL);
		error = link->way->rejoin(link);
	} while (error && now_ms() < end);
	return error;
}

int card_link_read_block(struct card_link *link, uint32_t offset, void *to, size_t size)
{
	return link->way->read(link, offset, to, size);
}

int card_link_write_block(struct card_link *link, uint32_t offset, const void *from, size_t size)
{
	return link->way->write(link, offset, from, size);
}

int card_link_read(struct card_link *link, uint32_t offset, uint32_t *value)
{
	return card_link_read_block(link, offset, value, sizeof(*value));
}

int card_link_write(struct card_link *link, uint32_t offset, uint32_t value)
{
	return card_link_write_block(link, offset, &value, sizeof(value));
}
