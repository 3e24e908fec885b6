/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest test harness that also runs under ThreadSanitizer: cases in a table, their results as TAP. A check that
 * fails is told with its place, and the case goes on; NEED ends it.
 */
#ifndef CARD_TAP_H
#define CARD_TAP_H

#include <stdbool.h>
#include <stddef.h>

struct tap_case {
	const char *name;
	void (*run)(void);
};

bool tap_check(bool holds, const char *what, const char *file, int line);

/* Says what the failing check was about; with the checks that fail until it is changed. NULL for nothing. */
void tap_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs the cases, or those that the arguments from `first` on name, and returns the exit status. */
int tap_run(const struct tap_case *cases, size_t count, int argc, char **argv, int first);

#define CHECK(holds) tap_check((holds), #holds, __FILE__, __LINE__)
#define NEED(holds)                                                                                                    \
	do {                                                                                                           \
		if (!CHECK(holds))                                                                                     \
			return;                                                                                        \
	} while (0)
#define TAP_COUNT(cases) (sizeof(cases) / sizeof((cases)[0]))

#endif
