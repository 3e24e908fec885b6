/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card as the driver keeps it: the private data of a cryptodev. What the card said of itself is checked once
 * (glacis_card.c) and never read again.
 */
#ifndef GLACIS_DRIVER_DEVICE_H
#define GLACIS_DRIVER_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_cryptodev.h>

#include "glacis_card_abi.h"
#include "glacis_transport.h"

#define GLACIS_TIMEOUT_MS_DEFAULT 2000u /* how long an operation may be under way */
#define GLACIS_TIMEOUT_MS_MAX     600000u
#define GLACIS_RESET_MS           1000u  /* for a reset of a queue or of the function */
#define GLACIS_CAPABILITIES_MAX   3u     /* AEAD, RSA, end of list */
#define GLACIS_KEY_SLOTS_MAX      65536u /* what the descriptor's field can name */

struct glacis_identity {
	uint32_t abi;
	uint64_t build_id;
	uint8_t git_hash[20]; /* of the commit the image was made from */
	uint32_t build_date;  /* seconds since 1970 */
	uint32_t board;
	uint32_t capabilities;
	uint32_t queues;    /* beside the admin queue */
	uint32_t ring_log2; /* largest ring */
	uint32_t segments;  /* entries of a segment list */
	uint32_t key_slots;
	uint32_t rsa_bits_min;
	uint32_t rsa_bits_max;
};

struct glacis_admin;

struct glacis_device {
	const struct glacis_transport *transport;
	void *link;
	const char *name; /* for the log */
	uint64_t timeout_cycles;
	uint32_t timeout_ms;
	uint32_t lost; /* atomic; 1: the card is gone, or was cut off */
	/* Changes with each reset of the function, which empties the key slots: atomic. */
	uint32_t epoch;
	struct glacis_identity identity;

	pthread_mutex_t keys_lock; /* of the two below */
	struct glacis_admin *admin;
	uint64_t *slots; /* bitmap of key slots in use */

	struct rte_cryptodev_capabilities capabilities[GLACIS_CAPABILITIES_MAX];
};

static inline bool glacis_device_has(const struct glacis_device *device, uint32_t capability)
{
	return (device->identity.capabilities & capability) != 0;
}

static inline bool glacis_device_lost(const struct glacis_device *device)
{
	return __atomic_load_n(&device->lost, __ATOMIC_ACQUIRE) != 0;
}

#endif
