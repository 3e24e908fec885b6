/* SPDX-License-Identifier: Apache-2.0 */
/* Boot record and boot; see flash_boot.h. */
#include "flash_boot.h"

#include <zlib.h>

#include "clock.h"

#define RECORD_MAGIC 0x746f6f62u
#define LEFT         UINT32_MAX /* a word that was not programmed yet */

/* At the start of the sector behind both segments. `magic` is programmed last. */
struct record {
	uint32_t size, crc, tried, confirmed, magic;
};

static struct record *record_of(const struct vcard_flash *flash)
{
	return (struct record *)(void *)(flash->bytes + 2 * VCARD_FLASH_SEGMENT);
}

static const uint8_t *user_of(const struct vcard_flash *flash)
{
	return flash->bytes + VCARD_FLASH_SEGMENT;
}

bool vcard_flash_has_record(const struct vcard_flash *flash)
{
	return record_of(flash)->magic == RECORD_MAGIC;
}

bool vcard_flash_is_confirmed(const struct vcard_flash *flash)
{
	return vcard_flash_has_record(flash) && record_of(flash)->confirmed != LEFT;
}

static uint32_t crc_of(const uint8_t *bytes, uint32_t size)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), bytes, size);
}

enum glacis_card_flash_error vcard_flash_seal(struct vcard_flash *flash)
{
	struct record *record = record_of(flash);

	if (vcard_flash_has_record(flash))
		return GLACIS_CARD_FLASH_ERROR_PROTECTED;
	if (!flash->image_size || flash->image_size > VCARD_FLASH_SEGMENT)
		return GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS;
	if (crc_of(user_of(flash), flash->image_size) != flash->image_crc)
		return GLACIS_CARD_FLASH_ERROR_BAD_CRC;
	*record = (struct record){ flash->image_size, flash->image_crc, LEFT, LEFT, LEFT };
	record->magic = RECORD_MAGIC;
	return GLACIS_CARD_FLASH_ERROR_NONE;
}

void vcard_flash_revoke(struct vcard_flash *flash)
{
	record_of(flash)->magic = 0;
	flash->trial_end_ns = 0;
}

enum glacis_card_flash_error vcard_flash_confirm(struct vcard_flash *flash)
{
	if (flash->segment != 1 || !vcard_flash_has_record(flash))
		return GLACIS_CARD_FLASH_ERROR_NOT_RUNNING;
	record_of(flash)->confirmed = 0;
	flash->trial_end_ns = 0;
	flash->reason = GLACIS_CARD_BOOT_REASON_CONFIRMED;
	return GLACIS_CARD_FLASH_ERROR_NONE;
}

/* ---- boot ---- */

static bool load_user(struct vcard_flash *flash)
{
	const struct record *record = record_of(flash);

	return record->size <= VCARD_FLASH_SEGMENT && crc_of(user_of(flash), record->size) == record->crc &&
	       vcard_image_read(user_of(flash), record->size, &flash->image);
}

void vcard_flash_boot_golden(struct vcard_flash *flash, enum glacis_card_boot_reason reason)
{
	/* It was checked when the file was opened, and nothing writes it. */
	if (!vcard_image_read(flash->bytes, VCARD_FLASH_SEGMENT, &flash->image))
		vcard_image_own(&flash->image);
	flash->segment = 0;
	flash->reason = reason;
	flash->trial_end_ns = 0;
	vcard_flash_reset(flash);
}

bool vcard_flash_boot_user(struct vcard_flash *flash)
{
	struct record *record = record_of(flash);
	bool confirmed = vcard_flash_is_confirmed(flash);

	if (!vcard_flash_has_record(flash) || (!confirmed && record->tried != LEFT))
		return false;
	record->tried = 0;
	if (!load_user(flash)) {
		vcard_flash_boot_golden(flash, GLACIS_CARD_BOOT_REASON_DAMAGED);
		return true;
	}
	flash->segment = 1;
	flash->reason = confirmed ? GLACIS_CARD_BOOT_REASON_CONFIRMED : GLACIS_CARD_BOOT_REASON_TRIAL;
	flash->trial_end_ns = confirmed ? 0 : vcard_clock_ns() + flash->trial_s * VCARD_SECOND;
	vcard_flash_reset(flash);
	return true;
}

void vcard_flash_power_on(struct vcard_flash *flash)
{
	if (!vcard_flash_has_record(flash))
		vcard_flash_boot_golden(flash, GLACIS_CARD_BOOT_REASON_NO_RECORD);
	else if (!vcard_flash_is_confirmed(flash))
		vcard_flash_boot_golden(flash, GLACIS_CARD_BOOT_REASON_NOT_CONFIRMED);
	else
		(void)vcard_flash_boot_user(flash);
}

bool vcard_flash_expired(struct vcard_flash *flash)
{
	if (!flash->trial_end_ns || vcard_clock_ns() < flash->trial_end_ns)
		return false;
	vcard_flash_boot_golden(flash, GLACIS_CARD_BOOT_REASON_NOT_CONFIRMED);
	return true;
}
