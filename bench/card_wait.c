/* SPDX-License-Identifier: Apache-2.0 */
/* See card_wait.h. */
#include <rte_cycles.h>

#include "card_wait.h"

#define FIRST_US 20.0
#define LEAST_US 1.0
#define MOST_US  5000.0
/* A step up is undone by fifty down. */
#define LONGER  1.05
#define SHORTER 0.999

void card_wait_begin(struct card_wait *wait)
{
	wait->us = FIRST_US;
}

void card_wait(const struct card_wait *wait)
{
	rte_delay_us_block((unsigned)wait->us);
}

void card_wait_learn(struct card_wait *wait, bool enough)
{
	double next = wait->us * (enough ? SHORTER : LONGER);

	wait->us = next < LEAST_US ? LEAST_US : next > MOST_US ? MOST_US : next;
}
