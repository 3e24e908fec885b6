/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the time of some code depend on what must stay secret?
 *
 * The method is that of Reparaz, Balasch and Verbauwhede ("Dude, is my code constant time?", 2017):
 * two classes of inputs, one fixed and one random, measured in random order; Welch's t over all
 * measurements and over those below each of several percentiles, which takes away what interrupts
 * did. The largest |t| is reported: below 4.5 nothing was seen, above 10 there is a dependence. At least one
 * part is a control whose time does depend on its input; a run that does not find it out proves nothing.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

/* What is measured: `prepare` is not timed and does the same work for both classes. `bed` is what both work on. */
struct timing_part {
	const char *name, *classes;
	unsigned samples;
	bool lanes;   /* needs AVX512-IFMA */
	bool control; /* its time does depend on the class */
	void (*prepare)(void *bed, unsigned random);
	void (*run)(void *bed, unsigned random);
};

/* Measures all parts, prints a table, adds rows and writes the report. `subject` goes into the table's head; `lanes`:
 * the processor has them; `quick`: a quarter of the samples. Returns 0, or a negative errno after a message: -ERANGE
 * when a dependence was found or the control was not. */
int timing_run(struct bench_report *report, const char *subject, const struct timing_part *parts, size_t count,
	       void *bed, bool lanes, bool quick);

/* Random bytes, or the end of the process. */
void timing_random(void *bytes, size_t size);

#endif
