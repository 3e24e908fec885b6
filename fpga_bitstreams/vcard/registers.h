/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BAR0 as the client reads and writes it, in aligned words. By the socket's thread, with the gate open: what workers
 * must not see half done closes it. What is reserved, or beyond the card's queues, reads as zero and ignores writes.
 */
#ifndef VCARD_REGISTERS_H
#define VCARD_REGISTERS_H

#include "card.h"

/* `offset` is a multiple of 4 below GLACIS_CARD_BAR0_SIZE. */
uint32_t vcard_registers_read(struct vcard_card *card, uint32_t offset);
void vcard_registers_write(struct vcard_card *card, uint32_t offset, uint32_t value);

#endif
