/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intel-ipsec-mb's direct GCM calls in the AEAD benchmark: what the processor can do with no
 * bookkeeping at all. All keys are expanded beforehand, as libglacis keeps them. A program that
 * opens must compare the tag itself, so that is timed too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "aead.h"

/* A stride of whole cache lines: the library's vector code needs 64-byte alignment. */
union key_slot {
	struct gcm_key_data data;
	uint8_t padding[(sizeof(struct gcm_key_data) + 63) / 64 * 64];
};

struct ipsec_mb_state {
	IMB_MGR *manager;
	aes_gcm_enc_dec_t crypt;
	union key_slot *key;
	struct gcm_context_data context;
};

static void ipsec_mb_finish(void *opaque)
{
	struct ipsec_mb_state *state = opaque;

	free(state->key);
	free_mb_mgr(state->manager);
	free(state);
}

static int ipsec_mb_prepare(struct aead_bed *bed, void **opaque)
{
	const bool short_key = bed->shape.key_size == 16;
	struct ipsec_mb_state *state = aligned_alloc(64, (sizeof(*state) + 63) / 64 * 64);
	aes_gcm_pre_t expand;

	if (!state)
		return -ENOMEM;
	memset(state, 0, sizeof(*state));
	state->manager = alloc_mb_mgr(0);
	state->key = aligned_alloc(64, sizeof(*state->key) * bed->shape.keys);
	if (!state->manager || !state->key) {
		ipsec_mb_finish(state);
		return -ENOMEM;
	}
	init_mb_mgr_auto(state->manager, NULL);
	expand = short_key ? state->manager->gcm128_pre : state->manager->gcm256_pre;
	for (unsigned i = 0; i < bed->shape.keys; i++)
		expand(bed->key[i], &state->key[i].data);
	if (bed->shape.open)
		state->crypt = short_key ? state->manager->gcm128_dec : state->manager->gcm256_dec;
	else
		state->crypt = short_key ? state->manager->gcm128_enc : state->manager->gcm256_enc;
	*opaque = state;
	return 0;
}

/* The nonces of a burst are written before the first is read: the library reads 16 bytes where the
 * nonce's 4 and 8 were just stored, and waiting for those stores would cost it 10 ns a record. */
static int ipsec_mb_run(void *opaque, struct aead_bed *bed, uint64_t first, unsigned bursts)
{
	struct ipsec_mb_state *state = opaque;
	uint8_t nonces[AEAD_BURST_MAX][16];

	for (; bursts > 0; bursts--) {
		for (unsigned i = 0; i < bed->shape.burst; i++)
			aead_nonce(bed, first + i, nonces[i]);
		for (unsigned i = 0; i < bed->shape.burst; i++, first++) {
			unsigned slot = first % AEAD_SLOTS;

			state->crypt(&state->key[first & (bed->shape.keys - 1)].data, &state->context,
				     bed->destination[slot], bed->source[slot], bed->shape.size, nonces[i], bed->aad,
				     AEAD_AAD_SIZE, bed->tag[slot], AEAD_TAG_SIZE);
			if (bed->shape.open &&
			    CRYPTO_memcmp(bed->tag[slot], bed->record_tag[first % AEAD_RECORDS], AEAD_TAG_SIZE) != 0)
				return -EBADMSG;
		}
	}
	return 0;
}

const struct aead_contender aead_ipsec_mb = {
	.name = "ipsec-mb",
	.prepare = ipsec_mb_prepare,
	.run = ipsec_mb_run,
	.finish = ipsec_mb_finish,
};
