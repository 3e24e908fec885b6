/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend of --instant: everything a card does but the cryptography. Results are zeros. For measuring what an
 * offloaded operation costs the host; never for data that matters, which the program says when it starts.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"

struct vcard_key {
	uint32_t size;
};

static int instant_open(struct vcard_engine **engine, unsigned threads)
{
	*engine = NULL;
	return 0;
}

static void instant_close(struct vcard_engine *engine)
{
}

static enum glacis_card_status instant_aead(struct vcard_engine *engine, unsigned thread, const struct vcard_aead *op)
{
	memset(op->destination, 0, op->size);
	memset(op->tag, 0, VCARD_TAG);
	return GLACIS_CARD_STATUS_OK;
}

static enum glacis_card_status instant_key_make(struct vcard_engine *engine, const struct vcard_key_numbers *numbers,
						struct vcard_key **key)
{
	*key = malloc(sizeof(**key));
	if (!*key)
		return GLACIS_CARD_STATUS_INTERNAL;
	(*key)->size = numbers->modulus_size;
	return GLACIS_CARD_STATUS_OK;
}

static void instant_key_free(struct vcard_key *key)
{
	free(key);
}

static enum glacis_card_status instant_rsa(struct vcard_engine *engine, unsigned thread, const struct vcard_key *key,
					   bool private_exponent, const uint8_t *base, uint8_t *result)
{
	memset(result, 0, key->size);
	return GLACIS_CARD_STATUS_OK;
}

const struct vcard_backend vcard_instant = {
	.name = "instant",
	.board = GLACIS_CARD_BOARD_MODEL,
	.capabilities = GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK | GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK,
	.rsa_bits_min = 1024,
	.rsa_bits_max = 4096,
	.clock_khz = 250000,
	.streams = true,
	.open = instant_open,
	.close = instant_close,
	.aead = instant_aead,
	.key_make = instant_key_make,
	.key_free = instant_key_free,
	.rsa = instant_rsa,
};
