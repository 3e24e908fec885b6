/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modular exponentiation of eight independent numbers at once: the arithmetic under RSA, without
 * padding, blinding or checks. Called by the RSA batcher; each instruction set is one table.
 *
 * Concepts. A number of `bits` bits is held in radix 2^52: digit i of eight numbers lies in one
 * 512-bit register, one lane each. Everything secret (bases, exponents, moduli p and q, table indices)
 * is handled without secret-dependent branches or addresses.
 */
#ifndef GLACIS_LIB_RSA_LANES_H
#define GLACIS_LIB_RSA_LANES_H

#include <stdbool.h>
#include <stdint.h>

#define RSA_LANES 8u

/* One odd modulus with what Montgomery arithmetic needs of it, in radix 2^52. */
struct rsa_modulus {
	uint64_t *digits; /* `count` digits */
	uint64_t *rr;     /* R^2 mod m, R = 2^(52 count) */
	uint64_t k0;      /* -m^-1 mod 2^52 */
	uint32_t bits;    /* exact size in bits */
	uint32_t count;   /* digits: (bits + 51) / 52, plus slack if the implementation wants it */
};

/* A private key as the lanes use it. Lies in secure memory. */
struct rsa_lane_key {
	uint32_t bits; /* of n: 2048, 3072 or 4096; p and q have half of them */
	struct rsa_modulus n, p, q;
	uint8_t *dp, *dq; /* little-endian, bits / 16 bytes each */
	uint64_t *qinv;   /* q^-1 mod p, in p's Montgomery form */
	uint64_t e;       /* public exponent, odd, 3 .. 2^64-1 */
};

/* All values are little-endian byte strings of bits / 8 bytes. Lanes whose key pointer is NULL are idle: they
 * compute on a dummy and write nothing. All keys of a call have the same `bits`. Outputs may be the inputs. A private
 * operation takes about 140 KiB of stack. */
struct rsa_lanes {
	const char *name;
	bool (*usable)(void); /* this processor can run it */
	/* out = in^d mod n by CRT; in < n. Secret-independent time. */
	void (*private_x8)(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const in[RSA_LANES],
			   uint8_t *const out[RSA_LANES]);
	/* out = in^e mod n; e and n are public. */
	void (*public_x8)(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const in[RSA_LANES],
			  uint8_t *const out[RSA_LANES]);
	/* out = a * b mod n: for blinding and unblinding. */
	void (*multiply_x8)(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const a[RSA_LANES],
			    const uint8_t *const b[RSA_LANES], uint8_t *const out[RSA_LANES]);
};

extern const struct rsa_lanes rsa_lanes_ifma;

/* Bytes of memory that rsa_lane_key_fill needs for a key of `bits`. */
uint32_t rsa_lane_key_bytes(uint32_t bits);

/* Fills `key`, whose numbers go to `memory` (rsa_lane_key_bytes, 64-byte aligned, secure), from big-endian n, p, q,
 * dp, dq, qinv as RFC 8017 names them and e. The numbers have been validated. Returns 0 or -EINVAL (p or q not of
 * exactly bits / 2 bits). */
int rsa_lane_key_fill(struct rsa_lane_key *key, void *memory, uint32_t bits, const uint8_t *n, const uint8_t *p,
		      const uint8_t *q, const uint8_t *dp, const uint8_t *dq, const uint8_t *qinv, uint64_t e);

#endif
