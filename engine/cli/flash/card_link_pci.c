/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of a PCI function, through what Linux shows of it in sysfs (Documentation/PCI/sysfs-pci.rst): BAR0 is the
 * file resource0, mapped here. While an image loads the card does not answer, and its configuration space is that of
 * power-on afterwards: what the machine had put there is kept and written back. See card_link_ways.h.
 *
 * Never tried on hardware; tests/long has a function in a virtual machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card_link_ways.h"
#include "glacis_card_abi.h"

/* PCI Local Bus Specification 3.0, 6.1: the header of a function. */
#define HEADER_SIZE    64
#define HEADER_IDS     0x00
#define HEADER_COMMAND 0x04
#define HEADER_BARS    0x10
#define HEADER_END     0x28

#define IDS            (GLACIS_CARD_PCI_VENDOR_ID | (uint32_t)GLACIS_CARD_PCI_DEVICE_ID << 16)

struct pci_link {
	struct card_link link;
	int folder, config, bar_fd;
	void *bar;
	uint8_t header[HEADER_SIZE];
};

/* ---- registers ---- */

/* Each register with one access of its own size: what memcpy() makes of it the card need not take. */
static int read_block(struct card_link *link, uint32_t offset, void *to, size_t size)
{
	const volatile uint32_t *from = (const volatile uint32_t *)((struct pci_link *)link)->bar + offset / 4;
	uint8_t *bytes = to;

	for (size_t at = 0; at < size; at += 4) {
		uint32_t value = *from++;

		memcpy(bytes + at, &value, 4);
	}
	return 0;
}

static int write_block(struct card_link *link, uint32_t offset, const void *from, size_t size)
{
	volatile uint32_t *to = (volatile uint32_t *)((struct pci_link *)link)->bar + offset / 4;
	const uint8_t *bytes = from;

	for (size_t at = 0; at < size; at += 4) {
		uint32_t value;

		memcpy(&value, bytes + at, 4);
		*to++ = value;
	}
	return 0;
}

/* ---- configuration space ---- */

static uint32_t header_word(const struct pci_link *pci, unsigned offset)
{
	uint32_t word;

	memcpy(&word, pci->header + offset, sizeof(word));
	return word;
}

static int restore_word(const struct pci_link *pci, unsigned offset)
{
	return pwrite(pci->config, pci->header + offset, 4, (off_t)offset) == 4 ? 0 : -EIO;
}

/* One attempt. The command last: it switches on what the others say. */
static int rejoin(struct card_link *link)
{
	const struct pci_link *pci = (struct pci_link *)link;
	uint32_t ids;
	int error = 0;

	if (pread(pci->config, &ids, sizeof(ids), HEADER_IDS) != sizeof(ids) || ids != IDS)
		return -ENODEV;
	for (unsigned offset = HEADER_BARS; !error && offset < HEADER_END; offset += 4)
		error = restore_word(pci, offset);
	return error ? error : restore_word(pci, HEADER_COMMAND);
}

/* ---- opening ---- */

static int write_enable(const struct pci_link *pci, const char *text)
{
	int fd = openat(pci->folder, "enable", O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || write(fd, text, 1) != 1)
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

static void close_link(struct card_link *link)
{
	struct pci_link *pci = (struct pci_link *)link;

	if (pci->bar != MAP_FAILED) {
		munmap(pci->bar, GLACIS_CARD_BAR0_SIZE);
		(void)write_enable(pci, "0");
	}
	if (pci->bar_fd >= 0)
		close(pci->bar_fd);
	if (pci->config >= 0)
		close(pci->config);
	if (pci->folder >= 0)
		close(pci->folder);
	free(pci);
}

/* A driver, and whoever uses the card by it, must not lose it under his hands. */
static int check_driver(const struct pci_link *pci, const char *name, struct flash_problem *problem)
{
	char path[PATH_MAX];
	ssize_t size = readlinkat(pci->folder, "driver", path, sizeof(path) - 1);
	const char *driver;

	if (size < 0)
		return 0;
	path[size] = '\0';
	driver = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	return flash_fail(problem, -EBUSY,
			  "pci:%s: the driver %s has the card; stop what uses it, then: echo %s > "
			  "/sys/bus/pci/drivers/%s/unbind",
			  name, driver, name, driver);
}

static int check_ids(struct pci_link *pci, const char *name, struct flash_problem *problem)
{
	pci->config = openat(pci->folder, "config", O_RDWR | O_CLOEXEC);
	if (pci->config < 0)
		return flash_fail(problem, -errno, "pci:%s: cannot open its configuration space: %s; run this as root",
				  name, strerror(errno));
	if (pread(pci->config, pci->header, HEADER_SIZE, 0) != HEADER_SIZE)
		return flash_fail(problem, -EACCES, "pci:%s: its configuration space cannot be read; run this as root",
				  name);
	if (header_word(pci, HEADER_IDS) == UINT32_MAX)
		return flash_fail(problem, -ENODEV, "pci:%s: the card does not answer; cycle its power", name);
	if (header_word(pci, HEADER_IDS) != IDS)
		return flash_fail(problem, -ENODEV, "pci:%s: it is no Glacis card (%04x:%04x in place of %04x:%04x)",
				  name, header_word(pci, HEADER_IDS) & 0xffff, header_word(pci, HEADER_IDS) >> 16,
				  GLACIS_CARD_PCI_VENDOR_ID, GLACIS_CARD_PCI_DEVICE_ID);
	return 0;
}

static int map_bar(struct pci_link *pci, const char *name, struct flash_problem *problem)
{
	struct stat file = { 0 };
	int error;

	pci->bar_fd = openat(pci->folder, "resource0", O_RDWR | O_CLOEXEC);
	if (pci->bar_fd < 0)
		return flash_fail(problem, -errno, "pci:%s: cannot open its BAR0 (resource0): %s; run this as root",
				  name, strerror(errno));
	if (flock(pci->bar_fd, LOCK_EX | LOCK_NB))
		return flash_fail(problem, -EBUSY, "pci:%s: another glacis flash is at work on it; wait for its end",
				  name);
	if (fstat(pci->bar_fd, &file) || file.st_size < (off_t)GLACIS_CARD_BAR0_SIZE)
		return flash_fail(problem, -ENODEV, "pci:%s: its BAR0 has %lld bytes in place of %u; is it assigned?",
				  name, (long long)file.st_size, GLACIS_CARD_BAR0_SIZE);
	error = write_enable(pci, "1");
	if (error)
		return flash_fail(problem, error, "pci:%s: the function cannot be switched on: %s; run this as root",
				  name, strerror(-error));
	pci->bar = mmap(NULL, GLACIS_CARD_BAR0_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, pci->bar_fd, 0);
	if (pci->bar == MAP_FAILED) {
		error = -errno;
		(void)write_enable(pci, "0");
		return flash_fail(
			problem, error,
			"pci:%s: cannot map its BAR0: %s; a kernel that is locked down (Secure Boot) forbids it", name,
			strerror(-error));
	}
	/* As it is with the function switched on. */
	if (pread(pci->config, pci->header, HEADER_SIZE, 0) != HEADER_SIZE)
		return flash_fail(problem, -EIO, "pci:%s: its configuration space cannot be read; cycle its power",
				  name);
	return 0;
}

int card_link_open_pci(struct card_link **link, const char *folder, struct flash_problem *problem)
{
	static const struct card_link_way way = {
		.read = read_block, .write = write_block, .rejoin = rejoin, .close = close_link
	};
	const char *name = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
	struct pci_link *pci = malloc(sizeof(*pci));
	int error;

	if (!pci)
		return flash_fail(problem, -ENOMEM, "out of memory; free some");
	*pci = (struct pci_link){ .link.way = &way, .config = -1, .bar_fd = -1, .bar = MAP_FAILED };
	pci->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pci->folder < 0) {
		free(pci);
		return flash_fail(problem, -ENODEV, "pci:%s: there is no such PCI function; lspci -D lists them", name);
	}
	error = check_ids(pci, name, problem);
	if (!error)
		error = check_driver(pci, name, problem);
	if (!error)
		error = map_bar(pci, name, problem);
	if (error)
		close_link(&pci->link);
	else
		*link = &pci->link;
	return error;
}
