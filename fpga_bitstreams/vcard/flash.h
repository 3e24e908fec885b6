/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's flash, in a file: a golden and a user segment, and a boot record for the latter. It behaves as NOR flash
 * does: erasing makes ones, programming makes zeros of ones, and when power is lost in the middle a part is done. What
 * is booted follows from the file alone, so that a process that was killed and started again is a card that had its
 * power cycled.
 *
 * Used by the thread that serves the socket only.
 */
#ifndef VCARD_FLASH_H
#define VCARD_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "faults.h"
#include "glacis_card_abi.h"
#include "image.h"

#define VCARD_FLASH_SEGMENT     (4u << 20)
#define VCARD_FLASH_SECTOR_LOG2 16u
#define VCARD_FLASH_TRIAL_S     60u

struct vcard_flash {
	int fd;         /* -1: the card has no flash */
	uint8_t *bytes; /* the file, mapped: both segments, then the sector of the record */
	uint32_t trial_s;

	/* What runs. */
	struct vcard_image_header image;
	uint32_t segment;
	enum glacis_card_boot_reason reason;
	uint64_t trial_end_ns; /* 0: no trial */

	/* Registers. */
	bool unlocked;
	uint32_t selected, address, image_size, image_crc;
	enum glacis_card_flash_error error;
	uint32_t buffer[GLACIS_CARD_FLASH_BUFFER_SIZE / 4];
};

/* A card without flash: its image is the program's own. */
void vcard_flash_init(struct vcard_flash *flash);

/* Opens the file, or makes it with the program's own image as the golden one, and boots. 0, or a negative errno: -EBUSY
 * when another card has it, -EINVAL when it is something else. */
int vcard_flash_open(struct vcard_flash *flash, const char *path);
void vcard_flash_close(struct vcard_flash *flash);

/* A reset of the function: registers, not what runs. */
void vcard_flash_reset(struct vcard_flash *flash);

/* A trial that was not confirmed in time ends with the golden image: true when that has just happened. */
bool vcard_flash_expired(struct vcard_flash *flash);

uint32_t vcard_flash_read(const struct vcard_flash *flash, uint32_t offset);

/* `enabled`: the card is running, and may not be changed. True when the card is to boot anew: the image has been
 * chosen. */
bool vcard_flash_write(struct vcard_flash *flash, struct vcard_faults *faults, bool enabled, uint32_t offset,
		       uint32_t value);

#endif
