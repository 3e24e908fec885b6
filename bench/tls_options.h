/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `glacis-bench tls`.
 */
#ifndef BENCH_TLS_OPTIONS_H
#define BENCH_TLS_OPTIONS_H

#include <stdbool.h>

struct tls_options {
	const char *json;
	const char *glacisd;
	const char *only; /* group of metrics; NULL: all */
	unsigned rounds;
	bool quick;
	bool check;
	bool peers_only;
	bool card; /* glacisd with an emulated card instead of the peers */
};

/* Fills `options`, or ends the process with a message when the command line is wrong. */
void tls_options_parse(int argc, char **argv, struct tls_options *options);

#endif
