/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of the AEAD benchmark: filled by aead.c, turned into tables, JSON rows and a verdict
 * on the project's targets by aead_result.c.
 */
#ifndef BENCH_AEAD_RESULT_H
#define BENCH_AEAD_RESULT_H

#include "aead.h"
#include "report.h"
#include "stats.h"

#define AEAD_CONTENDERS 3u /* [0] is Glacis */

struct aead_result {
	struct aead_shape shape;
	struct bench_figure ns[AEAD_CONTENDERS]; /* per record */
	double ratio[AEAD_CONTENDERS];           /* of that contender to Glacis, paired by round */
};

extern const struct aead_contender *const aead_contenders[AEAD_CONTENDERS];

/* `results` in the order of measuring: all sizes of one kind (algorithm, direction, keys, burst)
 * follow one another. */
void aead_print_throughput(FILE *out, const struct aead_result *results, size_t count, size_t sizes);
void aead_print_times(FILE *out, const struct aead_result *results, size_t count);

/* Adds a row per result and peer to the report. */
void aead_add_rows(struct bench_report *report, const struct aead_result *results, size_t count);

/* Prints each target and whether it was reached; returns how many were missed. */
unsigned aead_check(FILE *out, const struct aead_result *results, size_t count);

#endif
