/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of `glacis-bench tls`: table, JSON rows, verdict on the targets.
 */
#ifndef BENCH_TLS_RESULT_H
#define BENCH_TLS_RESULT_H

#include "report.h"
#include "tls_measure.h"

/* One metric of all proxies that took part. */
struct tls_result {
	const struct tls_metric *metric;
	struct bench_figure cost[TLS_PROXY_COUNT];
	struct bench_figure card[TLS_PROXY_COUNT]; /* of the emulated card itself */
	struct bench_figure busy[TLS_PROXY_COUNT];
	struct bench_figure late[TLS_PROXY_COUNT];
	unsigned disturbed[TLS_PROXY_COUNT];
	double ratio[TLS_PROXY_COUNT]; /* cost of that proxy to ours, paired by round */
};

void tls_print_results(FILE *out, const struct tls_result *results, size_t count);

/* Adds a row per result and peer to the report. */
void tls_add_rows(struct bench_report *report, const struct tls_result *results, size_t count);

/* Prints each target and whether it was reached; returns how many were missed. */
unsigned tls_check(FILE *out, const struct tls_result *results, size_t count);

#endif
