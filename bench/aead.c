/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench aead`: AES-GCM records per second of libglacis, OpenSSL and ipsec-mb.
 *
 * The contenders take turns in slices of about two milliseconds, so that whatever else the
 * machine does hits all of them alike; a figure is the median of its slices. Slices are timed by
 * the thread's CPU clock: time in which another program had the core does not count. Before any
 * timing, the contenders' outputs are compared with each other.
 *
 * How buffers happen to lie in their pages can double the time of a small record, for anyone. So
 * every LAYOUT_ROUNDS rounds of a case get a fresh set of buffers and objects.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "aead.h"
#include "aead_result.h"
#include "command.h"
#include "machine.h"
#include "progress.h"

#define SLICE_NS        2e6
#define LAYOUT_ROUNDS   3u
#define ROUNDS_MIN      15u
#define SIZES_MAX       32u
#define RECORD_SIZE_MAX 65536u

struct aead_options {
	const char *json;
	unsigned sizes[SIZES_MAX];
	size_t size_count;
	unsigned rounds;
	bool check;
};

const struct aead_contender *const aead_contenders[AEAD_CONTENDERS] = { &aead_glacis, &aead_openssl, &aead_ipsec_mb };

static double thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* One contender's turn state within a case. */
struct turn {
	const struct aead_contender *contender;
	void *state;
	uint64_t next;   /* number of the next record: nonces go on, they never repeat */
	unsigned bursts; /* per slice */
	struct bench_samples ns;
};

static int run_bursts(struct turn *turn, struct aead_bed *bed, unsigned bursts)
{
	int status = turn->contender->run(turn->state, bed, turn->next, bursts);

	turn->next += (uint64_t)bursts * bed->shape.burst;
	if (status)
		fprintf(stderr, "\nglacis-bench: %s failed to %s a valid record of %u bytes\n", turn->contender->name,
			bed->shape.open ? "open" : "seal", bed->shape.size);
	return status;
}

/* Same key, nonce and text must give the same bytes everywhere; else no speed is worth printing. */
static int compare_outputs(struct turn *turns, struct aead_bed *bed)
{
	const size_t size = bed->shape.size;
	uint8_t *expected = malloc(size + AEAD_TAG_SIZE);
	int status = expected ? 0 : -ENOMEM;

	for (unsigned who = 0; who < AEAD_CONTENDERS && !status; who++) {
		aead_bed_reset(bed);
		status = run_bursts(&turns[who], bed, 1);
		if (status)
			break;
		if (who == 0) {
			memcpy(expected, bed->destination[0], size);
			memcpy(expected + size, bed->tag[0], AEAD_TAG_SIZE);
		} else if (memcmp(expected, bed->destination[0], size) != 0 ||
			   (!bed->shape.open && memcmp(expected + size, bed->tag[0], AEAD_TAG_SIZE) != 0)) {
			fprintf(stderr, "\nglacis-bench: %s and %s differ in a record of %u bytes\n",
				turns[0].contender->name, turns[who].contender->name, bed->shape.size);
			status = -EBADMSG;
		}
	}
	free(expected);
	return status;
}

/* Finds how many bursts fill a slice. The first pass over all keys is for page faults, key expansion and
 * caches only: were it timed, slices would come out far too short, and cold. */
static int calibrate(struct turn *turn, struct aead_bed *bed)
{
	unsigned bursts = AEAD_RECORDS / bed->shape.burst;
	int status = run_bursts(turn, bed, bursts);

	while (!status) {
		double start = thread_ns();
		double elapsed;

		status = run_bursts(turn, bed, bursts);
		elapsed = thread_ns() - start;
		if (elapsed >= SLICE_NS / 2) {
			turn->bursts = (unsigned)(bursts * SLICE_NS / elapsed) + 1;
			break;
		}
		bursts *= 2;
	}
	return status;
}

static int measure_rounds(struct turn *turns, struct aead_bed *bed, unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < AEAD_CONTENDERS; i++) {
			struct turn *turn = &turns[(round + i) % AEAD_CONTENDERS]; /* nobody always follows the same */
			double start = thread_ns();
			int status = run_bursts(turn, bed, turn->bursts);

			if (status)
				return status;
			bench_samples_add(&turn->ns, (thread_ns() - start) / turn->bursts / bed->shape.burst);
		}
	}
	return 0;
}

/* Some rounds with one fresh set of buffers and objects. */
static int measure_layout(const struct aead_shape *shape, unsigned layout, unsigned rounds, struct turn *turns)
{
	struct aead_bed *bed = NULL;
	int status = aead_bed_create(shape, layout, &bed);

	for (unsigned who = 0; who < AEAD_CONTENDERS && !status; who++) {
		turns[who].contender = aead_contenders[who];
		turns[who].next = 0;
		status = turns[who].contender->prepare(bed, &turns[who].state);
	}
	if (!status)
		status = compare_outputs(turns, bed);
	for (unsigned who = 0; who < AEAD_CONTENDERS && !status; who++)
		status = calibrate(&turns[who], bed);
	if (!status)
		status = measure_rounds(turns, bed, rounds);
	for (unsigned who = 0; who < AEAD_CONTENDERS; who++) {
		if (turns[who].state)
			turns[who].contender->finish(turns[who].state);
		turns[who].state = NULL;
	}
	aead_bed_destroy(bed);
	return status;
}

static int measure_case(const struct aead_shape *shape, unsigned rounds, struct aead_result *result)
{
	struct turn *turns = calloc(AEAD_CONTENDERS, sizeof(*turns));
	int status = turns ? 0 : -ENOMEM;

	for (unsigned round = 0; round < rounds && !status; round += LAYOUT_ROUNDS)
		status = measure_layout(shape, round / LAYOUT_ROUNDS, LAYOUT_ROUNDS, turns);

	result->shape = *shape;
	for (unsigned who = 0; who < AEAD_CONTENDERS && turns; who++)
		result->ratio[who] = bench_paired_ratio(&turns[0].ns, &turns[who].ns);
	for (unsigned who = 0; who < AEAD_CONTENDERS && turns; who++)
		result->ns[who] = bench_samples_figure(&turns[who].ns);
	free(turns);
	return status;
}

/* Every case, sizes innermost. `shapes` has room for 16 * size_count. */
static size_t list_shapes(const struct aead_options *options, struct aead_shape *shapes)
{
	static const unsigned key_sizes[] = { 16, 32 };
	static const unsigned keys[] = { 1, AEAD_RECORDS };
	static const unsigned bursts[] = { 1, AEAD_BURST_MAX };
	size_t count = 0;

	for (unsigned kind = 0; kind < 16; kind++)
		for (size_t i = 0; i < options->size_count; i++)
			shapes[count++] = (struct aead_shape){
				.key_size = key_sizes[kind / 8],
				.open = kind / 4 % 2,
				.keys = keys[kind / 2 % 2],
				.burst = bursts[kind % 2],
				.size = options->sizes[i],
			};
	return count;
}

static int measure(const struct aead_options *options, struct bench_report *report)
{
	struct aead_shape *shapes = calloc(16 * options->size_count, sizeof(*shapes));
	struct aead_result *results = calloc(16 * options->size_count, sizeof(*results));
	FILE *out = bench_report_table(report);
	int status = shapes && results ? 0 : -ENOMEM;
	size_t count = status ? 0 : list_shapes(options, shapes);

	for (size_t i = 0; i < count && !status; i++) {
		const struct aead_shape *shape = &shapes[i];

		bench_progress("%zu of %zu: aes-%u-gcm %s, %u bytes, %u keys, burst %u", i + 1, count,
			       shape->key_size * 8, shape->open ? "open" : "seal", shape->size, shape->keys,
			       shape->burst);
		status = measure_case(shape, options->rounds, &results[i]);
	}
	bench_progress_end();
	if (!status) {
		bench_report_print_head(report);
		aead_print_throughput(out, results, count, options->size_count);
		aead_print_times(out, results, count);
		aead_add_rows(report, results, count);
		status = bench_report_write(report);
	} else if (status == -ENOMEM) {
		fprintf(stderr, "glacis-bench: out of memory\n");
	}
	if (!status && options->check && aead_check(out, results, count) > 0) {
		fprintf(stderr, "glacis-bench aead: at least one target was missed, see above\n");
		status = -ERANGE;
	}
	free(results);
	free(shapes);
	return status;
}

enum { OPTION_JSON = 256, OPTION_QUICK, OPTION_SIZES, OPTION_SECONDS, OPTION_CHECK };

static void parse_sizes(struct aead_options *options, const char *list, struct argp_state *state)
{
	options->size_count = 0;
	for (const char *text = list;; text++) {
		char *end;
		unsigned long size = strtoul(text, &end, 10);

		if (end == text || size < 1 || size > RECORD_SIZE_MAX || (*end != ',' && *end != '\0'))
			argp_error(state, "--sizes %s: wanted numbers from 1 to %u with commas between", list,
				   RECORD_SIZE_MAX);
		if (options->size_count == SIZES_MAX)
			argp_error(state, "--sizes %s: at most %u sizes", list, SIZES_MAX);
		options->sizes[options->size_count++] = (unsigned)size;
		if (*end == '\0')
			return;
		text = end;
	}
}

static void parse_seconds(struct aead_options *options, const char *text, struct argp_state *state)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end != '\0' || !(seconds > 0.0 && seconds <= BENCH_SAMPLES_MAX * SLICE_NS / 1e9))
		argp_error(state, "--seconds %s: wanted a number above 0, at most %.2f", text,
			   BENCH_SAMPLES_MAX * SLICE_NS / 1e9);
	options->rounds = (unsigned)(seconds * 1e9 / SLICE_NS);
	if (options->rounds < ROUNDS_MIN)
		options->rounds = ROUNDS_MIN;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct aead_options *options = state->input;

	switch (key) {
	case OPTION_JSON:
		options->json = argument;
		return 0;
	case OPTION_QUICK:
		options->rounds = ROUNDS_MIN;
		return 0;
	case OPTION_SIZES:
		parse_sizes(options, argument, state);
		return 0;
	case OPTION_SECONDS:
		parse_seconds(options, argument, state);
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int aead_main(int argc, char **argv)
{
	static const struct argp_option list[] = {
		{ "json", OPTION_JSON, "FILE", 0, "write the results as JSON to FILE (-: standard output)", 0 },
		{ "quick", OPTION_QUICK, NULL, 0, "as few rounds as still give a median: about 15 seconds", 0 },
		{ "sizes", OPTION_SIZES, "N,...", 0, "bytes per record (default 64,256,1024,1420,4096,16384)", 0 },
		{ "seconds", OPTION_SECONDS, "S", 0, "time per figure (default 0.06)", 0 },
		{ "check", OPTION_CHECK, NULL, 0, "exit with status 1 when a target of the project is missed", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = list,
		.parser = parse,
		.doc = "AES-GCM records on one core: libglacis beside OpenSSL and intel-ipsec-mb.",
	};
	struct aead_options options = {
		.sizes = { 64, 256, 1024, 1420, 4096, 16384 },
		.size_count = 6,
		.rounds = 30,
	};
	struct bench_report *report;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	bench_machine_pin_to_last_core();
	report = bench_report_create("aead", options.json);
	if (!report)
		return EXIT_FAILURE;
	status = measure(&options, report);
	bench_report_destroy(report);
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand bench_aead_command = {
	.name = "aead",
	.summary = "AES-GCM records: libglacis, OpenSSL, ipsec-mb",
	.run = aead_main,
};
