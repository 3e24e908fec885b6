/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of a subcommand of glacis: --json everywhere, and no arguments.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

struct cli_options {
	bool json;
	bool rates;
	const char *device; /* NULL: none was named */
};

/* Options that a subcommand takes beside --json; bits. */
enum cli_extra { CLI_RATES = 1, CLI_DEVICE = 2 };

/* Fills `options`, or ends the process with a message when the command line is wrong. `doc` says what the subcommand
 * does. */
void cli_options_parse(int argc, char **argv, const char *doc, unsigned extras, struct cli_options *options);

#endif
