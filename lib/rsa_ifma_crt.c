/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the residues modulo p and q and back (Garner), and the subtractions that make a residue the smallest one.
 * Called by rsa_ifma_operations.c and exponentiation. Choices between two results are made by masks.
 */
#include "rsa_ifma.h"

/* Makes digits of any sign below 2^52 those of the same non-negative number. */
static void carry_digits(__m512i *a, uint32_t count)
{
	const __m512i mask = _mm512_set1_epi64((long long)RSA_IFMA_MASK);
	__m512i carry = _mm512_setzero_si512();

	for (uint32_t i = 0; i < count; i++) {
		const __m512i digit = _mm512_add_epi64(a[i], carry);
		a[i] = _mm512_and_si512(digit, mask);
		carry = _mm512_srai_epi64(digit, 52);
	}
}

void rsa_ifma_reduce(__m512i *out, const __m512i *in, struct rsa_ifma_modulus *m)
{
	const uint32_t count = m->count;
	__m512i upper[RSA_IFMA_HALF_MAX];

	/* in = low + R high: low R + high R^2 modulo m. */
	rsa_ifma_multiply(upper, in + count, m->rr, m);
	rsa_ifma_multiply(upper, upper, m->rr, m);
	rsa_ifma_multiply(out, in, m->rr, m);
	for (uint32_t i = 0; i < count; i++)
		out[i] = _mm512_add_epi64(out[i], upper[i]);
	carry_digits(out, count);
	rsa_ifma_wipe(upper, sizeof(upper));
}

void rsa_ifma_subtract_modulus(__m512i *a, const struct rsa_ifma_modulus *m)
{
	const __m512i mask = _mm512_set1_epi64((long long)RSA_IFMA_MASK);
	__m512i difference[RSA_IFMA_DIGITS_MAX], borrow = _mm512_setzero_si512();

	for (uint32_t i = 0; i < m->count; i++) {
		const __m512i digit = _mm512_add_epi64(_mm512_sub_epi64(a[i], m->digits[i]), borrow);
		difference[i] = _mm512_and_si512(digit, mask);
		borrow = _mm512_srai_epi64(digit, 52);
	}
	const __mmask8 not_below = _mm512_cmpeq_epi64_mask(borrow, _mm512_setzero_si512());
	for (uint32_t i = 0; i < m->count; i++)
		a[i] = _mm512_mask_mov_epi64(a[i], not_below, difference[i]);
	rsa_ifma_wipe(difference, m->count * sizeof(difference[0]));
}

void rsa_ifma_recombine(__m512i *out, const __m512i *mp, const __m512i *mq, const __m512i *qinv,
			struct rsa_ifma_modulus *p, const struct rsa_ifma_modulus *q)
{
	const uint32_t count = p->count;
	__m512i h[RSA_IFMA_HALF_MAX] = { { 0 } };

	/* mq < q < 2 p, so the difference is positive with 2 p added. */
	for (uint32_t i = 0; i < count; i++)
		h[i] = _mm512_sub_epi64(_mm512_add_epi64(mp[i], _mm512_add_epi64(p->digits[i], p->digits[i])), mq[i]);
	carry_digits(h, count);
	rsa_ifma_multiply(h, h, qinv, p);
	rsa_ifma_subtract_modulus(h, p);
	rsa_ifma_product(out, h, q->digits, count);
	for (uint32_t i = 0; i < count; i++)
		out[i] = _mm512_add_epi64(out[i], mq[i]);
	carry_digits(out, 2 * count);
	rsa_ifma_wipe(h, sizeof(h));
}
