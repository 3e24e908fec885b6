/* SPDX-License-Identifier: Apache-2.0 */
/* Who a card is, as text; see rte_pmd_crypto_glacis.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <cryptodev_pmd.h>

#include "glacis_pmd.h"
#include "rte_pmd_crypto_glacis.h"

#define TEXT_SIZE 64u

static const char *const boards[] = {
	[GLACIS_CARD_BOARD_NONE] = "none",
	[GLACIS_CARD_BOARD_MODEL] = "model",
	[GLACIS_CARD_BOARD_SIMULATION] = "simulation",
	[GLACIS_CARD_BOARD_ECP5_SELFTEST] = "ecp5_selftest",
};

struct rte_cryptodev *glacis_pmd_device(uint8_t id)
{
	struct rte_cryptodev *cryptodev;

	if (!rte_cryptodev_is_valid_dev(id))
		return NULL;
	cryptodev = rte_cryptodev_pmd_get_dev(id);
	return cryptodev->dev_ops == &glacis_dev_ops ? cryptodev : NULL;
}

void glacis_identity_git_hash(const struct glacis_identity *identity, char text[GLACIS_GIT_HASH_TEXT])
{
	for (size_t i = 0; i < sizeof(identity->git_hash); i++)
		snprintf(text + 2 * i, 3, "%02x", identity->git_hash[i]);
}

void glacis_identity_build_date(const struct glacis_identity *identity, char text[GLACIS_DATE_TEXT])
{
	const time_t seconds = identity->build_date;
	struct tm date;

	gmtime_r(&seconds, &date);
	strftime(text, GLACIS_DATE_TEXT, "%Y-%m-%dT%H:%M:%SZ", &date);
}

const char *glacis_identity_board(const struct glacis_identity *identity)
{
	return identity->board < RTE_DIM(boards) && boards[identity->board] != NULL ? boards[identity->board]
										    : "unknown";
}

int rte_pmd_crypto_glacis_identity(uint8_t id, void (*tell)(void *context, const char *name, const char *value),
				   void *context)
{
	const struct rte_cryptodev *cryptodev = glacis_pmd_device(id);
	const struct glacis_device *device;
	const struct glacis_identity *identity;
	char text[TEXT_SIZE];

	if (cryptodev == NULL)
		return -EINVAL;
	device = cryptodev->data->dev_private;
	identity = &device->identity;
	tell(context, "transport", device->transport->name);
	tell(context, "board", glacis_identity_board(identity));
	snprintf(text, sizeof(text), "%u.%u", identity->abi >> GLACIS_CARD_IDENTITY_ABI_MAJOR_SHIFT,
		 identity->abi & GLACIS_CARD_IDENTITY_ABI_MINOR_MASK);
	tell(context, "abi", text);
	snprintf(text, sizeof(text), "%u.%u", GLACIS_CARD_ABI_MAJOR, GLACIS_CARD_ABI_MINOR);
	tell(context, "driver_abi", text);
	snprintf(text, sizeof(text), "%016" PRIx64, identity->build_id);
	tell(context, "build_id", text);
	glacis_identity_git_hash(identity, text);
	tell(context, "git_hash", text);
	glacis_identity_build_date(identity, text);
	tell(context, "build_date", text);
	return 0;
}
