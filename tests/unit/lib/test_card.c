/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router and the keeper, with a module whose device fails on command (fake_card.c): every operation comes back once
 * with the processor's result, the reason is counted, and the card gets traffic again after right answers only.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include <glacis/glacis.h>

#include "aead_support.h"
#include "fake_card.h"

#define SIZE  1000u
#define BURST 8u

static struct bed bed;
static struct fake_card_control *control;
static struct glacis_aead_session *seal_session, *open_session;
static char lines[16384]; /* of the card's log */
static const uint8_t key[16] = "sixteen bytes...";

static void log_line(void *context, enum glacis_card_log_level level, const char *line)
{
	(void)context;
	(void)level;
	if (strlen(lines) + strlen(line) + 2 < sizeof(lines))
		strcat(strcat(lines, line), "\n");
}

static struct glacis_card_options options_of(enum glacis_card_policy policy, enum glacis_card_verify verify)
{
	return (struct glacis_card_options){
		.device = "fake", .module = FAKE_CARD, .policy = policy, .verify = verify, .log = log_line
	};
}

static void start(enum glacis_card_policy policy, enum glacis_card_verify verify)
{
	const struct glacis_card_options options = options_of(policy, verify);
	void *module = dlopen(FAKE_CARD, RTLD_NOW);

	cr_assert_not_null(module, "%s", dlerror());
	control = dlsym(module, "fake_card");
	cr_assert_eq(glacis_engine_create(NULL, &bed.engine), 0);
	cr_assert_eq(glacis_card_open(bed.engine, &options), 0, "%s", lines);
	cr_assert_eq(glacis_queue_create(bed.engine, NULL, &bed.queue), 0);
	seal_session = make_session(&bed, GLACIS_SEAL, key, sizeof(key));
	open_session = make_session(&bed, GLACIS_OPEN, key, sizeof(key));
}

static void end(void)
{
	cr_assert_eq(glacis_queue_inflight(bed.queue), 0);
	glacis_aead_session_destroy(seal_session);
	glacis_aead_session_destroy(open_session);
	bed_close(&bed);
	cr_assert_eq(atomic_load(&control->live), 0, "the module has no operation left");
}

TestSuite(card, .timeout = 60);

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static struct glacis_card_info info_of(void)
{
	struct glacis_card_info info;

	glacis_card_info(bed.engine, &info);
	return info;
}

static struct glacis_card_counters counters_of(void)
{
	struct glacis_card_counters counters;

	glacis_card_counters(bed.queue, &counters);
	return counters;
}

static void wait_for(enum glacis_card_state state)
{
	while (info_of().state != state)
		pause_ms(1);
}

/* Seals a burst in place; every result must be OpenSSL's. Returns how many the card did. */
static unsigned seal_burst(uint32_t size)
{
	static uint8_t texts[BURST][SIZE + 16], expected[SIZE + 16], plain[SIZE];
	struct glacis_aead_op ops[BURST], *list[BURST];
	struct glacis_op *done[BURST];
	const uint8_t nonce[12] = { 1 };
	unsigned back = 0, by_card = 0;

	fill_pattern(plain, size, 5);
	reference_seal(key, sizeof(key), nonce, nonce, 5, plain, size, expected);
	for (unsigned i = 0; i < BURST; i++) {
		memset(&ops[i], 0, sizeof(ops[i]));
		memcpy(texts[i], plain, size);
		fill_op(&ops[i], seal_session, texts[i], size, nonce, nonce, 5);
		list[i] = &ops[i];
	}
	cr_assert_eq(glacis_queue_submit(bed.queue, list, BURST), (int)BURST);
	while (back < BURST)
		back += glacis_queue_poll(bed.queue, done, BURST);
	cr_assert_eq(glacis_queue_poll(bed.queue, done, BURST), 0, "each comes back once");
	for (unsigned i = 0; i < BURST; i++) {
		cr_assert_eq(ops[i].op.status, GLACIS_STATUS_OK);
		cr_assert_arr_eq(texts[i], expected, size + 16);
		by_card += ops[i].op.path == GLACIS_PATH_CARD;
	}
	return by_card;
}

/* Opens one record out of place, right or with a wrong tag. */
static struct glacis_aead_op open_one(bool right)
{
	static uint8_t sealed[SIZE + 16], output[SIZE], plain[SIZE];
	const uint8_t nonce[12] = { 2 };
	struct glacis_aead_op op = { 0 };

	fill_pattern(plain, SIZE, 6);
	reference_seal(key, sizeof(key), nonce, nonce, 5, plain, SIZE, sealed);
	sealed[SIZE] ^= !right;
	fill_op(&op, open_session, sealed, SIZE, nonce, nonce, 5);
	op.destination = output;
	struct glacis_aead_op *list = &op;
	struct glacis_op *done;
	cr_assert_eq(glacis_queue_submit(bed.queue, &list, 1), 1);
	while (glacis_queue_poll(bed.queue, &done, 1) == 0)
		;
	if (right)
		cr_assert_arr_eq(output, plain, SIZE);
	return op;
}

Test(card, does_the_work_and_counts_it)
{
	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	cr_assert_eq(seal_burst(SIZE), BURST);
	cr_assert_eq(open_one(true).op.path, GLACIS_PATH_CARD);
	struct glacis_card_counters counters = counters_of();
	cr_assert_eq(counters.submitted, BURST + 1);
	cr_assert_eq(counters.completed, BURST + 1);
	cr_assert_eq(counters.verified, BURST + 1);
	cr_assert_eq(glacis_card_wait_us(bed.queue), -1);
	end();
}

/* A card that takes its time is looked at less and less often, down to a bound. */
Test(card, that_is_slow_is_not_polled_all_the_time)
{
	static uint8_t text[SIZE + 16];
	struct glacis_aead_op op = { 0 }, *list = &op;
	const uint8_t nonce[12] = { 3 };
	struct glacis_op *done;
	int64_t before = 0, wait = 0;

	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	atomic_store(&control->mode, FAKE_CARD_SILENT);
	fill_op(&op, seal_session, text, SIZE, nonce, nonce, 5);
	cr_assert_eq(glacis_queue_submit(bed.queue, &list, 1), 1);
	cr_assert_eq(glacis_card_wait_us(bed.queue), 50);
	for (unsigned polls = 0; polls < 100; polls++) {
		cr_assert_eq(glacis_queue_poll(bed.queue, &done, 1), 0);
		wait = glacis_card_wait_us(bed.queue);
		cr_assert(wait == before || wait == 2 * before || before == 0, "%ld after %ld", wait, before);
		before = wait;
	}
	cr_assert_eq(wait, 400);
	atomic_store(&control->mode, FAKE_CARD_GOOD);
	while (glacis_queue_poll(bed.queue, &done, 1) == 0)
		;
	cr_assert_eq(glacis_card_wait_us(bed.queue), -1);
	wait_for(GLACIS_CARD_UP);
	atomic_store(&control->mode, FAKE_CARD_SILENT);
	cr_assert_eq(glacis_queue_submit(bed.queue, &list, 1), 1);
	cr_assert_eq(glacis_card_wait_us(bed.queue), 50, "anew");
	atomic_store(&control->mode, FAKE_CARD_GOOD);
	while (glacis_queue_poll(bed.queue, &done, 1) == 0)
		;
	end();
}

Test(card, is_not_asked_when_the_policy_says_so)
{
	start(GLACIS_CARD_NEVER, GLACIS_CARD_VERIFY_ALL);
	cr_assert_eq(seal_burst(SIZE), 0);
	cr_assert_eq(counters_of().to_cpu_policy, BURST);
	cr_assert_eq(counters_of().submitted, 0);
	end();
}

/* OpenSSL in a module costs more than ipsec-mb here whatever the size: measured, and so never chosen. */
Test(card, is_not_chosen_where_it_costs_more)
{
	start(GLACIS_CARD_AUTO, GLACIS_CARD_VERIFY_ALL);
	struct glacis_card_info info = info_of();
	for (unsigned i = 0; i < GLACIS_CARD_SIZES; i++)
		cr_assert(info.costs[i].size > 0 && info.costs[i].cpu_ns > 0 && info.costs[i].host_ns > 0 &&
			  info.costs[i].card_ns >= info.costs[i].host_ns);
	cr_assert_eq(info.size_from, UINT32_MAX);
	cr_assert_eq(seal_burst(SIZE), 0);
	cr_assert_eq(counters_of().to_cpu_policy, BURST);
	end();
}

Test(card, is_chosen_from_the_size_that_is_configured)
{
	struct glacis_card_options options = options_of(GLACIS_CARD_AUTO, GLACIS_CARD_VERIFY_ALL);

	options.size_from = 500;
	control = dlsym(dlopen(FAKE_CARD, RTLD_NOW), "fake_card");
	cr_assert_eq(glacis_engine_create(NULL, &bed.engine), 0);
	cr_assert_eq(glacis_card_open(bed.engine, &options), 0);
	cr_assert_eq(glacis_queue_create(bed.engine, NULL, &bed.queue), 0);
	seal_session = make_session(&bed, GLACIS_SEAL, key, sizeof(key));
	open_session = make_session(&bed, GLACIS_OPEN, key, sizeof(key));
	cr_assert_eq(seal_burst(499), 0);
	cr_assert_eq(seal_burst(500), BURST);
	end();
}

Test(card, that_is_full_leaves_the_rest_to_the_processor)
{
	struct glacis_aead_op ops[FAKE_CARD_DEPTH + 4], *list[FAKE_CARD_DEPTH + 4];
	static uint8_t texts[FAKE_CARD_DEPTH + 4][64 + 16];
	struct glacis_op *done[FAKE_CARD_DEPTH + 4];
	const uint8_t nonce[12] = { 3 };
	unsigned back;

	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	atomic_store(&control->mode, FAKE_CARD_SILENT);
	for (unsigned i = 0; i < FAKE_CARD_DEPTH + 4; i++) {
		memset(&ops[i], 0, sizeof(ops[i]));
		fill_op(&ops[i], seal_session, texts[i], 64, nonce, nonce, 5);
		list[i] = &ops[i];
	}
	cr_assert_eq(glacis_queue_submit(bed.queue, list, FAKE_CARD_DEPTH + 4), (int)FAKE_CARD_DEPTH + 4);
	cr_assert_eq(glacis_queue_poll(bed.queue, done, FAKE_CARD_DEPTH + 4), 4);
	cr_assert_eq(counters_of().to_cpu_full, 4);
	cr_assert_geq(glacis_card_wait_us(bed.queue), 0);
	atomic_store(&control->mode, FAKE_CARD_GOOD);
	for (back = 4; back < FAKE_CARD_DEPTH + 4;)
		back += glacis_queue_poll(bed.queue, done, FAKE_CARD_DEPTH + 4);
	end();
}

/* What the card gets wrong is run again, the card leaves traffic, and comes back once it answers right. */
static void fails_as(enum fake_card_mode mode, enum glacis_card_verify verify)
{
	start(GLACIS_CARD_FIRST, verify);
	atomic_store(&control->mode, mode);
	cr_assert_eq(seal_burst(SIZE), 0);
	cr_assert_neq(info_of().state, GLACIS_CARD_UP);
	cr_assert_eq(seal_burst(SIZE), 0);
	cr_assert_eq(counters_of().to_cpu_down, BURST, "no traffic for a card that is suspect");
	wait_for(GLACIS_CARD_LOST); /* it answers wrongly still */
	cr_assert_eq(seal_burst(SIZE), 0);
	atomic_store(&control->mode, FAKE_CARD_GOOD);
	wait_for(GLACIS_CARD_UP);
	cr_assert_eq(seal_burst(SIZE), BURST);
	struct glacis_card_info info = info_of();
	cr_assert(info.failures == 1 && info.readmissions == 1 && info.restarts >= 1 && info.tests_failed >= 1);
	cr_assert(info.recovery_us >= 10000 && info.last_failure[0] != '\0');
}

Test(card, that_reports_errors)
{
	fails_as(FAKE_CARD_ERROR, GLACIS_CARD_VERIFY_ALL);
	cr_assert_eq(counters_of().again_error, BURST);
	end();
}

Test(card, that_is_late)
{
	fails_as(FAKE_CARD_LATE, GLACIS_CARD_VERIFY_ALL);
	cr_assert_eq(counters_of().again_late, BURST);
	end();
}

Test(card, that_makes_wrong_tags)
{
	fails_as(FAKE_CARD_WRONG_TAG, GLACIS_CARD_VERIFY_ALL);
	cr_assert_eq(counters_of().again_wrong, BURST);
	end();
}

/* One in 64 is looked at; after the first wrong one, all. */
Test(card, that_makes_wrong_tags_is_found_by_samples)
{
	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_SAMPLE);
	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(seal_burst(SIZE), BURST);
	cr_assert_eq(counters_of().verified, 16 * BURST / 64);
	end();
}

Test(card, that_calls_right_records_forged)
{
	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	struct glacis_aead_op op = open_one(false);
	cr_assert_eq(op.op.status, GLACIS_STATUS_AUTH_FAILED);
	cr_assert_eq(op.op.path, GLACIS_PATH_CPU, "the processor has the last word");
	cr_assert_eq(info_of().state, GLACIS_CARD_UP, "a forged record is not the card's failure");
	atomic_store(&control->mode, FAKE_CARD_FORGED);
	op = open_one(true);
	cr_assert_eq(op.op.status, GLACIS_STATUS_OK);
	cr_assert_eq(counters_of().auth_wrong, 1);
	cr_assert_neq(info_of().state, GLACIS_CARD_UP);
	atomic_store(&control->mode, FAKE_CARD_GOOD);
	wait_for(GLACIS_CARD_UP);
	end();
}

/* The device does not start again at once; it is tried until it does. */
Test(card, that_is_gone_for_a_while)
{
	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	atomic_store(&control->restarts_to_fail, 3);
	atomic_store(&control->mode, FAKE_CARD_ERROR);
	cr_assert_eq(seal_burst(SIZE), 0);
	wait_for(GLACIS_CARD_LOST);
	atomic_store(&control->mode, FAKE_CARD_GOOD);
	wait_for(GLACIS_CARD_UP);
	cr_assert_geq(atomic_load(&control->restarts), 4u);
	cr_assert_str_eq(info_of().identity.abi, "1.1");
	cr_assert_str_neq(info_of().identity.build_id, "0000000000000000", "the image of before the restart");
	cr_assert_eq(seal_burst(SIZE), BURST);
	end();
}

/* A card that fails again and again waits longer each time. */
Test(card, waits_longer_after_each_failure)
{
	uint64_t before = 0;

	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	for (unsigned i = 0; i < 4; i++) {
		atomic_store(&control->mode, FAKE_CARD_ERROR);
		(void)seal_burst(SIZE);
		atomic_store(&control->mode, FAKE_CARD_GOOD);
		wait_for(GLACIS_CARD_UP);
		cr_assert_geq(info_of().recovery_us, UINT64_C(10000) << i);
		cr_assert_gt(info_of().recovery_us, before / 2);
		before = info_of().recovery_us;
	}
	end();
}

/* An idle card is asked now and then. */
Test(card, that_dies_while_idle_is_noticed)
{
	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	atomic_store(&control->mode, FAKE_CARD_ERROR);
	wait_for(GLACIS_CARD_LOST);
	cr_assert_eq(counters_of().submitted, 0);
	atomic_store(&control->mode, FAKE_CARD_GOOD);
	wait_for(GLACIS_CARD_UP);
	end();
}

Test(card, forgets_a_session_with_its_key)
{
	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	unsigned before = atomic_load(&control->sessions_released);
	struct glacis_aead_session *session = make_session(&bed, GLACIS_SEAL, key, sizeof(key));
	glacis_aead_session_destroy(session);
	cr_assert_eq(atomic_load(&control->sessions_released), before, "it was never on the card");
	end();
}

Test(card, has_so_many_queues_and_then_the_processor)
{
	struct glacis_queue *more[FAKE_CARD_QUEUES];

	start(GLACIS_CARD_FIRST, GLACIS_CARD_VERIFY_ALL);
	cr_assert_eq(info_of().queues, FAKE_CARD_QUEUES - 1, "one is the keeper's");
	for (unsigned i = 0; i < FAKE_CARD_QUEUES; i++)
		cr_assert_eq(glacis_queue_create(bed.engine, NULL, &more[i]), 0);
	cr_assert_eq(info_of().queues_used, FAKE_CARD_QUEUES - 1);
	struct glacis_queue *first = bed.queue;
	bed.queue = more[FAKE_CARD_QUEUES - 1];
	cr_assert_eq(seal_burst(SIZE), 0);
	cr_assert_eq(counters_of().to_cpu_down, BURST);
	bed.queue = first;
	for (unsigned i = 0; i < FAKE_CARD_QUEUES; i++)
		glacis_queue_destroy(more[i]);
	cr_assert_eq(info_of().queues_used, 1);
	cr_assert_not_null(strstr(lines, "another queue runs on the processor"));
	end();
}

Test(card, is_refused_with_a_reason)
{
	struct glacis_card_options options = options_of(GLACIS_CARD_AUTO, GLACIS_CARD_VERIFY_ALL);
	struct glacis_card_info info;

	cr_assert_eq(glacis_engine_create(NULL, &bed.engine), 0);
	options.module = "/nowhere/glacis-cryptodev.so";
	cr_assert_eq(glacis_card_open(bed.engine, &options), -ENOENT);
	cr_assert_not_null(strstr(lines, "/nowhere/glacis-cryptodev.so"));
	cr_assert_not_null(strstr(lines, "scripts/setup driver"));
	options.module = NOT_A_MODULE;
	cr_assert_eq(glacis_card_open(bed.engine, &options), -ELIBBAD);
	options.deadline_ms = 60001;
	cr_assert_eq(glacis_card_open(bed.engine, &options), -EINVAL);
	glacis_card_info(bed.engine, &info);
	cr_assert_eq(info.state, GLACIS_CARD_NONE);
	options = options_of(GLACIS_CARD_AUTO, GLACIS_CARD_VERIFY_ALL);
	cr_assert_eq(glacis_queue_create(bed.engine, NULL, &bed.queue), 0);
	cr_assert_eq(glacis_card_open(bed.engine, &options), -EBUSY, "queues must come after the card");
	bed_close(&bed);
}
