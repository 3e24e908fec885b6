/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of connections: never early, at most a tick late, stretched by activity only where that is
 * wanted, and correct over many turns of the wheel.
 */
#include <criterion/criterion.h>

#include "timers.h"

#define LENGTH_MS 1000u
#define TICK_MS (LENGTH_MS / 32u + 1u)

static struct glacisd_timers timers;

static void setup(uint64_t now_ms)
{
	const uint32_t lengths[GLACISD_TIMER_CLASSES] = { LENGTH_MS, LENGTH_MS, LENGTH_MS, LENGTH_MS, LENGTH_MS };

	glacisd_timers_init(&timers, lengths, now_ms);
}

/* Milliseconds from `now_ms` until the timer fires, stepping one at a time; gives up after ten lengths. */
static uint64_t fires_after(struct glacisd_timer *timer, uint64_t now_ms)
{
	for (uint64_t passed = 0; passed < 10 * LENGTH_MS; passed++)
		if (glacisd_timers_expired(&timers, now_ms + passed) == timer)
			return passed;
	return UINT64_MAX;
}

Test(timers, fire_once_at_their_length)
{
	for (uint64_t start = 0; start < 200; start += 7) {
		struct glacisd_timer timer = { 0 };
		uint64_t passed;

		setup(start);
		glacisd_timer_set(&timers, &timer, GLACISD_TIMER_HANDSHAKE, start);
		passed = fires_after(&timer, start);
		cr_assert(passed >= LENGTH_MS && passed <= LENGTH_MS + TICK_MS, "start %lu: fired after %lu", start,
			  passed);
		cr_assert_eq(fires_after(&timer, start + passed), UINT64_MAX, "it fired twice");
	}
}

Test(timers, idle_is_stretched_by_activity)
{
	struct glacisd_timer timer = { 0 };
	uint64_t passed;

	setup(0);
	glacisd_timer_set(&timers, &timer, GLACISD_TIMER_IDLE, 0);
	timer.active_ms = 700;
	passed = fires_after(&timer, 0);
	cr_assert(passed >= 1700 && passed <= 1700 + 2 * TICK_MS, "fired after %lu", passed);
}

Test(timers, handshake_is_not_stretched_by_activity)
{
	struct glacisd_timer timer = { 0 };
	uint64_t passed;

	setup(0);
	glacisd_timer_set(&timers, &timer, GLACISD_TIMER_HANDSHAKE, 0);
	timer.active_ms = 900;
	passed = fires_after(&timer, 0);
	cr_assert(passed >= LENGTH_MS && passed <= LENGTH_MS + TICK_MS, "fired after %lu", passed);
}

Test(timers, cancelled_ones_do_not_fire)
{
	struct glacisd_timer kept = { 0 }, cancelled = { 0 };

	setup(0);
	glacisd_timer_set(&timers, &cancelled, GLACISD_TIMER_IDLE, 0);
	glacisd_timer_set(&timers, &kept, GLACISD_TIMER_IDLE, 0);
	glacisd_timer_cancel(&cancelled);
	cr_assert_eq(glacisd_timers_expired(&timers, 2 * LENGTH_MS), &kept);
	cr_assert_null(glacisd_timers_expired(&timers, 2 * LENGTH_MS));
}

Test(timers, moving_to_another_class_leaves_the_first)
{
	struct glacisd_timer timer = { 0 };

	setup(0);
	glacisd_timer_set(&timers, &timer, GLACISD_TIMER_HANDSHAKE, 0);
	glacisd_timer_set(&timers, &timer, GLACISD_TIMER_IDLE, 900);
	cr_assert_null(glacisd_timers_expired(&timers, LENGTH_MS + TICK_MS));
	cr_assert_eq(glacisd_timers_expired(&timers, 900 + LENGTH_MS + TICK_MS), &timer);
}

Test(timers, survive_a_long_sleep_and_go_on)
{
	struct glacisd_timer timer = { 0 };
	uint64_t passed;

	setup(0);
	cr_assert_null(glacisd_timers_expired(&timers, 1000000));
	glacisd_timer_set(&timers, &timer, GLACISD_TIMER_IDLE, 1000000);
	passed = fires_after(&timer, 1000000);
	cr_assert(passed >= LENGTH_MS && passed <= LENGTH_MS + TICK_MS, "fired after %lu", passed);
}

Test(timers, all_of_many_fire)
{
	static struct glacisd_timer many[5000];
	unsigned fired = 0;

	setup(0);
	for (unsigned i = 0; i < 5000; i++) {
		while (glacisd_timers_expired(&timers, i))
			fired++;
		glacisd_timer_set(&timers, &many[i], GLACISD_TIMER_IDLE, i);
	}
	for (uint64_t now = 5000; now < 8000; now += 13)
		while (glacisd_timers_expired(&timers, now))
			fired++;
	cr_assert_eq(fired, 5000, "%u of 5000 fired", fired);
}

Test(timers, wait_reaches_the_next_deadline_and_no_further)
{
	struct glacisd_timer timer = { 0 };
	int64_t wait;

	setup(0);
	cr_assert_eq(glacisd_timers_wait_ms(&timers, 0), -1, "no timer: no deadline to wait for");
	glacisd_timer_set(&timers, &timer, GLACISD_TIMER_IDLE, 0);
	wait = glacisd_timers_wait_ms(&timers, 0);
	cr_assert(wait >= (int64_t)LENGTH_MS && wait <= (int64_t)(LENGTH_MS + TICK_MS), "waits %ld ms", wait);
	cr_assert_eq(glacisd_timers_wait_ms(&timers, 5000), 0, "overdue: do not wait");
}
