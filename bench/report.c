/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds and writes the JSON object of a run, see report.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "report.h"

struct bench_report {
	json_t *root;
	json_t *machine; /* borrowed from root, as are the next two */
	json_t *versions;
	json_t *results;
	const char *path;
	FILE *file;
	bool incomplete; /* a row was lost */
};

struct bench_report *bench_report_create(const char *bench, const char *path)
{
	struct bench_report *report = calloc(1, sizeof(*report));

	if (!report)
		goto no_memory;
	report->path = path;
	report->machine = bench_machine_describe();
	report->versions = bench_machine_versions();
	report->results = json_array();
	report->root = json_pack("{s:s, s:o, s:o, s:s, s:o}", "bench", bench, "machine", report->machine, "versions",
				 report->versions, "commit", bench_machine_commit(), "results", report->results);
	if (!report->root)
		goto no_memory;
	if (path && strcmp(path, "-") == 0)
		report->file = stdout;
	else if (path)
		report->file = fopen(path, "we");
	if (path && !report->file) {
		fprintf(stderr, "glacis-bench: cannot write %s: %s; give --json a path that can be written, or -\n",
			path, strerror(errno));
		bench_report_destroy(report);
		return NULL;
	}
	return report;

no_memory:
	fprintf(stderr, "glacis-bench: out of memory for the report\n");
	bench_report_destroy(report);
	return NULL;
}

void bench_report_version(struct bench_report *report, const char *name, const char *value)
{
	json_object_set_new(report->versions, name, json_string(value));
}

void bench_report_setting(struct bench_report *report, const char *name, const char *value)
{
	json_object_set_new(report->machine, name, json_string(value));
}

void bench_report_row(struct bench_report *report, json_t *row)
{
	if (json_array_append_new(report->results, row))
		report->incomplete = true;
}

FILE *bench_report_table(const struct bench_report *report)
{
	return report->file == stdout ? stderr : stdout;
}

static void print_pairs(FILE *out, const char *title, json_t *object)
{
	const char *key;
	json_t *value;
	const char *separator = "";

	fprintf(out, "%s: ", title);
	json_object_foreach(object, key, value)
	{
		char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		fprintf(out, "%s%s %s", separator, key, text ? text : json_string_value(value));
		free(text);
		separator = ", ";
	}
	fputc('\n', out);
}

void bench_report_print_head(const struct bench_report *report)
{
	FILE *out = bench_report_table(report);

	print_pairs(out, "machine", report->machine);
	print_pairs(out, "versions", report->versions);
	fprintf(out, "commit: %s\n", bench_machine_commit());
}

int bench_report_write(struct bench_report *report)
{
	if (!report->file)
		return 0;
	if (report->incomplete) {
		fprintf(stderr, "glacis-bench: out of memory: rows are missing, %s is not written\n", report->path);
		return -ENOMEM;
	}
	if (json_dumpf(report->root, report->file, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) ||
	    fputc('\n', report->file) == EOF || fflush(report->file)) {
		fprintf(stderr, "glacis-bench: writing %s failed: %s\n", report->path, strerror(errno));
		return -EIO;
	}
	return 0;
}

void bench_report_destroy(struct bench_report *report)
{
	if (!report)
		return;
	if (report->file && report->file != stdout)
		fclose(report->file);
	json_decref(report->root);
	free(report);
}
