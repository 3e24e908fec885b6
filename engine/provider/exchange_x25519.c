/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 key exchange for OpenSSL. In an async job of a busy program the secret is computed by the crew, together with
 * those of other jobs, which pauses the job; else at once by OpenSSL.
 */
#include <string.h>

#include <openssl/async.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/proverr.h>

#include "crew.h"
#include "status.h"
#include "task.h"
#include "x25519_inner.h"

/* Keys are copied: a program may free its own before it asks for the secret. */
struct exchange {
	struct provider *provider;
	struct x25519_key *own, *peer;
};

static void *exchange_new(void *provider)
{
	struct exchange *exchange = OPENSSL_zalloc(sizeof(*exchange));

	if (exchange != NULL)
		exchange->provider = provider;
	return exchange;
}

static void exchange_free(void *opaque)
{
	struct exchange *exchange = opaque;

	if (exchange == NULL)
		return;
	x25519_key_free(exchange->own);
	x25519_key_free(exchange->peer);
	OPENSSL_free(exchange);
}

static bool replace(struct x25519_key **place, const struct x25519_key *key, int selection)
{
	struct x25519_key *copy = x25519_key_dup(key, selection);

	if (copy == NULL)
		return false;
	x25519_key_free(*place);
	*place = copy;
	return true;
}

static void *exchange_dup(void *opaque)
{
	const struct exchange *exchange = opaque;
	struct exchange *copy = exchange_new(exchange->provider);

	if (copy == NULL)
		return NULL;
	if ((exchange->own == NULL || replace(&copy->own, exchange->own, OSSL_KEYMGMT_SELECT_KEYPAIR)) &&
	    (exchange->peer == NULL || replace(&copy->peer, exchange->peer, OSSL_KEYMGMT_SELECT_PUBLIC_KEY)))
		return copy;
	exchange_free(copy);
	return NULL;
}

static int exchange_init(void *opaque, void *key, const OSSL_PARAM params[])
{
	struct exchange *exchange = opaque;

	if (!x25519_key_has(key, OSSL_KEYMGMT_SELECT_KEYPAIR)) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_MISSING_KEY, "glacis: X25519 without a private key");
		return 0;
	}
	return replace(&exchange->own, key, OSSL_KEYMGMT_SELECT_KEYPAIR);
}

static int exchange_set_peer(void *opaque, void *key)
{
	struct exchange *exchange = opaque;

	if (!x25519_key_has(key, OSSL_KEYMGMT_SELECT_PUBLIC_KEY)) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_MISSING_KEY, "glacis: X25519 with a peer without a public key");
		return 0;
	}
	return replace(&exchange->peer, key, OSSL_KEYMGMT_SELECT_PUBLIC_KEY);
}

static enum task_result in_lanes(const struct exchange *exchange, uint8_t secret[X25519_KEY_SIZE])
{
	if (ASYNC_get_current_job() == NULL || !crew_is_crowded())
		return TASK_REFUSED;
	return task_exchange(exchange->provider, exchange->own->private_key, exchange->peer->public_key, secret);
}

static int exchange_derive(void *opaque, unsigned char *secret, size_t *size, size_t room)
{
	const struct exchange *exchange = opaque;

	if (exchange->own == NULL || exchange->peer == NULL) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_MISSING_KEY, "glacis: X25519 needs a key and a peer's");
		return 0;
	}
	*size = X25519_KEY_SIZE;
	if (secret == NULL)
		return 1;
	if (room < X25519_KEY_SIZE) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_OUTPUT_BUFFER_TOO_SMALL,
			       "glacis: room for %zu bytes, the secret of X25519 has %u", room, X25519_KEY_SIZE);
		return 0;
	}
	switch (in_lanes(exchange, secret)) {
	case TASK_DONE:
		return 1;
	case TASK_INVALID:
		ERR_raise_data(ERR_LIB_PROV, PROV_R_FAILED_DURING_DERIVATION,
			       "glacis: the peer's X25519 share is a point of small order");
		return 0;
	default:
		status_add(STATUS_X25519_OPENSSL, 1);
		return x25519_inner_derive(exchange->own, exchange->peer, secret);
	}
}

const OSSL_DISPATCH provider_x25519_exchange[] = { { OSSL_FUNC_KEYEXCH_NEWCTX, (void (*)(void))exchange_new },
						   { OSSL_FUNC_KEYEXCH_FREECTX, (void (*)(void))exchange_free },
						   { OSSL_FUNC_KEYEXCH_DUPCTX, (void (*)(void))exchange_dup },
						   { OSSL_FUNC_KEYEXCH_INIT, (void (*)(void))exchange_init },
						   { OSSL_FUNC_KEYEXCH_SET_PEER, (void (*)(void))exchange_set_peer },
						   { OSSL_FUNC_KEYEXCH_DERIVE, (void (*)(void))exchange_derive },
						   { 0, NULL } };
