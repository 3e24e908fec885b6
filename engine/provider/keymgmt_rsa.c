/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA key management for OpenSSL: every question is passed on to the inner key (rsa_key.h).
 *
 * Keys come here in two ways: OpenSSL exports a key of its own provider to us when an operation of ours is to use it,
 * or a program makes one by name (EVP_PKEY_fromdata, EVP_PKEY_generate). In the second way there is no other provider
 * to fall back to, so every key that OpenSSL takes is taken, whether or not lanes can use it.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#include "rsa_key.h"

/* The numbers of a key, as imported and exported. */
#define PUBLIC_PARAMS OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0), OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0)
#define PRIVATE_PARAMS                                                                                                 \
	OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_D, NULL, 0), OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR1, NULL, 0),            \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR2, NULL, 0),                                                   \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR3, NULL, 0),                                                   \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR4, NULL, 0),                                                   \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_FACTOR5, NULL, 0),                                                   \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT1, NULL, 0),                                                 \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT2, NULL, 0),                                                 \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT3, NULL, 0),                                                 \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT4, NULL, 0),                                                 \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_EXPONENT5, NULL, 0),                                                 \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, NULL, 0),                                              \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_COEFFICIENT2, NULL, 0),                                              \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_COEFFICIENT3, NULL, 0),                                              \
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_COEFFICIENT4, NULL, 0)

static void *key_new(void *provider)
{
	return rsa_key_new(provider);
}

static void key_free(void *key)
{
	rsa_key_release(key);
}

static int key_import(void *opaque, int selection, const OSSL_PARAM params[])
{
	return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 && rsa_key_import(opaque, selection, params);
}

static const OSSL_PARAM *key_types(int selection)
{
	static const OSSL_PARAM public_only[] = { PUBLIC_PARAMS, OSSL_PARAM_END };
	static const OSSL_PARAM private_only[] = { PRIVATE_PARAMS, OSSL_PARAM_END };
	static const OSSL_PARAM both[] = { PUBLIC_PARAMS, PRIVATE_PARAMS, OSSL_PARAM_END };

	switch (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) {
	case OSSL_KEYMGMT_SELECT_PUBLIC_KEY:
		return public_only;
	case OSSL_KEYMGMT_SELECT_PRIVATE_KEY:
		return private_only;
	case OSSL_KEYMGMT_SELECT_KEYPAIR:
		return both;
	default:
		return NULL;
	}
}

static int key_export(void *opaque, int selection, OSSL_CALLBACK *callback, void *argument)
{
	const struct rsa_key *key = opaque;

	if (key->pair == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
		return 0;
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->is_private)
		selection &= ~OSSL_KEYMGMT_SELECT_PRIVATE_KEY;
	return EVP_PKEY_export(key->pair, selection, callback, argument);
}

static int key_has(const void *opaque, int selection)
{
	const struct rsa_key *key = opaque;

	if (key == NULL || ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 && key->pair == NULL))
		return 0;
	return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || key->is_private;
}

static bool same_private(const struct rsa_key *one, const struct rsa_key *other)
{
	BIGNUM *a = NULL, *b = NULL;
	bool same = EVP_PKEY_get_bn_param(one->pair, OSSL_PKEY_PARAM_RSA_D, &a) &&
		    EVP_PKEY_get_bn_param(other->pair, OSSL_PKEY_PARAM_RSA_D, &b) && BN_cmp(a, b) == 0;

	BN_clear_free(a);
	BN_clear_free(b);
	return same;
}

static int key_match(const void *opaque_one, const void *opaque_other, int selection)
{
	const struct rsa_key *one = opaque_one, *other = opaque_other;

	if (one->pair == NULL || other->pair == NULL || EVP_PKEY_eq(one->pair, other->pair) != 1)
		return 0;
	/* Equal public halves have equal private ones; only who asks for the private ones alone wants them compared. */
	if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
		return one->is_private && other->is_private && same_private(one, other);
	return 1;
}

static int key_validate(const void *opaque, int selection, int check_type)
{
	const struct rsa_key *key = opaque;
	EVP_PKEY_CTX *context = rsa_key_context(key);
	bool quick = check_type == OSSL_KEYMGMT_VALIDATE_QUICK_CHECK;
	int valid = 1;

	if (context == NULL)
		return 0;
	switch (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) {
	case OSSL_KEYMGMT_SELECT_KEYPAIR:
		valid = EVP_PKEY_pairwise_check(context);
		break;
	case OSSL_KEYMGMT_SELECT_PRIVATE_KEY:
		valid = EVP_PKEY_private_check(context);
		break;
	case OSSL_KEYMGMT_SELECT_PUBLIC_KEY:
		valid = quick ? EVP_PKEY_public_check_quick(context) : EVP_PKEY_public_check(context);
		break;
	}
	EVP_PKEY_CTX_free(context);
	return valid == 1;
}

static int import_into(const OSSL_PARAM params[], void *opaque)
{
	return rsa_key_import(opaque, OSSL_KEYMGMT_SELECT_KEYPAIR, params);
}

static void *key_dup(const void *opaque, int selection)
{
	const struct rsa_key *key = opaque;
	struct rsa_key *copy = rsa_key_new(key->provider);

	if (copy == NULL || key->pair == NULL)
		return copy;
	if (key_has(key, selection) && (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 &&
	    EVP_PKEY_export(key->pair, selection, import_into, copy))
		return copy;
	rsa_key_release(copy);
	return NULL;
}

static const OSSL_PARAM *key_gettable(void *provider)
{
	const struct inner *inner = provider_inner(provider);

	return inner != NULL ? EVP_KEYMGMT_gettable_params(inner->keymgmt) : NULL;
}

static int key_get_params(void *opaque, OSSL_PARAM params[])
{
	const struct rsa_key *key = opaque;

	return key->pair != NULL && EVP_PKEY_get_params(key->pair, params);
}

static const char *operation_name(int operation)
{
	return operation == OSSL_OP_SIGNATURE || operation == OSSL_OP_ASYM_CIPHER ? "RSA" : NULL;
}

/* Generation. */

struct generation {
	struct provider *provider;
	EVP_PKEY_CTX *context;
	OSSL_CALLBACK *callback;
	void *argument;
};

static int gen_set_params(void *opaque, const OSSL_PARAM params[])
{
	struct generation *generation = opaque;

	return params == NULL || params->key == NULL || EVP_PKEY_CTX_set_params(generation->context, params) > 0;
}

static void gen_cleanup(void *opaque)
{
	struct generation *generation = opaque;

	if (generation == NULL)
		return;
	EVP_PKEY_CTX_free(generation->context);
	OPENSSL_free(generation);
}

static void *gen_init(void *opaque, int selection, const OSSL_PARAM params[])
{
	struct provider *provider = opaque;
	const struct inner *inner = provider_inner(provider);
	struct generation *generation;

	if (inner == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
		return NULL;
	generation = OPENSSL_zalloc(sizeof(*generation));
	if (generation == NULL)
		return NULL;
	generation->provider = provider;
	generation->context = EVP_PKEY_CTX_new_from_name(inner->library, "RSA", NULL);
	if (generation->context != NULL && EVP_PKEY_keygen_init(generation->context) > 0 &&
	    gen_set_params(generation, params))
		return generation;
	gen_cleanup(generation);
	return NULL;
}

static const OSSL_PARAM *gen_settable(void *opaque, void *provider)
{
	const struct generation *generation = opaque;

	return EVP_PKEY_CTX_settable_params(generation->context);
}

/* From the inner generator's way of telling how far it is to the caller's. */
static int gen_progress(EVP_PKEY_CTX *context)
{
	const struct generation *generation = EVP_PKEY_CTX_get_app_data(context);
	int potential = EVP_PKEY_CTX_get_keygen_info(context, 0), round = EVP_PKEY_CTX_get_keygen_info(context, 1);
	OSSL_PARAM params[] = { OSSL_PARAM_int(OSSL_GEN_PARAM_POTENTIAL, &potential),
				OSSL_PARAM_int(OSSL_GEN_PARAM_ITERATION, &round), OSSL_PARAM_END };

	return generation->callback(params, generation->argument);
}

static void *gen(void *opaque, OSSL_CALLBACK *callback, void *argument)
{
	struct generation *generation = opaque;
	struct rsa_key *key;
	EVP_PKEY *pair = NULL;

	if (callback != NULL) {
		generation->callback = callback;
		generation->argument = argument;
		EVP_PKEY_CTX_set_app_data(generation->context, generation);
		EVP_PKEY_CTX_set_cb(generation->context, gen_progress);
	}
	if (EVP_PKEY_generate(generation->context, &pair) <= 0)
		return NULL;
	key = rsa_key_new(generation->provider);
	if (key == NULL) {
		EVP_PKEY_free(pair);
		return NULL;
	}
	rsa_key_adopt(key, pair, true);
	return key;
}

const OSSL_DISPATCH provider_rsa_keymgmt[] = { { OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))key_new },
					       { OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))key_free },
					       { OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))key_has },
					       { OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))key_match },
					       { OSSL_FUNC_KEYMGMT_VALIDATE, (void (*)(void))key_validate },
					       { OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))key_dup },
					       { OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))key_import },
					       { OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))key_types },
					       { OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))key_export },
					       { OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))key_types },
					       { OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))key_get_params },
					       { OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))key_gettable },
					       { OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME,
						 (void (*)(void))operation_name },
					       { OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))gen_init },
					       { OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))gen_set_params },
					       { OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))gen_settable },
					       { OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))gen },
					       { OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))gen_cleanup },
					       { 0, NULL } };
