/* SPDX-License-Identifier: Apache-2.0 */
/* Who the card is; see identity.h. */
#include <string.h>

#include "card.h"
#include "identity.h"

#define HASH_WORDS (VCARD_IMAGE_HASH / 4u)

static uint32_t hash_word(const struct vcard_image_header *image, unsigned word)
{
	uint32_t value;

	memcpy(&value, image->git_hash + word * sizeof(value), sizeof(value));
	return value;
}

static uint32_t limits(const struct vcard_setup *setup)
{
	return setup->queues << GLACIS_CARD_IDENTITY_LIMITS_QUEUES_SHIFT |
	       GLACIS_CARD_RING_LOG2_MAX << GLACIS_CARD_IDENTITY_LIMITS_RING_LOG2_SHIFT |
	       GLACIS_CARD_SEGMENTS_MAX << GLACIS_CARD_IDENTITY_LIMITS_SEGMENTS_SHIFT;
}

/* What only a card with RSA has: else the registers are zero. */
static uint32_t of_rsa(const struct vcard_card *card, uint32_t value)
{
	return card->capabilities & GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK ? value : 0;
}

uint64_t vcard_identity_read(const struct vcard_card *card, uint32_t reg)
{
	const struct vcard_image_header *image = &card->flash.image;
	const struct vcard_setup *setup = &card->setup;

	if (reg >= GLACIS_CARD_IDENTITY_GIT_HASH && reg < GLACIS_CARD_IDENTITY_GIT_HASH + HASH_WORDS * 4)
		return hash_word(image, (reg - GLACIS_CARD_IDENTITY_GIT_HASH) / 4);
	switch (reg) {
	case GLACIS_CARD_IDENTITY_MAGIC:
		return GLACIS_CARD_MAGIC;
	case GLACIS_CARD_IDENTITY_ABI:
		return card->abi_major << GLACIS_CARD_IDENTITY_ABI_MAJOR_SHIFT |
		       GLACIS_CARD_ABI_MINOR << GLACIS_CARD_IDENTITY_ABI_MINOR_SHIFT;
	case GLACIS_CARD_IDENTITY_BUILD_ID:
		return image->build_id;
	case GLACIS_CARD_IDENTITY_BUILD_DATE:
		return image->build_date;
	case GLACIS_CARD_IDENTITY_BOARD:
		return setup->backend->board;
	case GLACIS_CARD_IDENTITY_CAPABILITIES:
		return card->capabilities;
	case GLACIS_CARD_IDENTITY_LIMITS:
		return limits(setup);
	case GLACIS_CARD_IDENTITY_KEY_SLOTS:
		return of_rsa(card, setup->key_slots);
	case GLACIS_CARD_IDENTITY_RSA_BITS:
		return of_rsa(card, setup->backend->rsa_bits_min << GLACIS_CARD_IDENTITY_RSA_BITS_MIN_SHIFT |
					    setup->backend->rsa_bits_max << GLACIS_CARD_IDENTITY_RSA_BITS_MAX_SHIFT);
	case GLACIS_CARD_IDENTITY_CLOCK_KHZ:
		return setup->backend->clock_khz;
	default:
		return 0;
	}
}
