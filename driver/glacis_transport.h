/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a card: registers, doorbells, and the end of DMA. One const table for each: a PCIe function
 * (glacis_pci.c) and a vfio-user socket (glacis_vfio_user.c). Nothing above knows which it is.
 *
 * Functions return 0 or -errno; -ENODEV means that the card is gone, and stays so until `reopen`. All but `doorbell`
 * and `gone` may sleep and may be called from any thread.
 */
#ifndef GLACIS_DRIVER_TRANSPORT_H
#define GLACIS_DRIVER_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

struct glacis_transport {
	const char *name;
	int (*read32)(void *link, uint32_t offset, uint32_t *value);
	int (*write32)(void *link, uint32_t offset, uint32_t value);
	/* The doorbell page of a queue as memory, or NULL: then doorbells are written with write32. */
	volatile uint8_t *(*doorbell)(void *link, uint32_t queue);
	/* Is the card gone for certain? Asked when answers do not come: cheap, and does not wait. */
	bool (*gone)(void *link);
	/* Ends DMA although the card does not answer, as far as the transport can; the card is gone afterwards. */
	void (*cut)(void *link);
	/* Tries to reach a card that is gone. Doorbells must be asked for again. */
	int (*reopen)(void *link);
	/* Ends DMA and frees the link. */
	void (*close)(void *link);
};

#endif
