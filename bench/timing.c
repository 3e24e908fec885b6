/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two classes of inputs and Welch's t between their times. See timing.h.
 */
#include "timing.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include <openssl/rand.h>

#include "progress.h"

#define T_WARN    4.5
#define T_FAIL    10.0
#define CROPS     10u
#define WARM_UP   10u
#define PARTS_MAX 16u

struct measurement {
	double cycles;
	bool random;
};

static int compare_cycles(const void *a, const void *b)
{
	double x = ((const struct measurement *)a)->cycles, y = ((const struct measurement *)b)->cycles;

	return (x > y) - (x < y);
}

/* Welch's t of the two classes among measurements below `limit`. */
static double welch(const struct measurement *measurements, size_t count, double limit)
{
	double mean[2] = { 0, 0 }, squares[2] = { 0, 0 }, n[2] = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		unsigned class = measurements[i].random;
		double x = measurements[i].cycles, delta = x - mean[class];

		if (x > limit)
			continue;
		n[class]++;
		mean[class] += delta / n[class];
		squares[class] += delta * (x - mean[class]);
	}
	if (n[0] < 2 || n[1] < 2)
		return 0;
	double variance = squares[0] / (n[0] - 1) / n[0] + squares[1] / (n[1] - 1) / n[1];
	return variance > 0 ? (mean[0] - mean[1]) / sqrt(variance) : 0;
}

/* The largest |t| over everything and over ten crops. */
static double largest_t(struct measurement *measurements, size_t count)
{
	double largest = fabs(welch(measurements, count, INFINITY));

	qsort(measurements, count, sizeof(*measurements), compare_cycles);
	for (unsigned crop = 1; crop <= CROPS; crop++) {
		/* 50% to 99.9%, denser towards the end. */
		size_t below = (size_t)((1 - pow(0.5, crop)) * (double)count);
		double t = fabs(welch(measurements, count, measurements[below < count ? below : count - 1].cycles));

		largest = t > largest ? t : largest;
	}
	return largest;
}

static uint64_t cycles(void)
{
	unsigned processor;

	_mm_lfence();
	return __rdtscp(&processor);
}

void timing_random(void *bytes, size_t size)
{
	if (RAND_bytes(bytes, (int)size) != 1)
		abort();
}

static int measure_part(const struct timing_part *part, void *bed, unsigned samples, double *t)
{
	struct measurement *measurements = calloc(samples, sizeof(*measurements));
	uint8_t coin = 0;

	if (!measurements)
		return -ENOMEM;
	for (unsigned i = 0; i < samples + WARM_UP; i++) {
		timing_random(&coin, 1);
		unsigned random = coin & 1;
		part->prepare(bed, random);
		uint64_t start = cycles();
		part->run(bed, random);
		uint64_t end = cycles();
		if (i >= WARM_UP)
			measurements[i - WARM_UP] = (struct measurement){ (double)(end - start), random != 0 };
	}
	*t = largest_t(measurements, samples);
	free(measurements);
	return 0;
}

/* The control must be found out: else the machine is too noisy for any verdict. */
static const char *verdict(const struct timing_part *part, double t)
{
	if (part->control)
		return t > T_FAIL ? "found" : "MISSED";
	return t > T_FAIL ? "DEPENDS" : t > T_WARN ? "suspect" : "ok";
}

/* Prints one part's line and adds its row. True when it speaks against the code, or the control against the run. */
static bool show(struct bench_report *report, const struct timing_part *part, double t)
{
	fprintf(bench_report_table(report), "%-8s %-40s %-34s |t| %6.2f\n", verdict(part, t), part->name, part->classes,
		t);
	bench_report_row(report, json_pack("{s:s, s:s, s:f, s:s}", "part", part->name, "classes", part->classes, "t", t,
					   "verdict", verdict(part, t)));
	return (t > T_FAIL) != part->control;
}

int timing_run(struct bench_report *report, const char *subject, const struct timing_part *parts, size_t count,
	       void *bed, bool lanes, bool quick)
{
	FILE *out = bench_report_table(report);
	double t[PARTS_MAX] = { 0 };
	bool failed = false;
	int status = count <= PARTS_MAX ? 0 : -E2BIG;

	for (size_t i = 0; i < count && !status; i++) {
		if (parts[i].lanes && !lanes)
			continue;
		bench_progress("%s: %s", parts[i].name, parts[i].classes);
		status = measure_part(&parts[i], bed, quick ? parts[i].samples / 4 : parts[i].samples, &t[i]);
	}
	bench_progress_end();
	if (status) {
		fprintf(stderr, "glacis-bench: the timing could not be measured: %s\n", strerror(-status));
		return status;
	}
	bench_report_print_head(report);
	fprintf(out,
		"\nLargest |t| of two classes of inputs, %s: below %.1f nothing was seen, above %.0f the time "
		"depends on the class.\n",
		subject, T_WARN, T_FAIL);
	for (size_t i = 0; i < count; i++) {
		if (parts[i].lanes && !lanes)
			fprintf(out, "%-8s %-40s this processor has no AVX512-IFMA\n", "skipped", parts[i].name);
		else
			failed |= show(report, &parts[i], t[i]);
	}
	status = bench_report_write(report);
	return status ? status : failed ? -ERANGE : 0;
}
