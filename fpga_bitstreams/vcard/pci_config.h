/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI configuration space: ids, BAR0, the MSI-X capability. Software finds the card by it; nothing of the card
 * depends on what is written, not even bus mastering, which a client that speaks vfio-user directly has no reason to
 * set.
 */
#ifndef VCARD_PCI_CONFIG_H
#define VCARD_PCI_CONFIG_H

#include <stdint.h>

#define VCARD_PCI_CONFIG_SIZE 256u

struct vcard_pci_config {
	uint8_t bytes[VCARD_PCI_CONFIG_SIZE];
	uint8_t writeable[VCARD_PCI_CONFIG_SIZE]; /* masks */
};

void vcard_pci_config_init(struct vcard_pci_config *config, unsigned vectors);

/* `offset` and `size` lie within the space. */
void vcard_pci_config_read(const struct vcard_pci_config *config, uint32_t offset, void *to, uint32_t size);
void vcard_pci_config_write(struct vcard_pci_config *config, uint32_t offset, const uint8_t *from, uint32_t size);

#endif
