/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key in the form the lanes use: digits in radix 2^52 and what Montgomery arithmetic needs. Called once
 * per key, by the import. Portable.
 *
 * The precomputation is doubling modulo p, with a masked subtraction: slower than a division but constant in time,
 * and no copy of a secret is left behind in another library's numbers.
 */
#include <errno.h>
#include <string.h>

#include "rsa_lanes.h"

#define DIGIT_BITS 52u
#define DIGIT_MASK ((1ull << DIGIT_BITS) - 1)
#define DIGITS_MAX 80u
/* Implementations take blocks of ten digits and leave at least this many bits above the modulus. */
#define BLOCK_DIGITS 10u
#define SLACK_BITS   8u

static uint32_t digits_of(uint32_t bits)
{
	const uint32_t digits = (bits + SLACK_BITS + DIGIT_BITS - 1) / DIGIT_BITS;

	return (digits + BLOCK_DIGITS - 1) / BLOCK_DIGITS * BLOCK_DIGITS;
}

/* digits and rr of n, p and q; qinv; dp and dq. */
static uint32_t words_of(uint32_t bits)
{
	return 2 * digits_of(bits) + 5 * digits_of(bits / 2) + 2 * (bits / 128);
}

uint32_t rsa_lane_key_bytes(uint32_t bits)
{
	return words_of(bits) * (uint32_t)sizeof(uint64_t);
}

/* Hides from the compiler that a mask is all ones or zero: it might make a branch of it. */
static uint64_t opaque(uint64_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

static void split_digits(uint64_t *digits, uint32_t count, const uint8_t *big_endian, uint32_t bits)
{
	memset(digits, 0, count * sizeof(*digits));
	for (uint32_t byte = 0; byte < bits / 8; byte++) {
		const uint64_t value = big_endian[bits / 8 - 1 - byte];
		const uint32_t digit = byte * 8 / DIGIT_BITS, shift = byte * 8 % DIGIT_BITS;

		digits[digit] |= value << shift & DIGIT_MASK;
		if (shift > DIGIT_BITS - 8)
			digits[digit + 1] |= value >> (DIGIT_BITS - shift);
	}
}

/* a = 2 a mod m, for a below m. */
static void double_modulo(uint64_t *a, const uint64_t *m, uint32_t count)
{
	uint64_t difference[DIGITS_MAX];
	uint64_t carry = 0, borrow = 0;

	for (uint32_t i = 0; i < count; i++) {
		const uint64_t twice = a[i] << 1 | carry;
		a[i] = twice & DIGIT_MASK;
		carry = twice >> DIGIT_BITS;
		const uint64_t less = a[i] - m[i] - borrow;
		difference[i] = less & DIGIT_MASK;
		borrow = less >> 63;
	}
	const uint64_t keep = opaque(0 - borrow);
	for (uint32_t i = 0; i < count; i++)
		a[i] = (a[i] & keep) | (difference[i] & ~keep);
}

static void double_times(uint64_t *a, const struct rsa_modulus *m, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++)
		double_modulo(a, m->digits, m->count);
}

/* -m^-1 mod 2^52 by Newton's iteration: an odd number is its own inverse modulo 8, and each step doubles the bits. */
static uint64_t negative_inverse(uint64_t m)
{
	uint64_t inverse = m;

	for (unsigned bits = 3; bits < DIGIT_BITS; bits *= 2)
		inverse *= 2 - m * inverse;
	return (0 - inverse) & DIGIT_MASK;
}

/* Takes its memory from *memory. */
static int fill_modulus(struct rsa_modulus *m, uint64_t **memory, const uint8_t *big_endian, uint32_t bits)
{
	if (!(big_endian[0] & 0x80) || !(big_endian[bits / 8 - 1] & 1))
		return -EINVAL;
	m->bits = bits;
	m->count = digits_of(bits);
	m->digits = *memory;
	m->rr = m->digits + m->count;
	*memory = m->rr + m->count;
	split_digits(m->digits, m->count, big_endian, bits);
	m->k0 = negative_inverse(m->digits[0]);
	/* 2^(bits - 1) is below m; doubled up to R^2 = 2^(2 * 52 count). */
	memset(m->rr, 0, m->count * sizeof(*m->rr));
	m->rr[(bits - 1) / DIGIT_BITS] = 1ull << (bits - 1) % DIGIT_BITS;
	double_times(m->rr, m, 2 * DIGIT_BITS * m->count - (bits - 1));
	return 0;
}

static void fill_exponent(uint8_t **exponent, uint64_t **memory, const uint8_t *big_endian, uint32_t bits)
{
	*exponent = (uint8_t *)*memory;
	*memory += bits / 64;
	for (uint32_t byte = 0; byte < bits / 8; byte++)
		(*exponent)[byte] = big_endian[bits / 8 - 1 - byte];
}

int rsa_lane_key_fill(struct rsa_lane_key *key, void *memory, uint32_t bits, const uint8_t *n, const uint8_t *p,
		      const uint8_t *q, const uint8_t *dp, const uint8_t *dq, const uint8_t *qinv, uint64_t e)
{
	uint64_t *next = memory;

	if ((bits != 2048 && bits != 3072 && bits != 4096) || !(e & 1) || e < 3)
		return -EINVAL;
	if (fill_modulus(&key->n, &next, n, bits) || fill_modulus(&key->p, &next, p, bits / 2) ||
	    fill_modulus(&key->q, &next, q, bits / 2))
		return -EINVAL;
	key->bits = bits;
	key->e = e;
	key->qinv = next;
	next += key->p.count;
	split_digits(key->qinv, key->p.count, qinv, bits / 2);
	double_times(key->qinv, &key->p, DIGIT_BITS * key->p.count);
	fill_exponent(&key->dp, &next, dp, bits / 2);
	fill_exponent(&key->dq, &next, dq, bits / 2);
	return 0;
}
