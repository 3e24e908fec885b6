/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench rsa`: signatures per second and their latency, libglacis beside OpenSSL's EVP.
 *
 * A case is a number of signatures wanted at the same moment: libglacis gets them in one burst and
 * is told that no more will come; OpenSSL makes them one after the other in contexts set up before.
 * Both take turns, and turns are timed by the thread's processor time. All signatures of the first
 * round are verified.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <glacis/glacis.h>

#include "command.h"
#include "machine.h"
#include "options.h"
#include "progress.h"
#include "rsa.h"

#define ROUNDS_QUICK 15u
#define ROUNDS       40u
#define SHAPES_MAX   64u
#define DIGEST_SIZE  32u
#define COUNT_MAX    GLACIS_RSA_LANES
#define SLICE_US     4000.0

static const unsigned key_bits[] = { 2048, 3072, 4096 };
static const unsigned counts[] = { 1, 2, 4, 8 };

/* One key on both sides. */
struct contest {
	struct glacis_engine *engine;
	struct glacis_queue *queue;
	struct glacis_rsa_key *key;
	EVP_PKEY *pair;
	EVP_PKEY_CTX *sign[RSA_ALGORITHMS], *verify[RSA_ALGORITHMS];
	struct glacis_rsa_op ops[COUNT_MAX];
	uint8_t digest[COUNT_MAX][DIGEST_SIZE], signature[COUNT_MAX][GLACIS_RSA_BYTES_MAX];
};

static double thread_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static EVP_PKEY_CTX *make_context(EVP_PKEY *pair, enum rsa_algorithm algorithm, bool verify)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair, NULL);
	int padding = algorithm == RSA_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;

	if (context && (verify ? EVP_PKEY_verify_init(context) : EVP_PKEY_sign_init(context)) > 0 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, padding) > 0 &&
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0 &&
	    (algorithm != RSA_PSS || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, DIGEST_SIZE) > 0))
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

/* The same key for both: OpenSSL makes it, libglacis imports it as PEM. */
static int make_keys(struct contest *contest, unsigned bits)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem, why[256] = "OpenSSL could not make it";
	int status = -EIO;

	contest->pair = EVP_RSA_gen(bits);
	if (bio && contest->pair && PEM_write_bio_PrivateKey(bio, contest->pair, NULL, NULL, 0, NULL, NULL) == 1) {
		long size = BIO_get_mem_data(bio, &pem);
		status = glacis_rsa_key_import(contest->engine, (const uint8_t *)pem, (size_t)size, NULL, NULL,
					       &contest->key, why, sizeof(why));
	}
	BIO_free(bio);
	if (status)
		fprintf(stderr, "glacis-bench: no key of %u bits: %s\n", bits, why);
	return status;
}

static void contest_close(struct contest *contest)
{
	for (unsigned i = 0; i < RSA_ALGORITHMS; i++) {
		EVP_PKEY_CTX_free(contest->sign[i]);
		EVP_PKEY_CTX_free(contest->verify[i]);
	}
	glacis_rsa_key_destroy(contest->key);
	EVP_PKEY_free(contest->pair);
	glacis_queue_destroy(contest->queue);
	glacis_engine_destroy(contest->engine);
	free(contest);
}

static struct contest *contest_open(unsigned bits)
{
	struct contest *contest = calloc(1, sizeof(*contest));

	if (!contest)
		return NULL;
	if (glacis_engine_create(NULL, &contest->engine) ||
	    glacis_queue_create(contest->engine, NULL, &contest->queue) || make_keys(contest, bits))
		goto fail;
	for (unsigned i = 0; i < RSA_ALGORITHMS; i++) {
		contest->sign[i] = make_context(contest->pair, (enum rsa_algorithm)i, false);
		contest->verify[i] = make_context(contest->pair, (enum rsa_algorithm)i, true);
		if (!contest->sign[i] || !contest->verify[i])
			goto fail;
	}
	return contest;
fail:
	contest_close(contest);
	return NULL;
}

static int run_ours(struct contest *contest, const struct rsa_shape *shape)
{
	struct glacis_rsa_op *pointers[COUNT_MAX] = { NULL };
	struct glacis_op *done[COUNT_MAX];
	unsigned left = shape->count;

	for (unsigned i = 0; i < shape->count; i++) {
		contest->ops[i] = (struct glacis_rsa_op){
			.key = contest->key,
			.kind = shape->algorithm == RSA_PSS ? GLACIS_RSA_SIGN_PSS : GLACIS_RSA_SIGN_PKCS1,
			.hash = GLACIS_RSA_SHA256,
			.salt_size = DIGEST_SIZE,
			.input = contest->digest[i],
			.input_size = DIGEST_SIZE,
			.output = contest->signature[i],
		};
		pointers[i] = &contest->ops[i];
	}
	if (glacis_rsa_submit(contest->queue, pointers, shape->count) != (int)shape->count)
		return -EIO;
	glacis_queue_flush(contest->queue);
	while (left > 0)
		left -= glacis_queue_poll(contest->queue, done, COUNT_MAX);
	for (unsigned i = 0; i < shape->count; i++)
		if (contest->ops[i].op.status != GLACIS_STATUS_OK)
			return -EIO;
	return 0;
}

static int run_peer(struct contest *contest, const struct rsa_shape *shape)
{
	for (unsigned i = 0; i < shape->count; i++) {
		size_t size = GLACIS_RSA_BYTES_MAX;
		if (EVP_PKEY_sign(contest->sign[shape->algorithm], contest->signature[i], &size, contest->digest[i],
				  DIGEST_SIZE) != 1)
			return -EIO;
	}
	return 0;
}

static int verify_all(struct contest *contest, const struct rsa_shape *shape)
{
	for (unsigned i = 0; i < shape->count; i++)
		if (EVP_PKEY_verify(contest->verify[shape->algorithm], contest->signature[i], shape->bits / 8,
				    contest->digest[i], DIGEST_SIZE) != 1)
			return -EBADMSG;
	return 0;
}

/* One side's turn: as often as fills a slice, at least once. Microseconds for one, negative on failure. */
static double take_turn(int (*run)(struct contest *, const struct rsa_shape *), struct contest *contest,
			const struct rsa_shape *shape)
{
	double start = thread_us(), elapsed;
	unsigned times = 0;

	do {
		if (run(contest, shape))
			return -1;
		times++;
		elapsed = thread_us() - start;
	} while (elapsed < SLICE_US);
	return elapsed / times;
}

static int measure_rounds(struct contest *contest, const struct rsa_shape *shape, unsigned rounds,
			  struct bench_samples *ours, struct bench_samples *peer)
{
	for (unsigned round = 0; round < rounds; round++) {
		double us[2];

		for (unsigned i = 0; i < 2; i++) {
			unsigned who = (round + i) % 2;
			us[who] = take_turn(who == 0 ? run_ours : run_peer, contest, shape);
			if (us[who] < 0)
				return -EIO;
		}
		bench_samples_add(ours, us[0]);
		bench_samples_add(peer, us[1]);
	}
	return 0;
}

static int measure_case(struct contest *contest, const struct rsa_shape *shape, unsigned rounds,
			struct rsa_result *result)
{
	struct bench_samples *samples = calloc(2, sizeof(*samples));
	int status = samples ? run_ours(contest, shape) : -ENOMEM;

	result->shape = *shape;
	result->in_lanes = contest->ops[0].lane == GLACIS_RSA_LANE_BATCH;
	if (!status)
		status = verify_all(contest, shape);
	if (!status)
		status = run_peer(contest, shape);
	if (!status)
		status = measure_rounds(contest, shape, rounds, &samples[0], &samples[1]);
	if (status)
		fprintf(stderr, "\nglacis-bench: %u signatures of %u bits failed\n", shape->count, shape->bits);
	if (samples) {
		result->ratio = bench_paired_ratio(&samples[0], &samples[1]);
		result->ours = bench_samples_figure(&samples[0]);
		result->peer = bench_samples_figure(&samples[1]);
	}
	free(samples);
	return status;
}

static int measure_key(const struct bench_options *options, unsigned bits, struct bench_report *report,
		       struct rsa_result *results, size_t *count)
{
	struct contest *contest;
	struct glacis_engine_info info;
	int status = 0;

	bench_progress("making a key of %u bits", bits);
	contest = contest_open(bits);
	if (!contest)
		return -EIO;
	glacis_engine_info(contest->engine, &info);
	bench_report_setting(report, "rsa_backend", info.rsa_backend);
	for (unsigned i = 0; i < COUNT_MAX; i++)
		memset(contest->digest[i], (int)i + 1, DIGEST_SIZE);
	for (unsigned algorithm = 0; algorithm < RSA_ALGORITHMS; algorithm++)
		for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]) && !status; i++) {
			const struct rsa_shape shape = { (enum rsa_algorithm)algorithm, bits, counts[i] };

			bench_progress("%s, %u bits, %u at once", rsa_algorithm_names[algorithm], bits, counts[i]);
			status = measure_case(contest, &shape, options->quick ? ROUNDS_QUICK : ROUNDS,
					      &results[(*count)++]);
		}
	contest_close(contest);
	return status;
}

static int measure(const struct bench_options *options, struct bench_report *report)
{
	struct rsa_result *results = calloc(SHAPES_MAX, sizeof(*results));
	FILE *out = bench_report_table(report);
	size_t count = 0;
	int status = results ? 0 : -ENOMEM;

	for (unsigned i = 0; i < sizeof(key_bits) / sizeof(key_bits[0]) && !status; i++)
		status = measure_key(options, key_bits[i], report, results, &count);
	bench_progress_end();
	if (!status) {
		bench_report_print_head(report);
		rsa_print(out, results, count);
		rsa_add_rows(report, results, count);
		status = bench_report_write(report);
	}
	if (!status && options->check && rsa_check(out, results, count) > 0) {
		fprintf(stderr, "glacis-bench rsa: at least one target was missed, see above\n");
		status = -ERANGE;
	}
	free(results);
	return status;
}

static int rsa_main(int argc, char **argv)
{
	struct bench_options options;
	struct bench_report *report;
	int status;

	bench_options_parse(argc, argv, "RSA signatures on one core: libglacis beside OpenSSL.",
			    BENCH_OPTION_CHECK | BENCH_OPTION_TIMING, &options);
	bench_machine_pin_to_last_core();
	report = bench_report_create(options.timing ? "rsa-timing" : "rsa", options.json);
	if (!report)
		return EXIT_FAILURE;
	status = options.timing ? rsa_timing_run(report, options.quick) : measure(&options, report);
	bench_report_destroy(report);
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct subcommand bench_rsa_command = {
	.name = "rsa",
	.summary = "RSA signatures: libglacis, OpenSSL",
	.run = rsa_main,
};
