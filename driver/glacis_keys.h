/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys in the card's key slots, and the admin queue that loads them. Control path: may sleep, may be called from
 * any thread. A key that is loaded cannot be read back, and a reset of the function empties all slots.
 */
#ifndef GLACIS_DRIVER_KEYS_H
#define GLACIS_DRIVER_KEYS_H

#include <rte_crypto_asym.h>

#include "glacis_device.h"

struct glacis_key {
	uint32_t epoch; /* of the device when it was loaded */
	uint16_t slot;
	uint16_t modulus_size;
	bool private_half;
};

/* Memory, once per device. */
int glacis_keys_create(struct glacis_device *device);
void glacis_keys_destroy(struct glacis_device *device);
/* Puts the admin queue on a card that was reset; all slots are free then. */
int glacis_keys_start(struct glacis_device *device);

/* -EINVAL: no key the card takes; -ENOSPC: all slots are in use; -ENODEV, -ETIMEDOUT, -EIO: the card. */
int glacis_key_load(struct glacis_device *device, const struct rte_crypto_rsa_xform *xform, struct glacis_key *key);
void glacis_key_unload(struct glacis_device *device, const struct glacis_key *key);

#endif
