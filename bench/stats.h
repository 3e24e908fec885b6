/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order statistics of a handful of samples. Every figure that glacis-bench prints is a median,
 * with the interquartile range as its spread: both ignore the odd slice in which the machine
 * did something else.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>

#define BENCH_SAMPLES_MAX 1024u

/* Samples of one figure. Zero-initialise. */
struct bench_samples {
	double values[BENCH_SAMPLES_MAX];
	size_t count;
};

/* A figure: what is reported of its samples. */
struct bench_figure {
	double median;
	double spread; /* third quartile minus first */
	double minimum;
	double maximum;
	size_t count;
};

/* Adds a sample. When full, the sample is dropped: a run of BENCH_SAMPLES_MAX rounds is enough. */
void bench_samples_add(struct bench_samples *samples, double value);

/* The value below which `fraction` (0..1) of the sorted `values` lie, linearly interpolated;
 * 0 when `count` is 0. */
double bench_percentile(const double *sorted, size_t count, double fraction);

/* Sorts the samples and sums them up. */
struct bench_figure bench_samples_figure(struct bench_samples *samples);

/* Median over the rounds of peer / ours for a cost: above 1 = Glacis better. Samples of one round were
 * taken within moments of each other, so a machine that gets slower for a while hardly moves it. Call
 * before bench_samples_figure, which sorts. 0 when there are no pairs. */
double bench_paired_ratio(const struct bench_samples *ours, const struct bench_samples *peer);

#endif
