/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subcommand of glacis-bench. main.c holds the one table of them; each lives in files that
 * start with its name. `run` gets its own argv (argv[0] is "glacis-bench NAME", for messages)
 * and returns the exit status: 0, 1 (a measurement failed or a target was missed) or 64 (usage).
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

struct bench_command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

extern const struct bench_command bench_aead_command;
extern const struct bench_command bench_rsa_command;
extern const struct bench_command bench_tls_command;
extern const struct bench_command bench_x25519_command;

#endif
