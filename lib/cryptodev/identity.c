/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the device is, for those who look at it. Any device has a place: a slot, a socket, or a name. A Glacis card also
 * tells what image it runs, which crypto_glacis hands on by a function of its own; of others that stays unknown.
 */
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>

#include "device.h"

/* Declared here and not included, since nothing of driver/ is; found where the module is loaded beside a driver that
 * has it, and NULL where not. */
extern int rte_pmd_crypto_glacis_identity(uint8_t id, void (*tell)(void *context, const char *name, const char *value),
					  void *context) __attribute__((weak));

static void take(void *identity_, const char *name, const char *value)
{
	struct glacis_card_identity *identity = identity_;
	const struct {
		const char *name;
		char *text;
		size_t size;
	} texts[] = {
		{ "board", identity->board, sizeof(identity->board) },
		{ "abi", identity->abi, sizeof(identity->abi) },
		{ "driver_abi", identity->driver_abi, sizeof(identity->driver_abi) },
		{ "build_id", identity->build_id, sizeof(identity->build_id) },
		{ "build_date", identity->build_date, sizeof(identity->build_date) },
		{ "git_hash", identity->git_hash, sizeof(identity->git_hash) },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, name) == 0)
			snprintf(texts[i].text, texts[i].size, "%s", value);
}

static void place_fill(const struct card_device *device, char *place, size_t size)
{
	struct rte_cryptodev_info info;
	const struct rte_bus *bus;

	rte_cryptodev_info_get(device->id, &info);
	bus = info.device != NULL ? rte_dev_bus(info.device) : NULL;
	if (device->socket[0] != '\0')
		snprintf(place, size, "vfio-user:%s", device->socket);
	else if (bus != NULL && strcmp(rte_bus_name(bus), "pci") == 0)
		snprintf(place, size, "pci:%s", rte_dev_name(info.device));
	else
		snprintf(place, size, "%s", device->description.device);
}

void module_identity(const struct card_device *device, struct glacis_card_identity *identity)
{
	*identity = (struct glacis_card_identity){ 0 };
	place_fill(device, identity->place, sizeof(identity->place));
	if (rte_pmd_crypto_glacis_identity != NULL)
		(void)rte_pmd_crypto_glacis_identity(device->id, take, identity);
}
