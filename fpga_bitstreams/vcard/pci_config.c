/* SPDX-License-Identifier: Apache-2.0 */
/* The PCI configuration space; see pci_config.h. Offsets and bits are those of <linux/pci_regs.h>. */
#include <string.h>

#include <linux/pci_regs.h>

#include "glacis_card_abi.h"
#include "pci_config.h"

#define MSIX 0x40u /* where its capability lies */

static void put(uint8_t *bytes, uint32_t offset, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

static void put_msix(struct vcard_pci_config *config, unsigned vectors)
{
	put(config->bytes, PCI_CAPABILITY_LIST, MSIX, 1);
	put(config->bytes, MSIX + PCI_CAP_LIST_ID, PCI_CAP_ID_MSIX, 1);
	put(config->bytes, MSIX + PCI_CAP_LIST_NEXT, 0, 1);
	put(config->bytes, MSIX + PCI_MSIX_FLAGS, vectors - 1, 2);
	put(config->bytes, MSIX + PCI_MSIX_TABLE, GLACIS_CARD_MSIX_TABLE, 4); /* in BAR0 */
	put(config->bytes, MSIX + PCI_MSIX_PBA, GLACIS_CARD_MSIX_PBA, 4);
	put(config->writeable, MSIX + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
}

void vcard_pci_config_init(struct vcard_pci_config *config, unsigned vectors)
{
	memset(config, 0, sizeof(*config));
	put(config->bytes, PCI_VENDOR_ID, GLACIS_CARD_PCI_VENDOR_ID, 2);
	put(config->bytes, PCI_DEVICE_ID, GLACIS_CARD_PCI_DEVICE_ID, 2);
	put(config->bytes, PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	put(config->bytes, PCI_CLASS_PROG, GLACIS_CARD_PCI_CLASS, 3);
	put(config->bytes, PCI_SUBSYSTEM_VENDOR_ID, GLACIS_CARD_PCI_VENDOR_ID, 2);
	put(config->bytes, PCI_SUBSYSTEM_ID, GLACIS_CARD_PCI_DEVICE_ID, 2);
	put(config->bytes, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_32, 4);
	put(config->writeable, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE, 2);
	put(config->writeable, PCI_CACHE_LINE_SIZE, 0xff, 1);
	put(config->writeable, PCI_BASE_ADDRESS_0, ~(GLACIS_CARD_BAR0_SIZE - 1), 4);
	put(config->writeable, PCI_INTERRUPT_LINE, 0xff, 1);
	put_msix(config, vectors);
}

void vcard_pci_config_read(const struct vcard_pci_config *config, uint32_t offset, void *to, uint32_t size)
{
	memcpy(to, config->bytes + offset, size);
}

void vcard_pci_config_write(struct vcard_pci_config *config, uint32_t offset, const uint8_t *from, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		uint8_t mask = config->writeable[offset + i], *byte = &config->bytes[offset + i];

		*byte = (uint8_t)((*byte & ~mask) | (from[i] & mask));
	}
}

bool vcard_pci_config_masters(const struct vcard_pci_config *config)
{
	return config->bytes[PCI_COMMAND] & PCI_COMMAND_MASTER;
}
