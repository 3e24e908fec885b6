/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread of the crew waits for, and how long; see crew.h.
 */
#include "crew_work.h"

#include <time.h>

/* How soon it is looked whether the program computes. */
#define LOOK_US 250u
/* The longest look, and how often an idle thread looks by itself in a crowd: this part of wait_us. */
#define LOOKS 4u
/* Over so long it is told whether a program is saturated. */
#define SATURATED_US 20000u

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t crew_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

struct crew_list *crew_oldest_rsa(struct crew *crew)
{
	struct crew_list *oldest = NULL;

	for (unsigned size = 0; size < CREW_SIZES; size++) {
		struct crew_list *list = &crew->lists[size];
		if (list->count > 0 && (oldest == NULL || list->first->since_us < oldest->first->since_us))
			oldest = list;
	}
	return oldest;
}

static void begin(struct crew_span *span, uint64_t now, uint64_t spent)
{
	*span = (struct crew_span){ .since_us = now, .spent_us = spent };
}

/* Whether so many sixteenths of the threads that bring tasks, or of their processors, have been computing. */
static bool computed(const struct crew_span *span, uint64_t now, uint64_t spent, unsigned threads, unsigned sixteenths)
{
	return span->since_us != 0 &&
	       16 * (spent - span->spent_us) >= (uint64_t)sixteenths * threads * (now - span->since_us);
}

/*
 * Looks whether the program has been computing since the last look. It brings the next task only after what it has in
 * hand, so while it computes, waiting costs nothing; while it does not, company may not come at all.
 */
static void look(struct crew *crew, uint64_t now)
{
	struct crew_meter *meter = &crew->meter;
	uint64_t spent = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	unsigned threads = crew_submitters(crew, now);

	meter->busy = computed(&meter->look, now, spent, threads, meter->saturated ? 8 : 14);
	begin(&meter->look, now, spent);
	if (now - meter->age.since_us >= SATURATED_US) {
		meter->saturated = computed(&meter->age, now, spent, threads, 15);
		begin(&meter->age, now, spent);
	}
}

static uint64_t longest_look_us(const struct crew *crew)
{
	return crew->wait_us > LOOKS * LOOK_US ? crew->wait_us / LOOKS : LOOK_US;
}

/* How long the next look is, `waited_us` after the task came. With a saturated program all are long: when it is idle
 * for a moment, its clients make good for it. With a busy one they grow. */
static uint64_t next_look_us(const struct crew *crew, uint64_t waited_us)
{
	uint64_t longest = longest_look_us(crew), most = longest / 2;

	if (crew->meter.saturated)
		return longest;
	if (!crew->meter.busy || waited_us <= LOOK_US || most <= LOOK_US)
		return LOOK_US;
	return waited_us < most ? waited_us : most;
}

/* Until when company is waited for by a task that came at `since`: now, when it is waited for no more. A look that
 * began before the task came tells that the program is busy, but not that it is idle. */
static uint64_t wait_until(struct crew *crew, uint64_t since, uint64_t now)
{
	const struct crew_meter *meter = &crew->meter;
	uint64_t began = meter->look.since_us, last = since + crew->wait_us;
	uint64_t until = began + (meter->saturated ? longest_look_us(crew) : LOOK_US);

	if (now >= last)
		return now;
	if (now >= until) {
		look(crew, now);
		if (!meter->busy && began >= since)
			return now;
		until = now + next_look_us(crew, now - since);
	}
	return until < last ? until : last;
}

struct crew_list *crew_choose(struct crew *crew, uint64_t now, uint64_t *until_us)
{
	struct crew_list *oldest = NULL;
	unsigned expected[TASK_KINDS] = { crew_expected(crew, TASK_RSA, now), crew_expected(crew, TASK_X25519, now) };

	*until_us = 0;
	for (unsigned i = 0; i < CREW_LISTS; i++) {
		struct crew_list *list = &crew->lists[i];
		unsigned wanted = expected[i == CREW_X25519 ? TASK_X25519 : TASK_RSA];
		if (list->count > 0 && (list->count >= wanted || wanted < crew_lanes_from(crew, i)))
			return list;
		if (list->count > 0 && (oldest == NULL || list->first->since_us < oldest->first->since_us))
			oldest = list;
	}
	if (oldest == NULL)
		return NULL;
	*until_us = wait_until(crew, oldest->first->since_us, now);
	return crew->stopping || now >= *until_us ? oldest : NULL;
}

void crew_sleep_until(struct crew *crew, uint64_t until_us)
{
	struct timespec until = { .tv_sec = (time_t)(until_us / 1000000u),
				  .tv_nsec = (long)(until_us % 1000000u) * 1000 };

	crew->sleepers++;
	if (until_us == 0)
		pthread_cond_wait(&crew->wake, &crew->lock);
	else
		pthread_cond_timedwait(&crew->wake, &crew->lock, &until);
	crew->sleepers--;
}

void crew_sleep_or_doze(struct crew *crew, uint64_t until_us)
{
	uint64_t now = crew_now_us();
	bool by_itself = until_us == 0 && crew->wait_us > LOOKS * LOOK_US && crew->dozers == 0 && !crew->stopping &&
			 (crew_expected(crew, TASK_RSA, now) > 1 || crew_expected(crew, TASK_X25519, now) > 1);

	if (by_itself)
		until_us = now + longest_look_us(crew);
	crew->dozers += until_us != 0;
	crew_sleep_until(crew, until_us);
	crew->dozers -= until_us != 0;
	if (by_itself && crew->waiting == 0)
		look(crew, crew_now_us());
}
