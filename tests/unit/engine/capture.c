/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a function in a forked child and captures its output: see capture.h. Used by the tests of
 * the options, the log and the privileges. A child that hangs is killed by its own alarm after 20 s.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"

#define DEADLINE_S 20u

static _Noreturn void run_child(int (*body)(void *), void *context, int output)
{
	int code;

	alarm(DEADLINE_S);
	if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		_exit(126);
	code = body(context);
	fflush(NULL);
	_exit(code);
}

void capture_child(int (*body)(void *context), void *context, struct capture *capture)
{
	size_t used = 0;
	int ends[2];
	ssize_t got;
	pid_t child;

	fflush(NULL);
	cr_assert_eq(pipe(ends), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		close(ends[0]);
		run_child(body, context, ends[1]);
	}
	close(ends[1]);
	while (used < sizeof(capture->text) - 1 &&
	       (got = read(ends[0], capture->text + used, sizeof(capture->text) - 1 - used)) > 0)
		used += (size_t)got;
	capture->text[used] = '\0';
	close(ends[0]);
	cr_assert_eq(waitpid(child, &capture->status, 0), child);
}
