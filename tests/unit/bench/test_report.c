/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON object that glacis-bench writes: its shape is a promise to scripts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>

#include "report.h"

static char path[] = "/tmp/glacis-test-report-XXXXXX";

static void make_path(void)
{
	int handle = mkstemp(path);

	cr_assert_geq(handle, 0);
	close(handle);
}

static void remove_path(void)
{
	unlink(path);
}

Test(report, writes_one_object_with_all_members, .init = make_path, .fini = remove_path)
{
	struct bench_report *report = bench_report_create("aead", path);
	json_t *root, *row;

	cr_assert_not_null(report);
	bench_report_version(report, "haproxy", "2.6");
	bench_report_setting(report, "placement", "core 0");
	bench_report_row(report, json_pack("{s:s, s:f}", "peer", "openssl", "ratio", 4.5));
	cr_assert_eq(bench_report_write(report), 0);
	bench_report_destroy(report);

	root = json_load_file(path, 0, NULL);
	cr_assert_str_eq(json_string_value(json_object_get(root, "bench")), "aead");
	cr_assert(json_is_string(json_object_get(root, "commit")));
	cr_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "versions"), "haproxy")), "2.6");
	cr_assert_not_null(json_object_get(json_object_get(root, "versions"), "openssl"));
	cr_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "machine"), "placement")), "core 0");
	cr_assert_not_null(json_object_get(json_object_get(root, "machine"), "cpu"));
	cr_assert_eq(json_array_size(json_object_get(root, "results")), 1);
	row = json_array_get(json_object_get(root, "results"), 0);
	cr_assert_float_eq(json_real_value(json_object_get(row, "ratio")), 4.5, 1e-9);
	json_decref(root);
}

Test(report, lost_row_fails_the_write, .init = make_path, .fini = remove_path)
{
	struct bench_report *report = bench_report_create("aead", path);

	cr_redirect_stderr();
	cr_assert_not_null(report);
	bench_report_row(report, NULL);
	cr_assert_lt(bench_report_write(report), 0);
	bench_report_destroy(report);
}

Test(report, path_that_cannot_be_written_is_refused_at_once)
{
	cr_redirect_stderr();
	cr_assert_null(bench_report_create("aead", "/nonexistent/folder/report.json"));
	cr_assert_stderr_eq_str("glacis-bench: cannot write /nonexistent/folder/report.json: No such file or "
				"directory; give --json a path that can be written, or -\n");
}

Test(report, without_a_path_nothing_is_written)
{
	struct bench_report *report = bench_report_create("aead", NULL);

	cr_assert_not_null(report);
	cr_assert_eq(bench_report_table(report), stdout);
	cr_assert_eq(bench_report_write(report), 0);
	bench_report_destroy(report);
}

Test(report, tables_leave_standard_output_to_the_json)
{
	struct bench_report *report = bench_report_create("aead", "-");

	cr_assert_not_null(report);
	cr_assert_eq(bench_report_table(report), stderr);
	bench_report_destroy(report);
}
