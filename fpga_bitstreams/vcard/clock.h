/* SPDX-License-Identifier: Apache-2.0 */
/* Monotonic time: now, a moment from now, and condition variables that wait by it. */
#ifndef VCARD_CLOCK_H
#define VCARD_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define VCARD_SECOND UINT64_C(1000000000)

static inline uint64_t vcard_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * VCARD_SECOND + (uint64_t)now.tv_nsec;
}

static inline struct timespec vcard_clock_after(uint64_t ns)
{
	uint64_t then = vcard_clock_ns() + ns;

	return (struct timespec){ .tv_sec = (time_t)(then / VCARD_SECOND), .tv_nsec = (long)(then % VCARD_SECOND) };
}

/* A condition variable whose timed waits go by the monotonic clock. 0 or a negative errno. */
static inline int vcard_clock_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int error = pthread_condattr_init(&attributes);

	if (error)
		return -error;
	error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (!error)
		error = pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
	return -error;
}

#endif
