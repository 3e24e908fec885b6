/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

int flash_fail(struct flash_problem *problem, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
	/* Values come out of files and from devices: nothing of them may speak to the terminal. */
	for (char *byte = problem->text; *byte; byte++)
		*byte = (unsigned char)*byte < 0x20 || *byte == 0x7f ? '?' : *byte;
	return error;
}
