/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenMetrics text: strictly well-formed, complete, within its buffer.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glacis/engine.h>
#include <glacis/version.h>

#include "http_client.h"
#include "metrics.h"
#include "openmetrics.h"

static char *render(const struct glacisd_service *service, size_t *length)
{
	size_t size = glacisd_metrics_size_max(service);
	char *text = malloc(size);

	cr_assert_not_null(text);
	cr_assert_eq(glacisd_metrics_render(service, text, size, length), 0);
	cr_assert_eq(strlen(text), *length);
	return text;
}

static void check(const char *text, size_t length)
{
	struct openmetrics result;

	cr_assert_eq(openmetrics_check(text, length, &result), 0, "%s", result.why);
}

Test(metrics, are_well_formed)
{
	struct fake_service fake;
	size_t length;

	fake_service_make(&fake);
	char *text = render(&fake.service, &length);

	check(text, length);
	free(text);
}

Test(metrics, hold_every_counter_of_every_worker)
{
	struct fake_service fake;
	size_t length;
	int64_t number = 0;

	fake_service_make(&fake);
	char *text = render(&fake.service, &length);

	number = 0;
#define BOTH_WORKERS(sample)                                                                                           \
	number++;                                                                                                      \
	cr_assert_eq(openmetrics_value(text, sample "{worker=\"0\"}"), number, sample);                                \
	cr_assert_eq(openmetrics_value(text, sample "{worker=\"1\"}"), 1000 + number, sample);
#define COUNTER(name, help) BOTH_WORKERS("glacisd_" #name "_total")
#define GAUGE(name, help)   BOTH_WORKERS("glacisd_" #name)
	GLACISD_COUNTERS(COUNTER)
	GLACISD_GAUGES(GAUGE)
	cr_assert_eq(openmetrics_value(text, "glacisd_loop_turns_total{worker=\"2\"}"), -1);
	free(text);
}

Test(metrics, tell_build_uptime_and_draining)
{
	struct fake_service fake;
	size_t length;

	fake_service_make(&fake);
	fake.service.draining = 1;
	char *text = render(&fake.service, &length);
	int64_t uptime = openmetrics_value(text, "glacisd_uptime_seconds");

	cr_assert(uptime >= 100 && uptime < 160, "uptime %" PRId64, uptime);
	cr_assert_eq(openmetrics_value(text, "glacisd_start_time_seconds"), (int64_t)fake.service.started_at_s);
	cr_assert_eq(openmetrics_value(text, "glacisd_draining"), 1);
	cr_assert_eq(openmetrics_value(text, "glacisd_workers"), 2);
	cr_assert_not_null(strstr(text, "glacisd_build_info{version=\"" GLACIS_VERSION "\",openssl=\"3."));
	free(text);
}

Test(metrics, never_count_time_backwards)
{
	struct fake_service fake;
	size_t length;

	fake_service_make(&fake);
	fake.service.started_at_s += 1000000; /* the wall clock was set back */
	char *text = render(&fake.service, &length);

	cr_assert_eq(openmetrics_value(text, "glacisd_uptime_seconds"), 0);
	free(text);
}

Test(metrics, leave_the_engine_out_without_one)
{
	struct fake_service fake;
	size_t length;

	fake_service_make(&fake);
	char *text = render(&fake.service, &length);

	cr_assert_null(strstr(text, "glacisd_sessions"));
	cr_assert_null(strstr(text, "backend=\""));
	free(text);
}

Test(metrics, tell_what_the_engine_holds)
{
	struct fake_service fake;
	struct glacis_engine_info info;
	size_t length;

	fake_service_make(&fake);
	cr_assert_eq(glacis_engine_create(NULL, &fake.service.engine), 0);
	glacis_engine_info(fake.service.engine, &info);
	char *text = render(&fake.service, &length);

	check(text, length);
	cr_assert_eq(openmetrics_value(text, "glacisd_sessions"), 0);
	cr_assert_eq(openmetrics_value(text, "glacisd_key_memory_bytes"), (int64_t)info.key_bytes);
	cr_assert_eq(openmetrics_value(text, "glacisd_key_memory_unlocked_bytes"), (int64_t)info.unlocked_key_bytes);
	cr_assert_eq(openmetrics_value(text, "glacisd_session_bytes"), (int64_t)info.session_bytes);
	cr_assert_gt(openmetrics_value(text, "glacisd_session_bytes"), 0);
	cr_assert_not_null(strstr(text, ",backend=\""));
	free(text);
	glacis_engine_destroy(fake.service.engine);
}

Test(metrics, refuse_each_buffer_that_is_too_small)
{
	struct fake_service fake;
	size_t length;
	size_t ignored;

	fake_service_make(&fake);
	char *text = render(&fake.service, &length);

	for (size_t size = 0; size <= length; size++) {
		text[size] = '\x55';
		cr_assert_eq(glacisd_metrics_render(&fake.service, text, size, &ignored), -ENOSPC, "size %zu", size);
		cr_assert_eq(text[size], '\x55', "wrote past %zu bytes", size);
	}
	cr_assert_eq(glacisd_metrics_render(&fake.service, text, length + 1, &ignored), 0);
	free(text);
}

Test(metrics, fit_their_bound_with_the_largest_values)
{
	struct fake_service fake;
	size_t length;

	fake_service_make(&fake);
	memset(&fake.stats[0], 0xff, sizeof(fake.stats[0]));
	fake.service.workers = GLACISD_WORKERS_MAX;
	for (uint32_t worker = 0; worker < GLACISD_WORKERS_MAX; worker++)
		fake.service.stats[worker] = &fake.stats[0];
	char *text = render(&fake.service, &length);

	check(text, length);
	cr_assert_not_null(strstr(text, "glacisd_bytes_sealed_total{worker=\"63\"} 18446744073709551615\n"));
	free(text);
}

/* The reader above must be able to fail. */
Test(metrics, reader_refuses_malformed_text)
{
	static const char *const malformed[] = {
		"",
		"# TYPE a gauge\n# HELP a b.\na 1\n",                            /* no EOF */
		"# TYPE a gauge\n# HELP a b.\na 1\n# EOF",                       /* no newline */
		"# TYPE a gauge\na 1\n# EOF\n",                                  /* no HELP */
		"# TYPE a gauge\n# HELP a b.\n# EOF\n",                          /* no sample */
		"# TYPE a counter\n# HELP a b.\na 1\n# EOF\n",                   /* no _total */
		"# TYPE a_total counter\n# HELP a_total b.\na_total 1\n# EOF\n", /* _total in the family */
		"# TYPE a gauge\n# HELP a b.\na 1\na 1\n# EOF\n",                /* twice */
		"# TYPE a gauge\n# HELP a b.\na 1\n# TYPE a gauge\n# HELP a b.\na 1\n# EOF\n",
		"# TYPE a gauge\n# HELP a b.\na{x=1} 1\n# EOF\n",       /* label without quotes */
		"# TYPE a gauge\n# HELP a b.\na{x=\"\\q\"} 1\n# EOF\n", /* unknown escape */
		"# TYPE a gauge\n# HELP a b.\na{} 1\n# EOF\n",          /* empty labels */
		"# TYPE a gauge\n# HELP a b.\na -1\n# EOF\n",           /* not a count */
		"# TYPE a gauge\n# HELP a b.\nb 1\n# EOF\n",            /* stranger */
		"# TYPE 1a gauge\n# HELP 1a b.\n1a 1\n# EOF\n",         /* name */
		"# TYPE a gouge\n# HELP a b.\na 1\n# EOF\n",            /* type */
	};
	static const char good[] = "# TYPE a counter\n# HELP a b.\na_total{x=\"\\\"\"} 1\n# EOF\n";
	struct openmetrics result;

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		cr_assert_eq(openmetrics_check(malformed[i], strlen(malformed[i]), &result), -EINVAL, "case %zu", i);
	cr_assert_eq(openmetrics_check(good, sizeof(good) - 1, &result), 0, "%s", result.why);
}
