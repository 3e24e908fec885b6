/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of a run: one JSON object {"bench","machine","versions","commit","results":[...]}.
 * Made at the start of a run (the machine's load before it counts), filled row by row, written
 * once at the end. Tables for people are the subcommands' own; they go to bench_report_table().
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <jansson.h>
#include <stdio.h>

struct bench_report;

/* `path` of the JSON file: NULL = none, "-" = standard output (tables then go to standard error).
 * The file is opened here, so that a wrong path is known before the minutes of measuring.
 * Returns NULL after a message. */
struct bench_report *bench_report_create(const char *bench, const char *path);

/* Adds a version or a setting of the machine; `value` is copied. */
void bench_report_version(struct bench_report *report, const char *name, const char *value);
void bench_report_setting(struct bench_report *report, const char *name, const char *value);

/* Adds a row; takes the reference. NULL (out of memory) is remembered and fails the write. */
void bench_report_row(struct bench_report *report, json_t *row);

/* Where tables go. */
FILE *bench_report_table(const struct bench_report *report);

/* Prints machine, versions and commit in a few lines. */
void bench_report_print_head(const struct bench_report *report);

/* Writes the JSON, if asked for. Returns 0 or a negative errno after a message. */
int bench_report_write(struct bench_report *report);

void bench_report_destroy(struct bench_report *report);

#endif
