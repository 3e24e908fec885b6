/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Montgomery squaring of eight numbers: four of five operations of an exponentiation. Called by exponentiation.
 *
 * A product of two different digits is computed once and counted twice: about a quarter of the instructions of a
 * multiplication are saved. The doubled sum and the sum of q * m are kept apart: what the former carries into
 * the next block column is not doubled yet.
 */
#include "rsa_ifma_kernels.h"
#include "rsa_ifma_look_up.h"

/* sum[c] += a[i] * b[c - i], where b's window starts `distance` digits above a's, only where the digit of b is above
 * that of a. */
INLINE void add_half_products(__m512i sum[BLOCK + 1], const __m512i *a, const int distance, const unsigned part)
{
	UNROLL
	for (int i = 0; i < BLOCK; i++) {
		const __m512i digit = a[i];
		UNROLL
		for (int c = 0; c < BLOCK; c++)
			if (part & (c >= i ? LOWER : UPPER) && distance + c - i > i)
				sum[c] = low(sum[c], digit, a[distance + c - i]);
		UNROLL
		for (int c = 0; c < BLOCK; c++)
			if (part & (c >= i ? LOWER : UPPER) && distance + c - i > i)
				sum[c + 1] = high(sum[c + 1], digit, a[distance + c - i]);
	}
}

/* One block column of the products of different digits. */
INLINE void add_square_column(__m512i sum[BLOCK + 1], const __m512i *a, int column, const int blocks)
{
	int i = column < blocks ? 0 : column - blocks;

	for (; column - 1 - i > i; i++)
		add_products(sum, a + i * BLOCK, a + (column - i) * BLOCK,
			     column - i == blocks ? UPPER : LOWER | UPPER);
	if (i == blocks)
		return;
	if (column == 2 * i)
		add_half_products(sum, a + i * BLOCK, 0, LOWER);
	else if (i == blocks - 1)
		add_half_products(sum, a + i * BLOCK, BLOCK, UPPER);
	else
		add_half_products(sum, a + i * BLOCK, BLOCK, LOWER | UPPER);
}

/* A quarter of the look-up of the digit that belongs to `column`, if there is a look-up. */
INLINE __m512i look_up_part(__m512i found, const struct rsa_ifma_look_up *look_up, int column,
			    struct look_up_masks masks, const unsigned quarter)
{
	if (!look_up)
		return found;
	return look_up_quarter(found, look_up->table + (size_t)(look_up->next + (uint32_t)column) * RSA_IFMA_ENTRIES,
			       masks, quarter);
}

/* `look_up` may be a constant NULL. */
INLINE void square(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m, const struct rsa_ifma_look_up *look_up,
		   const int blocks)
{
	struct look_up_masks masks = { 0 };
	__m512i found = _mm512_setzero_si512();
	__m512i half[BLOCK + 1], sum[BLOCK + 1];

	if (look_up)
		masks = look_up_masks(look_up->index);
	half[BLOCK] = sum[BLOCK] = _mm512_setzero_si512();
	for (int column = 0; column < 2 * blocks; column++) {
		found = look_up_part(found, look_up, column, masks, 0);
		next_column(half);
		add_square_column(half, a, column, blocks);
		found = look_up_part(found, look_up, column, masks, 1);
		sum[0] = sum[BLOCK];
		UNROLL
		for (int i = 0; i < BLOCK; i++) {
			const __m512i digit = a[(column * BLOCK + i) / 2];
			const __m512i twice = _mm512_add_epi64(half[i], half[i]);
			const __m512i start = i ? twice : _mm512_add_epi64(twice, sum[0]);
			sum[i] = i % 2 ? high(start, digit, digit) : low(start, digit, digit);
		}
		sum[BLOCK] = _mm512_setzero_si512();
		found = look_up_part(found, look_up, column, masks, 2);
		reduce_column(sum, out, m, column, blocks);
		found = look_up_part(found, look_up, column, masks, 3);
		if (look_up)
			look_up->out[look_up->next + (uint32_t)column] = found;
	}
}

static void square_2(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m, const struct rsa_ifma_look_up *look_up)
{
	square(out, a, m, look_up, 2);
}

void rsa_ifma_square(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m)
{
	square(out, a, m, NULL, (int)(m->count / BLOCK));
}

void rsa_ifma_square_and_look_up(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m,
				 struct rsa_ifma_look_up *look_up)
{
	if (m->count == 2 * BLOCK)
		square_2(out, a, m, look_up);
	else
		square(out, a, m, look_up, (int)(m->count / BLOCK));
	look_up->next += 2 * m->count / BLOCK;
}
