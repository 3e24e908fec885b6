/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Montgomery multiplication of eight pairs of numbers, and the plain product. Called by exponentiation and
 * recombination.
 *
 * Each block column is summed for a * b and then for q * m before the next begins, so the additions of one block's
 * q digits (a chain of dependent instructions) overlap with the independent products of the next.
 */
#include "rsa_ifma_kernels.h"

INLINE void multiply(__m512i *out, const __m512i *a, const __m512i *b, struct rsa_ifma_modulus *m, const int blocks)
{
	__m512i sum[BLOCK + 1];

	sum[BLOCK] = _mm512_setzero_si512();
	for (int column = 0; column < 2 * blocks; column++) {
		const int first = column < blocks ? 0 : column - blocks;
		const int last = column < blocks ? column : blocks - 1;

		next_column(sum);
		add_column(sum, a, b, first, last, column, blocks);
		reduce_column(sum, out, m, column, blocks);
	}
}

static void multiply_2(__m512i *out, const __m512i *a, const __m512i *b, struct rsa_ifma_modulus *m)
{
	multiply(out, a, b, m, 2);
}

static void multiply_any(__m512i *out, const __m512i *a, const __m512i *b, struct rsa_ifma_modulus *m)
{
	multiply(out, a, b, m, (int)(m->count / BLOCK));
}

void rsa_ifma_multiply(__m512i *out, const __m512i *a, const __m512i *b, struct rsa_ifma_modulus *m)
{
	if (m->count == 2 * BLOCK)
		multiply_2(out, a, b, m);
	else
		multiply_any(out, a, b, m);
}

void rsa_ifma_product(__m512i *out, const __m512i *a, const __m512i *b, uint32_t count)
{
	const int blocks = (int)(count / BLOCK);
	__m512i sum[BLOCK + 1];

	sum[BLOCK] = _mm512_setzero_si512();
	for (int column = 0; column < 2 * blocks; column++) {
		const int first = column < blocks ? 0 : column - blocks;
		const int last = column < blocks ? column : blocks - 1;

		next_column(sum);
		add_column(sum, a, b, first, last, column, blocks);
		store_block(out + column * BLOCK, sum);
	}
}

void rsa_ifma_from_montgomery(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m)
{
	__m512i one[RSA_IFMA_DIGITS_MAX];

	for (uint32_t i = 0; i < m->count; i++)
		one[i] = i ? _mm512_setzero_si512() : _mm512_set1_epi64(1);
	rsa_ifma_multiply(out, a, one, m);
}
