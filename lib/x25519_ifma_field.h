/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic modulo p = 2^255 - 19 for eight numbers at once with AVX512-IFMA. Internal to x25519_ifma.c.
 *
 * Concepts. A number is five digits in radix 2^51; digit i of eight numbers is one 512-bit register. The
 * multiplier takes the low 52 bits of its operands, so every function below takes and gives digits below
 * 2^51 + 2^15 and carries at once after an addition. Numbers are not reduced below p until they leave.
 *
 * Nothing here branches or addresses memory by the value of a digit.
 */
#ifndef GLACIS_LIB_X25519_IFMA_FIELD_H
#define GLACIS_LIB_X25519_IFMA_FIELD_H

#include <immintrin.h>
#include <stdint.h>

#define X25519_DIGITS 5
#define X25519_MASK   ((1ull << 51) - 1)

struct x25519_field {
	__m512i digit[X25519_DIGITS];
};

#define FIELD_INLINE static inline __attribute__((always_inline))

FIELD_INLINE __m512i field_set1(uint64_t value)
{
	return _mm512_set1_epi64((long long)value);
}

/* One round of carries, all digits at once: from digits below 2^61 to digits below 2^51 + 2^15 (the top one's carry
 * is below 2^10 and comes back times 19). */
FIELD_INLINE struct x25519_field field_carry(const __m512i sum[X25519_DIGITS])
{
	const __m512i mask = field_set1(X25519_MASK);
	struct x25519_field out;

	out.digit[0] = _mm512_madd52lo_epu64(_mm512_and_si512(sum[0], mask), _mm512_srli_epi64(sum[4], 51),
					     field_set1(19));
	for (int i = 1; i < X25519_DIGITS; i++)
		out.digit[i] = _mm512_add_epi64(_mm512_and_si512(sum[i], mask), _mm512_srli_epi64(sum[i - 1], 51));
	return out;
}

FIELD_INLINE struct x25519_field field_add(const struct x25519_field *a, const struct x25519_field *b)
{
	__m512i sum[X25519_DIGITS];

	for (int i = 0; i < X25519_DIGITS; i++)
		sum[i] = _mm512_add_epi64(a->digit[i], b->digit[i]);
	return field_carry(sum);
}

/* a - b + 4 p: no digit goes below zero. */
FIELD_INLINE struct x25519_field field_subtract(const struct x25519_field *a, const struct x25519_field *b)
{
	__m512i sum[X25519_DIGITS];

	for (int i = 0; i < X25519_DIGITS; i++) {
		const __m512i four_p = field_set1(i ? 4 * X25519_MASK : 4 * (X25519_MASK - 18));

		sum[i] = _mm512_sub_epi64(_mm512_add_epi64(a->digit[i], four_p), b->digit[i]);
	}
	return field_carry(sum);
}

/* From the columns of a product (low halves, and high halves that count twice, as 2^52 is 2 * 2^51) to digits. A column
 * is below 5 * 2^52 + 2 * 5 * 2^51; nineteen times that below 2^60. */
FIELD_INLINE struct x25519_field field_fold(const __m512i low[2 * X25519_DIGITS - 1],
					    const __m512i high[2 * X25519_DIGITS - 1])
{
	__m512i column[2 * X25519_DIGITS], sum[X25519_DIGITS];

	column[0] = low[0];
	for (int i = 1; i < 2 * X25519_DIGITS - 1; i++)
		column[i] = _mm512_add_epi64(low[i], _mm512_slli_epi64(high[i - 1], 1));
	column[9] = _mm512_slli_epi64(high[8], 1);
	for (int i = 0; i < X25519_DIGITS; i++) {
		const __m512i above = column[i + X25519_DIGITS];
		const __m512i thrice = _mm512_add_epi64(above, _mm512_slli_epi64(above, 1));

		sum[i] = _mm512_add_epi64(_mm512_add_epi64(column[i], thrice), _mm512_slli_epi64(above, 4));
	}
	return field_carry(sum);
}

FIELD_INLINE struct x25519_field field_multiply(const struct x25519_field *a, const struct x25519_field *b)
{
	__m512i low[2 * X25519_DIGITS - 1], high[2 * X25519_DIGITS - 1];

	for (int i = 0; i < 2 * X25519_DIGITS - 1; i++)
		low[i] = high[i] = _mm512_setzero_si512();
	for (int i = 0; i < X25519_DIGITS; i++) {
		for (int j = 0; j < X25519_DIGITS; j++) {
			low[i + j] = _mm512_madd52lo_epu64(low[i + j], a->digit[i], b->digit[j]);
			high[i + j] = _mm512_madd52hi_epu64(high[i + j], a->digit[i], b->digit[j]);
		}
	}
	return field_fold(low, high);
}

/* Products of different digits are summed once and doubled. */
FIELD_INLINE struct x25519_field field_square(const struct x25519_field *a)
{
	__m512i low[2 * X25519_DIGITS - 1], high[2 * X25519_DIGITS - 1];

	for (int i = 0; i < 2 * X25519_DIGITS - 1; i++)
		low[i] = high[i] = _mm512_setzero_si512();
	for (int i = 0; i < X25519_DIGITS; i++) {
		for (int j = i + 1; j < X25519_DIGITS; j++) {
			low[i + j] = _mm512_madd52lo_epu64(low[i + j], a->digit[i], a->digit[j]);
			high[i + j] = _mm512_madd52hi_epu64(high[i + j], a->digit[i], a->digit[j]);
		}
	}
	for (int i = 0; i < 2 * X25519_DIGITS - 1; i++) {
		low[i] = _mm512_slli_epi64(low[i], 1);
		high[i] = _mm512_slli_epi64(high[i], 1);
	}
	for (int i = 0; i < X25519_DIGITS; i++) {
		low[2 * i] = _mm512_madd52lo_epu64(low[2 * i], a->digit[i], a->digit[i]);
		high[2 * i] = _mm512_madd52hi_epu64(high[2 * i], a->digit[i], a->digit[i]);
	}
	return field_fold(low, high);
}

/* a + b * small, for a public constant below 2^32. */
FIELD_INLINE struct x25519_field field_add_small_product(const struct x25519_field *a, const struct x25519_field *b,
							 uint32_t small)
{
	const __m512i factor = field_set1(small);
	__m512i sum[X25519_DIGITS], high[X25519_DIGITS];

	for (int i = 0; i < X25519_DIGITS; i++) {
		sum[i] = _mm512_madd52lo_epu64(a->digit[i], b->digit[i], factor);
		high[i] = _mm512_slli_epi64(_mm512_madd52hi_epu64(_mm512_setzero_si512(), b->digit[i], factor), 1);
	}
	/* the top digit's high half is 2^255 times itself: 19 */
	sum[0] = _mm512_madd52lo_epu64(sum[0], high[4], field_set1(19));
	for (int i = 1; i < X25519_DIGITS; i++)
		sum[i] = _mm512_add_epi64(sum[i], high[i - 1]);
	return field_carry(sum);
}

/* Exchanges a and b in the lanes of `mask`. */
FIELD_INLINE void field_swap(struct x25519_field *a, struct x25519_field *b, __mmask8 mask)
{
	for (int i = 0; i < X25519_DIGITS; i++) {
		const __m512i first = a->digit[i], second = b->digit[i];

		a->digit[i] = _mm512_mask_blend_epi64(mask, first, second);
		b->digit[i] = _mm512_mask_blend_epi64(mask, second, first);
	}
}

/* Brings every digit below 2^51 and the number below p. */
FIELD_INLINE struct x25519_field field_reduce(const struct x25519_field *a)
{
	const __m512i mask = field_set1(X25519_MASK), nineteen = field_set1(19);
	struct x25519_field out = *a;
	__m512i carry;

	/* Twice around: then the number is below 2^255 with all digits below 2^51. */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < X25519_DIGITS - 1; i++) {
			carry = _mm512_srli_epi64(out.digit[i], 51);
			out.digit[i] = _mm512_and_si512(out.digit[i], mask);
			out.digit[i + 1] = _mm512_add_epi64(out.digit[i + 1], carry);
		}
		carry = _mm512_srli_epi64(out.digit[4], 51);
		out.digit[4] = _mm512_and_si512(out.digit[4], mask);
		out.digit[0] = _mm512_madd52lo_epu64(out.digit[0], carry, nineteen);
	}
	/* It is p or more exactly when adding 19 carries out of bit 255. */
	carry = nineteen;
	for (int i = 0; i < X25519_DIGITS; i++)
		carry = _mm512_srli_epi64(_mm512_add_epi64(out.digit[i], carry), 51);
	carry = _mm512_madd52lo_epu64(_mm512_setzero_si512(), carry, nineteen);
	for (int i = 0; i < X25519_DIGITS; i++) {
		out.digit[i] = _mm512_add_epi64(out.digit[i], carry);
		carry = _mm512_srli_epi64(out.digit[i], 51);
		out.digit[i] = _mm512_and_si512(out.digit[i], mask);
	}
	return out;
}

#endif
