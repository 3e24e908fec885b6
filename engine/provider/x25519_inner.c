/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's own X25519; see x25519_inner.h. It is given both halves of a pair: from a private one alone it would
 * compute the other.
 */
#include "x25519_inner.h"

#include <openssl/crypto.h>

#define NAME "X25519"

struct made {
	EVP_PKEY_CTX *context;
	EVP_PKEY *key;
	int selection;
};

static int make(const OSSL_PARAM params[], void *opaque)
{
	struct made *made = opaque;

	/* OpenSSL only reads the parameters. */
	return EVP_PKEY_fromdata_init(made->context) > 0 &&
	       EVP_PKEY_fromdata(made->context, &made->key, made->selection, (OSSL_PARAM *)(uintptr_t)params) > 0;
}

EVP_PKEY *x25519_inner_key(const struct x25519_key *key)
{
	const struct inner *inner = provider_inner(key->provider);
	struct made made = { .selection = key->private_key ? OSSL_KEYMGMT_SELECT_KEYPAIR
							   : OSSL_KEYMGMT_SELECT_PUBLIC_KEY };

	if (inner == NULL)
		return NULL;
	made.context = EVP_PKEY_CTX_new_from_name(inner->library, NAME, NULL);
	if (made.context == NULL || !x25519_key_export((void *)(uintptr_t)key, made.selection, make, &made))
		made.key = NULL;
	EVP_PKEY_CTX_free(made.context);
	return made.key;
}

static bool fill_from(struct x25519_key *key, EVP_PKEY *pair)
{
	uint8_t private_key[X25519_KEY_SIZE], public_key[X25519_KEY_SIZE];
	size_t private_size = sizeof(private_key), public_size = sizeof(public_key);
	bool filled = pair != NULL && EVP_PKEY_get_raw_private_key(pair, private_key, &private_size) > 0 &&
		      EVP_PKEY_get_raw_public_key(pair, public_key, &public_size) > 0 &&
		      x25519_key_fill(key, private_key, public_key);

	OPENSSL_cleanse(private_key, sizeof(private_key));
	return filled;
}

EVP_PKEY_CTX *x25519_inner_generation(struct provider *provider)
{
	const struct inner *inner = provider_inner(provider);
	EVP_PKEY_CTX *generation = inner != NULL ? EVP_PKEY_CTX_new_from_name(inner->library, NAME, NULL) : NULL;

	if (generation == NULL || EVP_PKEY_keygen_init(generation) > 0)
		return generation;
	EVP_PKEY_CTX_free(generation);
	return NULL;
}

bool x25519_inner_generate(struct x25519_key *key, EVP_PKEY_CTX *generation)
{
	EVP_PKEY *pair = NULL;
	bool filled = generation != NULL && EVP_PKEY_generate(generation, &pair) > 0 && fill_from(key, pair);

	EVP_PKEY_free(pair);
	return filled;
}

bool x25519_inner_complete(struct x25519_key *key)
{
	EVP_PKEY *pair = x25519_inner_key(key);
	bool filled = fill_from(key, pair);

	EVP_PKEY_free(pair);
	return filled;
}

bool x25519_inner_derive(const struct x25519_key *own, const struct x25519_key *peer, uint8_t secret[X25519_KEY_SIZE])
{
	const struct inner *inner = provider_inner(own->provider);
	EVP_PKEY *own_key = x25519_inner_key(own), *peer_key = x25519_inner_key(peer);
	EVP_PKEY_CTX *context = own_key != NULL ? EVP_PKEY_CTX_new_from_pkey(inner->library, own_key, NULL) : NULL;
	size_t size = X25519_KEY_SIZE;
	bool done = context != NULL && peer_key != NULL && EVP_PKEY_derive_init(context) > 0 &&
		    EVP_PKEY_derive_set_peer(context, peer_key) > 0 && EVP_PKEY_derive(context, secret, &size) > 0;

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer_key);
	EVP_PKEY_free(own_key);
	return done;
}
