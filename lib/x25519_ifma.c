/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight X25519 functions at once (RFC 7748 section 5) with AVX512-IFMA: the Montgomery ladder, every step of which
 * does the same for all lanes whatever the bits are. Called by x25519.c on processors that have the instructions.
 */
#include "x25519_ifma.h"

#include <openssl/crypto.h>
#include <string.h>

#include "x25519_ifma_field.h"

#define A24   121665u /* (486662 - 2) / 4, RFC 7748 section 4.1 */
#define WORDS 4       /* of 64 bits in 32 bytes */

/* All that is secret, in one place, so that it can be wiped at once. */
struct ladder {
	__m512i scalar[WORDS];
	struct x25519_field x1, x2, z2, x3, z3;
};

/* 32 bytes of each lane as four vectors of 64-bit words. */
static void interleave(__m512i out[WORDS], const uint8_t *const in[X25519_LANES])
{
	uint64_t words[WORDS][X25519_LANES];

	for (unsigned lane = 0; lane < X25519_LANES; lane++) {
		for (unsigned word = 0; word < WORDS; word++)
			memcpy(&words[word][lane], in[lane] + 8 * word, 8);
	}
	for (unsigned word = 0; word < WORDS; word++)
		out[word] = _mm512_loadu_si512(words[word]);
	OPENSSL_cleanse(words, sizeof(words));
}

/* Section 5: the top bit of a coordinate is ignored, and values of p and more are accepted. */
static void load_point(struct x25519_field *out, const uint8_t *const in[X25519_LANES])
{
	const __m512i mask = field_set1(X25519_MASK);
	__m512i word[WORDS];

	interleave(word, in);
	out->digit[0] = _mm512_and_si512(word[0], mask);
	for (int i = 1; i < X25519_DIGITS - 1; i++)
		out->digit[i] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(word[i - 1], 64 - 13 * i),
								 _mm512_slli_epi64(word[i], 13 * i)),
						 mask);
	out->digit[4] = _mm512_and_si512(_mm512_srli_epi64(word[3], 12), mask);
}

static void store_point(uint8_t *const out[X25519_LANES], const struct x25519_field *in)
{
	const struct x25519_field a = field_reduce(in);
	uint64_t words[WORDS][X25519_LANES];

	_mm512_storeu_si512(words[0], _mm512_or_si512(a.digit[0], _mm512_slli_epi64(a.digit[1], 51)));
	_mm512_storeu_si512(words[1],
			    _mm512_or_si512(_mm512_srli_epi64(a.digit[1], 13), _mm512_slli_epi64(a.digit[2], 38)));
	_mm512_storeu_si512(words[2],
			    _mm512_or_si512(_mm512_srli_epi64(a.digit[2], 26), _mm512_slli_epi64(a.digit[3], 25)));
	_mm512_storeu_si512(words[3],
			    _mm512_or_si512(_mm512_srli_epi64(a.digit[3], 39), _mm512_slli_epi64(a.digit[4], 12)));
	for (unsigned lane = 0; lane < X25519_LANES; lane++) {
		for (unsigned word = 0; word < WORDS; word++)
			memcpy(out[lane] + 8 * word, &words[word][lane], 8);
	}
	OPENSSL_cleanse(words, sizeof(words));
}

static void square_times(struct x25519_field *a, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		*a = field_square(a);
}

/* a^(p - 2): the inverse of a, and 0 for 0. The exponent is 2^255 - 21, built from runs of ones. */
static struct x25519_field invert(const struct x25519_field *a)
{
	struct x25519_field ones5, ones10, ones20, ones50, ones100, a11, run, t;

	t = field_square(a); /* 2 */
	run = t;
	square_times(&run, 2);            /* 8 */
	run = field_multiply(&run, a);    /* 9 */
	a11 = field_multiply(&run, &t);   /* 11 */
	t = field_square(&a11);           /* 22 */
	ones5 = field_multiply(&t, &run); /* 31 = 2^5 - 1 */
	ones10 = ones5;
	square_times(&ones10, 5);
	ones10 = field_multiply(&ones10, &ones5);
	ones20 = ones10;
	square_times(&ones20, 10);
	ones20 = field_multiply(&ones20, &ones10);
	run = ones20;
	square_times(&run, 20);
	run = field_multiply(&run, &ones20); /* 2^40 - 1 */
	square_times(&run, 10);
	ones50 = field_multiply(&run, &ones10);
	ones100 = ones50;
	square_times(&ones100, 50);
	ones100 = field_multiply(&ones100, &ones50);
	run = ones100;
	square_times(&run, 100);
	run = field_multiply(&run, &ones100); /* 2^200 - 1 */
	square_times(&run, 50);
	run = field_multiply(&run, &ones50); /* 2^250 - 1 */
	square_times(&run, 5);
	return field_multiply(&run, &a11); /* 2^255 - 32 + 11 */
}

/* One bit of all scalars; the formulas and names of RFC 7748 section 5. */
static inline __attribute__((always_inline)) void step(struct ladder *l)
{
	const struct x25519_field a = field_add(&l->x2, &l->z2), b = field_subtract(&l->x2, &l->z2);
	const struct x25519_field c = field_add(&l->x3, &l->z3), d = field_subtract(&l->x3, &l->z3);
	const struct x25519_field da = field_multiply(&d, &a), cb = field_multiply(&c, &b);
	const struct x25519_field aa = field_square(&a), bb = field_square(&b);
	const struct x25519_field e = field_subtract(&aa, &bb);
	const struct x25519_field sum = field_add(&da, &cb), difference = field_subtract(&da, &cb);
	const struct x25519_field square = field_square(&difference);
	const struct x25519_field t = field_add_small_product(&aa, &e, A24);

	l->x3 = field_square(&sum);
	l->z3 = field_multiply(&l->x1, &square);
	l->x2 = field_multiply(&aa, &bb);
	l->z2 = field_multiply(&e, &t);
}

static void climb(struct ladder *l)
{
	__mmask8 swapped = 0;

	l->x2.digit[0] = l->z3.digit[0] = field_set1(1);
	l->z2.digit[0] = _mm512_setzero_si512();
	for (int i = 1; i < X25519_DIGITS; i++)
		l->x2.digit[i] = l->z2.digit[i] = l->z3.digit[i] = _mm512_setzero_si512();
	l->x3 = l->x1;
	for (int bit = 254; bit >= 0; bit--) {
		const __mmask8 ones = _mm512_test_epi64_mask(l->scalar[bit / 64], field_set1(1ull << (bit % 64)));

		field_swap(&l->x2, &l->x3, ones ^ swapped);
		field_swap(&l->z2, &l->z3, ones ^ swapped);
		swapped = ones;
		step(l);
	}
	field_swap(&l->x2, &l->x3, swapped);
	field_swap(&l->z2, &l->z3, swapped);
}

void x25519_ifma_x8(const uint8_t *const scalars[X25519_LANES], const uint8_t *const points[X25519_LANES],
		    uint8_t *const results[X25519_LANES])
{
	struct ladder ladder;
	struct x25519_field inverse;

	interleave(ladder.scalar, scalars);
	/* Section 5, decodeScalar25519: bits 0, 1, 2 and 255 cleared, bit 254 set. */
	ladder.scalar[0] = _mm512_and_si512(ladder.scalar[0], field_set1(~7ull));
	ladder.scalar[3] = _mm512_or_si512(_mm512_and_si512(ladder.scalar[3], field_set1(~0ull >> 1)),
					   field_set1(1ull << 62));
	load_point(&ladder.x1, points);
	climb(&ladder);
	inverse = invert(&ladder.z2);
	ladder.x2 = field_multiply(&ladder.x2, &inverse);
	store_point(results, &ladder.x2);
	OPENSSL_cleanse(&ladder, sizeof(ladder));
	OPENSSL_cleanse(&inverse, sizeof(inverse));
}
