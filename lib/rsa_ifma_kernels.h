/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner kernels of the vector arithmetic: products of blocks of ten digits, eight numbers at once.
 * Included by rsa_ifma_multiply.c and rsa_ifma_square.c only; everything is inlined and unrolled.
 *
 * Concepts. A product is computed column by column, ten columns (a block column) at a time, in eleven
 * accumulators that stay in registers: a digit of `a` meets a sliding window of ten digits of `b`. The
 * eleventh takes the high halves of column ten and becomes the first of the next block column.
 *
 * Bounds. madd52 adds numbers below 2^52. A column of an 80-digit product and its reduction adds fewer than
 * 4 * 80 of them and a carry below 2^12: below 2^61, so 64-bit accumulators do not overflow.
 */
#ifndef GLACIS_LIB_RSA_IFMA_KERNELS_H
#define GLACIS_LIB_RSA_IFMA_KERNELS_H

#include <immintrin.h>
#include <stdbool.h>

#include "rsa_ifma.h"

#define BLOCK  RSA_IFMA_BLOCK

#define INLINE static inline __attribute__((always_inline))
/* Loops over digits and columns have constant bounds: unrolled, their accumulators become registers. */
#define UNROLL _Pragma("GCC unroll 16")

/* Which digits of b's window a kernel meets: b[0..9] (lower) and b[-10..-1] (upper). */
#define LOWER 1u
#define UPPER 2u

INLINE __m512i low(__m512i sum, __m512i a, __m512i b)
{
	return _mm512_madd52lo_epu64(sum, a, b);
}

INLINE __m512i high(__m512i sum, __m512i a, __m512i b)
{
	return _mm512_madd52hi_epu64(sum, a, b);
}

/* sum[c] += a[i] * b[c - i] for the ten columns c and the digits i of a, and high halves to sum[c + 1]. */
INLINE void add_products(__m512i sum[BLOCK + 1], const __m512i *a, const __m512i *b, const unsigned part)
{
	UNROLL
	for (int i = 0; i < BLOCK; i++) {
		const __m512i digit = a[i];
		UNROLL
		for (int c = 0; c < BLOCK; c++)
			if (part & (c >= i ? LOWER : UPPER))
				sum[c] = low(sum[c], digit, b[c - i]);
		UNROLL
		for (int c = 0; c < BLOCK; c++)
			if (part & (c >= i ? LOWER : UPPER))
				sum[c + 1] = high(sum[c + 1], digit, b[c - i]);
	}
}

/* One block column of a * b. */
INLINE void add_column(__m512i sum[BLOCK + 1], const __m512i *a, const __m512i *b, int first, int last, int column,
		       int blocks)
{
	for (int i = first; i <= last; i++) {
		const int j = column - i;
		if (j == 0)
			add_products(sum, a + i * BLOCK, b, LOWER);
		else if (j == blocks)
			add_products(sum, a + i * BLOCK, b + j * BLOCK, UPPER);
		else
			add_products(sum, a + i * BLOCK, b + j * BLOCK, LOWER | UPPER);
	}
}

/* Makes ten columns multiples of 2^52 by adding q * m, digit by digit of q, and carries them upwards. The sum of
 * column c and low(q, m[0]) is column c rounded up to a multiple of 2^52, so that product is not computed. */
INLINE void reduce_block(__m512i sum[BLOCK + 1], __m512i q[BLOCK], const __m512i *m, const __m512i k0)
{
	const __m512i round_up = _mm512_set1_epi64((1ll << 52) - 1);

	UNROLL
	for (int i = 0; i < BLOCK; i++) {
		const __m512i digit = low(_mm512_setzero_si512(), sum[i], k0);
		q[i] = digit;
		sum[i + 1] = _mm512_add_epi64(sum[i + 1], _mm512_srli_epi64(_mm512_add_epi64(sum[i], round_up), 52));
		UNROLL
		for (int j = 0; j < BLOCK - i; j++)
			sum[i + j + 1] = high(sum[i + j + 1], digit, m[j]);
		UNROLL
		for (int j = 1; j < BLOCK - i; j++)
			sum[i + j] = low(sum[i + j], digit, m[j]);
	}
}

/* Writes ten digits below 2^52; what is above goes to sum[10]. */
INLINE void store_block(__m512i out[BLOCK], __m512i sum[BLOCK + 1])
{
	const __m512i mask = _mm512_set1_epi64((1ll << 52) - 1);

	UNROLL
	for (int i = 0; i < BLOCK; i++) {
		out[i] = _mm512_and_si512(sum[i], mask);
		sum[i + 1] = _mm512_add_epi64(sum[i + 1], _mm512_srli_epi64(sum[i], 52));
	}
}

/* The next block column begins with what the last one carried. */
INLINE void next_column(__m512i sum[BLOCK + 1])
{
	sum[0] = sum[BLOCK];
	UNROLL
	for (int c = 1; c <= BLOCK; c++)
		sum[c] = _mm512_setzero_si512();
}

/* Block column `column` of q * m, and its end: the lower half gives digits of q, the upper half digits of the
 * result. A block of the result is written when no operand's block of that index is needed any more: `out` may
 * be an operand. */
INLINE void reduce_column(__m512i sum[BLOCK + 1], __m512i *out, struct rsa_ifma_modulus *m, int column,
			  const int blocks)
{
	__m512i *const q = m->quotient;

	if (column < blocks) {
		for (int i = 0; i < column; i++)
			add_products(sum, q + i * BLOCK, m->digits + (column - i) * BLOCK, LOWER | UPPER);
		reduce_block(sum, q + column * BLOCK, m->digits, m->k0);
	} else {
		add_column(sum, q, m->digits, column - blocks, blocks - 1, column, blocks);
		store_block(out + (column - blocks) * BLOCK, sum);
	}
}

#endif
