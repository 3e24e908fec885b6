/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BAR0 and the configuration space: who the card is, what each register keeps of what is written, halves of 64 bits,
 * what is reserved.
 *
 * usage: test_vcard_registers GLACIS-VCARD [CASE...]
 */
#include <string.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "ring.h"

static void identity(void)
{
	bool rtl = rig_is_rtl(); /* has as many key slots as it was built with, and no self-test */
	const char *const options[] = { "--queues", "5", rtl ? NULL : "--key-slots", "9", NULL };
	struct rig rig;

	NEED(rig_open(&rig, options));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_MAGIC) == GLACIS_CARD_MAGIC);
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_ABI) == (GLACIS_CARD_ABI_MAJOR << 16 | GLACIS_CARD_ABI_MINOR));
	CHECK(rig_read64(&rig, GLACIS_CARD_IDENTITY_BUILD_ID) != 0);
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_GIT_HASH) ==
	      (uint32_t)rig_read64(&rig, GLACIS_CARD_IDENTITY_BUILD_ID));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_BUILD_DATE) > 1700000000);
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_BOARD) ==
	      (rtl ? GLACIS_CARD_BOARD_SIMULATION : GLACIS_CARD_BOARD_MODEL));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_CAPABILITIES) == (rtl ? 7 : 0x17));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_LIMITS) == (5u | 15u << 8 | 16u << 16));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_KEY_SLOTS) == (rtl ? 256 : 9));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_RSA_BITS) == (1024u | 4096u << 16));
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_CLOCK_KHZ) > 0);
	CHECK(rig_read32(&rig, GLACIS_CARD_CONTROL_STATUS) == GLACIS_CARD_CONTROL_STATUS_READY_MASK);
	CHECK(rig_stop(&rig) == 0);
}

struct access {
	const char *name;
	uint32_t offset;
	uint32_t keeps; /* of ones that are written */
};

static const struct access accesses[] = {
	{ "MAGIC", GLACIS_CARD_IDENTITY_MAGIC, 0 },
	{ "ABI", GLACIS_CARD_IDENTITY_ABI, 0 },
	{ "BUILD_ID", GLACIS_CARD_IDENTITY_BUILD_ID, 0 },
	{ "GIT_HASH", GLACIS_CARD_IDENTITY_GIT_HASH + 16, 0 },
	{ "BUILD_DATE", GLACIS_CARD_IDENTITY_BUILD_DATE, 0 },
	{ "BOARD", GLACIS_CARD_IDENTITY_BOARD, 0 },
	{ "CAPABILITIES", GLACIS_CARD_IDENTITY_CAPABILITIES, 0 },
	{ "LIMITS", GLACIS_CARD_IDENTITY_LIMITS, 0 },
	{ "KEY_SLOTS", GLACIS_CARD_IDENTITY_KEY_SLOTS, 0 },
	{ "RSA_BITS", GLACIS_CARD_IDENTITY_RSA_BITS, 0 },
	{ "CLOCK_KHZ", GLACIS_CARD_IDENTITY_CLOCK_KHZ, 0 },
	{ "SCRATCH", GLACIS_CARD_IDENTITY_SCRATCH, UINT32_MAX },
	{ "behind IDENTITY", GLACIS_CARD_IDENTITY_SCRATCH + 4, 0 },
	{ "STATUS", GLACIS_CARD_CONTROL_STATUS, 0 },
	{ "ERRORS", GLACIS_CARD_CONTROL_ERRORS, 0 },
	{ "ERROR_QUEUE", GLACIS_CARD_CONTROL_ERROR_QUEUE, 0 },
	{ "ERROR_ADDRESS", GLACIS_CARD_CONTROL_ERROR_ADDRESS, 0 },
	{ "TEMPERATURE", GLACIS_CARD_CONTROL_TEMPERATURE, 0 },
	{ "COMMANDS", GLACIS_CARD_COUNTERS_COMMANDS, 0 },
	{ "COMPLETIONS", GLACIS_CARD_COUNTERS_COMPLETIONS, 0 },
	{ "AEAD_OPERATIONS", GLACIS_CARD_COUNTERS_AEAD_OPERATIONS, 0 },
	{ "AEAD_BYTES", GLACIS_CARD_COUNTERS_AEAD_BYTES, 0 },
	{ "AUTH_FAILED", GLACIS_CARD_COUNTERS_AUTH_FAILED, 0 },
	{ "RSA_OPERATIONS", GLACIS_CARD_COUNTERS_RSA_OPERATIONS, 0 },
	{ "ERRORS counted", GLACIS_CARD_COUNTERS_ERRORS, 0 },
	{ "DMA_READ_BYTES", GLACIS_CARD_COUNTERS_DMA_READ_BYTES, 0 },
	{ "DMA_WRITE_BYTES", GLACIS_CARD_COUNTERS_DMA_WRITE_BYTES, 0 },
	{ "behind COUNTERS", GLACIS_CARD_COUNTERS_DMA_WRITE_BYTES + 8, 0 },
	{ "FLASH of a card without", GLACIS_CARD_FLASH_ADDRESS, 0 },
	{ "the MSI-X table", GLACIS_CARD_MSIX_TABLE + 64 * 16 + 12, UINT32_MAX },
	{ "behind the MSI-X table", GLACIS_CARD_MSIX_TABLE + 65 * 16, 0 },
	{ "the MSI-X pending bits", GLACIS_CARD_MSIX_PBA, 0 },
	{ "SQ_TAIL", GLACIS_CARD_DOORBELLS + 64 * GLACIS_CARD_PAGE, UINT32_MAX },
	{ "CQ_HEAD", GLACIS_CARD_DOORBELLS + 64 * GLACIS_CARD_PAGE + GLACIS_CARD_DOORBELL_CQ_HEAD, UINT32_MAX },
	{ "behind the doorbells", GLACIS_CARD_DOORBELLS + 65 * GLACIS_CARD_PAGE, 0 },
	{ "SQ_BASE", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_SQ_BASE, UINT32_MAX },
	{ "SQ_BASE high", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_SQ_BASE + 4, UINT32_MAX },
	{ "CQ_BASE", GLACIS_CARD_QUEUES + 0x40000 + GLACIS_CARD_QUEUE_CQ_BASE, UINT32_MAX },
	{ "CQ_BASE high", GLACIS_CARD_QUEUES + 0x40000 + GLACIS_CARD_QUEUE_CQ_BASE + 4, UINT32_MAX },
	{ "SIZE", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_SIZE, 0xffff },
	{ "queue STATUS", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_STATUS, 0 },
	{ "SQ_HEAD", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_SQ_HEAD, 0 },
	{ "CQ_TAIL", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_CQ_TAIL, 0 },
	{ "queue COMMANDS", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_COMMANDS, 0 },
	{ "queue ERRORS", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_ERRORS, 0 },
	{ "behind QUEUE", GLACIS_CARD_QUEUES + GLACIS_CARD_QUEUE_ERRORS + 8, 0 },
	{ "behind the queues", GLACIS_CARD_QUEUES + 65 * GLACIS_CARD_PAGE, 0 },
	{ "the last word", GLACIS_CARD_BAR0_SIZE - 4, 0 },
};

static void access_of_every_register(void)
{
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	for (size_t i = 0; i < TAP_COUNT(accesses); i++) {
		uint32_t before = rig_read32(&rig, accesses[i].offset);

		tap_context("%s", accesses[i].name);
		rig_write32(&rig, accesses[i].offset, UINT32_MAX);
		CHECK(rig_read32(&rig, accesses[i].offset) == (accesses[i].keeps ? accesses[i].keeps : before));
		rig_write32(&rig, accesses[i].offset, 0);
		CHECK(rig_read32(&rig, accesses[i].offset) == (accesses[i].keeps ? 0 : before));
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
}

/* Set-up may be written in the state DISABLED only. */
static void set_up_is_locked_while_enabled(void)
{
	uint32_t page = glacis_card_queue(2, 0);
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	NEED(ring_open(&ring, &rig, 2, 3, 4));
	rig_write32(&rig, page + GLACIS_CARD_QUEUE_SIZE, 0);
	rig_write64(&rig, page + GLACIS_CARD_QUEUE_SQ_BASE, 0);
	rig_write64(&rig, page + GLACIS_CARD_QUEUE_CQ_BASE, 0);
	CHECK(rig_read32(&rig, page + GLACIS_CARD_QUEUE_SIZE) == (3u | 4u << 8));
	CHECK(rig_read64(&rig, page + GLACIS_CARD_QUEUE_SQ_BASE) == rig_address(&rig, ring.sq));
	CHECK(rig_read64(&rig, page + GLACIS_CARD_QUEUE_CQ_BASE) == rig_address(&rig, ring.cq));
	CHECK(rig_read32(&rig, page + GLACIS_CARD_QUEUE_CONTROL) == GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	CHECK(ring_reset(&ring));
	CHECK(rig_read32(&rig, page + GLACIS_CARD_QUEUE_CONTROL) == 0);
	rig_write32(&rig, page + GLACIS_CARD_QUEUE_SIZE, 0x0605);
	CHECK(rig_read32(&rig, page + GLACIS_CARD_QUEUE_SIZE) == 0x0605);
	CHECK(rig_stop(&rig) == 0);
}

/* The low half latches the high one: seen with a counter of cycles that runs. */
static void halves_belong_together(void)
{
	uint64_t before = 0, now = 0;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	for (unsigned i = 0; i < 200; i++) {
		now = rig_read64(&rig, GLACIS_CARD_CONTROL_CYCLES);
		CHECK(now >= before);
		before = now;
	}
	CHECK(now > 0);
	/* One read of both halves does the same. */
	CHECK(client_read(&rig.client, VFIO_PCI_BAR0_REGION_INDEX, GLACIS_CARD_CONTROL_CYCLES, &now, 8) == 0);
	CHECK(now >= before);
	CHECK(rig_stop(&rig) == 0);
}

static void configuration_space(void)
{
	uint8_t config[256];
	uint32_t value = UINT32_MAX;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	CHECK(client_read(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, 0, config, sizeof(config)) == 0);
	CHECK(config[0] == (GLACIS_CARD_PCI_VENDOR_ID & 0xff) && config[1] == GLACIS_CARD_PCI_VENDOR_ID >> 8);
	CHECK(config[2] == (GLACIS_CARD_PCI_DEVICE_ID & 0xff) && config[3] == GLACIS_CARD_PCI_DEVICE_ID >> 8);
	CHECK(config[9] == 0 && config[10] == 0 && config[11] == 0x10);
	CHECK(config[PCI_STATUS] & PCI_STATUS_CAP_LIST);
	CHECK(config[config[PCI_CAPABILITY_LIST]] == PCI_CAP_ID_MSIX);
	CHECK(config[config[PCI_CAPABILITY_LIST] + PCI_MSIX_FLAGS] == 64);

	/* The size of BAR0 is found by writing ones. */
	CHECK(client_write(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0, &value, 4) == 0);
	CHECK(client_read(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0, &value, 4) == 0);
	CHECK(value == ~(GLACIS_CARD_BAR0_SIZE - 1));
	value = UINT32_MAX;
	CHECK(client_write(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, 0, &value, 4) == 0);
	CHECK(client_read(&rig.client, VFIO_PCI_CONFIG_REGION_INDEX, 0, &value, 4) == 0);
	CHECK(value == (GLACIS_CARD_PCI_DEVICE_ID << 16 | GLACIS_CARD_PCI_VENDOR_ID));
	CHECK(rig_stop(&rig) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "identity", identity },
		{ "access of every register", access_of_every_register },
		{ "set-up is locked while enabled", set_up_is_locked_while_enabled },
		{ "halves belong together", halves_belong_together },
		{ "configuration space", configuration_space },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
