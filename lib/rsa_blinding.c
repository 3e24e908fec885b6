/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blinding pairs; see rsa_blinding.h.
 *
 * Every number that OpenSSL sees here is random by itself, so its timing tells nothing: the one
 * function whose time depends on its input, the inversion, gets r times another random number.
 */
#include "rsa_blinding.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>

#include "rsa_key.h"
#include "secure_memory.h"

int rsa_calculator_init(struct rsa_calculator *calculator)
{
	*calculator = (struct rsa_calculator){
		.context = BN_CTX_secure_new(),
		.a = BN_secure_new(),
		.b = BN_secure_new(),
		.c = BN_secure_new(),
	};
	if (calculator->context != NULL && calculator->a != NULL && calculator->b != NULL && calculator->c != NULL)
		return 0;
	rsa_calculator_fini(calculator);
	return -ENOMEM;
}

void rsa_calculator_fini(struct rsa_calculator *calculator)
{
	BN_clear_free(calculator->a);
	BN_clear_free(calculator->b);
	BN_clear_free(calculator->c);
	BN_CTX_free(calculator->context);
	*calculator = (struct rsa_calculator){ 0 };
}

int rsa_blinding_init(struct rsa_blinding *blinding, struct secure_memory *memory)
{
	void *pair;
	int error = secure_memory_alloc(memory, sizeof(*blinding->pair), &pair);

	if (error != 0)
		return error;
	*blinding = (struct rsa_blinding){ .pair = pair };
	return 0;
}

void rsa_blinding_fini(struct rsa_blinding *blinding, struct secure_memory *memory)
{
	if (blinding->pair != NULL)
		secure_memory_free(memory, blinding->pair, sizeof(*blinding->pair));
	*blinding = (struct rsa_blinding){ 0 };
}

/* a = r^e, b = r^-1 of a new r. The inverse does not exist for multiples of p or q, which nobody will ever draw. */
static bool draw(const struct glacis_rsa_key *key, struct rsa_calculator *calculator)
{
	BIGNUM *r = calculator->a, *inverse = calculator->b, *mask = calculator->c;
	const BIGNUM *n = key->n_number;

	do {
		if (!BN_priv_rand_range_ex(r, n, 0, calculator->context) ||
		    !BN_priv_rand_range_ex(mask, n, 0, calculator->context))
			return false;
	} while (BN_is_zero(r) || BN_is_zero(mask));
	return BN_mod_mul(inverse, r, mask, n, calculator->context) &&
	       BN_mod_inverse(inverse, inverse, n, calculator->context) != NULL &&
	       BN_mod_mul(inverse, inverse, mask, n, calculator->context) &&
	       BN_mod_exp_mont(r, r, key->e_number, n, calculator->context, key->montgomery);
}

static bool square(BIGNUM *number, const struct glacis_rsa_key *key, BN_CTX *context)
{
	/* The first product lacks the factor that the second one brings. */
	return BN_mod_mul_montgomery(number, number, number, key->montgomery, context) &&
	       BN_to_montgomery(number, number, key->montgomery, context);
}

static bool advance(const struct rsa_blinding *blinding, const struct glacis_rsa_key *key,
		    struct rsa_calculator *calculator)
{
	return BN_lebin2bn(blinding->pair->factor, (int)key->bytes, calculator->a) != NULL &&
	       BN_lebin2bn(blinding->pair->inverse, (int)key->bytes, calculator->b) != NULL &&
	       square(calculator->a, key, calculator->context) && square(calculator->b, key, calculator->context);
}

int rsa_blinding_take(struct rsa_blinding *blinding, const struct glacis_rsa_key *key,
		      struct rsa_calculator *calculator, uint8_t *factor, uint8_t *inverse)
{
	struct rsa_blinding_pair *pair = blinding->pair;
	uint32_t uses_left = blinding->uses_left == 0 ? RSA_BLINDING_USES : blinding->uses_left;
	bool done = uses_left == RSA_BLINDING_USES ? draw(key, calculator) : advance(blinding, key, calculator);

	/* Until all went well: should it not, a new pair is drawn. */
	blinding->uses_left = 0;
	done = done && BN_bn2lebinpad(calculator->a, pair->factor, (int)key->bytes) > 0 &&
	       BN_bn2lebinpad(calculator->b, pair->inverse, (int)key->bytes) > 0;
	BN_clear(calculator->a);
	BN_clear(calculator->b);
	BN_clear(calculator->c);
	if (!done)
		return -EIO;
	blinding->uses_left = uses_left - 1;
	memcpy(factor, pair->factor, key->bytes);
	memcpy(inverse, pair->inverse, key->bytes);
	return 0;
}
