/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA of the model, by OpenSSL's big numbers in constant time. As the card it computes a power and no more: no padding,
 * no blinding, and no check of the result, which is the software's.
 */
#include <errno.h>
#include <stdlib.h>

#include <openssl/bn.h>

#include "model.h"

struct vcard_rsa_thread {
	BN_CTX *context;
};

struct vcard_key {
	enum glacis_card_key_kind kind;
	int size;
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
	BN_MONT_CTX *mont_n, *mont_p, *mont_q;
};

int vcard_model_rsa_open(struct vcard_rsa_thread **thread)
{
	*thread = calloc(1, sizeof(**thread));
	if (!*thread)
		return -ENOMEM;
	(*thread)->context = BN_CTX_secure_new();
	return (*thread)->context ? 0 : -ENOMEM;
}

void vcard_model_rsa_close(struct vcard_rsa_thread *thread)
{
	if (thread)
		BN_CTX_free(thread->context);
	free(thread);
}

void vcard_model_rsa_key_free(struct vcard_key *key)
{
	BIGNUM *numbers[] = { key->n, key->e, key->d, key->p, key->q, key->dp, key->dq, key->qinv };

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		BN_clear_free(numbers[i]);
	BN_MONT_CTX_free(key->mont_n);
	BN_MONT_CTX_free(key->mont_p);
	BN_MONT_CTX_free(key->mont_q);
	free(key);
}

/* ---- loading ---- */

/* The next number of `size` bytes, behind which `*bytes` then points. NULL without memory. */
static BIGNUM *take(const uint8_t **bytes, uint32_t size)
{
	BIGNUM *number = BN_bin2bn(*bytes, (int)size, NULL);

	if (number)
		BN_set_flags(number, BN_FLG_CONSTTIME);
	*bytes += size;
	return number;
}

static bool take_numbers(struct vcard_key *key, const struct vcard_key_numbers *from)
{
	const uint8_t *bytes = from->bytes;
	uint32_t half = from->modulus_size / 2;

	key->n = take(&bytes, from->modulus_size);
	key->e = take(&bytes, from->exponent_size);
	if (!key->n || !key->e)
		return false;
	if (from->kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT) {
		key->d = take(&bytes, from->modulus_size);
		return key->d;
	}
	if (from->kind == GLACIS_CARD_KEY_KIND_RSA_CRT) {
		key->p = take(&bytes, half);
		key->q = take(&bytes, half);
		key->dp = take(&bytes, half);
		key->dq = take(&bytes, half);
		key->qinv = take(&bytes, half);
		return key->p && key->q && key->dp && key->dq && key->qinv;
	}
	return true;
}

static bool is_modulus(const BIGNUM *number)
{
	return BN_is_odd(number) && BN_num_bits(number) > 1;
}

/* 0 < number < limit */
static bool is_below(const BIGNUM *number, const BIGNUM *limit)
{
	return !BN_is_zero(number) && BN_cmp(number, limit) < 0;
}

/* n has as many bytes as said, exponents are below their moduli. That the numbers belong together is not checked. */
static bool numbers_are_good(const struct vcard_key *key)
{
	if (!is_modulus(key->n) || BN_num_bytes(key->n) != key->size || !BN_is_odd(key->e) || !is_below(key->e, key->n))
		return false;
	if (key->kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT)
		return is_below(key->d, key->n);
	if (key->kind == GLACIS_CARD_KEY_KIND_RSA_CRT)
		return is_modulus(key->p) && is_modulus(key->q) && is_below(key->dp, key->p) &&
		       is_below(key->dq, key->q) && is_below(key->qinv, key->p);
	return true;
}

static BN_MONT_CTX *prepare(const BIGNUM *modulus, BN_CTX *context)
{
	BN_MONT_CTX *made = BN_MONT_CTX_new();

	if (made && !BN_MONT_CTX_set(made, modulus, context)) {
		BN_MONT_CTX_free(made);
		made = NULL;
	}
	return made;
}

static bool prepare_moduli(struct vcard_key *key)
{
	BN_CTX *context = BN_CTX_secure_new();
	bool good = false;

	if (!context)
		return false;
	key->mont_n = prepare(key->n, context);
	good = key->mont_n;
	if (good && key->kind == GLACIS_CARD_KEY_KIND_RSA_CRT) {
		key->mont_p = prepare(key->p, context);
		key->mont_q = prepare(key->q, context);
		good = key->mont_p && key->mont_q;
	}
	BN_CTX_free(context);
	return good;
}

enum glacis_card_status vcard_model_rsa_key_make(struct vcard_engine *engine, const struct vcard_key_numbers *numbers,
						 struct vcard_key **key)
{
	struct vcard_key *made = calloc(1, sizeof(*made));
	enum glacis_card_status status = GLACIS_CARD_STATUS_INTERNAL;

	if (!made)
		return status;
	made->kind = numbers->kind;
	made->size = (int)numbers->modulus_size;
	if (!take_numbers(made, numbers))
		goto failed;
	status = GLACIS_CARD_STATUS_KEY_BAD;
	if (!numbers_are_good(made))
		goto failed;
	status = GLACIS_CARD_STATUS_INTERNAL;
	if (!prepare_moduli(made))
		goto failed;
	*key = made;
	return GLACIS_CARD_STATUS_OK;
failed:
	vcard_model_rsa_key_free(made);
	return status;
}

/* ---- running ---- */

static bool power(BIGNUM *result, const BIGNUM *base, const BIGNUM *exponent, const BIGNUM *modulus, BN_MONT_CTX *mont,
		  BN_CTX *context)
{
	BIGNUM *reduced = BN_CTX_get(context);

	return reduced && BN_nnmod(reduced, base, modulus, context) &&
	       BN_mod_exp_mont_consttime(result, reduced, exponent, modulus, context, mont);
}

/* Garner: q * (qinv * (base^dp mod p - base^dq mod q) mod p) + base^dq mod q */
static bool power_crt(BIGNUM *result, const BIGNUM *base, const struct vcard_key *key, BN_CTX *context)
{
	BIGNUM *mod_p = BN_CTX_get(context), *mod_q = BN_CTX_get(context), *h = BN_CTX_get(context);

	return h && power(mod_p, base, key->dp, key->p, key->mont_p, context) &&
	       power(mod_q, base, key->dq, key->q, key->mont_q, context) &&
	       BN_mod_sub(h, mod_p, mod_q, key->p, context) && BN_mod_mul(h, h, key->qinv, key->p, context) &&
	       BN_mul(result, h, key->q, context) && BN_add(result, result, mod_q);
}

static enum glacis_card_status run(BN_CTX *context, const struct vcard_key *key, bool private_exponent,
				   const uint8_t *base, uint8_t *result)
{
	BIGNUM *in = BN_CTX_get(context), *out = BN_CTX_get(context);
	bool good;

	if (!out || !BN_bin2bn(base, key->size, in))
		return GLACIS_CARD_STATUS_INTERNAL;
	if (BN_cmp(in, key->n) >= 0)
		return GLACIS_CARD_STATUS_VALUE_RANGE;
	if (!private_exponent)
		good = power(out, in, key->e, key->n, key->mont_n, context);
	else if (key->kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT)
		good = power(out, in, key->d, key->n, key->mont_n, context);
	else
		good = power_crt(out, in, key, context);
	/* Numbers of a CRT key that do not belong together may give more than n has bytes. */
	if (!good || BN_bn2binpad(out, result, key->size) != key->size)
		return GLACIS_CARD_STATUS_INTERNAL;
	return GLACIS_CARD_STATUS_OK;
}

enum glacis_card_status vcard_model_rsa_run(struct vcard_rsa_thread *thread, const struct vcard_key *key,
					    bool private_exponent, const uint8_t *base, uint8_t *result)
{
	enum glacis_card_status status;

	BN_CTX_start(thread->context);
	status = run(thread->context, key, private_exponent, base, result);
	BN_CTX_end(thread->context);
	return status;
}
