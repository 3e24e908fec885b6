// SPDX-License-Identifier: Apache-2.0
// Numbers of any size for the benches: libcrypto's, with an owner. Whatever fails there ends the bench.
#ifndef TEST_RTL_RSA_NUMBER_H
#define TEST_RTL_RSA_NUMBER_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <openssl/bn.h>

inline BN_CTX *number_context()
{
	static BN_CTX *context = BN_CTX_new();
	return context;
}

inline void number_need(int good)
{
	if (good)
		return;
	fprintf(stderr, "number: libcrypto failed\n");
	exit(99);
}

class Number {
public:
	Number(BN_ULONG value = 0) : bn_(BN_new()) { number_need(BN_set_word(bn_, value)); }
	Number(const Number &from) : bn_(BN_dup(from.bn_)) {}
	Number &operator=(const Number &from)
	{
		number_need(BN_copy(bn_, from.bn_) != nullptr);
		return *this;
	}
	~Number() { BN_free(bn_); }

	static Number power_of_two(int bit)
	{
		Number made;
		number_need(BN_set_bit(made.bn_, bit));
		return made;
	}
	/* Big-endian, as numbers lie in host memory. */
	static Number of_bytes(const std::vector<uint8_t> &bytes)
	{
		Number made;
		number_need(BN_bin2bn(bytes.data(), (int)bytes.size(), made.bn_) != nullptr);
		return made;
	}
	std::vector<uint8_t> bytes(size_t size) const
	{
		std::vector<uint8_t> made(size);
		number_need(BN_bn2binpad(bn_, made.data(), (int)size) == (int)size);
		return made;
	}
	/* Words of 16 bits, least significant first. */
	std::vector<uint16_t> words(size_t count) const
	{
		std::vector<uint8_t> from = bytes(2 * count);
		std::vector<uint16_t> made(count);
		for (size_t i = 0; i < count; i++)
			made[i] = (uint16_t)(from[2 * (count - i) - 1] | from[2 * (count - i) - 2] << 8);
		return made;
	}

	Number operator+(const Number &other) const { return make(BN_add, other); }
	Number operator-(const Number &other) const { return make(BN_sub, other); }
	Number operator*(const Number &other) const
	{
		Number made;
		number_need(BN_mul(made.bn_, bn_, other.bn_, number_context()));
		return made;
	}
	Number operator%(const Number &modulus) const
	{
		Number made;
		number_need(BN_nnmod(made.bn_, bn_, modulus.bn_, number_context()));
		return made;
	}
	Number operator<<(int bits) const
	{
		Number made;
		number_need(BN_lshift(made.bn_, bn_, bits));
		return made;
	}
	Number operator>>(int bits) const
	{
		Number made;
		number_need(BN_rshift(made.bn_, bn_, bits));
		return made;
	}
	Number power(const Number &exponent, const Number &modulus) const
	{
		Number made;
		number_need(BN_mod_exp(made.bn_, bn_, exponent.bn_, modulus.bn_, number_context()));
		return made;
	}
	Number inverse(const Number &modulus) const
	{
		Number made;
		number_need(BN_mod_inverse(made.bn_, bn_, modulus.bn_, number_context()) != nullptr);
		return made;
	}
	bool operator==(const Number &other) const { return BN_cmp(bn_, other.bn_) == 0; }
	bool operator!=(const Number &other) const { return BN_cmp(bn_, other.bn_) != 0; }
	bool operator<(const Number &other) const { return BN_cmp(bn_, other.bn_) < 0; }
	int bits() const { return BN_num_bits(bn_); }
	bool odd() const { return BN_is_odd(bn_); }
	BIGNUM *raw() { return bn_; }
	const BIGNUM *raw() const { return bn_; }

private:
	Number make(int (*function)(BIGNUM *, const BIGNUM *, const BIGNUM *), const Number &other) const
	{
		Number made;
		number_need(function(made.bn_, bn_, other.bn_));
		return made;
	}
	BIGNUM *bn_;
};

/* Random numbers that a seed gives again: xorshift64*. */
class Random {
public:
	explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull | 1) {}
	uint64_t next()
	{
		state_ ^= state_ >> 12;
		state_ ^= state_ << 25;
		state_ ^= state_ >> 27;
		return state_ * 0x2545f4914f6cdd1dull;
	}
	uint32_t below(uint32_t limit) { return (uint32_t)((next() >> 32) % limit); }
	Number bits(int count)
	{
		std::vector<uint8_t> bytes((size_t)(count + 7) / 8);
		for (uint8_t &byte : bytes)
			byte = (uint8_t)(next() >> 40);
		return Number::of_bytes(bytes) % Number::power_of_two(count);
	}
	Number below(const Number &limit) { return bits(limit.bits() + 64) % limit; }

private:
	uint64_t state_;
};

#endif
