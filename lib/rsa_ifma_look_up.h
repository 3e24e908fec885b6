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

/* Which lanes' index has bit i, and which lanes' index is in eighth 8 i .. 8 i + 7. */
struct look_up_masks {
	__mmask8 bit[3], group[4];
};

static inline __attribute__((always_inline)) struct look_up_masks look_up_masks(__m512i index)
{
	const __mmask8 eight = _mm512_test_epi64_mask(index, _mm512_set1_epi64(8));
	const __mmask8 sixteen = _mm512_test_epi64_mask(index, _mm512_set1_epi64(16));

	return (struct look_up_masks){
		.bit = { _mm512_test_epi64_mask(index, _mm512_set1_epi64(1)),
			 _mm512_test_epi64_mask(index, _mm512_set1_epi64(2)),
			 _mm512_test_epi64_mask(index, _mm512_set1_epi64(4)) },
		.group = { 0, _kandn_mask8(sixteen, eight), _kandn_mask8(eight, sixteen), _kand_mask8(eight, sixteen) },
	};
}

/* One of 2, 4, 8 entries. The order keeps few registers in use. */
static inline __attribute__((always_inline)) __m512i choose_of_2(const __m512i *from, struct look_up_masks by)
{
	return _mm512_mask_mov_epi64(from[0], by.bit[0], from[1]);
}

static inline __attribute__((always_inline)) __m512i choose_of_4(const __m512i *from, struct look_up_masks by)
{
	return _mm512_mask_mov_epi64(choose_of_2(from, by), by.bit[1], choose_of_2(from + 2, by));
}

static inline __attribute__((always_inline)) __m512i choose_of_8(const __m512i *from, struct look_up_masks by)
{
	return _mm512_mask_mov_epi64(choose_of_4(from, by), by.bit[2], choose_of_4(from + 4, by));
}

/* Looks at a quarter of the 32 entries: quarter 0 starts with its choice, the others replace it in their lanes. */
static inline __attribute__((always_inline)) __m512i look_up_quarter(__m512i found, const __m512i *entries,
								     struct look_up_masks by, const unsigned quarter)
{
	const __m512i chosen = choose_of_8(entries + (size_t)8 * quarter, by);

	return quarter ? _mm512_mask_mov_epi64(found, by.group[quarter], chosen) : chosen;
}

/* The digit at `entries` that each lane's index names. */
static inline __attribute__((always_inline)) __m512i look_up_digit(const __m512i *entries, struct look_up_masks by)
{
	__m512i found = look_up_quarter(_mm512_setzero_si512(), entries, by, 0);

	found = look_up_quarter(found, entries, by, 1);
	found = look_up_quarter(found, entries, by, 2);
	return look_up_quarter(found, entries, by, 3);
}

#endif
