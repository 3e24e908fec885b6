/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this thread saturated? Asked by the router for each burst, so it looks at clocks only now and then: the share of
 * time that the thread has run, of all that has passed since the look before.
 */
#ifndef GLACIS_LIB_CARD_METER_H
#define GLACIS_LIB_CARD_METER_H

#include <stdbool.h>
#include <stdint.h>

#define CARD_METER_CALLS     64u      /* between looks */
#define CARD_METER_WINDOW_NS 2000000u /* a shorter time says nothing */
#define CARD_METER_PERCENT   85u      /* of the time: saturated */

/* All zero at first. Used by one thread. */
struct card_meter {
	uint64_t wall_ns, thread_ns; /* at the start of the window */
	uint32_t calls;
	bool busy;
};

/* Looks at the clocks, if the window is over. */
void card_meter_look(struct card_meter *meter);

/* Counts a call, and looks at each CARD_METER_CALLS-th. */
static inline bool card_meter_busy(struct card_meter *meter)
{
	if (++meter->calls >= CARD_METER_CALLS)
		card_meter_look(meter);
	return meter->busy;
}

#endif
