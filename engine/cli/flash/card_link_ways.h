/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to a card's registers, one file each. Private to card_link*.c and its tests. */
#ifndef FLASH_CARD_LINK_WAYS_H
#define FLASH_CARD_LINK_WAYS_H

#include "card_link.h"

/* Each returns 0 or a negative errno; -ENODEV: the card is gone. */
struct card_link_way {
	int (*read)(struct card_link *link, uint32_t offset, void *to, size_t size);
	int (*write)(struct card_link *link, uint32_t offset, const void *from, size_t size);
	int (*rejoin)(struct card_link *link); /* one attempt to reach a card that went away */
	void (*close)(struct card_link *link);
};

struct card_link {
	const struct card_link_way *way;
};

/* `path`: of the UNIX socket at which an emulated card serves vfio-user. It must outlive the link. */
int card_link_open_socket(struct card_link **link, const char *path, struct flash_problem *problem);

/* `folder`: a PCI function's in sysfs. Needs the rights of root, and that no driver has the
 * function. */
int card_link_open_pci(struct card_link **link, const char *folder, struct flash_problem *problem);

#endif
