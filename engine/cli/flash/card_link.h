/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of one card, for the operator's command: no queue, no DMA. Whoever has the link has the card for himself: a
 * vfio-user card takes one client at a time, and a PCI function must have no driver.
 *
 * Functions return 0 or a negative errno; -ENODEV: the card is gone.
 */
#ifndef FLASH_CARD_LINK_H
#define FLASH_CARD_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "problem.h"

struct card_link;

/* `device`: "pci:ADDRESS" or "vfio-user:PATH". It must outlive the link. */
int card_link_open(struct card_link **link, const char *device, struct flash_problem *problem);
void card_link_close(struct card_link *link);

/* The card goes away and comes back, within `deadline_ms`. */
int card_link_reopen(struct card_link *link, unsigned deadline_ms);

int card_link_read(struct card_link *link, uint32_t offset, uint32_t *value);
int card_link_write(struct card_link *link, uint32_t offset, uint32_t value);
/* Registers one behind the other: `size` is a multiple of four, at most 4 KiB. */
int card_link_read_block(struct card_link *link, uint32_t offset, void *to, size_t size);
int card_link_write_block(struct card_link *link, uint32_t offset, const void *from, size_t size);

#endif
