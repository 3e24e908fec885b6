/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of the router; see card_meter.h. */
#include "card_meter.h"

#include <time.h>

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void card_meter_look(struct card_meter *meter)
{
	uint64_t wall_ns = clock_ns(CLOCK_MONOTONIC), thread_ns;

	meter->calls = 0;
	if (wall_ns - meter->wall_ns < CARD_METER_WINDOW_NS)
		return;
	thread_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	meter->busy = (thread_ns - meter->thread_ns) * 100 > (wall_ns - meter->wall_ns) * CARD_METER_PERCENT;
	meter->wall_ns = wall_ns;
	meter->thread_ns = thread_ns;
}
