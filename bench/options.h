/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of the subcommands that have no options of their own: rsa, x25519, batch-wait.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>

struct bench_options {
	const char *json;
	bool quick;
	bool check;
	bool timing;
};

/* --json and --quick are always there; these only where they make sense. */
enum { BENCH_OPTION_CHECK = 1, BENCH_OPTION_TIMING = 2 };

/* Fills `options`, or ends the process with a message when the command line is wrong. `doc` says what is measured. */
void bench_options_parse(int argc, char **argv, const char *doc, unsigned more, struct bench_options *options);

#endif
