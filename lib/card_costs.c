/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record costs on the processor and on the card, by size, and what follows for the router. Measured once, by the
 * keeper, with bursts as a busy program submits them; each figure is the best of some rounds, since whatever disturbs
 * a round only adds to it.
 *
 * Two figures of the card count. Its own time decides while the processor has time to spare: a slower card would only
 * delay. The host's time decides while the processor is saturated: there the card need not be faster, only cheaper.
 */
#include <string.h>
#include <time.h>

#include "backend_cpu.h"
#include "card_answers.h"

#define ROUNDS    24u
#define ROUNDS_US 40000u /* of one size, at most */
#define NS        1000u  /* a burst's nanoseconds are counted in a microsecond's thousandth */

static const uint32_t sizes[GLACIS_CARD_SIZES] = { 64, 256, 1024, 4096, 8192, 16384 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t processor_round(struct card *card, uint32_t size)
{
	struct glacis_aead_op *list[ANSWERS_BURST];
	uint64_t start;

	for (unsigned i = 0; i < ANSWERS_BURST; i++) {
		answers_op(card->answers, i, &card->answers->seal, size);
		card->answers->ops[i].op.state = GLACIS_OP_QUEUED;
		list[i] = &card->answers->ops[i];
	}
	start = now_ns();
	backend_cpu.aead_submit(card->cpu, list, ANSWERS_BURST);
	start = now_ns() - start;
	card->cpu_done.head = card->cpu_done.tail;
	return start;
}

/* The check that a queue would make of a result. */
static uint64_t check_time(struct card *card)
{
	uint64_t start = now_ns();
	bool right = true;

	if (card->options.verify != GLACIS_CARD_VERIFY_ALL)
		return 0;
	for (unsigned i = 0; i < ANSWERS_BURST; i++)
		right &= backend_cpu_tag_right(card->cpu, &card->answers->ops[i], card->answers->ops[i].destination,
					       card->answers->ops[i].tag);
	(void)right; /* known answers were right before; here only the time counts */
	return now_ns() - start;
}

/* One burst on the card: the host's time in calls, and the time until all is back. False: it fails. */
static bool card_round(struct card *card, uint32_t size, uint64_t *host, uint64_t *whole)
{
	struct glacis_aead_op *list[ANSWERS_BURST];
	struct card_result results[ANSWERS_BURST];
	uint64_t start, call, until;
	unsigned done, bad = 0;
	bool unfit;

	for (unsigned i = 0; i < ANSWERS_BURST; i++) {
		answers_op(card->answers, i, &card->answers->seal, size);
		list[i] = &card->answers->ops[i];
	}
	start = now_ns();
	done = card->module->submit(card->own_seat.queue, list, ANSWERS_BURST, &unfit);
	*host = now_ns() - start;
	card->answers->away += done;
	atomic_fetch_add(&card->own_seat.live, done);
	until = start + card->options.deadline_ms * UINT64_C(4000000);
	while (card->answers->away > 0 && now_ns() < until) {
		unsigned count;

		call = now_ns();
		count = card_seat_poll(&card->own_seat, results, ANSWERS_BURST);
		if (count > 0)
			*host += now_ns() - call;
		for (unsigned i = 0; i < count; i++)
			bad += results[i].outcome != CARD_DONE;
		card->answers->away -= count;
	}
	*whole = now_ns() - start;
	return done == ANSWERS_BURST && bad == 0 && card->answers->away == 0;
}

/* One size. False: the card fails. */
static bool measure(struct card *card, uint32_t size, struct glacis_card_cost *cost)
{
	uint64_t processor = UINT64_MAX, host = UINT64_MAX, whole = UINT64_MAX, check = UINT64_MAX, end;

	end = now_ns() + ROUNDS_US * NS;
	for (unsigned round = 0; round < ROUNDS && now_ns() < end; round++) {
		uint64_t value = processor_round(card, size);

		if (value < processor)
			processor = value;
	}
	end = now_ns() + ROUNDS_US * NS;
	for (unsigned round = 0; round < ROUNDS && (round < 3 || now_ns() < end); round++) {
		uint64_t host_one, whole_one, check_one;

		if (!card_round(card, size, &host_one, &whole_one))
			return false;
		check_one = check_time(card);
		if (host_one < host)
			host = host_one;
		if (whole_one < whole)
			whole = whole_one;
		if (check_one < check)
			check = check_one;
	}
	*cost = (struct glacis_card_cost){ .size = size,
					   .cpu_ns = (uint32_t)(processor / ANSWERS_BURST),
					   .host_ns = (uint32_t)((host + check) / ANSWERS_BURST),
					   .card_ns = (uint32_t)((whole + check) / ANSWERS_BURST) };
	return true;
}

/* The smallest size from which on all larger ones are cheaper, too. */
static uint32_t crossover(const struct glacis_card_cost costs[], bool busy)
{
	uint32_t from = UINT32_MAX;

	for (unsigned i = GLACIS_CARD_SIZES; i-- > 0;) {
		uint32_t card = busy ? costs[i].host_ns : costs[i].card_ns;

		if (costs[i].size == 0 || card >= costs[i].cpu_ns)
			break;
		from = costs[i].size;
	}
	return from;
}

void card_costs_measure(struct card *card)
{
	struct glacis_card_cost costs[GLACIS_CARD_SIZES] = { 0 };
	bool good = card->description.aead;
	uint32_t from, from_busy;

	if (good && !card_seat_enter(&card->own_seat))
		good = false;
	if (good) {
		answers_key(card->answers, card->engine, 16);
		for (unsigned i = 0; i < GLACIS_CARD_SIZES && good; i++)
			good = measure(card, sizes[i], &costs[i]);
		answers_key_drop(card);
		card_seat_exit(&card->own_seat);
	}
	from = card->options.size_from != 0 ? card->options.size_from : crossover(costs, false);
	from_busy = card->options.size_from != 0 ? card->options.size_from : crossover(costs, true);
	atomic_store(&card->size_from, from);
	atomic_store(&card->size_from_busy, from_busy);
	pthread_mutex_lock(&card->text_lock);
	memcpy(card->costs, costs, sizeof(card->costs));
	pthread_mutex_unlock(&card->text_lock);
	card->measured = true;
	for (unsigned i = 0; i < GLACIS_CARD_SIZES; i++)
		if (costs[i].size != 0)
			card_log(card, GLACIS_CARD_LOG_INFO,
				 "card %s: a record of %u bytes costs %u ns here, %u ns of here on the card, and comes "
				 "back after %u ns",
				 card->description.device, costs[i].size, costs[i].cpu_ns, costs[i].host_ns,
				 costs[i].card_ns);
}
