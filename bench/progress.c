/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress for people: silent when stderr is a file or a pipe, so logs stay clean.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "progress.h"

static bool line_is_dirty;

void bench_progress(const char *format, ...)
{
	va_list arguments;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(arguments, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fflush(stderr);
	line_is_dirty = true;
}

void bench_progress_end(void)
{
	if (line_is_dirty)
		fputs("\r\033[K", stderr);
	line_is_dirty = false;
}
