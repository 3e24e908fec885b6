/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys as OpenSSL keeps them for us; see rsa_key.h.
 */
#include "rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "crew.h"

struct rsa_key *rsa_key_new(struct provider *provider)
{
	struct rsa_key *key = OPENSSL_zalloc(sizeof(*key));

	if (key == NULL)
		return NULL;
	atomic_init(&key->references, 1);
	key->provider = provider;
	atomic_fetch_add(&provider->keys, 1);
	return key;
}

struct rsa_key *rsa_key_hold(struct rsa_key *key)
{
	atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
	return key;
}

void rsa_key_release(struct rsa_key *key)
{
	if (key == NULL || atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) != 1)
		return;
	crew_key_forget(key);
	EVP_PKEY_free(key->pair);
	atomic_fetch_sub(&key->provider->keys, 1); /* the last look at the provider */
	OPENSSL_free(key);
}

/* A third prime shows as its exponent. */
static bool has_third_prime(EVP_PKEY *pair)
{
	BIGNUM *prime = NULL;

	ERR_set_mark();
	bool found = EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_FACTOR3, &prime) == 1;
	ERR_pop_to_mark();
	BN_clear_free(prime);
	return found;
}

/* A key may come as n, e and d alone: without primes there is nothing for lanes to work with. */
static bool has_primes(EVP_PKEY *pair)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
					     OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
					     OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
	bool all = true;

	ERR_set_mark();
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]) && all; i++) {
		BIGNUM *number = NULL;
		all = EVP_PKEY_get_bn_param(pair, names[i], &number) == 1;
		BN_clear_free(number);
	}
	ERR_pop_to_mark();
	return all;
}

void rsa_key_adopt(struct rsa_key *key, EVP_PKEY *pair, bool is_private)
{
	int bits = EVP_PKEY_get_bits(pair);

	key->pair = pair;
	key->is_private = is_private;
	key->fits_lanes = is_private && (bits == 2048 || bits == 3072 || bits == 4096) && has_primes(pair) &&
			  !has_third_prime(pair);
}

bool rsa_key_import(struct rsa_key *key, int selection, const OSSL_PARAM params[])
{
	const struct inner *inner = provider_inner(key->provider);
	bool is_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 &&
			  OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_D) != NULL;
	EVP_PKEY_CTX *context;
	EVP_PKEY *pair = NULL;

	if (inner == NULL || key->pair != NULL)
		return false;
	context = EVP_PKEY_CTX_new_from_name(inner->library, "RSA", NULL);
	/* OpenSSL only reads the parameters. */
	if (context != NULL && EVP_PKEY_fromdata_init(context) > 0 &&
	    EVP_PKEY_fromdata(context, &pair, selection, (OSSL_PARAM *)(uintptr_t)params) > 0)
		rsa_key_adopt(key, pair, is_private);
	EVP_PKEY_CTX_free(context);
	return key->pair != NULL;
}

size_t rsa_key_bytes(const struct rsa_key *key)
{
	int size = EVP_PKEY_get_size(key->pair);

	return size > 0 ? (size_t)size : 0;
}

EVP_PKEY_CTX *rsa_key_context(const struct rsa_key *key)
{
	const struct inner *inner = provider_inner(key->provider);

	if (inner == NULL || key->pair == NULL)
		return NULL;
	return EVP_PKEY_CTX_new_from_pkey(inner->library, key->pair, NULL);
}
