/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AVX512-IFMA arithmetic modulo eight numbers at once, as its files share it. Internal to rsa_ifma*.c.
 *
 * Concepts. A vector of `count` registers holds eight numbers: register i has digit i (radix 2^52) of each.
 * R = 2^(52 count). Products are Montgomery products: multiply(a, b) = a b / R mod m, not fully
 * reduced: as R is at least 2^16 m, operands below 2^7 m give a result below 2 m, and nothing is subtracted
 * until a number leaves. `count` is a multiple of ten; every digit is below 2^52.
 *
 * All functions take the same time and touch the same memory whatever the numbers are, except where
 * a parameter is said to be public.
 */
#ifndef GLACIS_LIB_RSA_IFMA_H
#define GLACIS_LIB_RSA_IFMA_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "rsa_lanes.h"

#define RSA_IFMA_BLOCK      10
#define RSA_IFMA_DIGITS_MAX 80u
#define RSA_IFMA_HALF_MAX   40u /* digits of p or q */
#define RSA_IFMA_WINDOW     5u  /* bits of a secret exponent at a time */
#define RSA_IFMA_ENTRIES    (1u << RSA_IFMA_WINDOW)
#define RSA_IFMA_MASK       ((1ull << 52) - 1)

/* Eight moduli. */
struct rsa_ifma_modulus {
	__m512i digits[RSA_IFMA_DIGITS_MAX];
	__m512i rr[RSA_IFMA_DIGITS_MAX];       /* R^2 mod m */
	__m512i quotient[RSA_IFMA_DIGITS_MAX]; /* scratch of multiply and square; here so that it is wiped with the rest
						*/
	__m512i k0;                            /* -m^-1 mod 2^52 */
	uint32_t count, bits;
};

/* out = a b / R mod m. `out` may be one of the operands. */
void rsa_ifma_multiply(__m512i *out, const __m512i *a, const __m512i *b, struct rsa_ifma_modulus *m);
/* out = a a / R mod m. */
void rsa_ifma_square(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m);
/* A table look-up that squarings do on the side (rsa_ifma_look_up.h): digits found so far go to `out`. */
struct rsa_ifma_look_up {
	const __m512i *table; /* [digit][entry] */
	__m512i *out;
	__m512i index;
	uint32_t next; /* the digit to find next */
};
/* The same, and the next 2 count / 10 digits of a look-up. */
void rsa_ifma_square_and_look_up(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m,
				 struct rsa_ifma_look_up *look_up);
/* out = a / R mod m, below or equal to m. */
void rsa_ifma_from_montgomery(__m512i *out, const __m512i *a, struct rsa_ifma_modulus *m);
/* out[0 .. 2 count) = a b, no reduction. */
void rsa_ifma_product(__m512i *out, const __m512i *a, const __m512i *b, uint32_t count);

/* out = base^exponent in Montgomery form; base in Montgomery form, exponents of m->bits bits, little-endian in
 * 64-bit words, one lane each. */
void rsa_ifma_exponentiate(__m512i *out, const __m512i *base, const __m512i *exponent, struct rsa_ifma_modulus *m);
/* out = in^e mod m, fully reduced; in below m, not in Montgomery form. Exponents are odd and public. */
void rsa_ifma_exponentiate_public(__m512i *out, const __m512i *in, const uint64_t e[RSA_LANES],
				  struct rsa_ifma_modulus *m);

/* out = in R mod m, below 4 m, for `in` of 2 count digits: into Montgomery form. */
void rsa_ifma_reduce(__m512i *out, const __m512i *in, struct rsa_ifma_modulus *m);
/* Subtracts m once from lanes that are not below it. */
void rsa_ifma_subtract_modulus(__m512i *a, const struct rsa_ifma_modulus *m);
/* out[0 .. 2 count) = mq + q (qinv (mp - mq) mod p): Garner's recombination. mp <= p and mq < q. */
void rsa_ifma_recombine(__m512i *out, const __m512i *mp, const __m512i *mq, const __m512i *qinv,
			struct rsa_ifma_modulus *p, const struct rsa_ifma_modulus *q);

/* Little-endian byte strings to digits and back. `count` digits; a lane whose pointer is NULL is not written. */
void rsa_ifma_from_bytes(__m512i *out, uint32_t count, const uint8_t *const in[RSA_LANES], size_t bytes);
void rsa_ifma_to_bytes(uint8_t *const out[RSA_LANES], size_t bytes, const __m512i *in, uint32_t count);
/* Eight vectors of `count` little-endian 64-bit words side by side. */
void rsa_ifma_interleave(__m512i *out, const void *const in[RSA_LANES], uint32_t count);

/* Overwrites secrets; the compiler does not remove it. */
void rsa_ifma_wipe(void *memory, size_t size);

#endif
