/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench tls`: what TLS costs the proxy, glacisd beside HAProxy.
 *
 * The proxies run at the same time, each with one worker on the first core, and get load in turn,
 * one sample per round; the client and the origin are on the last core. An idle proxy costs
 * nothing, so they do not disturb each other; memory is measured in fresh processes.
 * However the run ends, Ctrl-C included, every process it started is gone and the temporary
 * folder removed.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "machine.h"
#include "progress.h"
#include "tls_bed.h"
#include "tls_latency.h"
#include "tls_options.h"
#include "tls_result.h"

#define METRICS_MAX 16u

struct tls_run {
	const struct tls_options *options;
	struct tls_bed bed;
	struct tls_proxy proxies[TLS_PROXY_COUNT];
	struct bench_report *report;
	double rate; /* arrivals a second of the metrics of latency; 0: not known yet */
};

static int describe(struct tls_run *run)
{
	char line[256];

	tls_bed_describe(&run->bed, run->report);
	if (run->options->card)
		return 0;
	bench_machine_program_version("haproxy", "-v", line, sizeof(line));
	if (strcmp(line, "not installed") == 0) {
		fprintf(stderr, "glacis-bench: haproxy is not installed; run scripts/setup bench\n");
		return -ENOENT;
	}
	bench_report_version(run->report, "haproxy", line);
	return 0;
}

static bool takes_part(const struct tls_run *run, unsigned kind)
{
	if (kind == TLS_PROXY_GLACISD)
		return !run->options->peers_only;
	return run->options->card == (tls_proxy_has_card(kind) != 0);
}

static int start_proxies(struct tls_run *run)
{
	int status = 0;

	for (unsigned kind = 0; kind < TLS_PROXY_COUNT && !status; kind++)
		if (takes_part(run, kind))
			status = tls_proxy_start(&run->bed.setup, kind, &run->proxies[kind]);
	return status;
}

static void stop_proxies(struct tls_run *run)
{
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		tls_proxy_stop(&run->proxies[kind]);
}

static void sum_up(struct tls_series *series, const struct tls_metric *metric, struct tls_result *result)
{
	result->metric = metric;
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		result->ratio[kind] = bench_paired_ratio(&series[TLS_PROXY_GLACISD].cost, &series[kind].cost);
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++) {
		result->cost[kind] = bench_samples_figure(&series[kind].cost);
		result->card[kind] = bench_samples_figure(&series[kind].card);
		result->busy[kind] = bench_samples_figure(&series[kind].busy);
		result->late[kind] = bench_samples_figure(&series[kind].late);
		result->disturbed[kind] = series[kind].disturbed;
	}
}

/* All rounds of a metric, and of the one behind it when that is its median. */
static int measure_metric(struct tls_run *run, const struct tls_metric *metric, struct tls_result *results,
			  size_t *count)
{
	struct tls_series *series = calloc(2 * TLS_PROXY_COUNT, sizeof(*series));
	struct tls_series *median = series ? series + TLS_PROXY_COUNT : NULL;
	const struct tls_sampling sampling = {
		.authority = run->bed.authority,
		.quick = run->options->quick,
		.rate = run->rate,
	};
	int status = series ? 0 : -ENOMEM;

	for (unsigned round = 0; round < run->options->rounds && !status; round++) {
		for (unsigned i = 0; i < TLS_PROXY_COUNT && !status; i++) {
			unsigned kind = (round + i) % TLS_PROXY_COUNT; /* nobody always follows the same */

			if (!takes_part(run, kind))
				continue;
			bench_progress("%s: round %u of %u, %s", metric->name, round + 1, run->options->rounds,
				       tls_proxy_name(kind));
			status = tls_measure(metric, &run->proxies[kind], &sampling, &series[kind], &median[kind]);
		}
	}
	if (!status)
		sum_up(series, metric, &results[(*count)++]);
	if (!status && metric->latency)
		sum_up(median, metric + 1, &results[(*count)++]);
	free(series);
	return status;
}

/* The rate of arrivals for all proxies, from what HAProxy's core can do. */
static int choose_rate(struct tls_run *run, const struct tls_metric *metric)
{
	struct tls_proxy *haproxy = &run->proxies[TLS_PROXY_HAPROXY];
	const struct tls_load load = tls_make_load(metric, haproxy, run->bed.authority);
	char text[128];
	double capacity;
	int status;

	bench_progress("what %s does at saturation", tls_proxy_name(TLS_PROXY_HAPROXY));
	status = tls_latency_capacity(
		&load, (unsigned)(run->options->quick ? metric->quick_requests : metric->requests), &capacity);
	if (status)
		return status;
	run->rate = TLS_LATENCY_LOAD * capacity;
	snprintf(text, sizeof(text), "%.0f a second, %.0f%% of the %.0f that %s does", run->rate,
		 TLS_LATENCY_LOAD * 100.0, capacity, tls_proxy_name(TLS_PROXY_HAPROXY));
	bench_report_setting(run->report, "handshakes_at_70_percent_load", text);
	return 0;
}

/* Memory comes last: its proxies are started afresh, so the others must be gone by then. */
static int measure_all(struct tls_run *run, struct tls_result *results, size_t *count)
{
	int status = start_proxies(run);

	for (size_t i = 0; i < tls_metric_count && !status; i++) {
		const struct tls_metric *metric = &tls_metrics[i];

		if (metric->median || (run->options->only && strcmp(run->options->only, metric->group) != 0))
			continue;
		if (run->options->card && (metric->memory || metric->latency))
			continue;
		if (metric->memory)
			stop_proxies(run);
		if (metric->latency && run->rate <= 0.0)
			status = choose_rate(run, metric);
		if (!status)
			status = measure_metric(run, metric, results, count);
	}
	stop_proxies(run);
	bench_progress_end();
	return status;
}

static int measure(const struct tls_options *options)
{
	struct tls_result results[METRICS_MAX] = { 0 };
	struct tls_run run = { .options = options };
	size_t count = 0;
	int status = options->peers_only ? 0 : tls_bed_find_glacisd(&run.bed, options->glacisd);

	if (!status && options->card)
		status = tls_bed_find_vcard(&run.bed);
	if (status)
		return status;
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		run.proxies[kind] = (struct tls_proxy){ .kind = kind, .setup = &run.bed.setup };
	tls_bed_place(&run.bed);
	run.report = bench_report_create("tls", options->json);
	status = run.report ? describe(&run) : -EIO;
	if (!status)
		status = tls_bed_open(&run.bed);
	if (!status)
		status = measure_all(&run, results, &count);
	stop_proxies(&run);
	tls_bed_close(&run.bed);
	if (!status) {
		bench_report_print_head(run.report);
		tls_print_results(bench_report_table(run.report), results, count);
		tls_add_rows(run.report, results, count);
		status = bench_report_write(run.report);
	}
	if (!status && options->check && tls_check(bench_report_table(run.report), results, count) > 0) {
		fprintf(stderr, "glacis-bench tls: at least one target was missed, see above\n");
		status = -ERANGE;
	}
	bench_report_destroy(run.report);
	return status;
}

static int tls_main(int argc, char **argv)
{
	struct tls_options options;
	int status;

	if (argc > 1 && strcmp(argv[1], "--provider") == 0) {
		argv[1] = argv[0];
		return bench_provider_command.run(argc - 1, argv + 1);
	}
	tls_options_parse(argc, argv, &options);
	status = measure(&options);
	tls_bed_say_interrupted();
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand bench_tls_command = {
	.name = "tls",
	.summary = "cost of TLS to a proxy: glacisd, HAProxy",
	.run = tls_main,
};
