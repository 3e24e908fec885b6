/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one AEAD case, see aead.h. The tags of the records to open are made with ipsec-mb:
 * decrypting any bytes yields the tag that makes them valid, so AEAD_RECORDS different keys can
 * share AEAD_SLOTS ciphertexts and the working set is the same for sealing and for opening.
 * OpenSSL and Glacis then check these tags, which also checks ipsec-mb.
 */
#include <errno.h>
#include <stdlib.h>

#include <intel-ipsec-mb.h>

#include "aead.h"

#define PAGE_SIZE   4096u
#define LAYOUT_STEP 832u /* 13 cache lines: 64 layouts before one comes back */

/* A fixed sequence, so that every run works on the same bytes (splitmix64). */
static void fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i++) {
		uint64_t mixed = (seed += 0x9e3779b97f4a7c15);

		mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
		mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
		bytes[i] = (uint8_t)(mixed >> 56);
	}
}

static int make_tags(struct aead_bed *bed)
{
	const bool short_key = bed->shape.key_size == 16;
	struct gcm_key_data *key = aligned_alloc(64, (sizeof(*key) + 63) / 64 * 64);
	struct gcm_context_data context;
	IMB_MGR *manager = alloc_mb_mgr(0);
	uint8_t nonce[AEAD_NONCE_SIZE];

	if (!key || !manager) {
		free(key);
		free_mb_mgr(manager);
		return -ENOMEM;
	}
	init_mb_mgr_auto(manager, NULL);
	for (unsigned i = 0; i < AEAD_RECORDS; i++) {
		unsigned slot = i % AEAD_SLOTS;

		aead_nonce(bed, i, nonce);
		(short_key ? manager->gcm128_pre : manager->gcm256_pre)(bed->key[i % bed->shape.keys], key);
		(short_key ? manager->gcm128_dec : manager->gcm256_dec)(
			key, &context, bed->destination[slot], bed->source[slot], bed->shape.size, nonce, bed->aad,
			AEAD_AAD_SIZE, bed->record_tag[i], AEAD_TAG_SIZE);
	}
	free_mb_mgr(manager);
	free(key);
	return 0;
}

void aead_bed_reset(struct aead_bed *bed)
{
	for (unsigned i = 0; i < AEAD_SLOTS; i++)
		fill(bed->destination[i], bed->shape.size, 1000 + i);
}

int aead_bed_create(const struct aead_shape *shape, unsigned layout, struct aead_bed **out)
{
	/* Whole cache lines, and one more so that slots do not all start in the same cache set. */
	size_t stride = (shape->size + 63u) / 64u * 64u + 64u;
	size_t shift = layout * LAYOUT_STEP % PAGE_SIZE;
	struct aead_bed *bed = calloc(1, sizeof(*bed));
	uint8_t *first;
	int status;

	if (!bed)
		return -ENOMEM;
	bed->shape = *shape;
	bed->memory = aligned_alloc(PAGE_SIZE,
				    (shift + stride * AEAD_SLOTS * 2 + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
	if (!bed->memory) {
		free(bed);
		return -ENOMEM;
	}
	first = bed->memory + shift;
	for (unsigned i = 0; i < AEAD_SLOTS; i++) {
		bed->destination[i] = first + stride * i;
		bed->source[i] = shape->open ? first + stride * (AEAD_SLOTS + i) : bed->destination[i];
		fill(bed->source[i], shape->size, i);
	}
	fill(bed->key[0], sizeof(bed->key), 77);
	fill(bed->aad, sizeof(bed->aad), 78);
	status = shape->open ? make_tags(bed) : 0;
	if (status) {
		aead_bed_destroy(bed);
		return status;
	}
	aead_bed_reset(bed);
	*out = bed;
	return 0;
}

void aead_bed_destroy(struct aead_bed *bed)
{
	if (!bed)
		return;
	free(bed->memory);
	free(bed);
}
