/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The moments at which the connections of an open loop begin: the same each time, at the rate asked for, and as
 * uneven as independent visitors are.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tls_arrivals.h"

#define COUNT 20000u
#define RATE  1000.0

static struct tls_arrival first[COUNT], second[COUNT];

Test(schedule, is_the_same_for_everyone)
{
	tls_arrivals_schedule(first, COUNT, RATE);
	tls_arrivals_schedule(second, COUNT, RATE);
	cr_assert_arr_eq(first, second, sizeof(first));
}

Test(schedule, goes_forward_at_the_rate_asked_for)
{
	for (double rate = RATE; rate > 0.5; rate /= 100) {
		double gap = 1e6 / rate;

		tls_arrivals_schedule(first, COUNT, rate);
		cr_assert_gt(first[0].due, 0.0);
		for (unsigned i = 1; i < COUNT; i++)
			cr_assert_gt(first[i].due, first[i - 1].due);
		cr_assert_lt(fabs(first[COUNT - 1].due / COUNT - gap), 0.03 * gap, "%f instead of %f us",
			     first[COUNT - 1].due / COUNT, gap);
	}
}

/* Of exponential gaps 1 - 1/e are shorter than the mean, and one in e^3 is three times as long. */
Test(schedule, has_gaps_of_a_poisson_process)
{
	unsigned shorter = 0, longer = 0;

	tls_arrivals_schedule(first, COUNT, RATE);
	for (unsigned i = 1; i < COUNT; i++) {
		double gap = (first[i].due - first[i - 1].due) * RATE / 1e6;

		shorter += gap < 1.0;
		longer += gap > 3.0;
	}
	cr_assert_lt(fabs((double)shorter / COUNT - (1.0 - exp(-1.0))), 0.02);
	cr_assert_lt(fabs((double)longer / COUNT - exp(-3.0)), 0.01);
}
