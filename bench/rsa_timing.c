/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench rsa --timing`: does the time of a private operation depend on what must stay secret? By the method of
 * timing.h.
 *
 * The library's parts are called directly, without the blinding that hides their inputs in use; they
 * are linked in once more, since libglacis does not export them. The last part is the whole way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <glacis/glacis.h>

#include "rsa.h"
#include "rsa_lanes.h"
#include "rsa_padding.h"
#include "timing.h"

#define BITS         2048u
#define BYTES        (BITS / 8)
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

/* Both classes draw random bytes, and one of them overwrites them with its fixed ones. */
static void prepare_numbers(void *memory, unsigned random)
{
	struct bed *bed = memory;
	uint8_t drawn[BYTES];

	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		timing_random(drawn, BYTES);
		drawn[BYTES - 1] &= 0x3f;
		for (unsigned i = 0; i < BYTES; i++)
			bed->numbers[lane][i] = random ? drawn[i] : (uint8_t)(i == 0 ? 2 : 0);
	}
}

static void prepare_same_numbers(void *memory, unsigned random)
{
	struct bed *bed = memory;
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

static void run_private(void *memory, unsigned random)
{
	struct bed *bed = memory;
	run_lanes(bed, 0, false);
}

static void run_private_keys(void *memory, unsigned random)
{
	struct bed *bed = memory;
	run_lanes(bed, random, false);
}

static void run_multiply(void *memory, unsigned random)
{
	struct bed *bed = memory;
	run_lanes(bed, 0, true);
}

static void prepare_block(void *memory, unsigned random)
{
	struct bed *bed = memory;
	uint8_t drawn[BYTES];

	timing_random(drawn, BYTES);
	timing_random(bed->ciphertext, BYTES);
	for (unsigned i = 0; i < BYTES; i++)
		bed->block[i] = random ? drawn[i] : bed->fixed_block[i];
}

static void run_unpad(void *memory, unsigned random)
{
	struct bed *bed = memory;
	(void)rsa_unpad_pkcs1(bed->rejection_key, bed->ciphertext, bed->block, BYTES, bed->message);
}

/* The control: stops at the first byte that differs, as memcmp may. */
static void run_control(void *memory, unsigned random)
{
	struct bed *bed = memory;
	const volatile uint8_t *block = bed->block;
	unsigned same = 0;

	while (same < BYTES && block[same] == bed->fixed_block[same])
		same++;
	bed->message[0] = (uint8_t)same;
}

/* Fixed: ciphertexts that decrypt to good messages. Random: to anything, so to made-up messages. */
static void prepare_whole(void *memory, unsigned random)
{
	struct bed *bed = memory;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(bed->pair, NULL);
	uint8_t message[BYTES], good[BYTES], bad[BYTES];
	size_t size = BYTES;

	if (!context || EVP_PKEY_encrypt_init(context) <= 0)
		abort();
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		timing_random(message, MESSAGE_SIZE);
		timing_random(bad, BYTES);
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

static void run_whole(void *memory, unsigned random)
{
	struct bed *bed = memory;
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

static const struct timing_part parts[] = {
	{ "private operation in lanes, unblinded", "input 2, random input", 4000, true, false, prepare_numbers,
	  run_private },
	{ "private operation in lanes, unblinded", "one key in 8 copies, 8 keys", 4000, true, false,
	  prepare_same_numbers, run_private_keys },
	{ "multiplication in lanes", "input 2, random input", 100000, true, false, prepare_numbers, run_multiply },
	{ "removal of PKCS#1 v1.5 padding", "good padding, random block", 100000, false, false, prepare_block,
	  run_unpad },
	{ "control: a comparison that stops early", "equal, random block", 20000, false, true, prepare_block,
	  run_control },
	{ "decryption, the whole way", "good padding, random ciphertext", 3000, false, false, prepare_whole,
	  run_whole },
};

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
	timing_random(bed->rejection_key, sizeof(bed->rejection_key));
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

int rsa_timing_run(struct bench_report *report, bool quick)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	int status = bed ? bed_open(bed) : -ENOMEM;

	if (status)
		fprintf(stderr, "glacis-bench: no RSA keys to time: %s\n", strerror(-status));
	else
		status = timing_run(report, "2048 bits", parts, sizeof(parts) / sizeof(parts[0]), bed,
				    rsa_lanes_ifma.usable(), quick);
	if (bed)
		bed_close(bed);
	return status;
}
