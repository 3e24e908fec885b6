/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subcommand of glacis. main.c holds the one table of them; each lives in a file of its name. `run`
 * gets its own argv (argv[0] is "glacis NAME", for messages) and returns the exit status: 0, 1 (it
 * could not be done, or a check failed) or 64 (usage). What it prints on standard output is flushed
 * and checked by main.c.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

struct cli_command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

extern const struct cli_command cli_devices_command;
extern const struct cli_command cli_selftest_command;

#endif
