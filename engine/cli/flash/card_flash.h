/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash of one card: what runs, and an image written, tried, and confirmed or taken back. Register block FLASH of
 * the card's ABI says what the card itself guarantees; nothing here can touch the golden image.
 */
#ifndef FLASH_CARD_FLASH_H
#define FLASH_CARD_FLASH_H

#include <stdbool.h>

#include "card_link.h"
#include "image.h"

struct card_state {
	uint32_t abi, board, capabilities;
	uint64_t build_id;
	uint32_t idcode, segment_size, sector_size, trial_s;
	uint32_t segment, reason; /* enum glacis_card_boot_reason */
	bool record, confirmed;
};

/* Reads who the card is and what it has booted. -ENOTSUP with the reason when it has no flash. */
int card_flash_read_state(struct card_link *link, struct card_state *state, struct flash_problem *problem);

/* "the golden image: the user segment has no boot record", and the like. */
const char *card_flash_boot_text(const struct card_state *state);

/* Whether this image may be written to this card, and whether the card is at rest. `allow_development`: also when only
 * the development key vouches for it and the card is no emulation. */
int card_flash_check(struct card_link *link, const struct card_state *state, const struct image *image,
		     bool allow_development, struct flash_problem *problem);

/* Called now and then with what is done of the whole; may be NULL. */
typedef void (*card_flash_progress)(const char *what, uint32_t done, uint32_t total);

/* Erases, writes and reads back the user segment, and seals it. What runs goes on. After an error the card still boots
 * its golden image. */
int card_flash_write(struct card_link *link, const struct card_state *state, const struct image *image,
		     card_flash_progress progress, struct flash_problem *problem);

/* Boots the sealed image, compares its identity with the manifest, runs the card's self-test, and confirms it; or boots
 * the golden image again and revokes the new one: then the error says why. */
int card_flash_try(struct card_link *link, const struct image *image, struct flash_problem *problem);

/* Boots the golden image. */
int card_flash_boot_golden(struct card_link *link, struct flash_problem *problem);

#endif
