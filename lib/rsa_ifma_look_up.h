/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table look-ups of the fixed-window exponentiation: eight secret indices, one per lane. Used by rsa_ifma_exponent.c
 * and, for look-ups hidden among squarings, by rsa_ifma_square.c.
 *
 * Concepts. The table holds the 32 powers' digits side by side: 2 KiB per digit. Finding a digit reads all 32 and
 * halves them five times under masks made of the index's bits, so neither time nor addresses depend on it. The table
 * exceeds the first-level cache: read at one go it costs as much as a multiplication. But squarings leave the
 * load ports idle, and the index is known five squarings ahead: each block column of a squaring finds one digit.
 * Five squarings of n digits have exactly n block columns.
 */
#ifndef GLACIS_LIB_RSA_IFMA_LOOK_UP_H
#define GLACIS_LIB_RSA_IFMA_LOOK_UP_H

#include "rsa_ifma.h"

/* bits[i]: the lanes whose index has bit i. */
struct look_up_masks {
	__mmask8 bits[RSA_IFMA_WINDOW];
};

static inline __attribute__((always_inline)) struct look_up_masks look_up_masks(__m512i index)
{
	return (struct look_up_masks){ {
		_mm512_test_epi64_mask(index, _mm512_set1_epi64(1)),
		_mm512_test_epi64_mask(index, _mm512_set1_epi64(2)),
		_mm512_test_epi64_mask(index, _mm512_set1_epi64(4)),
		_mm512_test_epi64_mask(index, _mm512_set1_epi64(8)),
		_mm512_test_epi64_mask(index, _mm512_set1_epi64(16)),
	} };
}

/* One of 2, 4, 8 entries. The order keeps few registers in use. */
static inline __attribute__((always_inline)) __m512i choose_of_2(const __m512i *from, struct look_up_masks by)
{
	return _mm512_mask_mov_epi64(from[0], by.bits[0], from[1]);
}

static inline __attribute__((always_inline)) __m512i choose_of_4(const __m512i *from, struct look_up_masks by)
{
	return _mm512_mask_mov_epi64(choose_of_2(from, by), by.bits[1], choose_of_2(from + 2, by));
}

static inline __attribute__((always_inline)) __m512i choose_of_8(const __m512i *from, struct look_up_masks by)
{
	return _mm512_mask_mov_epi64(choose_of_4(from, by), by.bits[2], choose_of_4(from + 4, by));
}

/* The digit at `entries` (32 of them) that each lane's index names. */
static inline __attribute__((always_inline)) __m512i look_up_digit(const __m512i *entries, struct look_up_masks by)
{
	const __m512i lower = _mm512_mask_mov_epi64(choose_of_8(entries, by), by.bits[3], choose_of_8(entries + 8, by));
	const __m512i upper = _mm512_mask_mov_epi64(choose_of_8(entries + 16, by), by.bits[3],
						    choose_of_8(entries + 24, by));

	return _mm512_mask_mov_epi64(lower, by.bits[4], upper);
}

#endif
