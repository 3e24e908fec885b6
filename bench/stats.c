/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Medians and quartiles, by sorting: sample counts are in the tens. Called by every subcommand.
 */
#include <stdlib.h>

#include "stats.h"

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

void bench_samples_add(struct bench_samples *samples, double value)
{
	if (samples->count < BENCH_SAMPLES_MAX)
		samples->values[samples->count++] = value;
}

double bench_percentile(const double *sorted, size_t count, double fraction)
{
	double position;
	size_t below;

	if (count == 0)
		return 0.0;
	position = fraction * (double)(count - 1);
	below = (size_t)position;
	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

struct bench_figure bench_samples_figure(struct bench_samples *samples)
{
	const double *sorted = samples->values;
	size_t count = samples->count;

	qsort(samples->values, count, sizeof(samples->values[0]), compare);
	return (struct bench_figure){
		.median = bench_percentile(sorted, count, 0.5),
		.spread = bench_percentile(sorted, count, 0.75) - bench_percentile(sorted, count, 0.25),
		.minimum = bench_percentile(sorted, count, 0.0),
		.maximum = bench_percentile(sorted, count, 1.0),
		.count = count,
	};
}

double bench_paired_ratio(const struct bench_samples *ours, const struct bench_samples *peer)
{
	size_t pairs = ours->count < peer->count ? ours->count : peer->count;
	double ratios[BENCH_SAMPLES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < pairs; i++)
		if (ours->values[i] > 0.0)
			ratios[count++] = peer->values[i] / ours->values[i];
	qsort(ratios, count, sizeof(ratios[0]), compare);
	return bench_percentile(ratios, count, 0.5);
}
