/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of the subcommands that measure one kind of operation beside OpenSSL: rsa, x25519.
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

/* Fills `options`, or ends the process with a message when the command line is wrong. `doc` says what is measured;
 * `targets`: there are some, for --check. */
void bench_options_parse(int argc, char **argv, const char *doc, bool targets, struct bench_options *options);

#endif
