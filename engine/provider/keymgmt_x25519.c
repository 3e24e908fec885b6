/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 key management for OpenSSL: keys are bytes (engine/common/x25519_key.h), pairs come from the pool
 * (key_pool.h), where none is ready from OpenSSL.
 */
#include <openssl/async.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "crew.h"
#include "key_pool.h"
#include "status.h"
#include "x25519_inner.h"

/* Pairs that a process takes from OpenSSL before a pool is made: most programs want no more than one. */
#define FIRST_PAIRS 4u

static _Atomic unsigned pairs_made;

static int key_import(void *opaque, int selection, const OSSL_PARAM params[])
{
	struct x25519_key *key = opaque;

	if (!x25519_key_take(key, selection, params))
		return 0;
	return key->has_public || x25519_inner_complete(key);
}

/* A half alone is any 32 bytes, of which libssl asks for each peer; whether two fit together OpenSSL computes. */
static int key_validate(const void *opaque, int selection, int check_type)
{
	const struct x25519_key *key = opaque;
	EVP_PKEY_CTX *context;
	EVP_PKEY *pair;
	int valid;

	if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != OSSL_KEYMGMT_SELECT_KEYPAIR)
		return x25519_key_has(key, selection);
	if (!x25519_key_has(key, selection) || (pair = x25519_inner_key(key)) == NULL)
		return 0;
	context = EVP_PKEY_CTX_new_from_pkey(provider_inner(key->provider)->library, pair, NULL);
	valid = context != NULL && EVP_PKEY_pairwise_check(context) == 1;
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(pair);
	return valid;
}

/* Generation. */

struct generation {
	struct provider *provider;
	bool pair;           /* or only the group, with nothing in it */
	EVP_PKEY_CTX *inner; /* that was told what only OpenSSL understands; else NULL */
};

/* Of DHKEM (RFC 9180), which OpenSSL 3.2 and newer derive a pair from. */
#define IKM "dhkem-ikm"

static int gen_set_params(void *opaque, const OSSL_PARAM params[])
{
	struct generation *generation = opaque;

	if (!x25519_key_generation_set_params(generation, params))
		return 0;
	if (params == NULL || OSSL_PARAM_locate_const(params, IKM) == NULL)
		return 1;
	if (generation->inner == NULL)
		generation->inner = x25519_inner_generation(generation->provider);
	return generation->inner != NULL && EVP_PKEY_CTX_set_params(generation->inner, params) > 0;
}

static void gen_cleanup(void *opaque)
{
	struct generation *generation = opaque;

	if (generation == NULL)
		return;
	EVP_PKEY_CTX_free(generation->inner);
	OPENSSL_free(generation);
}

static void *gen_init(void *provider, int selection, const OSSL_PARAM params[])
{
	struct generation *generation = OPENSSL_zalloc(sizeof(*generation));

	if (generation == NULL)
		return NULL;
	generation->provider = provider;
	generation->pair = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
	if (gen_set_params(generation, params))
		return generation;
	gen_cleanup(generation);
	return NULL;
}

/* A pair that was made ahead. On the small stack of an async job none can be made: the crew is asked. */
static bool take_ready(struct x25519_key *key)
{
	const struct provider *provider = key->provider;
	uint8_t private_key[X25519_KEY_SIZE], public_key[X25519_KEY_SIZE];
	bool in_job = ASYNC_get_current_job() != NULL, filled = false;

	if (!in_job && atomic_fetch_add_explicit(&pairs_made, 1, memory_order_relaxed) < FIRST_PAIRS)
		return false;
	if (!in_job && key_pool_ready() == 0 && key_pool_fill() != 0)
		return false;
	if (key_pool_take(private_key, public_key))
		filled = x25519_key_fill(key, private_key, public_key);
	else if (in_job)
		crew_ask_keys(provider);
	OPENSSL_cleanse(private_key, sizeof(private_key));
	return filled;
}

static void *gen(void *opaque, OSSL_CALLBACK *callback, void *argument)
{
	struct generation *generation = opaque;
	struct x25519_key *key = x25519_key_new(generation->provider);

	if (key == NULL || !generation->pair)
		return key;
	status_log_if_due(generation->provider);
	if (generation->inner == NULL && take_ready(key)) {
		status_add(STATUS_X25519_AHEAD, 1);
		return key;
	}
	status_add(STATUS_X25519_OPENSSL, 1);
	if (generation->inner == NULL)
		generation->inner = x25519_inner_generation(generation->provider);
	if (x25519_inner_generate(key, generation->inner))
		return key;
	x25519_key_free(key);
	return NULL;
}

const OSSL_DISPATCH provider_x25519_keymgmt[] = {
	{ OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))x25519_key_new },
	{ OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))x25519_key_free },
	{ OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))x25519_key_dup },
	{ OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))x25519_key_has },
	{ OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))x25519_key_match },
	{ OSSL_FUNC_KEYMGMT_VALIDATE, (void (*)(void))key_validate },
	{ OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))key_import },
	{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))x25519_key_types },
	{ OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))x25519_key_export },
	{ OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))x25519_key_types },
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))x25519_key_get_params },
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))x25519_key_gettable },
	{ OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))x25519_key_set_params },
	{ OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))x25519_key_settable },
	{ OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))gen_init },
	{ OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))gen_set_params },
	{ OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))x25519_key_generation_settable },
	{ OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))gen },
	{ OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))gen_cleanup },
	{ 0, NULL }
};
