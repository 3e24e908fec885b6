/* SPDX-License-Identifier: Apache-2.0 */
/* Key slots; see keys.h. */
#include <errno.h>
#include <stdlib.h>

#include "keys.h"

int vcard_keys_init(struct vcard_keys *keys, uint32_t count)
{
	int error;

	keys->count = count;
	keys->slots = calloc(count, sizeof(keys->slots[0]));
	if (!keys->slots)
		return -ENOMEM;
	error = pthread_mutex_init(&keys->lock, NULL);
	if (error)
		free(keys->slots);
	return -error;
}

void vcard_keys_destroy(struct vcard_keys *keys)
{
	vcard_keys_clear(keys);
	pthread_mutex_destroy(&keys->lock);
	free(keys->slots);
}

struct vcard_slot_key *vcard_keys_get(struct vcard_keys *keys, uint32_t slot)
{
	struct vcard_slot_key *key;

	pthread_mutex_lock(&keys->lock);
	key = keys->slots[slot];
	if (key)
		key->references++;
	pthread_mutex_unlock(&keys->lock);
	return key;
}

void vcard_keys_put(struct vcard_keys *keys, struct vcard_slot_key *key)
{
	bool last;

	pthread_mutex_lock(&keys->lock);
	last = --key->references == 0;
	pthread_mutex_unlock(&keys->lock);
	if (last) {
		key->backend->key_free(key->key);
		free(key);
	}
}

void vcard_keys_set(struct vcard_keys *keys, uint32_t slot, struct vcard_slot_key *key)
{
	struct vcard_slot_key *old;

	pthread_mutex_lock(&keys->lock);
	old = keys->slots[slot];
	keys->slots[slot] = key;
	if (key)
		key->references = 1;
	pthread_mutex_unlock(&keys->lock);
	if (old)
		vcard_keys_put(keys, old);
}

void vcard_keys_clear(struct vcard_keys *keys)
{
	for (uint32_t i = 0; i < keys->count; i++)
		vcard_keys_set(keys, i, NULL);
}
