/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TAP for the plain programs of this folder. A check that fails says where and what; a case is one line of TAP. Checks
 * may be made by several threads, cases by one.
 */
#ifndef GLACIS_TESTS_DRIVER_TAP_H
#define GLACIS_TESTS_DRIVER_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned tap_failures; /* of the case that runs */
static unsigned tap_cases;
static unsigned tap_failed;

#define CHECK(condition, ...) tap_check((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)

__attribute__((format(printf, 5, 6))) static inline bool tap_check(bool good, const char *file, int line,
								   const char *text, const char *format, ...)
{
	va_list arguments;

	if (good)
		return true;
	if (__atomic_fetch_add(&tap_failures, 1, __ATOMIC_RELAXED) >= 10)
		return false;
	printf("# %s:%d: %s: ", file, line, text);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	return false;
}

static inline void tap_case(const char *name)
{
	printf("%s %u - %s\n", tap_failures == 0 ? "ok" : "not ok", ++tap_cases, name);
	fflush(stdout);
	tap_failed += tap_failures != 0;
	tap_failures = 0;
}

/* The plan; the program's exit status. */
static inline int tap_end(void)
{
	printf("1..%u\n", tap_cases);
	return tap_failed != 0;
}

#endif
