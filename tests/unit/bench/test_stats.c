/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Medians, quartiles and paired ratios of glacis-bench, against values worked out by hand.
 */
#include <criterion/criterion.h>

#include "stats.h"

static struct bench_samples ours, peer;

static void add(struct bench_samples *samples, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench_samples_add(samples, values[i]);
}

Test(stats, odd_count_takes_the_middle)
{
	struct bench_figure figure;

	add(&ours, (const double[]){ 5, 1, 100, 3, 2 }, 5);
	figure = bench_samples_figure(&ours);
	cr_assert_float_eq(figure.median, 3.0, 1e-12);
	cr_assert_float_eq(figure.spread, 3.0, 1e-12); /* quartiles 2 and 5 */
	cr_assert_float_eq(figure.minimum, 1.0, 1e-12);
	cr_assert_float_eq(figure.maximum, 100.0, 1e-12);
	cr_assert_eq(figure.count, 5);
}

Test(stats, even_count_interpolates)
{
	struct bench_figure figure;

	add(&ours, (const double[]){ 4, 1, 3, 2 }, 4);
	figure = bench_samples_figure(&ours);
	cr_assert_float_eq(figure.median, 2.5, 1e-12);
	cr_assert_float_eq(figure.spread, 1.5, 1e-12); /* quartiles 1.75 and 3.25 */
}

Test(stats, no_samples_give_zero)
{
	struct bench_figure figure = bench_samples_figure(&ours);

	cr_assert_eq(figure.count, 0);
	cr_assert_float_eq(figure.median, 0.0, 0.0);
	cr_assert_float_eq(bench_paired_ratio(&ours, &peer), 0.0, 0.0);
}

Test(stats, one_sample_has_no_spread)
{
	struct bench_figure figure;

	bench_samples_add(&ours, 7);
	figure = bench_samples_figure(&ours);
	cr_assert_float_eq(figure.median, 7.0, 0.0);
	cr_assert_float_eq(figure.spread, 0.0, 0.0);
}

Test(stats, samples_beyond_the_limit_are_dropped)
{
	for (unsigned i = 0; i < BENCH_SAMPLES_MAX; i++)
		bench_samples_add(&ours, 1.0);
	bench_samples_add(&ours, 1000.0);
	cr_assert_eq(ours.count, BENCH_SAMPLES_MAX);
	cr_assert_float_eq(bench_samples_figure(&ours).maximum, 1.0, 0.0);
}

/* The machine is three times slower in the last two rounds: the ratio of medians would be 6. */
Test(stats, paired_ratio_survives_a_slow_phase)
{
	add(&ours, (const double[]){ 1, 1, 1, 3, 3 }, 5);
	add(&peer, (const double[]){ 2, 2, 6, 6, 6 }, 5);
	cr_assert_float_eq(bench_paired_ratio(&ours, &peer), 2.0, 1e-12);
}

Test(stats, paired_ratio_ignores_rounds_without_a_partner)
{
	add(&ours, (const double[]){ 1, 2 }, 2);
	add(&peer, (const double[]){ 4, 8, 1000 }, 3);
	cr_assert_float_eq(bench_paired_ratio(&ours, &peer), 4.0, 1e-12);
}

Test(stats, paired_ratio_skips_a_cost_of_zero)
{
	add(&ours, (const double[]){ 0, 2, 2 }, 3);
	add(&peer, (const double[]){ 5, 8, 8 }, 3);
	cr_assert_float_eq(bench_paired_ratio(&ours, &peer), 4.0, 1e-12);
}

Test(stats, percentile_ends_are_the_extremes)
{
	static const double sorted[] = { 1, 2, 3 };

	cr_assert_float_eq(bench_percentile(sorted, 3, 0.0), 1.0, 0.0);
	cr_assert_float_eq(bench_percentile(sorted, 3, 1.0), 3.0, 0.0);
	cr_assert_float_eq(bench_percentile(sorted, 3, 0.25), 1.5, 1e-12);
}
