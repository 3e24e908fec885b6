/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router on a saturated thread. Clocks are the test's own, so that nothing depends on who else uses the processor:
 * the thread's says that it has run for as large a share of the time as the test wants.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include <glacis/glacis.h>

#include "aead_support.h"
#include "card_meter.h"
#include "fake_card.h"

#define SIZE 16384u

/* The linker puts this in the place of clock_gettime (meson.build). */
int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

static struct {
	uint64_t wall_ns, thread_ns;
	bool mine; /* this thread's clocks are the test's */
} clocks;
static _Thread_local bool in_test;

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t ns = clock == CLOCK_THREAD_CPUTIME_ID ? clocks.thread_ns : clocks.wall_ns;

	if (!in_test || !clocks.mine)
		return __real_clock_gettime(clock, time);
	*time = (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };
	return 0;
}

/* So much time passes, of which the thread has run `percent`. */
static void pass(uint64_t ns, unsigned percent)
{
	clocks.wall_ns += ns;
	clocks.thread_ns += ns / 100 * percent;
}

static void clocks_take(void)
{
	in_test = clocks.mine = true;
	clocks.wall_ns = 1000000000u;
}

TestSuite(card_meter, .timeout = 60);

Test(card_meter, says_saturated_above_its_share)
{
	struct card_meter meter = { 0 };

	clocks_take();
	card_meter_look(&meter);
	pass(CARD_METER_WINDOW_NS, CARD_METER_PERCENT);
	card_meter_look(&meter);
	cr_assert(!meter.busy, "exactly the share is not above it");
	pass(CARD_METER_WINDOW_NS, CARD_METER_PERCENT + 1);
	card_meter_look(&meter);
	cr_assert(meter.busy);
	pass(CARD_METER_WINDOW_NS, 0);
	card_meter_look(&meter);
	cr_assert(!meter.busy);
}

Test(card_meter, says_what_it_said_until_a_window_is_over)
{
	struct card_meter meter = { 0 };

	clocks_take();
	card_meter_look(&meter);
	pass(CARD_METER_WINDOW_NS - 1, 100);
	card_meter_look(&meter);
	cr_assert(!meter.busy);
	pass(1, 100);
	card_meter_look(&meter);
	cr_assert(meter.busy);
}

Test(card_meter, looks_at_clocks_at_each_so_manieth_call)
{
	struct card_meter meter = { 0 };

	clocks_take();
	card_meter_look(&meter);
	pass(CARD_METER_WINDOW_NS, 100);
	for (unsigned i = 1; i < CARD_METER_CALLS; i++)
		cr_assert(!card_meter_busy(&meter), "call %u", i);
	cr_assert(card_meter_busy(&meter));
}

/* One record through the queue. Returns whose it was. */
static uint8_t seal(struct bed *bed, struct glacis_aead_session *session)
{
	static uint8_t text[SIZE + 16];
	struct glacis_aead_op op = { 0 }, *list = &op;
	const uint8_t nonce[12] = { 1 };
	struct glacis_op *done;

	fill_op(&op, session, text, SIZE, nonce, nonce, 5);
	cr_assert_eq(glacis_queue_submit(bed->queue, &list, 1), 1);
	while (glacis_queue_poll(bed->queue, &done, 1) == 0)
		;
	return op.op.path;
}

/* Records until the meter has looked again. Returns how many of as many afterwards were the card's. */
static unsigned by_card(struct bed *bed, struct glacis_aead_session *session)
{
	unsigned count = 0;

	for (unsigned i = 0; i < CARD_METER_CALLS; i++)
		(void)seal(bed, session);
	for (unsigned i = 0; i < CARD_METER_CALLS / 2; i++)
		count += seal(bed, session) == GLACIS_PATH_CARD;
	return count;
}

/* A card that is slower than the processor, and costs the host less: taken while, and only while, it is saturated. */
Test(card_meter, sends_records_to_the_card_while_the_processor_is_saturated)
{
	struct glacis_card_options options = {
		.device = "fake", .module = FAKE_CARD, .verify = GLACIS_CARD_VERIFY_NONE, .ask_nothing = true
	};
	struct fake_card_control *control = dlsym(dlopen(FAKE_CARD, RTLD_NOW), "fake_card");
	const uint8_t key[16] = { 0 };
	struct glacis_card_counters before, after;
	struct glacis_aead_session *session;
	struct glacis_card_info info;
	struct bed bed;

	atomic_store(&control->mode, FAKE_CARD_FAR);
	cr_assert_eq(glacis_engine_create(NULL, &bed.engine), 0);
	cr_assert_eq(glacis_card_open(bed.engine, &options), 0);
	cr_assert_eq(glacis_queue_create(bed.engine, NULL, &bed.queue), 0);
	session = make_session(&bed, GLACIS_SEAL, key, sizeof(key));
	glacis_card_info(bed.engine, &info);
	cr_assert_eq(info.size_from, UINT32_MAX, "a card that is slow is not for a processor with time to spare");
	cr_assert_leq(info.size_from_busy, SIZE, "one that is cheap is for one without");
	clocks_take();
	cr_assert_eq(by_card(&bed, session), 0);
	pass(CARD_METER_WINDOW_NS, 20);
	glacis_card_counters(bed.queue, &before);
	cr_assert_eq(by_card(&bed, session), 0, "at a fifth of the time");
	glacis_card_counters(bed.queue, &after);
	cr_assert_eq(after.to_cpu_policy - before.to_cpu_policy, CARD_METER_CALLS + CARD_METER_CALLS / 2);
	pass(CARD_METER_WINDOW_NS, 99);
	cr_assert_eq(by_card(&bed, session), CARD_METER_CALLS / 2, "saturated");
	glacis_card_counters(bed.queue, &after);
	cr_assert_geq(after.completed - before.completed, CARD_METER_CALLS / 2);
	pass(CARD_METER_WINDOW_NS, 20);
	cr_assert_eq(by_card(&bed, session), 0, "and no longer");
	glacis_aead_session_destroy(session);
	bed_close(&bed);
}
