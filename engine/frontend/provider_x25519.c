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
#include "x25519_key.h"

#define SIZE GLACIS_X25519_SIZE

/* A key to be made: whether it is to be a pair, or only "the group X25519" with nothing in it. */
struct generation {
	struct glacisd_provider *provider;
	bool pair;
};

/* ---- keys ---- */

/* Only public keys come from outside: the client's part of a post-quantum hybrid, in OpenSSL's code for that, which
 * selects a private key for public ones too. */
static int key_import(void *data, int selection, const OSSL_PARAM params[])
{
	return !OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY) && x25519_key_take(data, selection, params);
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
	if (RAND_priv_bytes_ex(provider->library, provider->pairs, GLACIS_X25519_LANES * SIZE,
			       X25519_KEY_SECURITY_BITS) != 1)
		return -EIO;
	for (uint32_t pair = 0; pair < GLACIS_X25519_LANES; pair++)
		ops[pair] = (struct glacis_x25519_op){ .scalar = private_of(provider, pair),
						       .result = public_of(provider, pair) };
	if (glacis_x25519(ops, GLACIS_X25519_LANES))
		return -EIO;
	provider->pairs_left = GLACIS_X25519_LANES;
	return 0;
}

static int pair_take(struct glacisd_provider *provider, struct x25519_key *key)
{
	uint32_t pair;

	if (!provider->pairs_left)
		return 0; /* not made here: this may be the small stack of an async job */
	pair = provider->pairs_left - 1;
	if (!x25519_key_fill(key, private_of(provider, pair), public_of(provider, pair)))
		return 0;
	provider->pairs_left--;
	OPENSSL_cleanse(private_of(provider, pair), SIZE);
	return 1;
}

static void *generation_new(void *provider, int selection, const OSSL_PARAM params[])
{
	struct generation *generation = malloc(sizeof(*generation));

	if (generation)
		*generation = (struct generation){ provider, (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 };
	return generation;
}

static void *generation_run(void *context, OSSL_CALLBACK *progress, void *argument)
{
	struct generation *generation = context;
	struct x25519_key *key = x25519_key_new(generation->provider);

	if (key && generation->pair && !pair_take(generation->provider, key)) {
		x25519_key_free(key);
		return NULL;
	}
	return key;
}

static void generation_free(void *context)
{
	free(context);
}

const OSSL_DISPATCH glacisd_provider_x25519_keys[] = {
	{ OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))x25519_key_new },
	{ OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))x25519_key_free },
	{ OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))x25519_key_dup },
	{ OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))x25519_key_has },
	{ OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))x25519_key_match },
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))x25519_key_gettable },
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))x25519_key_get_params },
	{ OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))x25519_key_settable },
	{ OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))x25519_key_set_params },
	{ OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))key_import },
	{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))x25519_key_types },
	{ OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))generation_new },
	{ OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))x25519_key_generation_settable },
	{ OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))x25519_key_generation_set_params },
	{ OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))generation_run },
	{ OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))generation_free },
	{ 0, NULL },
};

/* ---- the exchange ---- */

/* The keys stay OpenSSL's, which keeps them as long as the context. */
struct exchange {
	struct glacisd_provider *provider;
	const struct x25519_key *own, *peer;
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
