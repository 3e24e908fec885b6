/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a function in a forked child and keeps what it wrote to stdout and stderr and how it ended:
 * for code that exits, logs, or changes the process for good (privileges, seccomp).
 */
#ifndef TEST_CAPTURE_H
#define TEST_CAPTURE_H

struct capture {
	int status; /* as from waitpid() */
	char text[16384];
};

/* `body` runs in the child; when it returns the child ends with its result as exit code. */
void capture_child(int (*body)(void *context), void *context, struct capture *capture);

#endif
