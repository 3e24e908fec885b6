/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PCI function has and a socket has not: options of the EAL's list of devices, and the right to master the bus,
 * which the driver takes when it finds the card and gives up when it lets go of it. Run in a guest whose card is the
 * emulated one.
 *
 * usage: test_driver_pci pci:ADDRESS
 */
#include <stdio.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "bed.h"
#include "tap.h"

static const char *card;

/* The command register of the configuration space, as the kernel reads it; -1: cannot be read. */
static int command_register(void)
{
	unsigned char bytes[PCI_STATUS];
	char path[128];
	FILE *file;
	size_t count;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", strchr(card, ':') + 1);
	file = fopen(path, "rb");
	if (file == NULL)
		return -1;
	count = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return count == sizeof(bytes) ? bytes[PCI_COMMAND] | bytes[PCI_COMMAND + 1] << 8 : -1;
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
	for (unsigned round = 0; round < 3; round++) {
		bed_device_start(bed_card(0), 4, 64);
		bed_device_stop(bed_card(0));
		bus_mastering();
		options();
	}
	bed_end();
	return tap_end();
}
