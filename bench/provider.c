/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench provider`: what glacis.so changes for programs that are not ours. HAProxy and nginx with it beside the
 * same without it, one sample of each in turn, and AES-GCM and lone RSA signatures through EVP.
 *
 * Both servers of a pair run at the same time on the first core and get load in turn; client and origin are on the
 * last. However the run ends, what it started is stopped.
 */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "machine.h"
#include "options.h"
#include "progress.h"
#include "provider_latency.h"
#include "provider_local.h"
#include "provider_server.h"
#include "report.h"
#include "stats.h"
#include "tls_client.h"
#include "tls_network.h"
#include "tls_origin.h"

#define ROUNDS       5u
#define ROUNDS_QUICK 3u
/* Each round of the servers in so many turns, the sides in alternation: other guests change a machine's speed within
 * seconds, and a turn must be shorter than that. */
#define TURNS 6u

/* One comparison. */
struct metric {
	enum provider_server_kind kind;
	unsigned bits;     /* of the certificate's key */
	const char *label; /* what --only calls it, after the server's: handshake-2048 */
	const char *name, *unit, *suite;
	double scale;
	double target; /* cost without glacis / cost with it must be at least this; 0: only reported */
	uint64_t body, requests;
	bool tls_1_2, close_each;
	const char *why; /* where it gains nothing: why */
};

#define HANDSHAKES(server, key, wanted, count, reason)                                                                 \
	{                                                                                                              \
		.kind = server, .bits = key, .label = "handshake-" #key,                                               \
		.name = "CPU per full TLS 1.3 handshake, RSA-" #key ", 64 at once", .unit = "us",                      \
		.suite = "TLS_AES_128_GCM_SHA256", .scale = 1e6, .target = wanted, .body = 100, .requests = count,     \
		.close_each = true, .why = reason                                                                      \
	}
#define BULK(server, tag, title, cipher, old, wanted)                                                                  \
	{                                                                                                              \
		.kind = server, .bits = 2048, .label = "bulk-" tag, .name = "CPU per GB, 1 MB downloads, " title,      \
		.unit = "s/GB", .suite = cipher, .scale = 1e3, .target = wanted, .body = 1000000, .requests = 800,     \
		.tls_1_2 = old, .why = ""                                                                              \
	}
#define NO_JOBS "nginx of Debian signs outside async jobs, one after another"

static const struct metric metrics[] = {
	HANDSHAKES(PROVIDER_HAPROXY, 2048, 1.4, 3000, ""),
	HANDSHAKES(PROVIDER_HAPROXY, 3072, 0, 1500, ""),
	HANDSHAKES(PROVIDER_HAPROXY, 4096, 2.0, 1000, ""),
	HANDSHAKES(PROVIDER_NGINX, 2048, 0, 2000, NO_JOBS),
	HANDSHAKES(PROVIDER_NGINX, 3072, 0, 1000, NO_JOBS),
	HANDSHAKES(PROVIDER_NGINX, 4096, 0, 600, NO_JOBS),
	BULK(PROVIDER_HAPROXY, "128", "TLS 1.3 AES-128-GCM", "TLS_AES_128_GCM_SHA256", false, 1.0),
	BULK(PROVIDER_HAPROXY, "256", "TLS 1.3 AES-256-GCM", "TLS_AES_256_GCM_SHA384", false, 1.0),
	BULK(PROVIDER_HAPROXY, "tls12", "TLS 1.2 AES-128-GCM", "ECDHE-RSA-AES128-GCM-SHA256", true, 1.0),
	BULK(PROVIDER_NGINX, "128", "TLS 1.3 AES-128-GCM", "TLS_AES_128_GCM_SHA256", false, 0),
	BULK(PROVIDER_NGINX, "256", "TLS 1.3 AES-256-GCM", "TLS_AES_256_GCM_SHA384", false, 0),
};

#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

struct run {
	const struct bench_options *options;
	struct provider_setup setup;
	pid_t origin;
	char folder[64], modules[PATH_MAX];
	unsigned rounds, missed;
	struct bench_report *report;
};

/* One sample: processor time of a turn's requests, over new connections, until these are closed. */
static int sample(const struct run *run, const struct metric *metric, const struct provider_server *server,
		  struct bench_samples *samples)
{
	char authority[PATH_MAX];
	struct tls_load load = { .suite = metric->suite,
				 .authority = authority,
				 .connections = metric->close_each ? 64 : 8,
				 .body = metric->body,
				 .port = server->port,
				 .tls_1_2 = metric->tls_1_2,
				 .close_each = metric->close_each };
	uint64_t requests = (run->options->quick ? metric->requests / 3 : metric->requests) / TURNS;
	struct tls_client *client = NULL;
	double spent;
	int status;

	snprintf(authority, sizeof(authority), "%s/cert%u.pem", run->folder, metric->bits);
	status = tls_client_open(&load, &client);
	if (status)
		return status;
	spent = provider_server_settle(server);
	status = tls_client_run(client, requests);
	tls_client_close(client);
	spent = provider_server_settle(server) - spent;
	if (!status && spent <= 0)
		status = -ESRCH;
	if (!status)
		bench_samples_add(samples, spent / (double)requests * metric->scale);
	return status;
}

static void report_row(struct run *run, const char *server, const char *name, const char *unit, double target,
		       const char *why, struct bench_samples *ours, struct bench_samples *theirs)
{
	double ratio = bench_paired_ratio(ours, theirs);
	struct bench_figure with = bench_samples_figure(ours), without = bench_samples_figure(theirs);
	FILE *out = bench_report_table(run->report);
	bool missed = target > 0 && ratio < target;

	run->missed += missed;
	fprintf(out, "%-8s %-52s %-5s %9.3f (%.3f) %9.3f (%.3f) %6.2fx%s", server, name, unit, with.median, with.spread,
		without.median, without.spread, ratio, "");
	if (target > 0)
		fprintf(out, "  %s, wanted %.1fx", missed ? "MISSED" : "ok", target);
	fprintf(out, "%s%s\n", why[0] ? "  " : "", why);
	bench_report_row(run->report,
			 json_pack("{s:s, s:s, s:s, s:i, s:f, s:f, s:s, s:f, s:f, s:f, s:f, s:s}", "measured", name,
				   "server", server, "unit", unit, "rounds", (int)with.count, "ours", with.median,
				   "ours_spread", with.spread, "peer",
				   run->options->against ? run->options->against : "the same without glacis.so",
				   "peer_value", without.median, "peer_spread", without.spread, "ratio", ratio,
				   "target", target, "why", why));
}

static int measure_metric(struct run *run, const struct metric *metric)
{
	struct bench_samples *samples = calloc(2, sizeof(*samples)); /* with glacis.so, without */
	struct provider_server servers[2] = { 0 };
	int status = samples ? 0 : -ENOMEM;

	for (unsigned side = 0; side < 2 && !status; side++)
		status = provider_server_start(&run->setup, metric->kind, side == 0, metric->bits, &servers[side]);
	for (unsigned turn = 0; turn < run->rounds * TURNS && !status; turn++)
		for (unsigned i = 0; i < 2 && !status; i++) {
			unsigned side = (turn + i) % 2;
			bench_progress("%s: %s: turn %u of %u", provider_server_name(metric->kind), metric->name,
				       turn + 1, run->rounds * TURNS);
			status = sample(run, metric, &servers[side], &samples[side]);
		}
	provider_server_stop(&servers[0]);
	provider_server_stop(&servers[1]);
	bench_progress_end();
	if (!status)
		report_row(run, provider_server_name(metric->kind), metric->name, metric->unit, metric->target,
			   metric->why, &samples[0], &samples[1]);
	free(samples);
	return status;
}

/* How long clients wait for full handshakes, which glacis.so lets wait for company. */
static int measure_latency(struct run *run)
{
	struct provider_latency_result *results = calloc(PROVIDER_LATENCY_LOADS, sizeof(*results));
	struct provider_server servers[2] = { 0 };
	char authority[PATH_MAX], name[96];
	const struct tls_load load = { .suite = "TLS_AES_128_GCM_SHA256",
				       .authority = authority,
				       .connections = 1,
				       .body = 100,
				       .close_each = true };
	int status = results ? 0 : -ENOMEM;

	snprintf(authority, sizeof(authority), "%s/cert2048.pem", run->folder);
	for (unsigned side = 0; side < 2 && !status; side++)
		status = provider_server_start(&run->setup, PROVIDER_HAPROXY, side == 0, 2048, &servers[side]);
	if (!status)
		status = provider_latency_measure(servers, &load, run->rounds, run->options->quick, results);
	provider_server_stop(&servers[0]);
	provider_server_stop(&servers[1]);
	bench_progress_end();
	for (unsigned i = 0; i < PROVIDER_LATENCY_LOADS && !status; i++) {
		snprintf(name, sizeof(name), "handshake at %u%% load (%.0f/s), median", provider_latency_percent[i],
			 results[i].rate);
		report_row(run, "HAProxy", name, "ms", 0, "", &results[i].median[0], &results[i].median[1]);
		snprintf(name, sizeof(name), "handshake at %u%% load (%.0f/s), p99", provider_latency_percent[i],
			 results[i].rate);
		report_row(run, "HAProxy", name, "ms", 0, "", &results[i].p99[0], &results[i].p99[1]);
	}
	free(results);
	return status;
}

/* 16 KiB of AES-128-GCM must be twice as fast; a lone signature at most a tenth slower. */
static double local_target(const char *name)
{
	if (strcmp(name, "AES-128-GCM, 16384 bytes") == 0)
		return 2.0;
	return strncmp(name, "lone", 4) == 0 ? 1 / 1.1 : 0;
}

static int measure_local(struct run *run)
{
	struct provider_local_result *results = calloc(PROVIDER_LOCAL_RESULTS, sizeof(*results));
	int count = results ? provider_local_measure(run->modules, run->rounds, results) : -ENOMEM;

	bench_progress_end();
	for (int i = 0; i < count; i++)
		report_row(run, "EVP", results[i].name, "ns", local_target(results[i].name),
			   strncmp(results[i].name, "lone", 4) == 0 ? "OpenSSL computes a lone signature" : "",
			   &results[i].ours, &results[i].theirs);
	free(results);
	return count < 0 ? count : 0;
}

/* Whether --only names it, or what its name begins with: "haproxy", "haproxy-handshake", "haproxy-handshake-2048". */
static bool is_wanted(const struct run *run, const char *server, const char *label)
{
	const char *only = run->options->only;
	char name[64];
	size_t size = only ? strlen(only) : 0;

	snprintf(name, sizeof(name), "%s%s%s", server, label[0] ? "-" : "", label);
	return !only || (strncasecmp(name, only, size) == 0 && (name[size] == '-' || name[size] == '\0'));
}

/* Measures what is wanted. Returns 0 or a negative errno after a message. */
static int measure_wanted(struct run *run)
{
	int count = 0, status = 0;

	if (is_wanted(run, "EVP", "") && !run->options->against) {
		status = measure_local(run);
		count++;
	}
	for (size_t i = 0; i < METRICS && !status; i++)
		if (is_wanted(run, provider_server_name(metrics[i].kind), metrics[i].label)) {
			status = measure_metric(run, &metrics[i]);
			count++;
		}
	if (is_wanted(run, "HAProxy", "latency") && !status) {
		status = measure_latency(run);
		count++;
	}
	if (status || count > 0)
		return status;
	fprintf(stderr, "glacis-bench: --only %s names nothing; there are evp, haproxy-latency", run->options->only);
	for (size_t i = 0; i < METRICS; i++)
		fprintf(stderr, ", %s-%s", provider_server_name(metrics[i].kind), metrics[i].label);
	fprintf(stderr, "\n");
	return -EINVAL;
}

static int find_modules(struct run *run)
{
	static const char beside[] = "/../engine/provider";
	char self[PATH_MAX - sizeof(beside)];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char path[PATH_MAX + 16];

	if (run->options->modules)
		snprintf(run->modules, sizeof(run->modules), "%s", run->options->modules);
	else if (size > 0) {
		self[size] = '\0';
		*strrchr(self, '/') = '\0';
		snprintf(run->modules, sizeof(run->modules), "%s%s", self, beside);
	}
	snprintf(path, sizeof(path), "%s/glacis.so", run->modules);
	if (access(path, R_OK)) {
		fprintf(stderr, "glacis-bench: no %s; build it, or name its folder with --modules PATH\n", path);
		return -ENOENT;
	}
	if (!run->options->against)
		return 0;
	snprintf(path, sizeof(path), "%s/glacis.so", run->options->against);
	if (access(path, R_OK) == 0)
		return 0;
	fprintf(stderr, "glacis-bench: no %s; --against names the folder that it is in\n", path);
	return -ENOENT;
}

static int prepare(struct run *run)
{
	static const unsigned bits[] = { 2048, 3072, 4096 };
	cpu_set_t cores;
	int status = 0, last = 0;

	CPU_ZERO(&cores);
	sched_getaffinity(0, sizeof(cores), &cores);
	run->setup.core = -1;
	for (int core = 0; core < CPU_SETSIZE; core++)
		if (CPU_ISSET(core, &cores)) {
			run->setup.core = run->setup.core < 0 ? core : run->setup.core;
			last = core;
		}
	CPU_ZERO(&cores);
	CPU_SET(last, &cores);
	sched_setaffinity(0, sizeof(cores), &cores);
	snprintf(run->folder, sizeof(run->folder), "/tmp/glacis-bench-XXXXXX");
	if (!mkdtemp(run->folder)) {
		fprintf(stderr, "glacis-bench: cannot make a folder in /tmp: %s\n", strerror(errno));
		run->folder[0] = '\0';
		return -EIO;
	}
	run->setup.folder = run->folder;
	run->setup.modules = run->modules;
	run->setup.against = run->options->against;
	for (unsigned i = 0; i < 3 && !status; i++)
		status = provider_credentials(run->folder, bits[i]);
	if (!status)
		run->origin = tls_origin_start(last, &run->setup.origin_port);
	return run->origin < 0 ? (int)run->origin : status;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	return remove(path);
}

static void clean_up(struct run *run, bool keep)
{
	if (run->origin > 0) {
		kill(run->origin, SIGKILL);
		waitpid(run->origin, NULL, 0);
	}
	if (run->folder[0] && !keep)
		nftw(run->folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

static void interrupt(int number)
{
	tls_interrupted = number;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt }; /* no SA_RESTART: waits must end */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int measure(const struct bench_options *options)
{
	struct run run = { .options = options, .rounds = options->quick ? ROUNDS_QUICK : ROUNDS };
	char network[128], line[256];
	int status = find_modules(&run);

	if (status)
		return status;
	catch_signals();
	tls_network_setup(network, sizeof(network));
	tls_network_raise_descriptors();
	run.report = bench_report_create("provider", options->json);
	if (!run.report)
		return -EIO;
	bench_machine_program_version("haproxy", "-v", line, sizeof(line));
	bench_report_version(run.report, "haproxy", line);
	bench_report_setting(run.report, "tcp_congestion_control", network);
	bench_report_print_head(run.report);
	fprintf(bench_report_table(run.report),
		"\nWith glacis.so and without: median and (interquartile range). Ratio: cost without / cost with it, "
		"median over the rounds; above 1 = Glacis better.\n");
	status = prepare(&run);
	if (!status)
		status = measure_wanted(&run);
	clean_up(&run, status && status != -EINTR);
	if (!status)
		status = bench_report_write(run.report);
	bench_report_destroy(run.report);
	if (!status && options->check && run.missed > 0) {
		fprintf(stderr, "glacis-bench provider: %u targets were missed, see above\n", run.missed);
		status = -ERANGE;
	}
	return status;
}

static int provider_main(int argc, char **argv)
{
	struct bench_options options;

	bench_options_parse(
		argc, argv, "Processor time of HAProxy, nginx and EVP with the OpenSSL provider and without it.",
		BENCH_OPTION_CHECK | BENCH_OPTION_MODULES | BENCH_OPTION_ONLY | BENCH_OPTION_AGAINST, &options);
	return measure(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand bench_provider_command = {
	.name = "provider",
	.summary = "what the OpenSSL provider changes for HAProxy, nginx and EVP",
	.run = provider_main,
};
