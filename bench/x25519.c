/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench x25519`: key pairs and shared secrets per second and their latency, libglacis beside OpenSSL's EVP;
 * and, with --timing, whether the lanes' time depends on a scalar or a point.
 *
 * A case is a number of functions wanted at the same moment. OpenSSL does them one after the other, as libssl would: a
 * new key for a pair, a new context for a secret. Both take turns, timed by the thread's processor time. Results are
 * compared before anything is timed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include <glacis/x25519.h>

#include "command.h"
#include "ifma.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "stats.h"
#include "timing.h"
#include "x25519_ifma.h"

#define SIZE         GLACIS_X25519_SIZE
#define LANES        GLACIS_X25519_LANES
#define ROUNDS_QUICK 15u
#define ROUNDS       60u
#define SLICE_US     2000.0
#define SHAPES       8u

struct contest {
	uint8_t scalars[LANES][SIZE], results[LANES][SIZE], peer[SIZE];
	EVP_PKEY *own, *peer_key;
	EVP_PKEY_CTX *generate;
	bool pair; /* else a shared secret */
	unsigned count;
};

struct result {
	bool pair;
	unsigned count;
	struct bench_figure ours, peer; /* microseconds for all `count` */
	double ratio;                   /* time of the peer / ours, paired by round */
};

static int run_ours(struct contest *contest)
{
	struct glacis_x25519_op ops[LANES];

	for (unsigned i = 0; i < contest->count; i++)
		ops[i] = (struct glacis_x25519_op){ .scalar = contest->scalars[i],
						    .point = contest->pair ? NULL : contest->peer,
						    .result = contest->results[i] };
	return glacis_x25519(ops, contest->count);
}

static int derive(struct contest *contest, uint8_t *result)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(contest->own, NULL);
	size_t size = SIZE;
	int done = context && EVP_PKEY_derive_init(context) == 1 &&
		   EVP_PKEY_derive_set_peer(context, contest->peer_key) == 1 &&
		   EVP_PKEY_derive(context, result, &size) == 1;

	EVP_PKEY_CTX_free(context);
	return done ? 0 : -EIO;
}

static int run_peer(struct contest *contest)
{
	int status = 0;

	for (unsigned i = 0; i < contest->count && !status; i++) {
		EVP_PKEY *pair = NULL;

		if (contest->pair)
			status = EVP_PKEY_generate(contest->generate, &pair) == 1 ? 0 : -EIO;
		else
			status = derive(contest, contest->results[i]);
		EVP_PKEY_free(pair);
	}
	return status;
}

static double thread_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* One side's turn: as often as fills a slice. Microseconds for one, negative on failure. */
static double take_turn(int (*run)(struct contest *), struct contest *contest)
{
	double start = thread_us(), elapsed;
	unsigned times = 0;

	do {
		if (run(contest))
			return -1;
		times++;
		elapsed = thread_us() - start;
	} while (elapsed < SLICE_US);
	return elapsed / times;
}

static int measure_case(struct contest *contest, unsigned rounds, struct result *result)
{
	struct bench_samples *samples = calloc(2, sizeof(*samples));
	int status = samples ? 0 : -ENOMEM;

	for (unsigned round = 0; round < rounds && !status; round++) {
		for (unsigned i = 0; i < 2 && !status; i++) {
			unsigned who = (round + i) % 2;
			double us = take_turn(who == 0 ? run_ours : run_peer, contest);

			status = us < 0 ? -EIO : 0;
			bench_samples_add(&samples[who], us);
		}
	}
	if (samples) {
		result->pair = contest->pair;
		result->count = contest->count;
		result->ratio = bench_paired_ratio(&samples[0], &samples[1]);
		result->ours = bench_samples_figure(&samples[0]);
		result->peer = bench_samples_figure(&samples[1]);
	}
	free(samples);
	return status;
}

/* OpenSSL's key is the first scalar, so the first results of both must agree. */
static int compare(struct contest *contest)
{
	uint8_t expected[SIZE];
	size_t size = SIZE;
	int status = 0;

	contest->count = LANES;
	contest->pair = true;
	if (run_ours(contest) || EVP_PKEY_get_raw_public_key(contest->own, expected, &size) != 1)
		return -EIO;
	status |= memcmp(contest->results[0], expected, SIZE);
	contest->pair = false;
	if (run_ours(contest) || derive(contest, expected))
		return -EIO;
	status |= memcmp(contest->results[0], expected, SIZE);
	return status ? -EBADMSG : 0;
}

static void contest_close(struct contest *contest)
{
	EVP_PKEY_CTX_free(contest->generate);
	EVP_PKEY_free(contest->peer_key);
	EVP_PKEY_free(contest->own);
	free(contest);
}

static struct contest *contest_open(void)
{
	struct contest *contest = calloc(1, sizeof(*contest));
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	size_t size = SIZE;

	if (!contest || !other) {
		EVP_PKEY_free(other);
		free(contest);
		return NULL;
	}
	timing_random(contest->scalars, sizeof(contest->scalars));
	contest->own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, contest->scalars[0], SIZE);
	contest->peer_key = other;
	contest->generate = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	if (contest->own && EVP_PKEY_get_raw_public_key(other, contest->peer, &size) == 1 && contest->generate &&
	    EVP_PKEY_keygen_init(contest->generate) == 1)
		return contest;
	contest_close(contest);
	return NULL;
}

static void print(FILE *out, const struct result *results, size_t count)
{
	unsigned from = glacis_x25519_lanes_from();

	fprintf(out,
		"\nX25519 on one core, so many asked for at once. Latency: until the last one is there, median and\n"
		"(interquartile range) in microseconds. Ratio: time of OpenSSL / time of Glacis; above 1 = Glacis "
		"faster.\n");
	fprintf(out, "%-14s %6s %-7s %10s %19s %10s %19s %7s\n", "", "lanes", "run", "ops/s", "latency", "openssl/s",
		"latency", "ratio");
	for (size_t i = 0; i < count; i++) {
		const struct result *result = &results[i];

		fprintf(out, "%-14s %6u %-7s %10.0f %9.1f (%7.1f) %10.0f %9.1f (%7.1f) %6.2fx\n",
			result->pair ? "key pair" : "shared secret", result->count,
			from && result->count >= from ? "batch" : "singly", result->count * 1e6 / result->ours.median,
			result->ours.median, result->ours.spread, result->count * 1e6 / result->peer.median,
			result->peer.median, result->peer.spread, result->ratio);
	}
}

static void add_rows(struct bench_report *report, const struct result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct result *result = &results[i];

		bench_report_row(report,
				 json_pack("{s:s, s:i, s:f, s:f, s:f, s:s, s:f, s:f, s:f, s:f}", "algorithm",
					   result->pair ? "x25519-pair" : "x25519-secret", "lanes", (int)result->count,
					   "ours_ops_s", result->count * 1e6 / result->ours.median, "ours_us",
					   result->ours.median, "ours_spread_us", result->ours.spread, "peer",
					   "openssl", "peer_ops_s", result->count * 1e6 / result->peer.median,
					   "peer_us", result->peer.median, "peer_spread_us", result->peer.spread,
					   "ratio", result->ratio));
	}
}

static int measure(const struct bench_options *options, struct bench_report *report)
{
	static const unsigned counts[] = { 1, 2, 4, 8 };
	struct contest *contest = contest_open();
	struct result results[SHAPES];
	size_t done = 0;
	int status = contest ? compare(contest) : -EIO;

	for (; done < SHAPES && !status; done++) {
		contest->pair = done < SHAPES / 2;
		contest->count = counts[done % (SHAPES / 2)];
		bench_progress("%s, %u at once", contest->pair ? "key pairs" : "shared secrets", contest->count);
		status = measure_case(contest, options->quick ? ROUNDS_QUICK : ROUNDS, &results[done]);
	}
	bench_progress_end();
	if (contest)
		contest_close(contest);
	if (status) {
		fprintf(stderr, "glacis-bench: X25519 failed: %s\n",
			status == -EBADMSG ? "libglacis and OpenSSL do not agree" : strerror(-status));
		return status;
	}
	bench_report_print_head(report);
	print(bench_report_table(report), results, done);
	add_rows(report, results, done);
	return bench_report_write(report);
}

/* ---- --timing ---- */

struct bed {
	uint8_t scalars[LANES][SIZE], points[LANES][SIZE], results[LANES][SIZE];
};

/* Both classes draw random bytes, and one of them overwrites them with its fixed ones. */
static void draw(uint8_t into[LANES][SIZE], unsigned random)
{
	uint8_t drawn[LANES][SIZE];

	timing_random(drawn, sizeof(drawn));
	for (unsigned lane = 0; lane < LANES; lane++)
		for (unsigned i = 0; i < SIZE; i++)
			into[lane][i] = random ? drawn[lane][i] : (uint8_t)(i == 0 ? 9 : 0);
}

static void prepare_scalars(void *memory, unsigned random)
{
	struct bed *bed = memory;

	draw(bed->scalars, random);
	draw(bed->points, 1);
}

static void prepare_points(void *memory, unsigned random)
{
	struct bed *bed = memory;

	draw(bed->scalars, 1);
	draw(bed->points, random);
}

static void run_lanes(void *memory, unsigned random)
{
	struct bed *bed = memory;
	const uint8_t *scalars[LANES], *points[LANES];
	uint8_t *results[LANES];

	for (unsigned lane = 0; lane < LANES; lane++) {
		scalars[lane] = bed->scalars[lane];
		points[lane] = bed->points[lane];
		results[lane] = bed->results[lane];
	}
	x25519_ifma_x8(scalars, points, results);
}

/* The control: a step for each bit that is set, as a careless ladder would have. */
static void run_control(void *memory, unsigned random)
{
	const struct bed *bed = memory;
	volatile unsigned steps = 0;

	for (unsigned i = 0; i < SIZE; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			if (bed->scalars[0][i] >> bit & 1)
				steps = steps + 1;
}

static int measure_timing(const struct bench_options *options, struct bench_report *report)
{
	static const struct timing_part parts[] = {
		{ "X25519 in lanes", "scalar 9, random scalars", 40000, true, false, prepare_scalars, run_lanes },
		{ "X25519 in lanes", "point 9, random points", 40000, true, false, prepare_points, run_lanes },
		{ "control: steps for bits that are set", "scalar 9, random scalars", 20000, false, true,
		  prepare_scalars, run_control },
	};
	struct bed *bed = calloc(1, sizeof(*bed));
	int status = bed ? timing_run(report, "eight lanes", parts, sizeof(parts) / sizeof(parts[0]), bed,
				      ifma_usable(), options->quick)
			 : -ENOMEM;

	free(bed);
	return status;
}

static int x25519_main(int argc, char **argv)
{
	struct bench_options options;
	struct bench_report *report;
	int status;

	bench_options_parse(argc, argv, "X25519 key pairs and shared secrets on one core: libglacis beside OpenSSL.",
			    BENCH_OPTION_TIMING, &options);
	report = bench_report_create(options.timing ? "x25519-timing" : "x25519", options.json);
	if (!report)
		return EXIT_FAILURE;
	status = options.timing ? measure_timing(&options, report) : measure(&options, report);
	bench_report_destroy(report);
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand bench_x25519_command = {
	.name = "x25519",
	.summary = "X25519 key exchange: libglacis, OpenSSL",
	.run = x25519_main,
};
