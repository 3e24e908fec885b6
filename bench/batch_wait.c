/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench batch-wait`: what the longest wait of an RSA signature for company (batch_wait_us) does to glacisd's
 * handshakes, at little load and at much: latency and processor time. One glacisd for each wait, all with one worker
 * on the first core, in turns; its default was chosen by this. Loads are open loops, parts of what a core can do, and
 * one closed loop, in which clients that were answered together come back together.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "options.h"
#include "progress.h"
#include "tls_bed.h"
#include "tls_client.h"
#include "tls_latency.h"

#define ROUNDS        5u
#define ROUNDS_QUICK  2u
#define SECONDS       2.0  /* of arrivals in a sample */
#define CAPACITY_RUN  2000 /* handshakes that tell what a core can do */
#define WAITS         6u
#define LOADS         3u
#define AT_ONCE       64u /* connections of the closed loop */
#define DEFAULT_INDEX 2u  /* its capacity is what the loads are parts of */

static const unsigned waits_us[WAITS] = { 1, 25, 50, 100, 200, 400 };
/* Parts of the capacity; 0 is the closed loop. */
static const double loads[LOADS] = { 0.3, 0.7, 0.0 };

struct series {
	struct bench_samples median, p99, cpu;
	unsigned disturbed;
};

struct run {
	struct tls_bed bed;
	struct tls_proxy proxies[WAITS];
	struct series series[LOADS][WAITS];
	double capacity;
};

static struct tls_load make_load(const struct run *run, unsigned wait)
{
	return (struct tls_load){
		.suite = "TLS_AES_128_GCM_SHA256",
		.authority = run->bed.authority,
		.body = 100,
		.port = run->proxies[wait].port,
		.close_each = true,
	};
}

static int start(struct run *run)
{
	int status = 0;

	for (unsigned i = 0; i < WAITS && !status; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", waits_us[i]);
		setenv("GLACISD_BATCH_WAIT_US", text, 1);
		status = tls_proxy_start(&run->bed.setup, TLS_PROXY_GLACISD, &run->proxies[i]);
	}
	return status;
}

/* What a handshake costs when so many clients are always under way. */
static int sample_at_once(struct run *run, unsigned load, unsigned wait)
{
	struct tls_load many = make_load(run, wait);
	struct tls_client *client = NULL;
	double cpu;
	int status;

	many.connections = AT_ONCE;
	status = tls_client_open(&many, &client);
	if (status)
		return status;
	cpu = tls_proxy_cpu_seconds(&run->proxies[wait]);
	status = tls_client_run(client, CAPACITY_RUN);
	cpu = tls_proxy_cpu_seconds(&run->proxies[wait]) - cpu;
	tls_client_close(client);
	if (!status)
		bench_samples_add(&run->series[load][wait].cpu, cpu * 1e6 / CAPACITY_RUN);
	return status;
}

static int sample(struct run *run, unsigned load, unsigned wait)
{
	const struct tls_load client = make_load(run, wait);
	double rate = loads[load] * run->capacity;
	struct series *series = &run->series[load][wait];
	struct tls_latency_sample taken;
	int status = tls_latency_take(&client, &run->proxies[wait], rate, (unsigned)(rate * SECONDS), &taken);

	if (status && status != -EINTR)
		tls_proxy_print_log(&run->proxies[wait]);
	if (status)
		return status;
	bench_samples_add(&series->median, taken.median);
	bench_samples_add(&series->p99, taken.p99);
	bench_samples_add(&series->cpu, taken.cpu_us);
	series->disturbed += taken.disturbed;
	return 0;
}

static int measure(struct run *run, unsigned rounds)
{
	const struct tls_load client = make_load(run, DEFAULT_INDEX);
	int status = tls_latency_capacity(&client, CAPACITY_RUN, &run->capacity);

	for (unsigned round = 0; round < rounds && !status; round++)
		for (unsigned load = 0; load < LOADS && !status; load++)
			for (unsigned i = 0; i < WAITS && !status; i++) {
				unsigned wait = (round + i) % WAITS;

				bench_progress("round %u of %u, %.0f%% load, %u us", round + 1, rounds,
					       loads[load] * 100.0, waits_us[wait]);
				status = loads[load] > 0.0 ? sample(run, load, wait) : sample_at_once(run, load, wait);
			}
	bench_progress_end();
	return status;
}

static void print(struct run *run, struct bench_report *report)
{
	FILE *out = bench_report_table(report);

	fprintf(out,
		"\nFull TLS 1.3 handshakes, RSA-2048, by the longest wait of a signature for company; median over the\n"
		"rounds and (interquartile range). Load: part of %.0f handshakes a second, what %u at once get; 0: "
		"these\n"
		"%u at once, without latency.\n"
		"%-6s %10s %22s %22s %22s\n",
		run->capacity, AT_ONCE, AT_ONCE, "load", "wait, us", "latency median, us", "latency p99, us",
		"CPU, us each");
	for (unsigned load = 0; load < LOADS; load++)
		for (unsigned wait = 0; wait < WAITS; wait++) {
			struct series *series = &run->series[load][wait];
			struct bench_figure median = bench_samples_figure(&series->median);
			struct bench_figure p99 = bench_samples_figure(&series->p99);
			struct bench_figure cpu = bench_samples_figure(&series->cpu);

			fprintf(out, "%4.0f%% %11u %13.0f (%6.0f) %13.0f (%6.0f) %13.1f (%6.1f)%s\n",
				loads[load] * 100.0, waits_us[wait], median.median, median.spread, p99.median,
				p99.spread, cpu.median, cpu.spread, series->disturbed > 0 ? "  disturbed" : "");
			bench_report_row(report, json_pack("{s:f, s:i, s:f, s:f, s:f, s:i, s:i}", "load", loads[load],
							   "wait_us", (int)waits_us[wait], "median_us", median.median,
							   "p99_us", p99.median, "cpu_us", cpu.median, "rounds",
							   (int)cpu.count, "disturbed", (int)series->disturbed));
		}
}

static int batch_wait_main(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	struct bench_options options;
	struct bench_report *report;
	int status;

	bench_options_parse(argc, argv, "What the wait of RSA signatures for company does to glacisd's handshakes.", 0,
			    &options);
	status = run ? tls_bed_find_glacisd(&run->bed, NULL) : -ENOMEM;
	if (status)
		return EXIT_FAILURE;
	tls_bed_place(&run->bed);
	report = bench_report_create("batch-wait", options.json);
	status = report ? tls_bed_open(&run->bed) : -EIO;
	if (!status)
		status = start(run);
	if (!status)
		status = measure(run, options.quick ? ROUNDS_QUICK : ROUNDS);
	for (unsigned i = 0; i < WAITS; i++)
		tls_proxy_stop(&run->proxies[i]);
	if (!status) {
		tls_bed_describe(&run->bed, report);
		bench_report_print_head(report);
		print(run, report);
		status = bench_report_write(report);
	}
	tls_bed_close(&run->bed);
	tls_bed_say_interrupted();
	bench_report_destroy(report);
	free(run);
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand bench_batch_wait_command = {
	.name = "batch-wait",
	.summary = "glacisd's handshakes, by the wait of signatures for company",
	.run = batch_wait_main,
};
