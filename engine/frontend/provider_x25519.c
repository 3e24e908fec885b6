/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 keys and their exchange as OpenSSL's algorithms, computed by libglacis. Own key pairs are made ahead, eight
 * in a call, before a handshake runs (glacisd_provider_prepare); a shared secret is asked for from the handshake's
 * async job, which pauses until the worker has computed those of all handshakes of this turn together (exchange.c).
 *
 * Each pair is used once. Private keys lie in OpenSSL's secure heap.
 */
#include <errno.h>
#include <openssl/async.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include <glacis/x25519.h>

#include "handshake.h"
#include "provider.h"

#define SIZE          GLACIS_X25519_SIZE
#define BITS          253 /* what OpenSSL says of it */
#define SECURITY_BITS 128

struct key {
	uint8_t *private_key; /* NULL: a public key only */
	bool has_public;
	uint8_t public_key[SIZE];
};

/* A key to be made: whether it is to be a pair, or only "the group X25519" with nothing in it. */
struct generation {
	struct glacisd_provider *provider;
	bool pair;
};

/* ---- keys ---- */

static void *key_new(void *provider)
{
	return calloc(1, sizeof(struct key));
}

static void key_free(void *data)
{
	struct key *key = data;

	if (!key)
		return;
	OPENSSL_secure_clear_free(key->private_key, SIZE);
	free(key);
}

static void *key_copy(const void *data, int selection)
{
	const struct key *from = data;
	struct key *key = calloc(1, sizeof(*key));

	if (!key)
		return NULL;
	if (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) {
		key->has_public = from->has_public;
		memcpy(key->public_key, from->public_key, SIZE);
	}
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && from->private_key) {
		key->private_key = OPENSSL_secure_malloc(SIZE);
		if (!key->private_key) {
			free(key);
			return NULL;
		}
		memcpy(key->private_key, from->private_key, SIZE);
	}
	return key;
}

static int key_has(const void *data, int selection)
{
	const struct key *key = data;

	return key && (!(selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) || key->has_public) &&
	       (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || key->private_key);
}

static int key_match(const void *first, const void *second, int selection)
{
	const struct key *a = first, *b = second;

	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR))
		return 1;
	return a->has_public && b->has_public && CRYPTO_memcmp(a->public_key, b->public_key, SIZE) == 0;
}

static const OSSL_PARAM *key_gettable(void *provider)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	return params;
}

static int key_get_params(void *data, OSSL_PARAM params[])
{
	const struct key *key = data;
	OSSL_PARAM *param;

	if ((param = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_BITS)) && !OSSL_PARAM_set_int(param, BITS))
		return 0;
	if ((param = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_SECURITY_BITS)) &&
	    !OSSL_PARAM_set_int(param, SECURITY_BITS))
		return 0;
	if ((param = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MAX_SIZE)) && !OSSL_PARAM_set_int(param, SIZE))
		return 0;
	param = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
	return !param || (key->has_public && OSSL_PARAM_set_octet_string(param, key->public_key, SIZE));
}

static const OSSL_PARAM *key_settable(void *provider)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	return params;
}

/* The peer's share: any 32 bytes. */
static int key_set_params(void *data, const OSSL_PARAM params[])
{
	const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
	struct key *key = data;
	void *bytes = key->public_key;
	size_t size;

	if (!param)
		return 1;
	key->has_public = param->data_size == SIZE && OSSL_PARAM_get_octet_string(param, &bytes, SIZE, &size);
	return key->has_public;
}

/* Only public keys come from outside: the client's part of a post-quantum hybrid, in OpenSSL's code for that, which
 * selects a private key for public ones too. */
static const OSSL_PARAM *key_import_types(int selection)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
					     OSSL_PARAM_END };

	return selection & OSSL_KEYMGMT_SELECT_KEYPAIR ? params : NULL;
}

static int key_import(void *data, int selection, const OSSL_PARAM params[])
{
	const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	struct key *key = data;
	void *bytes = key->public_key;
	size_t size;

	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR) || !param || param->data_size != SIZE ||
	    OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY))
		return 0;
	key->has_public = OSSL_PARAM_get_octet_string(param, &bytes, SIZE, &size);
	return key->has_public;
}

/* ---- making pairs ---- */

static uint8_t *private_of(const struct glacisd_provider *provider, uint32_t pair)
{
	return provider->pairs + pair * SIZE;
}

static uint8_t *public_of(const struct glacisd_provider *provider, uint32_t pair)
{
	return private_of(provider, GLACIS_X25519_LANES + pair);
}

int glacisd_provider_prepare(struct glacisd_provider *provider)
{
	struct glacis_x25519_op ops[GLACIS_X25519_LANES];

	if (provider->pairs_left || !glacis_x25519_lanes_from())
		return 0;
	if (RAND_priv_bytes_ex(provider->library, provider->pairs, GLACIS_X25519_LANES * SIZE, SECURITY_BITS) != 1)
		return -EIO;
	for (uint32_t pair = 0; pair < GLACIS_X25519_LANES; pair++)
		ops[pair] = (struct glacis_x25519_op){ .scalar = private_of(provider, pair),
						       .result = public_of(provider, pair) };
	if (glacis_x25519(ops, GLACIS_X25519_LANES))
		return -EIO;
	provider->pairs_left = GLACIS_X25519_LANES;
	return 0;
}

static int pair_take(struct glacisd_provider *provider, struct key *key)
{
	if (!provider->pairs_left)
		return 0; /* not made here: this may be the small stack of an async job */
	key->private_key = OPENSSL_secure_malloc(SIZE);
	if (!key->private_key)
		return 0;
	provider->pairs_left--;
	memcpy(key->private_key, private_of(provider, provider->pairs_left), SIZE);
	memcpy(key->public_key, public_of(provider, provider->pairs_left), SIZE);
	OPENSSL_cleanse(private_of(provider, provider->pairs_left), SIZE);
	key->has_public = true;
	return 1;
}

static void *generation_new(void *provider, int selection, const OSSL_PARAM params[])
{
	struct generation *generation = malloc(sizeof(*generation));

	if (generation)
		*generation = (struct generation){ provider, (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 };
	return generation;
}

static const OSSL_PARAM *generation_settable(void *context, void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
					     OSSL_PARAM_END };

	return params;
}

/* The group's name is this algorithm's own. */
static int generation_set_params(void *context, const OSSL_PARAM params[])
{
	const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
	const char *name;

	return !param || (OSSL_PARAM_get_utf8_string_ptr(param, &name) && OPENSSL_strcasecmp(name, "x25519") == 0);
}

static void *generation_run(void *context, OSSL_CALLBACK *progress, void *argument)
{
	struct generation *generation = context;
	struct key *key = key_new(generation->provider);

	if (key && generation->pair && !pair_take(generation->provider, key)) {
		key_free(key);
		return NULL;
	}
	return key;
}

static void generation_free(void *context)
{
	free(context);
}

const OSSL_DISPATCH glacisd_provider_x25519_keys[] = {
	{ OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))key_new },
	{ OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))key_free },
	{ OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))key_copy },
	{ OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))key_has },
	{ OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))key_match },
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))key_gettable },
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))key_get_params },
	{ OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))key_settable },
	{ OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))key_set_params },
	{ OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))key_import },
	{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))key_import_types },
	{ OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))generation_new },
	{ OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))generation_settable },
	{ OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))generation_set_params },
	{ OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))generation_run },
	{ OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))generation_free },
	{ 0, NULL },
};

/* ---- the exchange ---- */

/* The keys stay OpenSSL's, which keeps them as long as the context. */
struct exchange {
	struct glacisd_provider *provider;
	const struct key *own, *peer;
};

static void *exchange_new(void *provider)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange)
		exchange->provider = provider;
	return exchange;
}

static void exchange_free(void *context)
{
	free(context);
}

static int exchange_init(void *context, void *key, const OSSL_PARAM params[])
{
	struct exchange *exchange = context;

	exchange->own = key;
	return exchange->own && exchange->own->private_key;
}

static int exchange_set_peer(void *context, void *key)
{
	struct exchange *exchange = context;

	exchange->peer = key;
	return exchange->peer && exchange->peer->has_public;
}

static int compute(struct glacisd_worker *worker, struct glacis_x25519_op *op)
{
	struct glacisd_connection *connection = worker->running;

	if (!connection || !ASYNC_get_current_job())
		return glacis_x25519(op, 1) == 0 && op->status == GLACIS_STATUS_OK;
	op->status = GLACIS_STATUS_PENDING;
	connection->handshake->exchange = op;
	while (connection->handshake->exchange)
		if (!ASYNC_pause_job())
			return 0;
	return op->status == GLACIS_STATUS_OK;
}

static int exchange_derive(void *context, unsigned char *secret, size_t *size, size_t room)
{
	struct exchange *exchange = context;
	struct glacis_x25519_op op = { .result = secret };

	if (!exchange->own || !exchange->peer)
		return 0;
	*size = SIZE;
	if (!secret)
		return 1;
	if (room < SIZE)
		return 0;
	op.scalar = exchange->own->private_key;
	op.point = exchange->peer->public_key;
	return compute(exchange->provider->worker, &op);
}

const OSSL_DISPATCH glacisd_provider_x25519_exchange[] = {
	{ OSSL_FUNC_KEYEXCH_NEWCTX, (void (*)(void))exchange_new },
	{ OSSL_FUNC_KEYEXCH_FREECTX, (void (*)(void))exchange_free },
	{ OSSL_FUNC_KEYEXCH_INIT, (void (*)(void))exchange_init },
	{ OSSL_FUNC_KEYEXCH_SET_PEER, (void (*)(void))exchange_set_peer },
	{ OSSL_FUNC_KEYEXCH_DERIVE, (void (*)(void))exchange_derive },
	{ 0, NULL },
};
