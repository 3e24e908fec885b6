/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight lanes of modular arithmetic against OpenSSL's numbers: the three operations of the table for every size,
 * mixed keys, idle lanes and edge values. Skipped, with the reason, where the processor has no AVX512-IFMA.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "rsa_lanes.h"

#define BYTES_MAX 512u
#define KEYS      3u

static const uint32_t sizes[] = { 2048, 3072, 4096 };

struct test_key {
	struct rsa_lane_key lanes;
	BIGNUM *n, *p, *q, *d;
};

/* A batch: filled by the tests lane by lane. */
struct batch {
	const struct rsa_lane_key *keys[RSA_LANES];
	const struct test_key *test_keys[RSA_LANES];
	uint8_t in[RSA_LANES][BYTES_MAX], factor[RSA_LANES][BYTES_MAX], out[RSA_LANES][BYTES_MAX];
	const uint8_t *in_pointers[RSA_LANES], *factor_pointers[RSA_LANES];
	uint8_t *out_pointers[RSA_LANES];
};

static void need_ifma(void)
{
	if (!rsa_lanes_ifma.usable())
		cr_skip("this processor or system has no AVX512-IFMA: the lanes cannot run here");
}

static BIGNUM *parameter(EVP_PKEY *key, const char *name)
{
	BIGNUM *number = NULL;

	cr_assert(EVP_PKEY_get_bn_param(key, name, &number));
	return number;
}

static int fill(struct rsa_lane_key *key, EVP_PKEY *from, uint32_t bits, uint64_t e)
{
	static const char *const names[6] = {
		"n", "rsa-factor1", "rsa-factor2", "rsa-exponent1", "rsa-exponent2", "rsa-coefficient1"
	};
	static uint8_t numbers[6][BYTES_MAX];

	for (unsigned i = 0; i < 6; i++) {
		BIGNUM *number = parameter(from, names[i]);
		cr_assert(BN_bn2binpad(number, numbers[i], (int)(i ? bits / 16 : bits / 8)) > 0);
		BN_free(number);
	}
	void *memory = aligned_alloc(64, (rsa_lane_key_bytes(bits) + 63u) & ~63u);
	cr_assert(memory);
	return rsa_lane_key_fill(key, memory, bits, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4],
				 numbers[5], e);
}

/* Keys with e = 65537, 3 and a large one. */
static struct test_key *keys_of(uint32_t bits)
{
	static const uint64_t exponents[KEYS] = { 65537, 3, 0xf000000000000001 };
	struct test_key *const keys = calloc(KEYS, sizeof(*keys));

	for (unsigned i = 0; i < KEYS; i++) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
		EVP_PKEY *key = NULL;
		BIGNUM *e = BN_new();

		cr_assert(BN_set_word(e, exponents[i]));
		cr_assert(EVP_PKEY_keygen_init(context) > 0);
		cr_assert(EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) > 0);
		cr_assert(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) > 0);
		cr_assert(EVP_PKEY_keygen(context, &key) > 0);
		cr_assert_eq(fill(&keys[i].lanes, key, bits, exponents[i]), 0);
		keys[i].n = parameter(key, "n");
		keys[i].d = parameter(key, "d");
		keys[i].p = parameter(key, "rsa-factor1");
		keys[i].q = parameter(key, "rsa-factor2");
		BN_free(e);
		EVP_PKEY_free(key);
		EVP_PKEY_CTX_free(context);
	}
	return keys;
}

static void free_keys(struct test_key *keys)
{
	for (unsigned i = 0; i < KEYS; i++) {
		free(keys[i].lanes.n.digits);
		BN_free(keys[i].n);
		BN_free(keys[i].d);
		BN_free(keys[i].p);
		BN_free(keys[i].q);
	}
	free(keys);
}

static void put_number(uint8_t *bytes, const BIGNUM *number, uint32_t bits)
{
	cr_assert(BN_bn2lebinpad(number, bytes, (int)(bits / 8)) >= 0);
}

static void put_random(uint8_t *bytes, const struct test_key *key)
{
	BIGNUM *number = BN_new();

	cr_assert(BN_rand_range(number, key->n));
	put_number(bytes, number, key->lanes.bits);
	BN_free(number);
}

/* Random numbers; lane i has key choose(i). */
static void start_batch(struct batch *batch, const struct test_key *keys, unsigned first)
{
	memset(batch->out, 0xa5, sizeof(batch->out));
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		const struct test_key *key = &keys[(first + lane * (first % 3 + 1)) % KEYS];

		batch->test_keys[lane] = key;
		batch->keys[lane] = &key->lanes;
		batch->in_pointers[lane] = batch->in[lane];
		batch->factor_pointers[lane] = batch->factor[lane];
		batch->out_pointers[lane] = batch->out[lane];
		put_random(batch->in[lane], key);
		put_random(batch->factor[lane], key);
	}
}

enum operation { PRIVATE, PUBLIC, MULTIPLY };

static void run(struct batch *batch, enum operation operation)
{
	if (operation == PRIVATE)
		rsa_lanes_ifma.private_x8(batch->keys, batch->in_pointers, batch->out_pointers);
	else if (operation == PUBLIC)
		rsa_lanes_ifma.public_x8(batch->keys, batch->in_pointers, batch->out_pointers);
	else
		rsa_lanes_ifma.multiply_x8(batch->keys, batch->in_pointers, batch->factor_pointers,
					   batch->out_pointers);
}

/* What OpenSSL's numbers say about one lane. */
static void expect_lane(const struct batch *batch, unsigned lane, enum operation operation, BN_CTX *context)
{
	const struct test_key *key = batch->test_keys[lane];
	const int bytes = (int)(key->lanes.bits / 8);
	BIGNUM *in = BN_lebin2bn(batch->in[lane], bytes, NULL), *factor = BN_lebin2bn(batch->factor[lane], bytes, NULL);
	BIGNUM *e = BN_new(), *wanted = BN_new();
	uint8_t expected[BYTES_MAX];

	BN_set_word(e, key->lanes.e);
	if (operation == MULTIPLY)
		BN_mod_mul(wanted, in, factor, key->n, context);
	else
		BN_mod_exp(wanted, in, operation == PRIVATE ? key->d : e, key->n, context);
	put_number(expected, wanted, key->lanes.bits);
	cr_assert_arr_eq(batch->out[lane], expected, (size_t)bytes, "%u bits, operation %d, lane %u", key->lanes.bits,
			 operation, lane);
	BN_free(in);
	BN_free(factor);
	BN_free(e);
	BN_free(wanted);
}

static void run_and_expect(struct batch *batch, enum operation operation, BN_CTX *context)
{
	memset(batch->out, 0xa5, sizeof(batch->out));
	run(batch, operation);
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		if (batch->keys[lane])
			expect_lane(batch, lane, operation, context);
}

ParameterizedTestParameters(rsa_lanes, agrees_with_openssl)
{
	return cr_make_param_array(const uint32_t, (void *)(uintptr_t)sizes, 3);
}

/* 208 random numbers per operation and size, any mix of keys. */
ParameterizedTest(const uint32_t *bits, rsa_lanes, agrees_with_openssl)
{
	static struct batch batch;
	BN_CTX *context = BN_CTX_new();

	need_ifma();
	struct test_key *keys = keys_of(*bits);
	for (unsigned round = 0; round < 26; round++) {
		start_batch(&batch, keys, round);
		run_and_expect(&batch, PUBLIC, context);
		run_and_expect(&batch, MULTIPLY, context);
		/* OpenSSL's full-size exponentiation is slow: the public operation checks the rest. */
		run(&batch, PRIVATE);
		expect_lane(&batch, round % RSA_LANES, PRIVATE, context);
		for (unsigned lane = 0; lane < RSA_LANES; lane++)
			batch.in_pointers[lane] = batch.out[lane];
		rsa_lanes_ifma.public_x8(batch.keys, batch.in_pointers, batch.out_pointers);
		for (unsigned lane = 0; lane < RSA_LANES; lane++)
			cr_assert_arr_eq(batch.out[lane], batch.in[lane], *bits / 8, "%u bits, lane %u", *bits, lane);
	}
	free_keys(keys);
	BN_CTX_free(context);
}

/* The numbers at which carries, borrows and residues of zero happen. */
static void put_edge(uint8_t *bytes, const struct test_key *key, unsigned edge)
{
	BIGNUM *number = BN_new();

	BN_zero(number);
	if (edge == 1)
		BN_one(number);
	else if (edge == 2)
		BN_set_word(number, 2);
	else if (edge == 3)
		BN_sub(number, key->n, BN_value_one());
	else if (edge == 4)
		BN_copy(number, key->p);
	else if (edge == 5)
		BN_copy(number, key->q);
	else if (edge == 6)
		BN_sub(number, key->n, key->p);
	else if (edge == 7)
		BN_sub(number, key->n, key->q);
	else if (edge == 8) {
		/* all-ones digits */
		BN_lshift(number, BN_value_one(), (int)key->lanes.bits - 1);
		BN_sub_word(number, 1);
	} else if (edge == 9) {
		/* 2^52k: ones among zeros */
		BN_lshift(number, BN_value_one(), (int)(key->lanes.bits - 1) / 52 * 52);
	} else if (edge == 10) {
		BN_sub(number, key->p, BN_value_one());
	} else if (edge == 11) {
		BN_add(number, key->q, BN_value_one());
	}
	put_number(bytes, number, key->lanes.bits);
	BN_free(number);
}

#define EDGES 12u

ParameterizedTestParameters(rsa_lanes, edge_values)
{
	return cr_make_param_array(const uint32_t, (void *)(uintptr_t)sizes, 3);
}

ParameterizedTest(const uint32_t *bits, rsa_lanes, edge_values)
{
	static struct batch batch;
	BN_CTX *context = BN_CTX_new();

	need_ifma();
	struct test_key *keys = keys_of(*bits);
	for (unsigned edge = 0; edge < EDGES; edge++) {
		start_batch(&batch, keys, edge);
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			put_edge(batch.in[lane], batch.test_keys[lane], edge);
			put_edge(batch.factor[lane], batch.test_keys[lane], (edge + lane) % EDGES);
		}
		run_and_expect(&batch, MULTIPLY, context);
		run_and_expect(&batch, PUBLIC, context);
		for (unsigned lane = KEYS; lane < RSA_LANES; lane++)
			batch.keys[lane] = NULL;
		run_and_expect(&batch, PRIVATE, context);
	}
	free_keys(keys);
	BN_CTX_free(context);
}

ParameterizedTestParameters(rsa_lanes, idle_lanes_write_nothing)
{
	return cr_make_param_array(const uint32_t, (void *)(uintptr_t)sizes, 3);
}

ParameterizedTest(const uint32_t *bits, rsa_lanes, idle_lanes_write_nothing)
{
	static struct batch batch;
	static uint8_t untouched[BYTES_MAX];
	BN_CTX *context = BN_CTX_new();

	need_ifma();
	memset(untouched, 0xa5, sizeof(untouched));
	struct test_key *keys = keys_of(*bits);
	for (unsigned mask = 0; mask < 256; mask += mask < 2 ? 1 : 63) {
		for (enum operation operation = PRIVATE; operation <= MULTIPLY; operation++) {
			start_batch(&batch, keys, mask % 5);
			for (unsigned lane = 0; lane < RSA_LANES; lane++)
				if (!(mask >> lane & 1)) {
					batch.keys[lane] = NULL;
					batch.in_pointers[lane] = batch.factor_pointers[lane] = NULL;
				}
			run_and_expect(&batch, operation, context);
			for (unsigned lane = 0; lane < RSA_LANES; lane++)
				if (!batch.keys[lane])
					cr_assert_arr_eq(batch.out[lane], untouched, BYTES_MAX);
				else
					cr_assert_arr_eq(batch.out[lane] + *bits / 8, untouched, BYTES_MAX - *bits / 8);
		}
	}
	free_keys(keys);
	BN_CTX_free(context);
}

/* The result may overwrite the input. */
Test(rsa_lanes, works_in_place)
{
	static struct batch batch;
	static uint8_t separate[RSA_LANES][BYTES_MAX];

	need_ifma();
	struct test_key *keys = keys_of(2048);
	for (enum operation operation = PRIVATE; operation <= MULTIPLY; operation++) {
		start_batch(&batch, keys, 1);
		run(&batch, operation);
		memcpy(separate, batch.out, sizeof(separate));
		for (unsigned lane = 0; lane < RSA_LANES; lane++)
			batch.out_pointers[lane] = batch.in[lane];
		run(&batch, operation);
		for (unsigned lane = 0; lane < RSA_LANES; lane++)
			cr_assert_arr_eq(batch.in[lane], separate[lane], 256);
	}
	free_keys(keys);
}

/* What is swapped or has a bit missing at the top is refused, not computed with. */
Test(rsa_lanes, refuses_unfit_numbers)
{
	static uint8_t odd[BYTES_MAX], small[BYTES_MAX];
	struct rsa_lane_key key;
	void *memory = aligned_alloc(64, (rsa_lane_key_bytes(4096) + 63u) & ~63u);

	memset(odd, 0xff, sizeof(odd));
	memset(small, 0xff, sizeof(small));
	small[0] = 0x7f;
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 2048, odd, odd, odd, odd, odd, odd, 3), 0);
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 2048, odd, small, odd, odd, odd, odd, 3), -EINVAL);
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 2048, odd, odd, small, odd, odd, odd, 3), -EINVAL);
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 2048, small, odd, odd, odd, odd, odd, 3), -EINVAL);
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 1024, odd, odd, odd, odd, odd, odd, 3), -EINVAL);
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 2048, odd, odd, odd, odd, odd, odd, 2), -EINVAL);
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 2048, odd, odd, odd, odd, odd, odd, 1), -EINVAL);
	odd[255] = 0xfe;
	cr_assert_eq(rsa_lane_key_fill(&key, memory, 2048, odd, small, small, odd, odd, odd, 3), -EINVAL);
	free(memory);
}
