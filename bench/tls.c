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
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "machine.h"
#include "progress.h"
#include "tls_client.h"
#include "tls_credentials.h"
#include "tls_latency.h"
#include "tls_network.h"
#include "tls_options.h"
#include "tls_origin.h"
#include "tls_result.h"

#define METRICS_MAX 16u
#define DESCRIPTORS 8192u /* glacisd holds two per idle connection, and so may HAProxy */

/* All that must be undone at the end. */
struct tls_run {
	const struct tls_options *options;
	struct tls_proxy_setup setup;
	struct tls_proxy proxies[TLS_PROXY_COUNT];
	struct bench_report *report;
	double rate; /* arrivals a second of the metrics of latency; 0: not known yet */
	pid_t origin;
	char folder[64];
	char authority[PATH_MAX];
	char glacisd[PATH_MAX];
};

volatile sig_atomic_t tls_interrupted;

static void interrupt(int signal)
{
	tls_interrupted = signal;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt }; /* no SA_RESTART: waits must end */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* First and last of the cores we may use; this process goes to the last. */
static void choose_cores(int *proxy_core, int *client_core)
{
	cpu_set_t cores;

	*proxy_core = -1;
	CPU_ZERO(&cores);
	sched_getaffinity(0, sizeof(cores), &cores);
	for (int core = 0; core < CPU_SETSIZE; core++) {
		if (!CPU_ISSET(core, &cores))
			continue;
		if (*proxy_core < 0)
			*proxy_core = core;
		*client_core = core;
	}
	if (*proxy_core == *client_core)
		fprintf(stderr,
			"glacis-bench: only core %d may be used: proxy, client and origin share it, figures "
			"will be worse than on two cores\n",
			*proxy_core);
	CPU_ZERO(&cores);
	CPU_SET(*client_core, &cores);
	sched_setaffinity(0, sizeof(cores), &cores);
}

/* The one given, the one of this build tree, or the one in PATH. */
static int find_glacisd(struct tls_run *run)
{
	static const char beside[] = "../engine/frontend/glacisd";
	char self[PATH_MAX - sizeof(beside)];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (run->options->glacisd) {
		if (access(run->options->glacisd, X_OK)) {
			fprintf(stderr, "glacis-bench: --glacisd %s: %s\n", run->options->glacisd, strerror(errno));
			return -errno;
		}
		run->setup.glacisd = run->options->glacisd;
		return 0;
	}
	if (size > 0) {
		self[size] = '\0';
		slash = strrchr(self, '/');
		if (slash)
			*slash = '\0';
		snprintf(run->glacisd, sizeof(run->glacisd), "%s/%s", self, beside);
		if (access(run->glacisd, X_OK) == 0) {
			run->setup.glacisd = run->glacisd;
			return 0;
		}
	}
	fprintf(stderr, "glacis-bench: no glacisd at %s; build it, or name one with --glacisd PATH\n", run->glacisd);
	return -ENOENT;
}

static int describe(struct tls_run *run, struct bench_report *report, const char *network)
{
	char line[256], cores[64];

	bench_machine_program_version("haproxy", "-v", line, sizeof(line));
	if (strcmp(line, "not installed") == 0) {
		fprintf(stderr, "glacis-bench: haproxy is not installed; run scripts/setup bench\n");
		return -ENOENT;
	}
	bench_report_version(report, "haproxy", line);
	if (!run->options->peers_only) {
		bench_machine_program_version(run->setup.glacisd, "--version", line, sizeof(line));
		bench_report_version(report, "glacisd", line);
	}
	bench_report_setting(report, "tcp_congestion_control", network);
	snprintf(cores, sizeof(cores), "proxy on core %d, client and origin on core %d", run->setup.core,
		 sched_getcpu());
	bench_report_setting(report, "placement", cores);
	return 0;
}

static int prepare(struct tls_run *run)
{
	const char *parent = getenv("TMPDIR");
	int status;

	snprintf(run->folder, sizeof(run->folder), "%.40s/glacis-bench-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(run->folder)) {
		status = -errno;
		fprintf(stderr, "glacis-bench: cannot make a folder %s: %s\n", run->folder, strerror(-status));
		run->folder[0] = '\0';
		return status;
	}
	run->setup.folder = run->folder;
	snprintf(run->authority, sizeof(run->authority), "%s/cert.pem", run->folder);
	status = tls_credentials_write(run->folder);
	if (status)
		return status;
	run->origin = tls_origin_start(sched_getcpu(), &run->setup.origin_port);
	return run->origin < 0 ? (int)run->origin : 0;
}

static bool takes_part(const struct tls_run *run, unsigned kind)
{
	return !(run->options->peers_only && kind == TLS_PROXY_GLACISD);
}

static int start_proxies(struct tls_run *run)
{
	int status = 0;

	for (unsigned kind = 0; kind < TLS_PROXY_COUNT && !status; kind++)
		if (takes_part(run, kind))
			status = tls_proxy_start(&run->setup, kind, &run->proxies[kind]);
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
		.authority = run->authority,
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
	if (!status && metric->percentile > 0.0)
		sum_up(median, metric + 1, &results[(*count)++]);
	free(series);
	return status;
}

/* The rate of arrivals for all proxies, from what HAProxy's core can do. */
static int choose_rate(struct tls_run *run, const struct tls_metric *metric)
{
	const struct tls_sampling sampling = { .authority = run->authority, .quick = run->options->quick };
	char text[128];
	double capacity;
	int status;

	bench_progress("what a core can do with %s", tls_proxy_name(TLS_PROXY_HAPROXY));
	status = tls_latency_capacity(metric, &run->proxies[TLS_PROXY_HAPROXY], &sampling, &capacity);
	if (status)
		return status;
	run->rate = TLS_LATENCY_LOAD * capacity;
	snprintf(text, sizeof(text), "%.0f a second, %.0f%% of the %.0f that a core can do with %s", run->rate,
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
		if (metric->memory)
			stop_proxies(run);
		if (metric->percentile > 0.0 && run->rate <= 0.0)
			status = choose_rate(run, metric);
		if (!status)
			status = measure_metric(run, metric, results, count);
	}
	stop_proxies(run);
	bench_progress_end();
	return status;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	return remove(path);
}

static void clean_up(struct tls_run *run)
{
	stop_proxies(run);
	if (run->origin > 0) {
		kill(run->origin, SIGKILL);
		waitpid(run->origin, NULL, 0);
	}
	if (run->folder[0])
		nftw(run->folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

static int measure(const struct tls_options *options)
{
	struct tls_result results[METRICS_MAX] = { 0 };
	struct tls_run run = { .options = options };
	char network[128];
	size_t count = 0;
	int client_core = 0;
	int status = options->peers_only ? 0 : find_glacisd(&run);

	if (status)
		return status;
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		run.proxies[kind] = (struct tls_proxy){ .kind = kind, .setup = &run.setup };
	catch_signals();
	choose_cores(&run.setup.core, &client_core);
	tls_network_setup(network, sizeof(network));
	if (tls_network_raise_descriptors() < DESCRIPTORS)
		fprintf(stderr,
			"glacis-bench: fewer than %u descriptors are allowed (ulimit -n); the memory metric "
			"may fail\n",
			DESCRIPTORS);
	run.report = bench_report_create("tls", options->json);
	status = run.report ? describe(&run, run.report, network) : -EIO;
	if (!status)
		status = prepare(&run);
	if (!status)
		status = measure_all(&run, results, &count);
	clean_up(&run);
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

	tls_options_parse(argc, argv, &options);
	status = measure(&options);
	if (tls_interrupted)
		fprintf(stderr, "\nglacis-bench: interrupted; everything it started is stopped\n");
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand bench_tls_command = {
	.name = "tls",
	.summary = "cost of TLS to a proxy: glacisd, HAProxy",
	.run = tls_main,
};
