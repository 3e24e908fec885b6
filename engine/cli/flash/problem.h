/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, for the operator: one line that names the thing, the value and the remedy. */
#ifndef FLASH_PROBLEM_H
#define FLASH_PROBLEM_H

struct flash_problem {
	char text[512];
};

/* Writes the line and returns `error`, a negative errno. */
int flash_fail(struct flash_problem *problem, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
