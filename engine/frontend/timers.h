/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of connections. All deadlines of a class have one length, so each class is a ring of
 * 64 buckets, each 1/32 of that length wide: setting is O(1), and a timer fires at most 1/32 of
 * its length late, never early. Activity only moves a time stamp; a connection found active when
 * its bucket comes goes into a later one.
 */
#ifndef GLACISD_TIMERS_H
#define GLACISD_TIMERS_H

#include <stdint.h>

enum glacisd_timer_class {
	GLACISD_TIMER_HANDSHAKE,
	GLACISD_TIMER_CONNECT,
	GLACISD_TIMER_IDLE,
	GLACISD_TIMER_HALF_CLOSED,
	GLACISD_TIMER_LINGER,
	GLACISD_TIMER_CLASSES,
	GLACISD_TIMER_NONE = GLACISD_TIMER_CLASSES
};

#define GLACISD_TIMER_BUCKETS 64u

struct glacisd_timer {
	struct glacisd_timer *next, *previous; /* NULL: not set */
	uint64_t deadline_ms;
	uint64_t active_ms; /* the owner's last activity: written freely, read when the bucket comes */
	uint8_t timer_class;
};

struct glacisd_timer_wheel {
	struct glacisd_timer buckets[GLACISD_TIMER_BUCKETS]; /* heads of circular lists */
	uint64_t occupied;   /* bit per bucket that may hold a timer */
	uint64_t cursor;     /* the first tick not yet expired */
	uint32_t length_ms;
	uint32_t tick_ms;
};

struct glacisd_timers {
	struct glacisd_timer_wheel wheels[GLACISD_TIMER_CLASSES];
};

/* `length_ms`: one length per class. */
void glacisd_timers_init(struct glacisd_timers *timers, const uint32_t length_ms[GLACISD_TIMER_CLASSES],
			 uint64_t now_ms);
/* Puts a timer into a class, from none or another, to expire a class length after `now_ms`. */
void glacisd_timer_set(struct glacisd_timers *timers, struct glacisd_timer *timer, enum glacisd_timer_class timer_class,
		       uint64_t now_ms);
void glacisd_timer_cancel(struct glacisd_timer *timer);
/* The next timer whose deadline and activity are both over, taken off its list, or NULL. */
struct glacisd_timer *glacisd_timers_expired(struct glacisd_timers *timers, uint64_t now_ms);
/* Milliseconds until the next bucket that may hold a timer; -1: none. */
int64_t glacisd_timers_wait_ms(struct glacisd_timers *timers, uint64_t now_ms);

#endif
