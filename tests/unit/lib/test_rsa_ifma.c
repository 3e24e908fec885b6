/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic under the RSA lanes against OpenSSL's numbers: Montgomery multiplication and squaring, exponentiation,
 * subtraction and conversion, for every number of digits, with random, extreme and all-ones numbers. Skipped,
 * with the reason, where the processor has no AVX512-IFMA; compiled without its flags, so that it can say so.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/rand.h>

#include "rsa_ifma.h"

#define WORDS_MAX (RSA_IFMA_DIGITS_MAX * RSA_LANES)

/* Eight numbers as the code under test has them: word 8 i + lane is digit i of a lane. */
struct numbers {
	_Alignas(64) uint64_t words[2 * WORDS_MAX];
};

static struct rsa_ifma_modulus modulus;
static BIGNUM *moduli[RSA_LANES], *inverse_r[RSA_LANES];
static BN_CTX *context;

static const uint32_t sizes[] = { 1024, 1536, 2048, 3072, 4096 };

static __m512i *vector(struct numbers *numbers)
{
	return (__m512i *)numbers->words;
}

static void set_words(void *vectors, unsigned lane, uint32_t count, const BIGNUM *number)
{
	BIGNUM *rest = BN_dup(number), *digit = BN_new();

	for (uint32_t i = 0; i < count; i++) {
		uint64_t value;
		BN_copy(digit, rest);
		BN_mask_bits(digit, 52);
		value = BN_get_word(digit);
		memcpy((uint8_t *)vectors + (i * RSA_LANES + lane) * sizeof(value), &value, sizeof(value));
		BN_rshift(rest, rest, 52);
	}
	cr_assert(BN_is_zero(rest), "the number does not fit %u digits", count);
	BN_free(rest);
	BN_free(digit);
}

static BIGNUM *get_number(const struct numbers *numbers, unsigned lane, uint32_t count)
{
	BIGNUM *number = BN_new();

	BN_zero(number);
	for (uint32_t i = count; i-- > 0;) {
		const uint64_t digit = numbers->words[i * RSA_LANES + lane];
		cr_assert_leq(digit, RSA_IFMA_MASK);
		BN_lshift(number, number, 52);
		BN_add_word(number, digit);
	}
	return number;
}

/* Eight odd moduli of `bits` bits: random, the smallest and the largest. */
static void make_moduli(uint32_t bits)
{
	if (!rsa_lanes_ifma.usable())
		cr_skip("this processor or system has no AVX512-IFMA: its arithmetic cannot run here");
	context = BN_CTX_new();
	memset(&modulus, 0, sizeof(modulus));
	modulus.bits = bits;
	modulus.count = (bits + 8 + 519) / 520 * 10;
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		BIGNUM *m = BN_new(), *r = BN_new(), *number = BN_new();

		cr_assert(BN_rand(m, (int)bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
		if (lane == 6) {
			BN_lshift(m, BN_value_one(), (int)bits - 1);
			BN_add_word(m, 1);
		} else if (lane == 7) {
			BN_lshift(m, BN_value_one(), (int)bits);
			BN_sub_word(m, 1);
		}
		moduli[lane] = m;
		set_words(modulus.digits, lane, modulus.count, m);
		BN_lshift(r, BN_value_one(), (int)modulus.count * 52);
		inverse_r[lane] = BN_mod_inverse(NULL, r, m, context);
		BN_mod_sqr(number, r, m, context);
		set_words(modulus.rr, lane, modulus.count, number);
		BN_lshift(r, BN_value_one(), 52);
		BN_mod_inverse(number, m, r, context);
		BN_sub(number, r, number);
		set_words(&modulus.k0, lane, 1, number);
		BN_free(r);
		BN_free(number);
	}
}

/* Operand `kind` of a lane, below 4 m. */
static BIGNUM *make_operand(unsigned kind, unsigned lane)
{
	BIGNUM *number = BN_new();

	if (kind == 0)
		BN_zero(number);
	else if (kind == 1)
		BN_one(number);
	else if (kind == 2)
		BN_sub(number, moduli[lane], BN_value_one());
	else if (kind == 3)
		BN_copy(number, moduli[lane]);
	else if (kind == 4) {
		BN_lshift(number, moduli[lane], 1);
		BN_sub_word(number, 1);
	} else if (kind == 5) {
		BN_lshift(number, BN_value_one(), (int)modulus.bits);
		BN_sub_word(number, 1);
	} else if (kind == 6)
		BN_lshift(number, BN_value_one(), (int)modulus.bits / 52 * 52);
	else if (kind == 7) {
		BN_lshift(number, moduli[lane], 2);
		BN_sub_word(number, 1);
	} else
		BN_rand_range(number, moduli[lane]);
	return number;
}

#define KINDS 9u

/* `result` is a * b / R modulo m and below 2 m. */
static void expect_product(const struct numbers *result, unsigned lane, const BIGNUM *a, const BIGNUM *b)
{
	BIGNUM *found = get_number(result, lane, modulus.count), *wanted = BN_new();

	BN_mod_mul(wanted, a, b, moduli[lane], context);
	BN_mod_mul(wanted, wanted, inverse_r[lane], moduli[lane], context);
	BN_sub(found, found, wanted);
	cr_assert(BN_is_zero(found) || BN_cmp(found, moduli[lane]) == 0, "%u bits, lane %u", modulus.bits, lane);
	BN_free(found);
	BN_free(wanted);
}

ParameterizedTestParameters(rsa_ifma, multiplies_and_squares)
{
	return cr_make_param_array(const uint32_t, (void *)(uintptr_t)sizes, 5);
}

ParameterizedTest(const uint32_t *bits, rsa_ifma, multiplies_and_squares)
{
	static struct numbers a, b, product, square, same;
	BIGNUM *as[RSA_LANES], *bs[RSA_LANES];

	make_moduli(*bits);
	for (unsigned round = 0; round < KINDS * KINDS + 200; round++) {
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			as[lane] = make_operand(round < KINDS * KINDS ? round % KINDS : KINDS, lane);
			bs[lane] = make_operand(round < KINDS * KINDS ? round / KINDS : KINDS, lane);
			set_words(a.words, lane, modulus.count, as[lane]);
			set_words(b.words, lane, modulus.count, bs[lane]);
		}
		rsa_ifma_multiply(vector(&product), vector(&a), vector(&b), &modulus);
		rsa_ifma_square(vector(&square), vector(&a), &modulus);
		rsa_ifma_multiply(vector(&same), vector(&a), vector(&a), &modulus);
		cr_assert_arr_eq(square.words, same.words, modulus.count * 64);
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			expect_product(&product, lane, as[lane], bs[lane]);
			expect_product(&square, lane, as[lane], as[lane]);
		}
		/* in place */
		rsa_ifma_multiply(vector(&b), vector(&a), vector(&b), &modulus);
		cr_assert_arr_eq(b.words, product.words, modulus.count * 64);
		rsa_ifma_square(vector(&a), vector(&a), &modulus);
		cr_assert_arr_eq(a.words, square.words, modulus.count * 64);
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			BN_free(as[lane]);
			BN_free(bs[lane]);
		}
	}
}

/* The largest operands, all digits all ones, with the largest modulus: the accumulators must hold the sums. */
Test(rsa_ifma, accumulators_do_not_overflow)
{
	static struct numbers a, product, square;

	make_moduli(4096);
	BIGNUM *all_ones = BN_new(), *found, *wanted = BN_new();
	BN_lshift(all_ones, BN_value_one(), 4096 + 6);
	BN_sub_word(all_ones, 1);
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		set_words(a.words, lane, modulus.count, all_ones);
	rsa_ifma_multiply(vector(&product), vector(&a), vector(&a), &modulus);
	rsa_ifma_square(vector(&square), vector(&a), &modulus);
	cr_assert_arr_eq(square.words, product.words, modulus.count * 64);
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		found = get_number(&product, lane, modulus.count);
		BN_mod_mul(wanted, all_ones, all_ones, moduli[lane], context);
		BN_mod_mul(wanted, wanted, inverse_r[lane], moduli[lane], context);
		BN_mod(found, found, moduli[lane], context);
		cr_assert_eq(BN_cmp(found, wanted), 0, "lane %u", lane);
		BN_free(found);
	}
	BN_free(all_ones);
	BN_free(wanted);
}

ParameterizedTestParameters(rsa_ifma, exponentiates)
{
	return cr_make_param_array(const uint32_t, (void *)(uintptr_t)sizes, 3);
}

/* Exponents of all zeros, all ones, one bit at each end, and random. */
ParameterizedTest(const uint32_t *bits, rsa_ifma, exponentiates)
{
	static struct numbers base, exponent, result;

	make_moduli(*bits);
	for (unsigned round = 0; round < 10; round++) {
		BIGNUM *bases[RSA_LANES], *exponents[RSA_LANES], *wanted = BN_new();

		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			uint8_t bytes[256] = { 0 };

			if (round == 0 && lane % 4 == 1)
				memset(bytes, 0xff, *bits / 8);
			else if (round == 0 && lane % 4 == 2)
				bytes[0] = 1;
			else if (round == 0 && lane % 4 == 3)
				bytes[*bits / 8 - 1] = 0x80;
			else if (round)
				cr_assert(RAND_bytes(bytes, (int)*bits / 8) > 0);
			exponents[lane] = BN_lebin2bn(bytes, (int)*bits / 8, NULL);
			for (uint32_t i = 0; i < *bits / 64; i++)
				memcpy(&exponent.words[i * RSA_LANES + lane], bytes + (size_t)i * 8, 8);
			bases[lane] = make_operand(round < KINDS ? round : KINDS, lane);
			BN_lshift(wanted, bases[lane], (int)modulus.count * 52);
			BN_mod(wanted, wanted, moduli[lane], context);
			set_words(base.words, lane, modulus.count, wanted);
		}
		rsa_ifma_exponentiate(vector(&result), vector(&base), vector(&exponent), &modulus);
		rsa_ifma_from_montgomery(vector(&result), vector(&result), &modulus);
		rsa_ifma_subtract_modulus(vector(&result), &modulus);
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			BIGNUM *found = get_number(&result, lane, modulus.count);

			BN_mod_exp(wanted, bases[lane], exponents[lane], moduli[lane], context);
			cr_assert_eq(BN_cmp(found, wanted), 0, "%u bits, round %u, lane %u", *bits, round, lane);
			BN_free(found);
			BN_free(bases[lane]);
			BN_free(exponents[lane]);
		}
		BN_free(wanted);
	}
}

/* Exactly once, and only from what is not below. */
Test(rsa_ifma, subtracts_once)
{
	static struct numbers a;

	make_moduli(2048);
	for (unsigned kind = 0; kind < 6; kind++) {
		BIGNUM *numbers[RSA_LANES];

		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			numbers[lane] = make_operand((kind + lane) % 6, lane);
			set_words(a.words, lane, modulus.count, numbers[lane]);
		}
		rsa_ifma_subtract_modulus(vector(&a), &modulus);
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			BIGNUM *found = get_number(&a, lane, modulus.count);

			if (BN_cmp(numbers[lane], moduli[lane]) >= 0)
				BN_sub(numbers[lane], numbers[lane], moduli[lane]);
			cr_assert_eq(BN_cmp(found, numbers[lane]), 0, "kind %u, lane %u", kind, lane);
			BN_free(found);
			BN_free(numbers[lane]);
		}
	}
}

ParameterizedTestParameters(rsa_ifma, converts_bytes)
{
	return cr_make_param_array(const uint32_t, (void *)(uintptr_t)sizes, 5);
}

ParameterizedTest(const uint32_t *bits, rsa_ifma, converts_bytes)
{
	static uint8_t bytes[RSA_LANES][512], back[RSA_LANES][512 + 1];
	static struct numbers a;
	const uint8_t *in[RSA_LANES];
	uint8_t *out[RSA_LANES];

	make_moduli(*bits);
	cr_assert(RAND_bytes(bytes[0], sizeof(bytes)) > 0);
	memset(bytes[2], 0xff, sizeof(bytes[2]));
	memset(back, 0x5a, sizeof(back));
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		in[lane] = bytes[lane];
		out[lane] = lane == 3 ? NULL : back[lane];
	}
	rsa_ifma_from_bytes(vector(&a), modulus.count, in, *bits / 8);
	rsa_ifma_to_bytes(out, *bits / 8, vector(&a), modulus.count);
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		BIGNUM *wanted = BN_lebin2bn(bytes[lane], (int)*bits / 8, NULL);
		BIGNUM *found = get_number(&a, lane, modulus.count);

		cr_assert_eq(BN_cmp(found, wanted), 0);
		if (lane == 3)
			cr_assert_eq(back[lane][0], 0x5a);
		else
			cr_assert_arr_eq(back[lane], bytes[lane], *bits / 8);
		cr_assert_eq(back[lane][*bits / 8], 0x5a);
		BN_free(found);
		BN_free(wanted);
	}
}
