/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exponentiation of eight numbers with eight exponents. Called by rsa_ifma_operations.c.
 *
 * Secret exponents: fixed windows of five bits, always all of m->bits bits; each look-up reads all 32 entries of
 * the table and keeps one per lane under a mask, so neither time nor addresses depend on the exponent.
 * Public exponents: square and multiply; which steps are done depends on them.
 */
#include "rsa_ifma.h"
#include "rsa_ifma_look_up.h"

#define WINDOW  5u
#define ENTRIES (1u << WINDOW)

/* Bits position .. position + 4 of each lane's exponent. `position` is public. */
static __m512i window_at(const __m512i *exponent, uint32_t position, uint32_t bits)
{
	const uint32_t word = position / 64, shift = position % 64;
	__m512i value = _mm512_srl_epi64(exponent[word], _mm_cvtsi64_si128((long long)shift));

	if (shift > 64 - RSA_IFMA_WINDOW && (word + 1) * 64 < bits)
		value = _mm512_or_si512(
			value, _mm512_sll_epi64(exponent[word + 1], _mm_cvtsi64_si128((long long)(64 - shift))));
	return _mm512_and_si512(value, _mm512_set1_epi64(RSA_IFMA_ENTRIES - 1));
}

/* out = table[index], each lane its own. */
static void look_up_all(__m512i *out, const __m512i *table, __m512i index, uint32_t count)
{
	const struct look_up_masks masks = look_up_masks(index);

	for (uint32_t i = 0; i < count; i++)
		out[i] = look_up_digit(table + i * RSA_IFMA_ENTRIES, masks);
}

static void put_entry(__m512i *table, unsigned entry, const __m512i *number, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		table[i * RSA_IFMA_ENTRIES + entry] = number[i];
}

static void get_entry(__m512i *number, const __m512i *table, unsigned entry, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		number[i] = table[i * RSA_IFMA_ENTRIES + entry];
}

/* Entry e is base^e, and entry 0 is R mod m. */
static void fill_table(__m512i *table, const __m512i *base, __m512i *power, struct rsa_ifma_modulus *m)
{
	rsa_ifma_from_montgomery(power, m->rr, m);
	put_entry(table, 0, power, m->count);
	put_entry(table, 1, base, m->count);
	for (unsigned entry = 2; entry < RSA_IFMA_ENTRIES; entry += 2) {
		get_entry(power, table, entry / 2, m->count);
		rsa_ifma_square(power, power, m);
		put_entry(table, entry, power, m->count);
		rsa_ifma_multiply(power, power, base, m);
		put_entry(table, entry + 1, power, m->count);
	}
}

void rsa_ifma_exponentiate(__m512i *out, const __m512i *base, const __m512i *exponent, struct rsa_ifma_modulus *m)
{
	__m512i table[RSA_IFMA_ENTRIES * RSA_IFMA_HALF_MAX], factor[RSA_IFMA_HALF_MAX];
	uint32_t position = (m->bits - 1) / RSA_IFMA_WINDOW * RSA_IFMA_WINDOW;

	fill_table(table, base, factor, m);
	look_up_all(out, table, window_at(exponent, position, m->bits), m->count);
	while (position) {
		struct rsa_ifma_look_up look_up = { .table = table, .out = factor };

		position -= RSA_IFMA_WINDOW;
		look_up.index = window_at(exponent, position, m->bits);
		for (unsigned i = 0; i < RSA_IFMA_WINDOW; i++)
			rsa_ifma_square_and_look_up(out, out, m, &look_up);
		rsa_ifma_multiply(out, out, factor, m);
	}
	rsa_ifma_wipe(table, RSA_IFMA_ENTRIES * m->count * sizeof(table[0]));
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
