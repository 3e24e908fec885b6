/* SPDX-License-Identifier: Apache-2.0 */
/* The registers and commands of the flash; see flash.h. What is booted: flash_boot.c. */
#include "flash.h"

#include <string.h>

#include "flash_boot.h"

#define SECTOR (1u << VCARD_FLASH_SECTOR_LOG2)
#define PAGE   GLACIS_CARD_FLASH_BUFFER_SIZE

static uint32_t status(const struct vcard_flash *flash)
{
	return (flash->unlocked ? GLACIS_CARD_FLASH_STATUS_UNLOCKED_MASK : 0) |
	       (vcard_flash_has_record(flash) ? GLACIS_CARD_FLASH_STATUS_RECORD_MASK : 0) |
	       (vcard_flash_is_confirmed(flash) ? GLACIS_CARD_FLASH_STATUS_CONFIRMED_MASK : 0) |
	       (uint32_t)flash->error << GLACIS_CARD_FLASH_STATUS_ERROR_SHIFT;
}

uint32_t vcard_flash_read(const struct vcard_flash *flash, uint32_t offset)
{
	if (flash->fd < 0)
		return 0;
	if (offset >= GLACIS_CARD_FLASH_BUFFER && offset < GLACIS_CARD_FLASH_BUFFER + PAGE)
		return flash->buffer[(offset - GLACIS_CARD_FLASH_BUFFER) / 4];
	switch (offset) {
	case GLACIS_CARD_FLASH_GEOMETRY:
		return VCARD_FLASH_SECTOR_LOG2 << GLACIS_CARD_FLASH_GEOMETRY_SECTOR_LOG2_SHIFT |
		       2u << GLACIS_CARD_FLASH_GEOMETRY_SEGMENTS_SHIFT |
		       flash->trial_s << GLACIS_CARD_FLASH_GEOMETRY_TRIAL_S_SHIFT;
	case GLACIS_CARD_FLASH_SEGMENT_SIZE:
		return VCARD_FLASH_SEGMENT;
	case GLACIS_CARD_FLASH_IDCODE:
		return VCARD_IMAGE_IDCODE;
	case GLACIS_CARD_FLASH_STATUS:
		return status(flash);
	case GLACIS_CARD_FLASH_BOOT:
		return flash->segment << GLACIS_CARD_FLASH_BOOT_SEGMENT_SHIFT |
		       (uint32_t)flash->reason << GLACIS_CARD_FLASH_BOOT_REASON_SHIFT;
	case GLACIS_CARD_FLASH_SEGMENT:
		return flash->selected;
	case GLACIS_CARD_FLASH_ADDRESS:
		return flash->address;
	case GLACIS_CARD_FLASH_IMAGE_SIZE:
		return flash->image_size;
	case GLACIS_CARD_FLASH_IMAGE_CRC:
		return flash->image_crc;
	default:
		return 0;
	}
}

/* ---- commands ---- */

/* Where ADDRESS lies; NULL unless it is a multiple of `unit` in its segment. */
static uint8_t *place(struct vcard_flash *flash, uint32_t unit)
{
	if (flash->address >= VCARD_FLASH_SEGMENT || flash->address % unit != 0)
		return NULL;
	return flash->bytes + flash->selected * VCARD_FLASH_SEGMENT + flash->address;
}

/* Neither the golden segment nor an image that may be booted can be changed. */
static bool is_protected(const struct vcard_flash *flash)
{
	return flash->selected == 0 || vcard_flash_has_record(flash);
}

static enum glacis_card_flash_error read_page(struct vcard_flash *flash)
{
	const uint8_t *from = place(flash, PAGE);

	if (!from)
		return GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS;
	memcpy(flash->buffer, from, PAGE);
	flash->address += PAGE;
	return GLACIS_CARD_FLASH_ERROR_NONE;
}

static enum glacis_card_flash_error erase(struct vcard_flash *flash, struct vcard_faults *faults)
{
	uint8_t *at = place(flash, SECTOR);

	if (is_protected(flash))
		return GLACIS_CARD_FLASH_ERROR_PROTECTED;
	if (!at)
		return GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS;
	if (vcard_faults_strike(faults, VCARD_FAULT_POWER_LOSS, VCARD_FAULT_ANY_QUEUE)) {
		memset(at, 0xff, SECTOR / 2);
		vcard_faults_die();
	}
	memset(at, 0xff, SECTOR);
	return GLACIS_CARD_FLASH_ERROR_NONE;
}

static enum glacis_card_flash_error program(struct vcard_flash *flash, struct vcard_faults *faults)
{
	const uint8_t *from = (const uint8_t *)flash->buffer;
	uint8_t *at = place(flash, PAGE);

	if (is_protected(flash))
		return GLACIS_CARD_FLASH_ERROR_PROTECTED;
	if (!at)
		return GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS;
	for (uint32_t i = 0; i < PAGE; i++)
		if (at[i] != 0xff)
			return GLACIS_CARD_FLASH_ERROR_NOT_ERASED;
	if (vcard_faults_strike(faults, VCARD_FAULT_POWER_LOSS, VCARD_FAULT_ANY_QUEUE)) {
		memcpy(at, from, PAGE / 2);
		vcard_faults_die();
	}
	memcpy(at, from, PAGE);
	if (vcard_faults_strike(faults, VCARD_FAULT_WRONG_FLASH, VCARD_FAULT_ANY_QUEUE))
		at[PAGE / 3] ^= 1;
	flash->address += PAGE;
	return GLACIS_CARD_FLASH_ERROR_NONE;
}

/* Those that change something. Sets `boot` when the card is to boot anew. */
static enum glacis_card_flash_error change(struct vcard_flash *flash, struct vcard_faults *faults, uint32_t command,
					   bool *boot)
{
	switch (command) {
	case GLACIS_CARD_FLASH_COMMAND_ERASE:
		return erase(flash, faults);
	case GLACIS_CARD_FLASH_COMMAND_PROGRAM:
		return program(flash, faults);
	case GLACIS_CARD_FLASH_COMMAND_SEAL:
		return vcard_flash_seal(flash);
	case GLACIS_CARD_FLASH_COMMAND_REVOKE:
		vcard_flash_revoke(flash);
		return GLACIS_CARD_FLASH_ERROR_NONE;
	case GLACIS_CARD_FLASH_COMMAND_CONFIRM:
		return vcard_flash_confirm(flash);
	case GLACIS_CARD_FLASH_COMMAND_REBOOT_USER:
		*boot = vcard_flash_boot_user(flash);
		return *boot ? GLACIS_CARD_FLASH_ERROR_NONE : GLACIS_CARD_FLASH_ERROR_NOT_RUNNING;
	case GLACIS_CARD_FLASH_COMMAND_REBOOT_GOLDEN:
		vcard_flash_boot_golden(flash, GLACIS_CARD_BOOT_REASON_ASKED);
		*boot = true;
		return GLACIS_CARD_FLASH_ERROR_NONE;
	default:
		return GLACIS_CARD_FLASH_ERROR_BAD_COMMAND;
	}
}

static bool run(struct vcard_flash *flash, struct vcard_faults *faults, bool enabled, uint32_t command)
{
	bool boot = false;

	if (command == GLACIS_CARD_FLASH_COMMAND_READ)
		flash->error = read_page(flash);
	else if (!flash->unlocked)
		flash->error = GLACIS_CARD_FLASH_ERROR_LOCKED;
	else if (enabled)
		flash->error = GLACIS_CARD_FLASH_ERROR_BUSY;
	else
		flash->error = change(flash, faults, command, &boot);
	return boot;
}

bool vcard_flash_write(struct vcard_flash *flash, struct vcard_faults *faults, bool enabled, uint32_t offset,
		       uint32_t value)
{
	if (flash->fd < 0)
		return false;
	if (offset >= GLACIS_CARD_FLASH_BUFFER && offset < GLACIS_CARD_FLASH_BUFFER + PAGE) {
		flash->buffer[(offset - GLACIS_CARD_FLASH_BUFFER) / 4] = value;
		return false;
	}
	switch (offset) {
	case GLACIS_CARD_FLASH_UNLOCK:
		flash->unlocked = value == GLACIS_CARD_FLASH_UNLOCK_KEY;
		return false;
	case GLACIS_CARD_FLASH_SEGMENT:
		flash->selected = value & 1;
		return false;
	case GLACIS_CARD_FLASH_ADDRESS:
		flash->address = value;
		return false;
	case GLACIS_CARD_FLASH_IMAGE_SIZE:
		flash->image_size = value;
		return false;
	case GLACIS_CARD_FLASH_IMAGE_CRC:
		flash->image_crc = value;
		return false;
	case GLACIS_CARD_FLASH_COMMAND:
		return run(flash, faults, enabled, value);
	default:
		return false;
	}
}
