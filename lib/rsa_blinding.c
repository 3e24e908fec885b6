/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blinding pairs; see rsa_blinding.h.
 *
 * Every number that OpenSSL sees here is random by itself, so its timing tells nothing: the one
 * function whose time depends on its input, the inversion, gets the r times another random number.
 */
#include "rsa_blinding.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>

#include "engine.h"
#include "rsa_key.h"
#include "secure_memory.h"

int rsa_calculator_init(struct rsa_calculator *calculator)
{
	*calculator = (struct rsa_calculator){
		.context = BN_CTX_secure_new(),
		.a = BN_secure_new(),
		.b = BN_secure_new(),
	};
	if (calculator->context != NULL && calculator->a != NULL && calculator->b != NULL)
		return 0;
	rsa_calculator_fini(calculator);
	return -ENOMEM;
}

void rsa_calculator_fini(struct rsa_calculator *calculator)
{
	BN_clear_free(calculator->a);
	BN_clear_free(calculator->b);
	BN_CTX_free(calculator->context);
	*calculator = (struct rsa_calculator){ 0 };
}

int rsa_blinding_init(struct rsa_blinding *blinding, struct secure_memory *memory, uint32_t bytes)
{
	*blinding = (struct rsa_blinding){ .bytes = bytes };
	return secure_memory_map(memory, (size_t)bytes * 2 * RSA_LANES, &blinding->region);
}

void rsa_blinding_fini(struct rsa_blinding *blinding, struct secure_memory *memory)
{
	if (blinding->region.base == NULL)
		return;
	explicit_bzero(blinding->region.base, blinding->region.size);
	secure_memory_unmap(memory, &blinding->region);
}

static bool draw_number(BIGNUM *number, const struct glacis_rsa_key *key, BN_CTX *context)
{
	do {
		if (!BN_priv_rand_range_ex(number, key->n_number, 0, context))
			return false;
	} while (BN_is_zero(number));
	return true;
}

static bool write_number(const BIGNUM *number, uint8_t *to, uint32_t bytes)
{
	return BN_bn2lebinpad(number, to, (int)bytes) >= 0;
}

/*
 * All r by one inversion: with products[i] = mask r_0 ... r_(i-1), the inverse of products[8] gives each r's, from
 * the last to the first. No inverse exists for multiples of p or q, which nobody will ever draw.
 */
static bool invert(const struct rsa_blinding *blinding, const struct glacis_rsa_key *key, BN_CTX *context,
		   BIGNUM *const r[RSA_LANES], BIGNUM *const products[RSA_LANES + 1])
{
	BIGNUM *rest = products[RSA_LANES];
	const BIGNUM *n = key->n_number;

	if (!draw_number(products[0], key, context))
		return false;
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		if (!BN_mod_mul(products[lane + 1], products[lane], r[lane], n, context))
			return false;
	if (BN_mod_inverse(rest, rest, n, context) == NULL)
		return false;
	for (unsigned lane = RSA_LANES; lane-- > 0;) {
		BIGNUM *inverse = products[lane];
		if (!BN_mod_mul(inverse, inverse, rest, n, context) ||
		    !write_number(inverse, rsa_blinding_inverse(blinding, lane), key->bytes) ||
		    !BN_mod_mul(rest, rest, r[lane], n, context))
			return false;
	}
	return true;
}

static void raise_factors(const struct rsa_blinding *blinding, const struct glacis_rsa_key *key)
{
	const struct rsa_lane_key *keys[RSA_LANES];
	const uint8_t *in[RSA_LANES];
	uint8_t *out[RSA_LANES];

	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		keys[lane] = &key->secrets->lane;
		in[lane] = out[lane] = rsa_blinding_factor(blinding, lane);
	}
	key->engine->rsa.lanes->public_x8(keys, in, out);
}

/* New pairs for all lanes. */
static bool draw_pairs(const struct rsa_blinding *blinding, const struct glacis_rsa_key *key, BN_CTX *context)
{
	BIGNUM *r[RSA_LANES], *products[RSA_LANES + 1];
	bool done = true;

	BN_CTX_start(context);
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		r[lane] = BN_CTX_get(context);
	for (unsigned lane = 0; lane <= RSA_LANES; lane++)
		products[lane] = BN_CTX_get(context);
	/* Once it has failed it always does. */
	if (products[RSA_LANES] == NULL) {
		BN_CTX_end(context);
		return false;
	}
	for (unsigned lane = 0; lane < RSA_LANES && done; lane++)
		done = draw_number(r[lane], key, context) &&
		       write_number(r[lane], rsa_blinding_factor(blinding, lane), key->bytes);
	done = done && invert(blinding, key, context, r, products);
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		BN_clear(r[lane]);
		BN_clear(products[lane]);
	}
	BN_clear(products[RSA_LANES]);
	BN_CTX_end(context);
	if (done)
		raise_factors(blinding, key);
	return done;
}

int rsa_blinding_take(struct rsa_blinding *blinding, const struct glacis_rsa_key *key,
		      struct rsa_calculator *calculator, unsigned lane)
{
	if (blinding->uses_left[lane] == 0) {
		if (!draw_pairs(blinding, key, calculator->context)) {
			/* Half of them may be new by now. */
			memset(blinding->uses_left, 0, sizeof(blinding->uses_left));
			return -EIO;
		}
		memset(blinding->uses_left, RSA_BLINDING_USES, sizeof(blinding->uses_left));
	}
	blinding->uses_left[lane]--;
	return 0;
}
