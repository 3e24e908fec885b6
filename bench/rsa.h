/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RSA benchmark's common ground: one result per case, filled by rsa.c and turned into tables,
 * JSON rows and a verdict on the project's targets by rsa_result.c; and the timing evidence of
 * rsa_timing.c, which `glacis-bench rsa --timing` runs instead.
 */
#ifndef BENCH_RSA_H
#define BENCH_RSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report.h"
#include "stats.h"

enum rsa_algorithm { RSA_PSS, RSA_PKCS1, RSA_ALGORITHMS };

/* What is measured: `count` signatures asked for at once, and waited for. */
struct rsa_shape {
	enum rsa_algorithm algorithm;
	unsigned bits;
	unsigned count;
};

struct rsa_result {
	struct rsa_shape shape;
	bool in_lanes;            /* else one by one */
	struct bench_figure ours; /* microseconds for all `count` */
	struct bench_figure peer;
	double ratio; /* time of the peer / ours, paired by round */
};

extern const char *const rsa_algorithm_names[RSA_ALGORITHMS];

/* Name and version of the OpenSSL in this process. */
const char *rsa_peer(void);

void rsa_print(FILE *out, const struct rsa_result *results, size_t count);
void rsa_add_rows(struct bench_report *report, const struct rsa_result *results, size_t count);
/* Prints each target and whether it was reached; returns how many were missed. */
unsigned rsa_check(FILE *out, const struct rsa_result *results, size_t count);

/* Looks for timing that depends on secrets. Returns 0, or a negative errno after a message: -ERANGE when it found
 * some. `quick`: fewer measurements. */
int rsa_timing_run(struct bench_report *report, bool quick);

#endif
