/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the logic's AXI master: the client's memory, with the manners of a bus. Requests take a random time,
 * answers come in any order, and neither side always has room; all by a seed. What is mapped is read and written here;
 * what is not goes by messages, outside of the clock: see vcard_rtl_bus_far().
 */
#ifndef VCARD_RTL_BUS_H
#define VCARD_RTL_BUS_H

#include <stddef.h>

#include "rtl_model.h"

#define RTL_TAGS        8u
#define RTL_BURST_BYTES 512u

struct vcard_card;

enum rtl_burst_state {
	RTL_FREE,
	RTL_FILLING, /* write: data is still coming */
	RTL_FAR,     /* waits for a message to be exchanged */
	RTL_TALKING, /* the message is under way */
	RTL_WAITING, /* until its time */
	RTL_SENDING, /* read: beats go out */
};

struct rtl_burst {
	enum rtl_burst_state state;
	uint64_t address;
	uint32_t beats, beat;
	uint32_t first, size; /* write: bytes that count, from the burst's beginning */
	uint64_t due;         /* cycle */
	bool failed;
	uint8_t queue;
	uint32_t serial; /* of its message */
	uint8_t data[RTL_BURST_BYTES];
};

struct vcard_rtl_bus {
	struct vcard_card *card;
	const bool *enabled; /* queues: what others want of the client is refused */
	struct rtl_burst reads[RTL_TAGS], writes[RTL_TAGS];
	uint8_t write_order[RTL_TAGS]; /* tags whose data is to come, oldest first */
	unsigned write_count;
	unsigned read_count, answers; /* bursts that are not free */
	int sending;                  /* tag of the read whose beats go out, or -1 */
	unsigned far;                 /* bursts that wait for a message */
	uint32_t serial;              /* of the newest message */
	uint8_t message[RTL_BURST_BYTES];
	uint64_t cycle;
	uint64_t random;
	bool calm;                             /* no random waits: for measurements */
	bool read_held, write_held, data_held; /* offered in the cycle before, and not taken */
	struct vcard_rtl_out before;
};

void vcard_rtl_bus_init(struct vcard_rtl_bus *bus, struct vcard_card *card, const bool *enabled, uint64_t seed);

/* Forgets everything under way. */
void vcard_rtl_bus_clear(struct vcard_rtl_bus *bus);

/* Before each cycle: what the bus offers. After settling: what was agreed on. */
void vcard_rtl_bus_drive(struct vcard_rtl_bus *bus, struct vcard_rtl_in *in);
void vcard_rtl_bus_sample(struct vcard_rtl_bus *bus, const struct vcard_rtl_in *in, const struct vcard_rtl_out *out);

static inline bool vcard_rtl_bus_is_busy(const struct vcard_rtl_bus *bus)
{
	return bus->read_count || bus->answers;
}

/*
 * Exchanges one message for a burst that needs one. Leaves the gate meanwhile; the burst may have been abandoned, or
 * forgotten, when it is back, and nobody wants the answer.
 */
void vcard_rtl_bus_far(struct vcard_rtl_bus *bus);

/* A queue is reset: what it waits for from the client fails now. A write that was sent may still take place there. */
void vcard_rtl_bus_abandon(struct vcard_rtl_bus *bus, unsigned queue);

#endif
