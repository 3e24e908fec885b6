/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a card can still do to a program's memory when the driver has let go of it: nothing. The card is lured into
 * writing by its registers, over a connection that the driver believes to be closed, so that all memory is still mapped
 * there; and a queue that is stopped with work under way writes nothing any more. Each time the same is tried with the
 * card allowed to write, and it does.
 *
 * usage: test_driver_bus GLACIS_VCARD SOCKET
 */
#include <stdlib.h>
#include <string.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include <rte_cycles.h>

#include "bed.h"
#include "glacis_card_abi.h"
#include "lure.h"
#include "middle.h"
#include "tap.h"

#define TIMEOUT_MS 500u
#define SIZE       256u
#define DELAY      "delay-completion:count=1,ms=1500"
#define TAKEN_MS   200u  /* in which the card has taken an operation, and holds its completion back */
#define DUE_MS     2000u /* after which that would have come */

static const char *vcard, *card;
static const struct rte_memzone *memory;
static uint8_t device, key[16] = "sixteen bytes...";
static void *session;
static uint8_t *before; /* a copy of the memory */

static void control(const char *command, const char *text)
{
	char line[1024];

	snprintf(line, sizeof(line), "'%s' ctl --socket '%s.ctl' %s %s", vcard, card, command, text);
	if (system(line) != 0)
		bed_fail("the card refuses %s %s", command, text);
}

static void device_open(const char *path)
{
	char options[32];

	snprintf(options, sizeof(options), "timeout_ms=%u", TIMEOUT_MS);
	if (!bed_plug(0, path, options))
		bed_fail("no card at %s", path);
	device = bed_card(0);
	bed_device_start(device, 1, 32);
	session = bed_aead_session(device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, sizeof(key), 0);
}

static void device_close(const char *path)
{
	rte_cryptodev_sym_session_free(device, session);
	CHECK(bed_unplug(0, path), "the device goes");
}

static struct rte_crypto_op *op_make(void)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);

	memset(bed_private(op), 0, sizeof(struct bed_private));
	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = bed_packet_of(SIZE, SIZE, NULL);
	op->sym->aead.data.length = SIZE;
	op->sym->aead.digest.data = bed_private(op)->tag;
	op->sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op, BED_NONCE_OFFSET +
										  offsetof(struct bed_private, tag));
	return op;
}

static void op_free(struct rte_crypto_op *op)
{
	rte_pktmbuf_free(op->sym->m_src);
	rte_crypto_op_free(op);
}

static enum rte_crypto_op_status operation(void)
{
	struct rte_crypto_op *op = op_make();
	enum rte_crypto_op_status status;

	if (!bed_run(device, 0, &op, 1))
		bed_fail("an operation does not come back");
	status = op->status;
	op_free(op);
	return status;
}

/* ---- let go of, with the connection kept ---- */

static uint32_t middle_read(void *client, uint32_t offset)
{
	uint32_t value = 0;

	CHECK(client_read(client, VFIO_PCI_BAR0_REGION_INDEX, offset, &value, sizeof(value)) == 0, "at %#x", offset);
	return value;
}

static void middle_write(void *client, uint32_t offset, uint32_t value)
{
	CHECK(client_write(client, VFIO_PCI_BAR0_REGION_INDEX, offset, &value, sizeof(value)) == 0, "at %#x", offset);
}

/* The driver has hung up: the card may not master the bus, does not, and would if it might. */
static void cannot_write(struct middle *middle)
{
	const struct lure_way way = { middle_read, middle_write, &middle->card };
	uint16_t command = PCI_COMMAND_MASTER;

	CHECK(client_read(&middle->card, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, &command, sizeof(command)) == 0,
	      "the card answers");
	CHECK((command & PCI_COMMAND_MASTER) == 0, "command %#x", command);
	CHECK(lure_card(&way, memory) == LURE_REFUSED, "the card writes, or does nothing");
	CHECK(client_master(&middle->card, true) == 0, "the card answers");
	CHECK(lure_card(&way, memory) == LURE_WROTE, "the card could not have written anyway");
}

static void closed(void)
{
	struct middle middle;

	if (!middle_start(&middle, card))
		bed_fail("nobody comes between driver and card");
	device_open(middle.path);
	CHECK(operation() == RTE_CRYPTO_OP_STATUS_SUCCESS, "the card works");
	device_close(middle.path);
	middle_wait(&middle);
	cannot_write(&middle);
	middle_end(&middle);
	tap_case("a card that was closed cannot write");
}

static void cut(void)
{
	struct middle middle;

	if (!middle_start(&middle, card))
		bed_fail("nobody comes between driver and card");
	device_open(middle.path);
	control("fault", "all-ones");
	control("fault", "drop-completion:count=1");
	CHECK(operation() == RTE_CRYPTO_OP_STATUS_ERROR, "the card is given up");
	middle_wait(&middle); /* while the device is still there */
	control("clear", "");
	cannot_write(&middle);
	device_close(middle.path);
	middle_end(&middle);
	tap_case("a card that was cut off cannot write");
}

/* ---- stopped ---- */

static int measure(const struct rte_memseg_list *list, const struct rte_memseg *page, size_t size, void *sum)
{
	(void)list;
	(void)page;
	*(size_t *)sum += size;
	return 0;
}

static int copy(const struct rte_memseg_list *list, const struct rte_memseg *page, size_t size, void *to)
{
	(void)list;
	memcpy(*(uint8_t **)to, page->addr, size);
	*(uint8_t **)to += size;
	return 0;
}

static int compare(const struct rte_memseg_list *list, const struct rte_memseg *page, size_t size, void *with)
{
	int differs = memcmp(*(uint8_t **)with, page->addr, size) != 0;

	(void)list;
	*(uint8_t **)with += size;
	return differs;
}

/* Copies all that DPDK has shared with the card. Only the first time does it take long. */
static void memory_copy(void)
{
	size_t size = 0;
	uint8_t *at;

	if (before == NULL) {
		rte_memseg_contig_walk(measure, &size);
		before = malloc(size);
	}
	if (before == NULL)
		bed_fail("no memory for a copy of %zu bytes", size);
	at = before;
	rte_memseg_contig_walk(copy, &at);
}

/* Until `end` nobody but the card writes; true when it has, to any of that memory. */
static bool card_writes(uint64_t end)
{
	uint8_t *at = before;

	memory_copy();
	while (rte_get_timer_cycles() < end)
		rte_delay_us_sleep(1000);
	return rte_memseg_contig_walk(compare, &at) != 0;
}

static void stopped(bool stop)
{
	struct rte_crypto_op *op, *back = NULL;
	uint64_t end;

	device_open(card);
	control("fault", DELAY);
	memory_copy();
	op = op_make();
	end = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * DUE_MS;
	CHECK(rte_cryptodev_enqueue_burst(device, 0, &op, 1) == 1, "an operation is taken");
	rte_delay_us_sleep(TAKEN_MS * 1000);
	if (stop)
		bed_device_stop(device);
	CHECK(card_writes(end) == !stop, "%s", stop ? "the card writes" : "the card has nothing to write");
	if (stop)
		CHECK(rte_cryptodev_start(device) == 0, "starts again");
	end = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * BED_DEADLINE_MS;
	while (rte_cryptodev_dequeue_burst(device, 0, &back, 1) == 0 && rte_get_timer_cycles() < end)
		rte_delay_us_sleep(1000);
	CHECK(back == op && (!stop || op->status == RTE_CRYPTO_OP_STATUS_ERROR), "the operation comes back");
	op_free(op);
	control("clear", "");
	CHECK(operation() == RTE_CRYPTO_OP_STATUS_SUCCESS, "the card works again");
	device_close(card);
	tap_case(stop ? "a card that was stopped writes nothing" : "a card that was not stopped writes");
}

int main(int count, char *values[])
{
	if (count != 3) {
		fprintf(stderr, "usage: %s GLACIS_VCARD SOCKET\n", values[0]);
		return 64;
	}
	vcard = values[1];
	card = values[2];
	bed_start(values[0], 0, NULL, "");
	memory = lure_memory();
	closed();
	cut();
	stopped(false);
	stopped(true);
	CHECK(rte_mempool_full(bed.ops) && rte_mempool_full(bed.mbufs) && rte_mempool_full(bed.sessions),
	      "everything is back in its pool");
	tap_case("nothing leaks");
	free(before);
	bed_end();
	return tap_end();
}
