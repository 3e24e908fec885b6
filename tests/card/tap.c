/* SPDX-License-Identifier: Apache-2.0 */
/* TAP; see tap.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

#define SHOWN_MAX 20u

static unsigned failures;
static char context[256];

bool tap_check(bool holds, const char *what, const char *file, int line)
{
	if (!holds && failures++ < SHOWN_MAX)
		printf("# %s:%d: %s%s%s\n", file, line, what, context[0] ? "; " : "", context);
	return holds;
}

void tap_context(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);
}

static bool is_wanted(const char *name, int argc, char **argv, int first)
{
	if (first >= argc)
		return true;
	for (int i = first; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return false;
}

int tap_run(const struct tap_case *cases, size_t count, int argc, char **argv, int first)
{
	unsigned run = 0, failed = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(cases[i].name, argc, argv, first))
			continue;
		failures = 0;
		context[0] = '\0';
		cases[i].run();
		if (failures)
			failed++;
		printf("%sok %u - %s\n", failures ? "not " : "", ++run, cases[i].name);
		fflush(stdout);
	}
	printf("1..%u\n", run);
	return run && !failed ? 0 : 1;
}
