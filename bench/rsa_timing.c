/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench rsa --timing`: does the time of a private operation depend on what must stay secret?
 *
 * The method is that of Reparaz, Balasch and Verbauwhede ("Dude, is my code constant time?", 2017):
 * two classes of inputs, one fixed and one random, measured in random order; Welch's t over all
 * measurements and over those below each of several percentiles, which takes away what interrupts
 * did. The largest |t| is reported: below 4.5 nothing was seen, above 10 there is a dependence. One
 * part is a control whose time does depend on its input; a run that does not find it out proves nothing.
 *
 * The library's parts are called directly, without the blinding that hides their inputs in use; they
 * are linked in once more, since libglacis does not export them. The last part is the whole way.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <glacis/glacis.h>

#include "progress.h"
#include "rsa.h"
#include "rsa_lanes.h"
#include "rsa_padding.h"

#define BITS         2048u
#define BYTES        (BITS / 8)
#define T_WARN       4.5
#define T_FAIL       10.0
#define CROPS        10u
#define WARM_UP      10u
#define MESSAGE_SIZE 48u

/* Everything the parts work on. Index 1 of [2] is the random class. */
struct bed {
	struct rsa_lane_key key[2][RSA_LANES];
	void *key_memory[2][RSA_LANES];
	uint8_t numbers[RSA_LANES][BYTES]; /* below the modulus of any key, little-endian */
	uint8_t results[RSA_LANES][BYTES];
	uint8_t block[BYTES], ciphertext[BYTES], message[BYTES], fixed_block[BYTES];
	uint8_t rejection_key[RSA_REJECTION_KEY_SIZE];
	struct glacis_engine *engine;
	struct glacis_queue *queue;
	struct glacis_rsa_key *whole;
	struct glacis_rsa_op ops[RSA_LANES];
	uint8_t sealed[RSA_LANES][BYTES];
	EVP_PKEY *pair;
};

/* What is measured: `prepare` is not timed and does the same work for both classes. */
struct part {
	const char *name, *classes;
	unsigned samples;
	bool lanes; /* needs AVX512-IFMA */
	void (*prepare)(struct bed *bed, unsigned random);
	void (*run)(struct bed *bed, unsigned random);
};

static void fill_random(uint8_t *bytes, size_t size)
{
	if (RAND_bytes(bytes, (int)size) != 1)
		abort();
}

/* Both classes draw random bytes, and one of them overwrites them with its fixed ones. */
static void prepare_numbers(struct bed *bed, unsigned random)
{
	uint8_t drawn[BYTES];

	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		fill_random(drawn, BYTES);
		drawn[BYTES - 1] &= 0x3f;
		for (unsigned i = 0; i < BYTES; i++)
			bed->numbers[lane][i] = random ? drawn[i] : (uint8_t)(i == 0 ? 2 : 0);
	}
}

static void prepare_same_numbers(struct bed *bed, unsigned random)
{
	prepare_numbers(bed, 1);
}

static void point(const struct bed *bed, unsigned random, const struct rsa_lane_key *keys[RSA_LANES],
		  const uint8_t *in[RSA_LANES])
{
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		keys[lane] = &bed->key[random][lane];
		in[lane] = bed->numbers[lane];
	}
}

static void run_lanes(struct bed *bed, unsigned which_keys, bool multiply)
{
	const struct rsa_lane_key *keys[RSA_LANES];
	const uint8_t *in[RSA_LANES];
	uint8_t *out[RSA_LANES];

	point(bed, which_keys, keys, in);
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		out[lane] = bed->results[lane];
	if (multiply)
		rsa_lanes_ifma.multiply_x8(keys, in, in, out);
	else
		rsa_lanes_ifma.private_x8(keys, in, out);
}

static void run_private(struct bed *bed, unsigned random)
{
	run_lanes(bed, 0, false);
}

static void run_private_keys(struct bed *bed, unsigned random)
{
	run_lanes(bed, random, false);
}

static void run_multiply(struct bed *bed, unsigned random)
{
	run_lanes(bed, 0, true);
}

static void prepare_block(struct bed *bed, unsigned random)
{
	uint8_t drawn[BYTES];

	fill_random(drawn, BYTES);
	fill_random(bed->ciphertext, BYTES);
	for (unsigned i = 0; i < BYTES; i++)
		bed->block[i] = random ? drawn[i] : bed->fixed_block[i];
}

static void run_unpad(struct bed *bed, unsigned random)
{
	(void)rsa_unpad_pkcs1(bed->rejection_key, bed->ciphertext, bed->block, BYTES, bed->message);
}

/* The control: stops at the first byte that differs, as memcmp may. */
static void run_control(struct bed *bed, unsigned random)
{
	const volatile uint8_t *block = bed->block;
	unsigned same = 0;

	while (same < BYTES && block[same] == bed->fixed_block[same])
		same++;
	bed->message[0] = (uint8_t)same;
}

/* Fixed: ciphertexts that decrypt to good messages. Random: to anything, so to made-up messages. */
static void prepare_whole(struct bed *bed, unsigned random)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(bed->pair, NULL);
	uint8_t message[BYTES], good[BYTES], bad[BYTES];
	size_t size = BYTES;

	if (!context || EVP_PKEY_encrypt_init(context) <= 0)
		abort();
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		fill_random(message, MESSAGE_SIZE);
		fill_random(bad, BYTES);
		bad[0] &= 0x3f;
		size = BYTES;
		if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) <= 0 ||
		    EVP_PKEY_encrypt(context, good, &size, message, MESSAGE_SIZE) <= 0)
			abort();
		for (unsigned i = 0; i < BYTES; i++)
			bed->sealed[lane][i] = random ? bad[i] : good[i];
		bed->ops[lane] = (struct glacis_rsa_op){
			.key = bed->whole,
			.kind = GLACIS_RSA_DECRYPT_PKCS1,
			.input = bed->sealed[lane],
			.input_size = BYTES,
			.output = bed->results[lane],
		};
	}
	EVP_PKEY_CTX_free(context);
}

static void run_whole(struct bed *bed, unsigned random)
{
	struct glacis_rsa_op *pointers[RSA_LANES];
	struct glacis_op *done[RSA_LANES];

	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		pointers[lane] = &bed->ops[lane];
	if (glacis_rsa_submit(bed->queue, pointers, RSA_LANES) != (int)RSA_LANES)
		abort();
	glacis_queue_flush(bed->queue);
	if (glacis_queue_poll(bed->queue, done, RSA_LANES) != RSA_LANES)
		abort();
}

static const struct part parts[] = {
	{ "private operation in lanes, unblinded", "input 2, random input", 4000, true, prepare_numbers, run_private },
	{ "private operation in lanes, unblinded", "one key in 8 copies, 8 keys", 4000, true, prepare_same_numbers,
	  run_private_keys },
	{ "multiplication in lanes", "input 2, random input", 100000, true, prepare_numbers, run_multiply },
	{ "removal of PKCS#1 v1.5 padding", "good padding, random block", 100000, false, prepare_block, run_unpad },
	{ "control: a comparison that stops early", "equal, random block", 20000, false, prepare_block, run_control },
	{ "decryption, the whole way", "good padding, random ciphertext", 3000, false, prepare_whole, run_whole },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

struct measurement {
	double cycles;
	bool random;
};

static int compare_cycles(const void *a, const void *b)
{
	double x = ((const struct measurement *)a)->cycles, y = ((const struct measurement *)b)->cycles;

	return (x > y) - (x < y);
}

/* Welch's t of the two classes among measurements below `limit`. */
static double welch(const struct measurement *measurements, size_t count, double limit)
{
	double mean[2] = { 0, 0 }, squares[2] = { 0, 0 }, n[2] = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		unsigned class = measurements[i].random;
		double x = measurements[i].cycles, delta = x - mean[class];

		if (x > limit)
			continue;
		n[class]++;
		mean[class] += delta / n[class];
		squares[class] += delta * (x - mean[class]);
	}
	if (n[0] < 2 || n[1] < 2)
		return 0;
	double variance = squares[0] / (n[0] - 1) / n[0] + squares[1] / (n[1] - 1) / n[1];
	return variance > 0 ? (mean[0] - mean[1]) / sqrt(variance) : 0;
}

/* The largest |t| over everything and over ten crops. */
static double largest_t(struct measurement *measurements, size_t count)
{
	double largest = fabs(welch(measurements, count, INFINITY));

	qsort(measurements, count, sizeof(*measurements), compare_cycles);
	for (unsigned crop = 1; crop <= CROPS; crop++) {
		/* 50% to 99.9%, denser towards the end. */
		size_t below = (size_t)((1 - pow(0.5, crop)) * (double)count);
		double t = fabs(welch(measurements, count, measurements[below < count ? below : count - 1].cycles));

		largest = t > largest ? t : largest;
	}
	return largest;
}

static uint64_t cycles(void)
{
	unsigned processor;

	_mm_lfence();
	return __rdtscp(&processor);
}

static int measure_part(const struct part *part, struct bed *bed, unsigned samples, double *t)
{
	struct measurement *measurements = calloc(samples, sizeof(*measurements));
	uint8_t coin = 0;

	if (!measurements)
		return -ENOMEM;
	for (unsigned i = 0; i < samples + WARM_UP; i++) {
		fill_random(&coin, 1);
		unsigned random = coin & 1;
		part->prepare(bed, random);
		uint64_t start = cycles();
		part->run(bed, random);
		uint64_t end = cycles();
		if (i >= WARM_UP)
			measurements[i - WARM_UP] = (struct measurement){ (double)(end - start), random != 0 };
	}
	*t = largest_t(measurements, samples);
	free(measurements);
	return 0;
}

static int number(const EVP_PKEY *pair, const char *name, uint8_t *bytes, int size)
{
	BIGNUM *value = NULL;
	int done = EVP_PKEY_get_bn_param(pair, name, &value) && BN_bn2binpad(value, bytes, size) == size;

	BN_clear_free(value);
	return done ? 0 : -EIO;
}

static int fill_lane_key(struct rsa_lane_key *key, void **memory, const EVP_PKEY *pair)
{
	uint8_t n[BYTES], p[BYTES / 2], q[BYTES / 2], dp[BYTES / 2], dq[BYTES / 2], qinv[BYTES / 2];
	size_t size = (rsa_lane_key_bytes(BITS) + 4095u) / 4096u * 4096u;

	*memory = aligned_alloc(4096, size);
	if (!*memory)
		return -ENOMEM;
	memset(*memory, 0, size);
	if (number(pair, OSSL_PKEY_PARAM_RSA_N, n, BYTES) || number(pair, OSSL_PKEY_PARAM_RSA_FACTOR1, p, BYTES / 2) ||
	    number(pair, OSSL_PKEY_PARAM_RSA_FACTOR2, q, BYTES / 2) ||
	    number(pair, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp, BYTES / 2) ||
	    number(pair, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq, BYTES / 2) ||
	    number(pair, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qinv, BYTES / 2))
		return -EIO;
	return rsa_lane_key_fill(key, *memory, BITS, n, p, q, dp, dq, qinv, 65537);
}

static int import_pair(struct bed *bed)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem, why[256];
	int status = -EIO;

	if (bio && PEM_write_bio_PrivateKey(bio, bed->pair, NULL, NULL, 0, NULL, NULL) == 1) {
		long size = BIO_get_mem_data(bio, &pem);
		status = glacis_rsa_key_import(bed->engine, (const uint8_t *)pem, (size_t)size, NULL, NULL, &bed->whole,
					       why, sizeof(why));
	}
	BIO_free(bio);
	return status;
}

/* Both classes' keys lie in eight pieces of memory each, made alike: only the numbers in them differ. */
static int bed_open(struct bed *bed)
{
	int status = 0;

	bed->pair = EVP_RSA_gen(BITS);
	if (!bed->pair)
		return -EIO;
	for (unsigned lane = 0; lane < RSA_LANES && !status; lane++) {
		EVP_PKEY *other = EVP_RSA_gen(BITS);

		status = other ? fill_lane_key(&bed->key[0][lane], &bed->key_memory[0][lane], bed->pair) : -EIO;
		if (!status)
			status = fill_lane_key(&bed->key[1][lane], &bed->key_memory[1][lane], other);
		EVP_PKEY_free(other);
	}
	memset(bed->fixed_block, 0x55, BYTES);
	bed->fixed_block[0] = 0;
	bed->fixed_block[1] = 2;
	bed->fixed_block[BYTES - MESSAGE_SIZE - 1] = 0;
	fill_random(bed->rejection_key, sizeof(bed->rejection_key));
	if (!status)
		status = glacis_engine_create(NULL, &bed->engine);
	if (!status)
		status = glacis_queue_create(bed->engine, NULL, &bed->queue);
	return status ? status : import_pair(bed);
}

static void bed_close(struct bed *bed)
{
	glacis_rsa_key_destroy(bed->whole);
	glacis_queue_destroy(bed->queue);
	glacis_engine_destroy(bed->engine);
	for (unsigned i = 0; i < 2 * RSA_LANES; i++)
		free(bed->key_memory[i / RSA_LANES][i % RSA_LANES]);
	EVP_PKEY_free(bed->pair);
	free(bed);
}

/* The control must be found out: else the machine is too noisy for any verdict. */
static bool is_control(const struct part *part)
{
	return part->run == run_control;
}

static const char *verdict(const struct part *part, double t)
{
	if (is_control(part))
		return t > T_FAIL ? "found" : "MISSED";
	return t > T_FAIL ? "DEPENDS" : t > T_WARN ? "suspect" : "ok";
}

int rsa_timing_run(struct bench_report *report, bool quick)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	double t[PARTS] = { 0 };
	bool failed = false, lanes = rsa_lanes_ifma.usable();
	FILE *out = bench_report_table(report);
	int status = bed ? bed_open(bed) : -ENOMEM;

	for (size_t i = 0; i < PARTS && !status; i++) {
		if (parts[i].lanes && !lanes)
			continue;
		bench_progress("%s: %s", parts[i].name, parts[i].classes);
		status = measure_part(&parts[i], bed, quick ? parts[i].samples / 4 : parts[i].samples, &t[i]);
	}
	bench_progress_end();
	if (bed)
		bed_close(bed);
	if (status) {
		fprintf(stderr, "glacis-bench: the timing could not be measured: %s\n", strerror(-status));
		return status;
	}
	bench_report_print_head(report);
	fprintf(out,
		"\nLargest |t| of two classes of inputs, %u bits: below %.1f nothing was seen, above %.0f the time "
		"depends on the class.\n",
		BITS, T_WARN, T_FAIL);
	for (size_t i = 0; i < PARTS; i++) {
		if (parts[i].lanes && !lanes) {
			fprintf(out, "%-8s %-40s this processor has no AVX512-IFMA\n", "skipped", parts[i].name);
			continue;
		}
		failed |= (t[i] > T_FAIL) != is_control(&parts[i]);
		fprintf(out, "%-8s %-40s %-34s |t| %6.2f\n", verdict(&parts[i], t[i]), parts[i].name, parts[i].classes,
			t[i]);
		bench_report_row(report, json_pack("{s:s, s:s, s:f, s:s}", "part", parts[i].name, "classes",
						   parts[i].classes, "t", t[i], "verdict", verdict(&parts[i], t[i])));
	}
	status = bench_report_write(report);
	return status ? status : failed ? -ERANGE : 0;
}
