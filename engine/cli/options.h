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
};

/* Fills `options`, or ends the process with a message when the command line is wrong. `doc` says what the subcommand
 * does; `rates`: it takes --rates too. */
void cli_options_parse(int argc, char **argv, const char *doc, bool rates, struct cli_options *options);

#endif
