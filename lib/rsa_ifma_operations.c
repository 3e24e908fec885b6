/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private and the public operation and the product modulo n for eight keys of one size. Called through
 * the table in rsa_ifma.c.
 *
 * Idle lanes compute on the first busy lane's key and number; their results are dropped. Which lanes are idle,
 * and the size, are public.
 */
#include <stddef.h>

#include "rsa_ifma.h"
#include "rsa_ifma_operations.h"

/* A batch with the idle lanes filled. */
struct batch {
	const struct rsa_lane_key *keys[RSA_LANES];
	const uint8_t *in[RSA_LANES], *factor[RSA_LANES];
	uint8_t *out[RSA_LANES];
};

/* False: no lane is busy. */
static bool fill_batch(struct batch *batch, const struct rsa_lane_key *const keys[RSA_LANES],
		       const uint8_t *const in[RSA_LANES], const uint8_t *const factor[RSA_LANES],
		       uint8_t *const out[RSA_LANES])
{
	unsigned busy = 0;

	while (busy < RSA_LANES && !keys[busy])
		busy++;
	if (busy == RSA_LANES)
		return false;
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		const unsigned from = keys[lane] ? lane : busy;

		batch->keys[lane] = keys[from];
		batch->in[lane] = in[from];
		batch->factor[lane] = factor[from];
		batch->out[lane] = keys[lane] ? out[lane] : NULL;
	}
	return true;
}

/* The modulus at `offset` of each key. */
static void load_modulus(struct rsa_ifma_modulus *m, const struct batch *batch, size_t offset)
{
	const struct rsa_modulus *from[RSA_LANES];
	const void *digits[RSA_LANES], *rr[RSA_LANES], *k0[RSA_LANES];

	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		from[lane] = (const void *)((const uint8_t *)batch->keys[lane] + offset);
		digits[lane] = from[lane]->digits;
		rr[lane] = from[lane]->rr;
		k0[lane] = &from[lane]->k0;
	}
	m->count = from[0]->count;
	m->bits = from[0]->bits;
	rsa_ifma_interleave(m->digits, digits, m->count);
	rsa_ifma_interleave(m->rr, rr, m->count);
	rsa_ifma_interleave(&m->k0, k0, 1);
}

/* out = in^exponent mod m, below m. */
static void exponentiate_half(__m512i *out, const __m512i *in, struct rsa_ifma_modulus *m,
			      const void *const exponents[RSA_LANES])
{
	__m512i exponent[RSA_IFMA_HALF_MAX], base[RSA_IFMA_HALF_MAX];

	rsa_ifma_interleave(exponent, exponents, m->bits / 64);
	rsa_ifma_reduce(base, in, m);
	rsa_ifma_exponentiate(out, base, exponent, m);
	rsa_ifma_from_montgomery(out, out, m);
	rsa_ifma_subtract_modulus(out, m);
	rsa_ifma_wipe(exponent, sizeof(exponent));
	rsa_ifma_wipe(base, sizeof(base));
}

/* Everything of a private operation that is secret. */
struct private_scratch {
	struct rsa_ifma_modulus p, q;
	__m512i number[2 * RSA_IFMA_HALF_MAX];
	__m512i mp[RSA_IFMA_HALF_MAX], mq[RSA_IFMA_HALF_MAX], qinv[RSA_IFMA_HALF_MAX];
};

void rsa_ifma_private_x8(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const in[RSA_LANES],
			 uint8_t *const out[RSA_LANES])
{
	const void *dp[RSA_LANES], *dq[RSA_LANES], *qinv[RSA_LANES];
	struct private_scratch s;
	struct batch batch;

	if (!fill_batch(&batch, keys, in, in, out))
		return;
	const size_t bytes = batch.keys[0]->bits / 8;
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		dp[lane] = batch.keys[lane]->dp;
		dq[lane] = batch.keys[lane]->dq;
		qinv[lane] = batch.keys[lane]->qinv;
	}
	load_modulus(&s.p, &batch, offsetof(struct rsa_lane_key, p));
	load_modulus(&s.q, &batch, offsetof(struct rsa_lane_key, q));
	rsa_ifma_interleave(s.qinv, qinv, s.p.count);
	rsa_ifma_from_bytes(s.number, 2 * s.p.count, batch.in, bytes);
	exponentiate_half(s.mp, s.number, &s.p, dp);
	exponentiate_half(s.mq, s.number, &s.q, dq);
	rsa_ifma_recombine(s.number, s.mp, s.mq, s.qinv, &s.p, &s.q);
	rsa_ifma_to_bytes(batch.out, bytes, s.number, 2 * s.p.count);
	rsa_ifma_wipe(&s, sizeof(s));
}

void rsa_ifma_public_x8(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const in[RSA_LANES],
			uint8_t *const out[RSA_LANES])
{
	__m512i number[RSA_IFMA_DIGITS_MAX], result[RSA_IFMA_DIGITS_MAX];
	uint64_t e[RSA_LANES];
	struct rsa_ifma_modulus n;
	struct batch batch;

	if (!fill_batch(&batch, keys, in, in, out))
		return;
	const size_t bytes = batch.keys[0]->bits / 8;
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		e[lane] = batch.keys[lane]->e;
	load_modulus(&n, &batch, offsetof(struct rsa_lane_key, n));
	rsa_ifma_from_bytes(number, n.count, batch.in, bytes);
	rsa_ifma_exponentiate_public(result, number, e, &n);
	rsa_ifma_to_bytes(batch.out, bytes, result, n.count);
	rsa_ifma_wipe(number, sizeof(number));
	rsa_ifma_wipe(result, sizeof(result));
	rsa_ifma_wipe(&n, sizeof(n));
}

void rsa_ifma_multiply_x8(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const a[RSA_LANES],
			  const uint8_t *const b[RSA_LANES], uint8_t *const out[RSA_LANES])
{
	__m512i number[RSA_IFMA_DIGITS_MAX], factor[RSA_IFMA_DIGITS_MAX];
	struct rsa_ifma_modulus n;
	struct batch batch;

	if (!fill_batch(&batch, keys, a, b, out))
		return;
	const size_t bytes = batch.keys[0]->bits / 8;
	load_modulus(&n, &batch, offsetof(struct rsa_lane_key, n));
	rsa_ifma_from_bytes(number, n.count, batch.in, bytes);
	rsa_ifma_from_bytes(factor, n.count, batch.factor, bytes);
	rsa_ifma_multiply(number, number, factor, &n);
	rsa_ifma_multiply(number, number, n.rr, &n);
	rsa_ifma_subtract_modulus(number, &n);
	rsa_ifma_to_bytes(batch.out, bytes, number, n.count);
	rsa_ifma_wipe(number, sizeof(number));
	rsa_ifma_wipe(factor, sizeof(factor));
	rsa_ifma_wipe(&n, sizeof(n));
}
