/* SPDX-License-Identifier: Apache-2.0 */
/* The client's memory as an AXI slave; see rtl_bus.h. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "rtl_bus.h"

#define AXI_SLVERR    2u
#define LATENCY_MIN   12u /* cycles from request to answer */
#define LATENCY_RANGE 32u

/* xorshift64*; from 0 to below `range`. */
static uint32_t pick(struct vcard_rtl_bus *bus, uint32_t range)
{
	bus->random ^= bus->random >> 12;
	bus->random ^= bus->random << 25;
	bus->random ^= bus->random >> 27;
	return (uint32_t)((bus->random * 0x2545f4914f6cdd1du) >> 32) % range;
}

/* Not now, one time in `of`. */
static bool balks(struct vcard_rtl_bus *bus, uint32_t of)
{
	return !bus->calm && pick(bus, of) == 0;
}

void vcard_rtl_bus_init(struct vcard_rtl_bus *bus, struct vcard_card *card, const bool *enabled, uint64_t seed)
{
	memset(bus, 0, sizeof(*bus));
	bus->card = card;
	bus->enabled = enabled;
	bus->calm = seed == 0;
	bus->random = seed * 0x9e3779b97f4a7c15u | 1;
	bus->sending = -1;
}

void vcard_rtl_bus_clear(struct vcard_rtl_bus *bus)
{
	memset(bus->reads, 0, sizeof(bus->reads));
	memset(bus->writes, 0, sizeof(bus->writes));
	bus->write_count = 0;
	bus->read_count = 0;
	bus->answers = 0;
	bus->far = 0;
	bus->sending = -1;
	bus->read_held = bus->write_held = bus->data_held = false;
}

static void schedule(struct vcard_rtl_bus *bus, struct rtl_burst *burst)
{
	burst->state = RTL_WAITING;
	burst->due = bus->cycle + LATENCY_MIN + (bus->calm ? 0 : pick(bus, LATENCY_RANGE));
}

/* ---- memory ---- */

/*
 * Whole beats are read, of which the card uses what it asked for: regions end at pages, so a beat is in one or none.
 * True when the memory can be reached at once; `*pointer` is NULL when it is not there at all.
 */
static bool find(const struct vcard_rtl_bus *bus, uint64_t address, uint32_t size, unsigned need, uint8_t **pointer)
{
	const struct vcard_dma_region *region = vcard_dma_map_find(&bus->card->map, address);

	*pointer = NULL;
	if (!region || !(region->access & need) || size > region->size - (address - region->address))
		return true;
	if (!region->memory)
		return false;
	*pointer = region->memory + (address - region->address);
	return true;
}

/* By message, unless the queue is being reset, which shall not take as long as the client likes. */
static void ask_client(struct vcard_rtl_bus *bus, struct rtl_burst *burst)
{
	if (!bus->enabled[burst->queue]) {
		burst->failed = true;
		schedule(bus, burst);
		return;
	}
	burst->state = RTL_FAR;
	bus->far++;
}

static void begin_read(struct vcard_rtl_bus *bus, struct rtl_burst *burst)
{
	uint8_t *memory;

	if (!find(bus, burst->address, burst->beats * VCARD_RTL_BEAT, VCARD_DMA_READABLE, &memory)) {
		ask_client(bus, burst);
		return;
	}
	/* Read when it is answered, as late as a bus might. */
	burst->failed = !memory;
	schedule(bus, burst);
}

static void fetch(struct vcard_rtl_bus *bus, struct rtl_burst *burst)
{
	uint8_t *memory;

	/* The map may have changed since. What came by message is there. */
	if (!find(bus, burst->address, burst->beats * VCARD_RTL_BEAT, VCARD_DMA_READABLE, &memory))
		return;
	burst->failed = burst->failed || !memory;
	if (memory && !burst->failed)
		memcpy(burst->data, memory, (size_t)burst->beats * VCARD_RTL_BEAT);
}

/*
 * A completion is 16 aligned bytes, whose last word has the phase that software looks for: it is stored last, and
 * whole.
 */
static void store(uint8_t *memory, const uint8_t *from, uint32_t size)
{
	_Atomic uint64_t *words = (_Atomic uint64_t *)(void *)memory;
	uint64_t values[2];

	if (size != sizeof(values) || (uintptr_t)memory % sizeof(values)) {
		memcpy(memory, from, size);
		return;
	}
	memcpy(values, from, sizeof(values));
	atomic_store_explicit(&words[0], values[0], memory_order_relaxed);
	atomic_store_explicit(&words[1], values[1], memory_order_release);
}

static void end_write(struct vcard_rtl_bus *bus, struct rtl_burst *burst)
{
	uint8_t *memory;

	if (!find(bus, burst->address + burst->first, burst->size, VCARD_DMA_WRITEABLE, &memory)) {
		ask_client(bus, burst);
		return;
	}
	burst->failed = !memory;
	if (memory)
		store(memory, burst->data + burst->first, burst->size);
	schedule(bus, burst);
}

/* The next burst that needs a message, or NULL. */
static struct rtl_burst *next_far(struct vcard_rtl_bus *bus, bool *is_read)
{
	for (unsigned i = 0; i < RTL_TAGS; i++) {
		*is_read = bus->reads[i].state == RTL_FAR;
		if (*is_read)
			return &bus->reads[i];
		if (bus->writes[i].state == RTL_FAR)
			return &bus->writes[i];
	}
	return NULL;
}

void vcard_rtl_bus_far(struct vcard_rtl_bus *bus)
{
	const struct vcard_host *host = bus->card->host;
	bool is_read;
	struct rtl_burst *burst = next_far(bus, &is_read);
	uint32_t serial = ++bus->serial;
	int error = -EFAULT;

	if (!burst)
		return;
	bus->far--;
	burst->state = RTL_TALKING;
	burst->serial = serial;
	/* the burst may be another one by the time of the answer, so its bytes are not touched */
	if (host && is_read) {
		error = host->read(host->context, burst->address, bus->message, burst->beats * VCARD_RTL_BEAT);
	} else if (host) {
		memcpy(bus->message, burst->data, sizeof(bus->message));
		error = host->write(host->context, burst->address + burst->first, bus->message + burst->first,
				    burst->size);
	}
	if (burst->state != RTL_TALKING || burst->serial != serial)
		return;
	if (is_read && !error)
		memcpy(burst->data, bus->message, (size_t)burst->beats * VCARD_RTL_BEAT);
	burst->failed = error;
	schedule(bus, burst);
}

static void abandon(struct vcard_rtl_bus *bus, struct rtl_burst *burst, unsigned queue)
{
	if (burst->queue != queue || (burst->state != RTL_FAR && burst->state != RTL_TALKING))
		return;
	if (burst->state == RTL_FAR)
		bus->far--;
	burst->failed = true;
	schedule(bus, burst);
}

void vcard_rtl_bus_abandon(struct vcard_rtl_bus *bus, unsigned queue)
{
	for (unsigned i = 0; i < RTL_TAGS; i++) {
		abandon(bus, &bus->reads[i], queue);
		abandon(bus, &bus->writes[i], queue);
	}
}

/* ---- the bus ---- */

/* One that is due, at random among those that are. */
static int choose(struct vcard_rtl_bus *bus, const struct rtl_burst *bursts)
{
	unsigned start = bus->calm ? 0 : pick(bus, RTL_TAGS);

	for (unsigned i = 0; i < RTL_TAGS; i++) {
		unsigned tag = (start + i) % RTL_TAGS;

		if (bursts[tag].state == RTL_WAITING && bursts[tag].due <= bus->cycle)
			return (int)tag;
	}
	return -1;
}

static void drive_read(struct vcard_rtl_bus *bus, struct vcard_rtl_in *in)
{
	struct rtl_burst *burst;

	in->m_rvalid = false;
	if (bus->sending < 0 && bus->read_count) {
		bus->sending = choose(bus, bus->reads);
		if (bus->sending >= 0) {
			burst = &bus->reads[bus->sending];
			burst->state = RTL_SENDING;
			burst->beat = 0;
			fetch(bus, burst);
		}
	}
	if (bus->sending < 0 || balks(bus, 16))
		return;
	burst = &bus->reads[bus->sending];
	in->m_rvalid = true;
	in->m_rid = (uint8_t)bus->sending;
	in->m_rresp = burst->failed ? AXI_SLVERR : 0;
	in->m_rlast = burst->beat + 1 == burst->beats;
	memcpy(in->m_rdata, burst->data + (size_t)burst->beat * VCARD_RTL_BEAT, VCARD_RTL_BEAT);
}

static void drive_answer(struct vcard_rtl_bus *bus, struct vcard_rtl_in *in)
{
	int tag = bus->answers ? choose(bus, bus->writes) : -1;

	in->m_bvalid = tag >= 0;
	if (tag < 0)
		return;
	in->m_bid = (uint8_t)tag;
	in->m_bresp = bus->writes[tag].failed ? AXI_SLVERR : 0;
}

void vcard_rtl_bus_drive(struct vcard_rtl_bus *bus, struct vcard_rtl_in *in)
{
	in->m_arready = !balks(bus, 8);
	in->m_awready = !balks(bus, 8);
	in->m_wready = bus->write_count && !balks(bus, 16);
	drive_read(bus, in);
	drive_answer(bus, in);
}

/* ---- what the logic owes the bus (AXI4, A3.2 and A3.4), looked at in every cycle ---- */

static void owe(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "glacis-vcard: the logic breaks a rule of AXI: %s; this is a defect, please report it\n", what);
	abort();
}

static bool within_page(uint64_t address, uint32_t beats)
{
	return address % VCARD_RTL_BEAT == 0 && beats * VCARD_RTL_BEAT <= RTL_BURST_BYTES &&
	       address % GLACIS_CARD_PAGE + beats * VCARD_RTL_BEAT <= GLACIS_CARD_PAGE;
}

static void check(struct vcard_rtl_bus *bus, const struct vcard_rtl_in *in, const struct vcard_rtl_out *out)
{
	const struct vcard_rtl_out *before = &bus->before;

	if (bus->read_held)
		owe(out->m_arvalid && out->m_arid == before->m_arid && out->m_araddr == before->m_araddr &&
			    out->m_arlen == before->m_arlen,
		    "a read request changed before it was taken");
	if (bus->write_held)
		owe(out->m_awvalid && out->m_awid == before->m_awid && out->m_awaddr == before->m_awaddr &&
			    out->m_awlen == before->m_awlen,
		    "a write request changed before it was taken");
	if (bus->data_held)
		owe(out->m_wvalid && out->m_wstrb == before->m_wstrb && out->m_wlast == before->m_wlast &&
			    memcmp(out->m_wdata, before->m_wdata, VCARD_RTL_BEAT) == 0,
		    "data changed before it was taken");
	owe(!out->m_arvalid ||
		    (within_page(out->m_araddr, out->m_arlen + 1u) && bus->reads[out->m_arid].state == RTL_FREE),
	    "a read crosses 4 KiB, or has an identifier that is under way");
	owe(!out->m_awvalid ||
		    (within_page(out->m_awaddr, out->m_awlen + 1u) && bus->writes[out->m_awid].state == RTL_FREE),
	    "a write crosses 4 KiB, or has an identifier that is under way");
	bus->read_held = out->m_arvalid && !in->m_arready;
	bus->write_held = out->m_awvalid && !in->m_awready;
	bus->data_held = out->m_wvalid && !in->m_wready;
	if (bus->read_held || bus->write_held || bus->data_held)
		bus->before = *out;
}

static void take_data(struct vcard_rtl_bus *bus, const struct vcard_rtl_out *out)
{
	unsigned tag = bus->write_order[0];
	struct rtl_burst *burst = &bus->writes[tag];
	uint32_t at = burst->beat * VCARD_RTL_BEAT;

	owe(out->m_wlast == (burst->beat + 1 == burst->beats), "the last beat of data is not where it was announced");
	memcpy(burst->data + at, out->m_wdata, VCARD_RTL_BEAT);
	if (out->m_wstrb) {
		/* bytes that count lie together, whatever beats they are in */
		uint32_t low = (uint32_t)__builtin_ctz(out->m_wstrb);
		uint32_t high = 31 - (uint32_t)__builtin_clz(out->m_wstrb);

		if (!burst->size)
			burst->first = at + low;
		burst->size = at + high + 1 - burst->first;
	}
	if (++burst->beat < burst->beats)
		return;
	bus->write_count--;
	memmove(bus->write_order, bus->write_order + 1, bus->write_count);
	end_write(bus, burst);
}

void vcard_rtl_bus_sample(struct vcard_rtl_bus *bus, const struct vcard_rtl_in *in, const struct vcard_rtl_out *out)
{
	bus->cycle++;
	if (in->rst)
		return; /* what was agreed on is void */
	check(bus, in, out);
	if (in->m_rvalid && out->m_rready && ++bus->reads[in->m_rid].beat == bus->reads[in->m_rid].beats) {
		bus->reads[in->m_rid].state = RTL_FREE;
		bus->read_count--;
		bus->sending = -1;
	}
	if (in->m_bvalid && out->m_bready) {
		bus->writes[in->m_bid].state = RTL_FREE;
		bus->answers--;
	}
	if (out->m_wvalid && in->m_wready)
		take_data(bus, out);
	if (out->m_arvalid && in->m_arready) {
		struct rtl_burst *burst = &bus->reads[out->m_arid];

		burst->address = out->m_araddr;
		burst->queue = out->m_aruser;
		burst->beats = out->m_arlen + 1u;
		bus->read_count++;
		begin_read(bus, burst);
	}
	if (out->m_awvalid && in->m_awready) {
		struct rtl_burst *burst = &bus->writes[out->m_awid];

		burst->state = RTL_FILLING;
		burst->address = out->m_awaddr;
		burst->queue = out->m_awuser;
		burst->beats = out->m_awlen + 1u;
		burst->beat = 0;
		burst->size = 0;
		bus->write_order[bus->write_count++] = out->m_awid;
		bus->answers++;
	}
}
