/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis-bench-card: what an offloaded record costs the host. A burst of 32 is enqueued, the card is given the time to
 * complete it, and the burst is dequeued; the cycles inside the two calls are counted, the time between is not. The
 * card is glacis-vcard --instant on another processor, so rings and completions come from another cache, as they would
 * from a bus. Beside it crypto_aesni_gcm through the same calls, whose cost includes the cryptography.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

#include <rte_cryptodev.h>
#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_version.h>

#include "card_bed.h"
#include "card_library.h"
#include "card_wait.h"
#include "progress.h"
#include "report.h"
#include "stats.h"

#define BURSTS      200u /* of a sample; the sample is their median */
#define ROUNDS      20u
#define TRIES       50u /* as many bursts, before a sample is given up */
#define LATENCIES   2000u
#define LIMIT_US    2000000u
#define CYCLES_MOST 180.0
/* Through libglacis, and how long operations may take whose card dies. */
#define LIBRARY_CYCLES_MOST 250.0
#define RECOVERY_MS_MOST    50.0

static const uint32_t sizes[] = { 64, 256, 1024, 4096, 16384 };

enum { OPTION_JSON = 1, OPTION_VCARD, OPTION_CHECK, OPTION_ONLY };

struct options {
	const char *json, *vcard;
	bool check, driver, library;
};

/* Dequeues `count` operations; the cycles of the call that returned the last one. */
static uint64_t take(const struct card_contender *contender, uint16_t count)
{
	struct rte_crypto_op *ops[CARD_BURST];
	uint64_t deadline = rte_rdtsc() + rte_get_tsc_hz() / 1000000 * LIMIT_US, start, cycles = 0;
	uint16_t done = 0, calls = 0;

	while (done < count) {
		start = rte_rdtsc_precise();
		done += rte_cryptodev_dequeue_burst(contender->device, 0, ops, count - done);
		cycles = rte_rdtsc_precise() - start;
		calls++;
		if (rte_rdtsc() > deadline) {
			fprintf(stderr, "glacis-bench card: %s does not complete a burst\n", contender->name);
			exit(1);
		}
	}
	for (uint16_t i = 0; i < count && calls == 1; i++)
		if (ops[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
			exit((fprintf(stderr, "glacis-bench card: %s fails\n", contender->name), 1));
	return calls == 1 ? cycles : 0; /* 0: it was not all there yet */
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Cycles per record of bursts, in the middle of them. `wait` is NULL for one whose operations are done at once. */
static double sample(struct card_bed *bed, const struct card_contender *contender, uint32_t size, unsigned *next,
		     struct card_wait *wait)
{
	double values[BURSTS];
	unsigned count = 0;

	card_bed_prepare(bed, contender, size);
	for (unsigned tries = 0; count < BURSTS && tries < TRIES * BURSTS; tries++) {
		struct rte_crypto_op **ops = bed->ops + *next;
		uint64_t start = rte_rdtsc_precise(), cycles, taken;
		uint16_t done = rte_cryptodev_enqueue_burst(contender->device, 0, ops, CARD_BURST);

		cycles = rte_rdtsc_precise() - start;
		*next = (*next + CARD_BURST) % CARD_OPS;
		if (wait != NULL)
			card_wait(wait);
		taken = take(contender, done);
		if (wait != NULL)
			card_wait_learn(wait, taken > 0);
		if (done == CARD_BURST && taken > 0)
			values[count++] = (double)(cycles + taken) / CARD_BURST;
	}
	if (count < BURSTS) {
		fprintf(stderr, "glacis-bench card: %s is too slow to be measured here\n", contender->name);
		exit(1);
	}
	qsort(values, count, sizeof(values[0]), compare);
	return bench_percentile(values, count, 0.5);
}

/* Microseconds there and back of one record. */
static struct bench_figure latency(struct card_bed *bed)
{
	static struct bench_samples samples;
	struct rte_crypto_op *op;

	samples.count = 0;
	card_bed_prepare(bed, &bed->ours, 1024);
	for (unsigned i = 0; i < LATENCIES && samples.count < BENCH_SAMPLES_MAX; i++) {
		uint64_t start = rte_rdtsc();

		if (rte_cryptodev_enqueue_burst(bed->ours.device, 0, &bed->ops[i % CARD_OPS], 1) != 1)
			continue;
		while (rte_cryptodev_dequeue_burst(bed->ours.device, 0, &op, 1) == 0)
			rte_pause();
		bench_samples_add(&samples, (double)(rte_rdtsc() - start) * 1e6 / (double)rte_get_tsc_hz());
	}
	return bench_samples_figure(&samples);
}

/* One size. False: above the limit. */
static bool size_measure(struct card_bed *bed, struct bench_report *report, uint32_t size)
{
	static struct bench_samples ours, peer;
	struct bench_figure our_figure, peer_figure;
	struct card_wait wait;
	unsigned next = 0;
	double ratio;

	card_wait_begin(&wait);
	ours.count = peer.count = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		bench_progress("card: %u bytes, round %u of %u", size, round + 1, ROUNDS);
		bench_samples_add(&ours, sample(bed, &bed->ours, size, &next, &wait));
		bench_samples_add(&peer, sample(bed, &bed->peer, size, &next, NULL));
	}
	ratio = bench_paired_ratio(&ours, &peer);
	our_figure = bench_samples_figure(&ours);
	peer_figure = bench_samples_figure(&peer);
	bench_progress_end();
	fprintf(bench_report_table(report), "%6u  %8.0f ± %-5.0f  %8.0f ± %-5.0f  %6.2f\n", size, our_figure.median,
		our_figure.spread, peer_figure.median, peer_figure.spread, ratio);
	bench_report_row(report,
			 json_pack("{s:s, s:i, s:i, s:f, s:f, s:s, s:f, s:f, s:f}", "what", "host-cycles-per-record",
				   "size", (int)size, "burst", (int)CARD_BURST, "ours_cycles", our_figure.median,
				   "ours_spread", our_figure.spread, "peer", bed->peer.name, "peer_cycles",
				   peer_figure.median, "peer_spread", peer_figure.spread, "ratio", ratio));
	return our_figure.median <= CYCLES_MOST;
}

static bool measure(struct card_bed *bed, struct bench_report *report)
{
	struct bench_figure figure;
	bool good = true;

	fprintf(bench_report_table(report),
		"host cycles per record, burst %u, AES-128-GCM; ratio above 1: the card costs the host less\n"
		" bytes   crypto_glacis    crypto_aesni_gcm    ratio\n",
		CARD_BURST);
	for (unsigned i = 0; i < RTE_DIM(sizes); i++)
		good &= size_measure(bed, report, sizes[i]);
	figure = latency(bed);
	fprintf(bench_report_table(report), "round trip of one record: %.2f us, spread %.2f\n", figure.median,
		figure.spread);
	bench_report_row(report, json_pack("{s:s, s:i, s:f, s:f}", "what", "round-trip-us", "burst", 1, "ours_us",
					   figure.median, "ours_spread", figure.spread));
	return good;
}

static const char *size_text(uint32_t size, char text[32])
{
	if (size == UINT32_MAX)
		snprintf(text, 32, "never");
	else
		snprintf(text, 32, "from %u bytes on", size);
	return text;
}

/* Cycles through libglacis. False: above the limit. */
static bool report_cycles(const struct card_library_results *results, struct bench_report *report)
{
	static const char *const ways[CARD_LIBRARY_WAYS] = { "pool to pool", "copied" };
	FILE *table = bench_report_table(report);
	bool good = true;

	fprintf(table, "\nthe same through libglacis, results not checked\n bytes    pool to pool          copied\n");
	for (unsigned i = 0; i < CARD_LIBRARY_SIZES; i++) {
		fprintf(table, "%6u", results->sizes[i]);
		for (unsigned way = 0; way < CARD_LIBRARY_WAYS; way++) {
			const struct bench_figure *figure = &results->cycles[way][i];

			fprintf(table, "  %8.0f ± %-5.0f", figure->median, figure->spread);
			bench_report_row(report,
					 json_pack("{s:s, s:i, s:i, s:s, s:f, s:f}", "what", "libglacis", "size",
						   (int)results->sizes[i], "burst", (int)CARD_BURST, "way", ways[way],
						   "host_cycles_per_record", figure->median, "spread", figure->spread));
		}
		good &= results->cycles[CARD_LIBRARY_BARE][i].median <= LIBRARY_CYCLES_MOST;
		fputc('\n', table);
	}
	return good;
}

static void report_crossover(const struct card_library_results *results, struct bench_report *report)
{
	FILE *table = bench_report_table(report);
	char idle[32], busy[32];

	fprintf(table,
		"\nwhat the router measured of the emulated card that computes, all results checked, ns per record\n"
		" bytes   processor   host of a card   back after\n");
	for (unsigned i = 0; i < GLACIS_CARD_SIZES; i++) {
		const struct glacis_card_cost *cost = &results->costs[i];

		fprintf(table, "%6u  %10u  %15u  %11u\n", cost->size, cost->cpu_ns, cost->host_ns, cost->card_ns);
		bench_report_row(report, json_pack("{s:s, s:i, s:i, s:i, s:i}", "what", "crossover", "size",
						   (int)cost->size, "cpu_ns", (int)cost->cpu_ns, "host_ns",
						   (int)cost->host_ns, "card_ns", (int)cost->card_ns));
	}
	fprintf(table, "it takes the card %s; while the processor is saturated %s\n",
		size_text(results->size_from, idle), size_text(results->size_from_busy, busy));
	bench_report_row(report, json_pack("{s:s, s:s, s:s}", "what", "chosen", "idle", idle, "busy", busy));
}

/* Everything through libglacis. False: a limit is passed, or it could not be measured. */
static bool report_library(const struct card_library_results *results, struct bench_report *report)
{
	bool good;

	if (!results->good) {
		fprintf(stderr, "glacis-bench card: through libglacis: %s\n", results->why);
		return false;
	}
	good = report_cycles(results, report);
	report_crossover(results, report);
	fprintf(bench_report_table(report),
		"operations of a card that is killed, %u of them: back after %.2f ms, p99 %.2f ms, at most %.2f ms\n",
		results->recovery_operations, results->recovery_ms_median, results->recovery_ms_p99,
		results->recovery_ms_max);
	bench_report_row(report, json_pack("{s:s, s:i, s:f, s:f, s:f}", "what", "recovery", "operations",
					   (int)results->recovery_operations, "median_ms", results->recovery_ms_median,
					   "p99_ms", results->recovery_ms_p99, "max_ms", results->recovery_ms_max));
	return good && results->recovery_ms_p99 <= RECOVERY_MS_MOST;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_JSON:
		options->json = argument;
		return 0;
	case OPTION_VCARD:
		options->vcard = argument;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_ONLY:
		options->driver = strcmp(argument, "driver") == 0;
		options->library = strcmp(argument, "library") == 0;
		if (!options->driver && !options->library)
			argp_error(state, "--only=%s: give driver or library", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp_option list[] = {
		{ "json", OPTION_JSON, "FILE", 0, "Write the results to FILE, - for standard output", 0 },
		{ "vcard", OPTION_VCARD, "PATH", 0, "The emulated card; by default that of this build", 0 },
		{ "check", OPTION_CHECK, NULL, 0,
		  "Fail when a record costs more than 180 cycles, or 250 through libglacis, or recovery more than 50 "
		  "ms",
		  0 },
		{ "only", OPTION_ONLY, "PART", 0, "Measure the driver or the library alone", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = list,
		.parser = parse,
		.doc = "What an offloaded record costs the host, apart from the card's own work."
	};
	struct options options = { .vcard = CARD_VCARD, .driver = true, .library = true };
	struct bench_report *report;
	static struct card_bed bed;
	struct card_library_results *library;
	int status;
	bool good = true;

	argp_err_exit_status = EX_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	report = bench_report_create("card", options.json);
	if (report == NULL)
		return 1;
	/* In a process of its own: DPDK starts once in each. */
	library = mmap(NULL, sizeof(*library), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (library == MAP_FAILED)
		return 1;
	if (options.library) {
		bench_progress("card: through libglacis");
		card_library_measure(options.vcard, library);
		bench_progress_end();
	}
	bench_report_version(report, "dpdk", rte_version());
	bench_report_print_head(report);
	if (options.driver) {
		card_bed_open(&bed, argv[0], options.vcard);
		good &= measure(&bed, report);
		card_bed_close();
	}
	if (options.library)
		good &= report_library(library, report);
	status = bench_report_write(report);
	bench_report_destroy(report);
	return status != 0 || (options.check && !good);
}
