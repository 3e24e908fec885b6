/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI configuration space: ids, BAR0, the MSI-X capability. Software finds the card by it. Of what is written one
 * bit matters to the card, Bus Master Enable (PCI 3.0, 6.2.2): without it there is neither DMA nor MSI-X. It is clear
 * at first and after a reset. Where BAR0 is, and whether memory is decoded, is for whoever emulates the bus.
 */
#ifndef VCARD_PCI_CONFIG_H
#define VCARD_PCI_CONFIG_H

#include <stdbool.h>
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

/* Bus Master Enable of the command register. */
bool vcard_pci_config_masters(const struct vcard_pci_config *config);

#endif
