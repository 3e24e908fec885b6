/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread of the crew waits for, and how long; see crew.h.
 */
#include "crew_work.h"

#include <time.h>

/* Company that a busy program has not brought within wait_us is waited for longer, up to so many times as long. */
#define BUSY_WAITS 4u
/* It is busy when it takes three quarters of a processor or more, over at least a millisecond. */
#define METER_LEAST_US 1000u
/* With a shorter wait_us nobody looks by himself: that would be too often. */
#define DOZE_LEAST_US 1000u

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

/* Whether the program has been computing since this was asked last. */
static bool is_busy(struct crew_meter *meter, uint64_t now)
{
	uint64_t spent;

	if (now - meter->since_us < METER_LEAST_US)
		return meter->busy;
	spent = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	meter->busy = meter->since_us != 0 && 4 * (spent - meter->spent_us) >= 3 * (now - meter->since_us);
	meter->since_us = now;
	meter->spent_us = spent;
	return meter->busy;
}

/*
 * Until when company is waited for. A busy program comes to its next handshakes only after those that it has in hand,
 * so that the batch of eight takes as long as eight handshakes do, whatever wait_us is; a wait costs it nothing then.
 */
static uint64_t wait_until(struct crew *crew, uint64_t since, uint64_t now)
{
	uint64_t until = since + crew->wait_us, last = since + (uint64_t)BUSY_WAITS * crew->wait_us;

	if (now < until || now >= last || !is_busy(&crew->meter, now))
		return until;
	until = now + (crew->wait_us + 1) / 2;
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

	if (until_us == 0 && crew->wait_us >= DOZE_LEAST_US && crew->dozers == 0 && !crew->stopping &&
	    (crew_expected(crew, TASK_RSA, now) > 1 || crew_expected(crew, TASK_X25519, now) > 1))
		until_us = now + crew->wait_us;
	crew->dozers += until_us != 0;
	crew_sleep_until(crew, until_us);
	crew->dozers -= until_us != 0;
}
