/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait between a burst's two halves: about as long as the card takes, learnt from whether bursts were
 * there. The time is not counted, but it tells all the same: the longer it is, the more of what the burst's second half
 * needs has been driven out of the processor's caches, on a shared machine by others.
 *
 * Not thread-safe; one for each kind of burst.
 */
#ifndef GLACIS_BENCH_CARD_WAIT_H
#define GLACIS_BENCH_CARD_WAIT_H

#include <stdbool.h>

struct card_wait {
	double us;
};

/* A first guess, soon corrected. */
void card_wait_begin(struct card_wait *wait);

/* Blocks that long. */
void card_wait(const struct card_wait *wait);

/* `enough`: the whole burst was there. The wait settles where about 98 of 100 bursts are. */
void card_wait_learn(struct card_wait *wait, bool enough);

#endif
