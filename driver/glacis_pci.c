/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport over a PCIe function: DPDK's PCI bus finds it by its ids, maps BAR0 by VFIO or UIO, and this file reads
 * and writes it. A card that was pulled reads as all ones, which glacis_card.c knows.
 */
#include <errno.h>
#include <stdlib.h>

#include <bus_pci_driver.h>
#include <cryptodev_pmd.h>
#include <rte_devargs.h>
#include <rte_io.h>
#include <rte_kvargs.h>

#include "glacis_log.h"
#include "glacis_pmd.h"

#define OPTION_TIMEOUT "timeout_ms"

static volatile uint8_t *bar0(void *link)
{
	const struct rte_pci_device *pci = link;

	return pci->mem_resource[0].addr;
}

static int pci_read32(void *link, uint32_t offset, uint32_t *value)
{
	*value = rte_read32(bar0(link) + offset);
	return 0;
}

static int pci_write32(void *link, uint32_t offset, uint32_t value)
{
	rte_write32(value, bar0(link) + offset);
	return 0;
}

static volatile uint8_t *pci_doorbell(void *link, uint32_t queue)
{
	return bar0(link) + glacis_card_doorbell(queue, 0);
}

/* Without bus mastering the root port lets no DMA through, whatever the card does. */
static bool pci_gone(void *link)
{
	uint32_t value;

	return pci_read32(link, GLACIS_CARD_IDENTITY_MAGIC, &value) != 0 || value == UINT32_MAX;
}

static void pci_cut(void *link)
{
	(void)rte_pci_set_bus_master(link, false);
}

static int pci_reopen(void *link)
{
	return rte_pci_set_bus_master(link, true) < 0 ? -EIO : 0;
}

const struct glacis_transport glacis_pci_transport = {
	.name = "PCI",
	.read32 = pci_read32,
	.write32 = pci_write32,
	.doorbell = pci_doorbell,
	.gone = pci_gone,
	.cut = pci_cut,
	.reopen = pci_reopen,
	.close = pci_cut, /* the bus keeps the mapping */
};

static int options_parse(const struct rte_pci_device *pci, uint32_t *timeout_ms)
{
	static const char *const known[] = { OPTION_TIMEOUT, NULL };
	const struct rte_devargs *arguments = pci->device.devargs;
	struct rte_kvargs *list;
	int status;

	if (arguments == NULL || arguments->args == NULL || arguments->args[0] == '\0')
		return 0;
	list = rte_kvargs_parse(arguments->args, known);
	if (list == NULL) {
		GLACIS_LOG(ERR, "options \"%s\": known is %s=N", arguments->args, OPTION_TIMEOUT);
		return -EINVAL;
	}
	status = rte_kvargs_process(list, OPTION_TIMEOUT, glacis_pmd_timeout_parse, timeout_ms);
	rte_kvargs_free(list);
	return status;
}

static int pci_probe(struct rte_pci_driver *driver, struct rte_pci_device *pci)
{
	uint32_t timeout_ms = GLACIS_TIMEOUT_MS_DEFAULT;
	char name[RTE_CRYPTODEV_NAME_MAX_LEN];
	int status;

	(void)driver;
	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return -ENOTSUP; /* a card belongs to one process */
	rte_pci_device_name(&pci->addr, name, sizeof(name));
	if (pci->mem_resource[0].addr == NULL || pci->mem_resource[0].len < GLACIS_CARD_BAR0_SIZE) {
		GLACIS_LOG(ERR, "%s: BAR0 is not mapped, or is smaller than %u bytes; bind the function to vfio-pci",
			   name, GLACIS_CARD_BAR0_SIZE);
		return -ENODEV;
	}
	status = options_parse(pci, &timeout_ms);
	if (status != 0)
		return status;
	if (rte_pci_set_bus_master(pci, true) < 0) {
		GLACIS_LOG(ERR, "%s: bus mastering cannot be switched on", name);
		return -EIO;
	}
	return glacis_pmd_create(name, &pci->device, pci->device.numa_node, timeout_ms, &glacis_pci_transport, pci);
}

static int pci_remove(struct rte_pci_device *pci)
{
	char name[RTE_CRYPTODEV_NAME_MAX_LEN];

	rte_pci_device_name(&pci->addr, name, sizeof(name));
	return glacis_pmd_destroy(name);
}

static const struct rte_pci_id ids[] = {
	{ RTE_PCI_DEVICE(GLACIS_CARD_PCI_VENDOR_ID, GLACIS_CARD_PCI_DEVICE_ID) },
	{ .vendor_id = 0 },
};

static struct rte_pci_driver pci_driver = {
	.id_table = ids,
	.drv_flags = RTE_PCI_DRV_NEED_MAPPING,
	.probe = pci_probe,
	.remove = pci_remove,
};

/* The name of the driver of virtual devices: programs ask cryptodev for devices by their driver's name. */
RTE_PMD_REGISTER_PCI(crypto_glacis, pci_driver);
RTE_PMD_REGISTER_PCI_TABLE(crypto_glacis, ids);
RTE_PMD_REGISTER_KMOD_DEP(crypto_glacis, "* igb_uio | uio_pci_generic | vfio-pci");
