/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that is a set of subcommands, as `glacis` and `glacis-bench` are: finds the one on the command line,
 * lists them for --help, and sees that what was printed arrived.
 */
#ifndef CLI_SUBCOMMANDS_H
#define CLI_SUBCOMMANDS_H

#include <stddef.h>

/* `run` gets its own argv (argv[0] is "PROGRAM NAME", for messages) and returns the exit status. */
struct subcommand {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

struct subcommands {
	const char *program;
	const char *purpose; /* a sentence */
	const char *more;    /* where to read on; NULL: nowhere */
	const struct subcommand *const *list;
	size_t count;
};

/* The program's main(). Returns the exit status: the subcommand's, 1 when standard output could not be written; ends
 * the process with 64 when the command line is wrong. */
int subcommands_main(const struct subcommands *commands, int argc, char **argv);

#endif
