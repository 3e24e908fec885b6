// SPDX-License-Identifier: Apache-2.0
// Keys of the benches: real ones, random numbers that the card must take for keys, and what an operation with either
// gives, by libcrypto and the formula of the emulated card's C model.
#ifndef TEST_RTL_RSA_KEY_H
#define TEST_RTL_RSA_KEY_H

#include "glacis_card_abi.h"
#include "number.h"

struct Key {
	uint32_t size = 0, exponent_size = 3; /* bytes of n, bytes of e */
	Number n, e, d, p, q, dp, dq, qinv;

	std::vector<uint8_t> bytes(unsigned kind) const
	{
		std::vector<uint8_t> made = n.bytes(size);

		append(made, e.bytes(exponent_size));
		if (kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT)
			append(made, d.bytes(size));
		if (kind == GLACIS_CARD_KEY_KIND_RSA_CRT)
			for (const Number *number : { &p, &q, &dp, &dq, &qinv })
				append(made, number->bytes(size / 2));
		return made;
	}

	Number power(unsigned kind, bool is_public, const Number &base) const
	{
		if (is_public)
			return base.power(e, n);
		if (kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT)
			return base.power(d, n);
		Number mod_p = (base % p).power(dp, p), mod_q = (base % q).power(dq, q);
		return (((mod_p - mod_q) % p * qinv) % p) * q + mod_q;
	}

private:
	static void append(std::vector<uint8_t> &to, const std::vector<uint8_t> &from)
	{
		to.insert(to.end(), from.begin(), from.end());
	}
};

inline Number random_prime(int bits)
{
	Number made;

	number_need(BN_generate_prime_ex(made.raw(), bits, 0, nullptr, nullptr, nullptr));
	return made;
}

/* A key whose numbers belong together; n has exactly 8 `size` bits. Not reproducible: libcrypto's random numbers. */
inline Key real_key(uint32_t size)
{
	Key key;
	int bits = (int)size * 4;

	key.size = size;
	key.e = Number(65537);
	for (;;) {
		key.p = random_prime(bits);
		key.q = random_prime(bits);
		Number phi = (key.p - Number(1)) * (key.q - Number(1));
		key.n = key.p * key.q;
		if (key.p == key.q || key.n.bits() != (int)size * 8 || phi % key.e == Number(0))
			continue;
		key.d = key.e.inverse(phi);
		key.dp = key.d % (key.p - Number(1));
		key.dq = key.d % (key.q - Number(1));
		key.qinv = key.q.inverse(key.p);
		return key;
	}
}

/* Odd and above 1, of exactly `bits` bits. */
inline Number random_modulus(Random &random, int bits)
{
	Number top = Number::power_of_two(bits - 1), made = top + (random.below(top) >> 1 << 1);

	return made.odd() ? made : made + Number(1);
}

/* 0 < number < limit, often at an end. */
inline Number random_within(Random &random, const Number &limit)
{
	switch (random.below(8)) {
	case 0: return Number(1);
	case 1: return limit - Number(1);
	default: return random.below(limit - Number(1)) + Number(1);
	}
}

/* Numbers within their bounds that do not belong together; p and q of any length when `odd_lengths`. */
inline Key loose_key(Random &random, uint32_t size, bool odd_lengths)
{
	Key key;
	int half = (int)size * 4;

	key.size = size;
	key.n = random_modulus(random, (int)size * 8 - (int)random.below(8));
	key.exponent_size = random.below(4) ? 1 + random.below(8) : size;
	key.e = random_modulus(random, 2 + (int)random.below((key.exponent_size < 8 ? 8 * key.exponent_size : 40) - 2));
	if (random.below(8) == 0)
		key.e = Number(1);
	key.d = random_within(random, key.n);
	key.p = random_modulus(random, odd_lengths ? 2 + (int)random.below((uint32_t)half - 1) : half);
	key.q = random_modulus(random, odd_lengths ? 2 + (int)random.below((uint32_t)half - 1) : half);
	key.dp = random_within(random, key.p);
	key.dq = random_within(random, key.q);
	key.qinv = random_within(random, key.p);
	return key;
}

#endif
