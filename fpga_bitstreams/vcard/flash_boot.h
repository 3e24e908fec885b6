/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot record, and which image the card runs. The record lies in a sector of its own: a size, a CRC, and two words
 * that are programmed from ones to zeros later: tried, confirmed. Each step is one word, so that power may be lost
 * anywhere.
 */
#ifndef VCARD_FLASH_BOOT_H
#define VCARD_FLASH_BOOT_H

#include "flash.h"

bool vcard_flash_has_record(const struct vcard_flash *flash);
bool vcard_flash_is_confirmed(const struct vcard_flash *flash);

/* SEAL, REVOKE and CONFIRM. */
enum glacis_card_flash_error vcard_flash_seal(struct vcard_flash *flash);
void vcard_flash_revoke(struct vcard_flash *flash);
enum glacis_card_flash_error vcard_flash_confirm(struct vcard_flash *flash);

/* REBOOT_USER: false when there is nothing that may be tried. REBOOT_GOLDEN. What a power-on chooses. */
bool vcard_flash_boot_user(struct vcard_flash *flash);
void vcard_flash_boot_golden(struct vcard_flash *flash, enum glacis_card_boot_reason reason);
void vcard_flash_power_on(struct vcard_flash *flash);

#endif
