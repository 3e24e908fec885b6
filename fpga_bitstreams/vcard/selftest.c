/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers; see selftest.h. The backend has a thread for it beside those of the workers. */
#include "selftest.h"

#include <string.h>

#include "card.h"
#include "selftest_vectors.h"

#define TEXT sizeof(selftest_text)

/* Seals, opens, and opens with a wrong tag, which must be refused. */
static bool aead_is_right(struct vcard_card *card, uint32_t key_size, const uint8_t *sealed)
{
	uint8_t out[TEXT], tag[VCARD_TAG];
	struct vcard_aead op = { .seal = true,
				 .key_size = key_size,
				 .aad_size = sizeof(selftest_aad),
				 .size = TEXT,
				 .key = selftest_key,
				 .nonce = selftest_nonce,
				 .aad = selftest_aad,
				 .source = selftest_text,
				 .destination = out,
				 .tag = tag };
	const struct vcard_backend *backend = card->setup.backend;
	unsigned thread = card->setup.threads;

	if (backend->aead(card->engine, thread, &op) != GLACIS_CARD_STATUS_OK)
		return false;
	if (card->wrong)
		tag[0] ^= 1;
	if (memcmp(out, sealed, TEXT) != 0 || memcmp(tag, sealed + TEXT, VCARD_TAG) != 0)
		return false;
	op.seal = false;
	op.source = sealed;
	if (backend->aead(card->engine, thread, &op) != GLACIS_CARD_STATUS_OK || memcmp(out, selftest_text, TEXT) != 0)
		return false;
	tag[VCARD_TAG - 1] ^= 0x80;
	return backend->aead(card->engine, thread, &op) == GLACIS_CARD_STATUS_AUTH_FAILED;
}

/* The private operation, and the public one back. */
static bool rsa_is_right(struct vcard_card *card)
{
	const struct vcard_key_numbers numbers = { GLACIS_CARD_KEY_KIND_RSA_CRT, sizeof(selftest_rsa_base), 3,
						   selftest_rsa_key };
	const struct vcard_backend *backend = card->setup.backend;
	uint8_t result[sizeof(selftest_rsa_result)], base[sizeof(selftest_rsa_base)];
	unsigned thread = card->setup.threads;
	struct vcard_key *key = NULL;
	bool right;

	if (backend->key_make(card->engine, &numbers, &key) != GLACIS_CARD_STATUS_OK)
		return false;
	right = backend->rsa(card->engine, thread, key, true, selftest_rsa_base, result) == GLACIS_CARD_STATUS_OK &&
		memcmp(result, selftest_rsa_result, sizeof(result)) == 0 &&
		backend->rsa(card->engine, thread, key, false, result, base) == GLACIS_CARD_STATUS_OK &&
		memcmp(base, selftest_rsa_base, sizeof(base)) == 0;
	backend->key_free(key);
	return right;
}

bool vcard_selftest_run(struct vcard_card *card)
{
	uint32_t has = card->capabilities;

	if (has & GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK &&
	    (!aead_is_right(card, 16, selftest_sealed_128) || !aead_is_right(card, 32, selftest_sealed_256)))
		return false;
	return !(has & GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK) || rsa_is_right(card);
}
