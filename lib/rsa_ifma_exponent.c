/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exponentiation of eight numbers with eight exponents. Called by rsa_ifma_operations.c.
 *
 * Secret exponents: fixed windows of five bits, always all of m->bits bits; each look-up reads all 32 entries of
 * the table and keeps one per lane under a mask, so neither time nor addresses depend on the exponent.
 * Public exponents: square and multiply; which steps are done depends on them.
 */
#include "rsa_ifma.h"

#define WINDOW  5u
#define ENTRIES (1u << WINDOW)

/* Bits position .. position + 4 of each lane's exponent. `position` is public. */
static __m512i window_at(const __m512i *exponent, uint32_t position, uint32_t bits)
{
	const uint32_t word = position / 64, shift = position % 64;
	__m512i value = _mm512_srl_epi64(exponent[word], _mm_cvtsi64_si128((long long)shift));

	if (shift > 64 - WINDOW && (word + 1) * 64 < bits)
		value = _mm512_or_si512(
			value, _mm512_sll_epi64(exponent[word + 1], _mm_cvtsi64_si128((long long)(64 - shift))));
	return _mm512_and_si512(value, _mm512_set1_epi64(ENTRIES - 1));
}

/* out = table[index], each lane its own. */
static void look_up(__m512i *out, const __m512i *table, __m512i index, uint32_t count)
{
	for (uint32_t first = 0; first < count; first += RSA_IFMA_BLOCK) {
		__m512i digits[RSA_IFMA_BLOCK];

		for (unsigned i = 0; i < RSA_IFMA_BLOCK; i++)
			digits[i] = table[first + i];
		for (unsigned entry = 1; entry < ENTRIES; entry++) {
			const __mmask8 hit = _mm512_cmpeq_epi64_mask(index, _mm512_set1_epi64(entry));
			const __m512i *const from = table + (size_t)entry * count + first;

			for (unsigned i = 0; i < RSA_IFMA_BLOCK; i++)
				digits[i] = _mm512_mask_mov_epi64(digits[i], hit, from[i]);
		}
		for (unsigned i = 0; i < RSA_IFMA_BLOCK; i++)
			out[first + i] = digits[i];
	}
}

/* table[e] = base^e, and table[0] = R mod m. */
static void fill_table(__m512i *table, const __m512i *base, struct rsa_ifma_modulus *m)
{
	const uint32_t count = m->count;

	rsa_ifma_from_montgomery(table, m->rr, m);
	for (uint32_t i = 0; i < count; i++)
		table[count + i] = base[i];
	for (uint32_t entry = 2; entry < ENTRIES; entry++) {
		__m512i *const out = table + (size_t)entry * count;

		if (entry % 2 == 0)
			rsa_ifma_square(out, table + (size_t)entry / 2 * count, m);
		else
			rsa_ifma_multiply(out, out - count, base, m);
	}
}

void rsa_ifma_exponentiate(__m512i *out, const __m512i *base, const __m512i *exponent, struct rsa_ifma_modulus *m)
{
	__m512i table[ENTRIES * RSA_IFMA_HALF_MAX], factor[RSA_IFMA_HALF_MAX];
	uint32_t position = (m->bits - 1) / WINDOW * WINDOW;

	fill_table(table, base, m);
	look_up(out, table, window_at(exponent, position, m->bits), m->count);
	while (position) {
		position -= WINDOW;
		for (unsigned i = 0; i < WINDOW; i++)
			rsa_ifma_square(out, out, m);
		look_up(factor, table, window_at(exponent, position, m->bits), m->count);
		rsa_ifma_multiply(out, out, factor, m);
	}
	rsa_ifma_wipe(table, ENTRIES * m->count * sizeof(table[0]));
	rsa_ifma_wipe(factor, sizeof(factor));
}

/* Which lanes have bit `position` of e. */
static __mmask8 lanes_with_bit(const uint64_t e[RSA_LANES], int position)
{
	unsigned lanes = 0;

	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		lanes |= (unsigned)(e[lane] >> position & 1) << lane;
	return (__mmask8)lanes;
}

static void blend(__m512i *out, __mmask8 lanes, const __m512i *taken, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		out[i] = _mm512_mask_mov_epi64(out[i], lanes, taken[i]);
}

void rsa_ifma_exponentiate_public(__m512i *out, const __m512i *in, const uint64_t e[RSA_LANES],
				  struct rsa_ifma_modulus *m)
{
	__m512i base[RSA_IFMA_DIGITS_MAX], power[RSA_IFMA_DIGITS_MAX], product[RSA_IFMA_DIGITS_MAX];
	int position = 63;

	while (!lanes_with_bit(e, position))
		position--;
	rsa_ifma_multiply(base, in, m->rr, m);
	if (lanes_with_bit(e, position) != 0xff)
		rsa_ifma_from_montgomery(power, m->rr, m);
	blend(power, lanes_with_bit(e, position), base, m->count);
	while (--position > 0) {
		const __mmask8 lanes = lanes_with_bit(e, position);

		rsa_ifma_square(power, power, m);
		if (!lanes)
			continue;
		rsa_ifma_multiply(product, power, base, m);
		blend(power, lanes, product, m->count);
	}
	/* The last bit of an odd exponent: a factor outside Montgomery form takes the product out of it too. */
	rsa_ifma_square(power, power, m);
	rsa_ifma_multiply(out, power, in, m);
	rsa_ifma_subtract_modulus(out, m);
	rsa_ifma_wipe(base, sizeof(base));
	rsa_ifma_wipe(power, sizeof(power));
	rsa_ifma_wipe(product, sizeof(product));
}
