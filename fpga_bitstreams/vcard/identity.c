/* SPDX-License-Identifier: Apache-2.0 */
/* Who the card is; see identity.h. Its build is that of the program: commit and date of the tree it was made from. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "card.h"
#include "identity.h"

#define HASH_WORDS 5u

/* VCARD_BUILD is "<40 hexadecimal digits> <seconds since 1970>", or "unknown". */
static uint8_t digit(char character)
{
	const char *digits = "0123456789abcdef", *found = strchr(digits, character);

	return found && character ? (uint8_t)(found - digits) : 0;
}

static uint32_t hash_word(unsigned word)
{
	const char *build = VCARD_BUILD;
	uint8_t bytes[4] = { 0 };
	uint32_t value;

	if (strlen(build) < HASH_WORDS * 8)
		return 0;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(digit(build[word * 8 + i * 2]) << 4 | digit(build[word * 8 + i * 2 + 1]));
	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint32_t build_date(void)
{
	const char *space = strchr(VCARD_BUILD, ' ');

	return space ? (uint32_t)strtoul(space + 1, NULL, 10) : 0;
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
	const struct vcard_setup *setup = &card->setup;

	if (reg >= GLACIS_CARD_IDENTITY_GIT_HASH && reg < GLACIS_CARD_IDENTITY_GIT_HASH + HASH_WORDS * 4)
		return hash_word((reg - GLACIS_CARD_IDENTITY_GIT_HASH) / 4);
	switch (reg) {
	case GLACIS_CARD_IDENTITY_MAGIC:
		return GLACIS_CARD_MAGIC;
	case GLACIS_CARD_IDENTITY_ABI:
		return card->abi_major << GLACIS_CARD_IDENTITY_ABI_MAJOR_SHIFT |
		       GLACIS_CARD_ABI_MINOR << GLACIS_CARD_IDENTITY_ABI_MINOR_SHIFT;
	case GLACIS_CARD_IDENTITY_BUILD_ID:
		return (uint64_t)hash_word(1) << 32 | hash_word(0);
	case GLACIS_CARD_IDENTITY_BUILD_DATE:
		return build_date();
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
