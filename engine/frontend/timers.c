/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bucketed deadlines. See timers.h.
 */
#include "timers.h"

#include <stdbool.h>
#include <stddef.h>

static void wheel_init(struct glacisd_timer_wheel *wheel, uint32_t length_ms, uint64_t now_ms)
{
	wheel->length_ms = length_ms;
	wheel->tick_ms = length_ms < 32 ? 1 : length_ms / 32;
	wheel->cursor = now_ms / wheel->tick_ms;
	wheel->occupied = 0;
	for (unsigned i = 0; i < GLACISD_TIMER_BUCKETS; i++)
		wheel->buckets[i].next = wheel->buckets[i].previous = &wheel->buckets[i];
}

void glacisd_timers_init(struct glacisd_timers *timers, const uint32_t length_ms[GLACISD_TIMER_CLASSES],
			 uint64_t now_ms)
{
	for (int i = 0; i < GLACISD_TIMER_CLASSES; i++)
		wheel_init(&timers->wheels[i], length_ms[i], now_ms);
}

static void insert(struct glacisd_timer_wheel *wheel, struct glacisd_timer *timer, uint64_t deadline_ms)
{
	uint64_t tick = (deadline_ms + wheel->tick_ms - 1) / wheel->tick_ms;
	struct glacisd_timer *head;

	if (tick < wheel->cursor)
		tick = wheel->cursor;
	if (tick > wheel->cursor + GLACISD_TIMER_BUCKETS - 1)
		tick = wheel->cursor + GLACISD_TIMER_BUCKETS - 1; /* judged again when it comes */
	head = &wheel->buckets[tick % GLACISD_TIMER_BUCKETS];
	timer->deadline_ms = deadline_ms;
	timer->previous = head->previous;
	timer->next = head;
	head->previous->next = timer;
	head->previous = timer;
	wheel->occupied |= 1ull << (tick % GLACISD_TIMER_BUCKETS);
}

static void unlink_timer(struct glacisd_timer *timer)
{
	timer->previous->next = timer->next;
	timer->next->previous = timer->previous;
	timer->next = timer->previous = NULL;
}

void glacisd_timer_set(struct glacisd_timers *timers, struct glacisd_timer *timer, enum glacisd_timer_class timer_class,
		       uint64_t now_ms)
{
	glacisd_timer_cancel(timer);
	timer->timer_class = (uint8_t)timer_class;
	timer->active_ms = now_ms;
	insert(&timers->wheels[timer_class], timer, now_ms + timers->wheels[timer_class].length_ms);
}

void glacisd_timer_cancel(struct glacisd_timer *timer)
{
	if (timer->next)
		unlink_timer(timer);
	timer->timer_class = GLACISD_TIMER_NONE;
}

/* Handshake, connect and linger deadlines are absolute: a peer cannot stretch them by trickling bytes. */
static uint64_t due_ms(const struct glacisd_timer_wheel *wheel, const struct glacisd_timer *timer)
{
	bool stretches = timer->timer_class == GLACISD_TIMER_IDLE || timer->timer_class == GLACISD_TIMER_HALF_CLOSED;

	return stretches ? timer->active_ms + wheel->length_ms : timer->deadline_ms;
}

static struct glacisd_timer *wheel_expired(struct glacisd_timer_wheel *wheel, uint64_t now_ms)
{
	while (wheel->cursor <= now_ms / wheel->tick_ms) {
		struct glacisd_timer *head = &wheel->buckets[wheel->cursor % GLACISD_TIMER_BUCKETS];

		if (!wheel->occupied) {
			wheel->cursor = now_ms / wheel->tick_ms + 1;
			break;
		}
		while (head->next != head) {
			struct glacisd_timer *timer = head->next;
			uint64_t due = due_ms(wheel, timer);

			unlink_timer(timer);
			if (due <= now_ms)
				return timer;
			wheel->cursor++; /* so that it cannot come back into this bucket */
			insert(wheel, timer, due);
			wheel->cursor--;
		}
		wheel->occupied &= ~(1ull << (wheel->cursor % GLACISD_TIMER_BUCKETS));
		wheel->cursor++;
	}
	return NULL;
}

struct glacisd_timer *glacisd_timers_expired(struct glacisd_timers *timers, uint64_t now_ms)
{
	for (int i = 0; i < GLACISD_TIMER_CLASSES; i++) {
		struct glacisd_timer *timer = wheel_expired(&timers->wheels[i], now_ms);

		if (timer)
			return timer;
	}
	return NULL;
}

static int64_t wheel_wait_ms(const struct glacisd_timer_wheel *wheel, uint64_t now_ms)
{
	unsigned shift = wheel->cursor % GLACISD_TIMER_BUCKETS;
	uint64_t rotated, tick;

	if (!wheel->occupied)
		return -1;
	rotated = shift ? (wheel->occupied >> shift) | (wheel->occupied << (GLACISD_TIMER_BUCKETS - shift)) :
			  wheel->occupied;
	tick = wheel->cursor + (unsigned)__builtin_ctzll(rotated);
	return tick * wheel->tick_ms > now_ms ? (int64_t)(tick * wheel->tick_ms - now_ms) : 0;
}

int64_t glacisd_timers_wait_ms(struct glacisd_timers *timers, uint64_t now_ms)
{
	int64_t wait = -1;

	for (int i = 0; i < GLACISD_TIMER_CLASSES; i++) {
		int64_t left = wheel_wait_ms(&timers->wheels[i], now_ms);

		if (left >= 0 && (wait < 0 || left < wait))
			wait = left;
	}
	return wait;
}
