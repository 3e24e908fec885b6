/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key slots of the card: write-only places that RSA operations name. An operation that runs keeps its key alive, so a
 * slot may be overwritten or emptied meanwhile. Any thread.
 */
#ifndef VCARD_KEYS_H
#define VCARD_KEYS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend.h"

struct vcard_slot_key {
	const struct vcard_backend *backend;
	struct vcard_key *key;
	uint32_t modulus_size;
	bool has_private;
	uint32_t references; /* under the lock of the slots */
};

struct vcard_keys {
	pthread_mutex_t lock;
	struct vcard_slot_key **slots; /* NULL: empty */
	uint32_t count;
};

int vcard_keys_init(struct vcard_keys *keys, uint32_t count);
void vcard_keys_destroy(struct vcard_keys *keys);

/* The key of slot `slot`, which is below the count, or NULL when it is empty. To be given back with vcard_keys_put().
 */
struct vcard_slot_key *vcard_keys_get(struct vcard_keys *keys, uint32_t slot);
void vcard_keys_put(struct vcard_keys *keys, struct vcard_slot_key *key);

/* Puts a key, or NULL for none, into a slot; what was there goes away. Takes over `key`. */
void vcard_keys_set(struct vcard_keys *keys, uint32_t slot, struct vcard_slot_key *key);
void vcard_keys_clear(struct vcard_keys *keys);

#endif
