/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line that subcommands share: rsa, x25519, batch-wait, provider.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>

struct bench_options {
	const char *json;
	bool quick;
	bool check;
	bool timing;
	const char *modules; /* NULL: not given */
	const char *only;    /* the same */
	const char *against; /* the same */
};

/* --json and --quick are always there; these only where they make sense. */
enum {
	BENCH_OPTION_CHECK = 1,
	BENCH_OPTION_TIMING = 2,
	BENCH_OPTION_MODULES = 4,
	BENCH_OPTION_ONLY = 8,
	BENCH_OPTION_AGAINST = 16
};

/* Fills `options`, or ends the process with a message when the command line is wrong. `doc` says what is measured. */
void bench_options_parse(int argc, char **argv, const char *doc, unsigned more, struct bench_options *options);

#endif
