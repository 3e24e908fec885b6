/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PCI function has and a socket has not: options of the EAL's list of devices, and the right to master the bus,
 * which the driver takes when it finds the card and gives up when it lets go of it. Run in a guest whose card is the
 * emulated one. With physical addresses (GLACIS_TEST_HUGEPAGES) the function is lured into writing when the driver has
 * gone: registers and memory are still within its reach, and only the right is not.
 *
 * usage: test_driver_pci pci:ADDRESS
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "bed.h"
#include "glacis_card_abi.h"
#include "lure.h"
#include "tap.h"

static const char *card;
static const struct rte_memzone *memory;

/* A file of the kernel's for the function, to be read and written; -1: cannot be opened. */
static int function_open(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", strchr(card, ':') + 1, name);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* The command register of the configuration space, as the kernel reads it; -1: cannot be read. */
static int command_register(void)
{
	uint8_t bytes[2];
	int file = function_open("config");
	ssize_t count;

	if (file < 0)
		return -1;
	count = pread(file, bytes, sizeof(bytes), PCI_COMMAND);
	close(file);
	return count == sizeof(bytes) ? bytes[0] | bytes[1] << 8 : -1;
}

static bool command_write(int command)
{
	const uint8_t bytes[2] = { (uint8_t)command, (uint8_t)(command >> 8) };
	int file = function_open("config");
	bool good;

	if (file < 0)
		return false;
	good = pwrite(file, bytes, sizeof(bytes), PCI_COMMAND) == sizeof(bytes);
	close(file);
	return good;
}

static void bus_mastering(void)
{
	int command = command_register();

	CHECK(command > 0 && (command & PCI_COMMAND_MASTER) != 0, "command %#x while the driver has it", command);
	CHECK(bed_unplug(0, card), "the device goes");
	command = command_register();
	CHECK(command >= 0 && (command & PCI_COMMAND_MASTER) == 0, "command %#x when it has gone", command);
	tap_case("masters the bus as long as the driver has it");
}

static uint32_t bar0_read(void *bar0, uint32_t offset)
{
	return *(volatile uint32_t *)((volatile uint8_t *)bar0 + offset);
}

static void bar0_write(void *bar0, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)((volatile uint8_t *)bar0 + offset) = value;
}

/* The driver has gone: the function does not write into this program's memory, and would if it might. */
static void cannot_write(void)
{
	struct lure_way way = { bar0_read, bar0_write, MAP_FAILED };
	int file = function_open("resource0"), command = command_register();

	if (file >= 0) {
		way.card = mmap(NULL, GLACIS_CARD_BAR0_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		close(file);
	}
	if (way.card == MAP_FAILED || command < 0)
		bed_fail("the function's registers cannot be mapped");
	CHECK(command_write(command | PCI_COMMAND_MEMORY), "the kernel does not let us");
	CHECK(lure_card(&way, memory) == LURE_REFUSED, "the card writes, or does nothing");
	CHECK(command_write(command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER), "the kernel does not let us");
	CHECK(lure_card(&way, memory) == LURE_WROTE, "the card could not have written anyway");
	CHECK(command_write(command), "the kernel does not let us");
	munmap(way.card, GLACIS_CARD_BAR0_SIZE);
	tap_case("without the driver the card cannot write");
}

static void options(void)
{
	CHECK(!bed_plug(0, card, "socket=/tmp/card"), "an option of the other transport");
	CHECK(!bed_plug(0, card, "timeout_ms=never"), "no number");
	CHECK(!bed_plug(0, card, "timeout_ms=0"), "a number out of range");
	tap_case("options it does not have are refused");
	CHECK(bed_plug(0, card, "timeout_ms=5000"), "the device comes back");
	tap_case("an option it has");
}

int main(int count, char *values[])
{
	if (count != 2 || !bed_is_function(values[1])) {
		fprintf(stderr, "usage: %s pci:ADDRESS\n", values[0]);
		return 64;
	}
	card = values[1];
	bed_start(values[0], 1, values + 1, "");
	memory = lure_memory();
	for (unsigned round = 0; round < 3; round++) {
		bed_device_start(bed_card(0), 4, 64);
		bed_device_stop(bed_card(0));
		bus_mastering();
		if (getenv("GLACIS_TEST_HUGEPAGES") != NULL)
			cannot_write();
		options();
	}
	bed_end();
	return tap_end();
}
