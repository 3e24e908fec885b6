/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 keys: 32 bytes, or twice as many; see x25519_key.h.
 */
#include "x25519_key.h"

#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/prov_ssl.h>

#define SIZE X25519_KEY_SIZE

void *x25519_key_new(void *provider)
{
	struct x25519_key *key = OPENSSL_zalloc(sizeof(*key));

	if (key)
		key->provider = provider;
	return key;
}

void x25519_key_free(void *data)
{
	struct x25519_key *key = data;

	if (!key)
		return;
	OPENSSL_secure_clear_free(key->private_key, SIZE);
	OPENSSL_free(key);
}

bool x25519_key_fill(struct x25519_key *key, const uint8_t *private_key, const uint8_t public_key[SIZE])
{
	if (private_key) {
		if (!key->private_key)
			key->private_key = OPENSSL_secure_malloc(SIZE);
		if (!key->private_key)
			return false;
		memcpy(key->private_key, private_key, SIZE);
	}
	if (public_key) {
		memcpy(key->public_key, public_key, SIZE);
		key->has_public = true;
	}
	return true;
}

void *x25519_key_dup(const void *data, int selection)
{
	const struct x25519_key *from = data;
	struct x25519_key *key = x25519_key_new(from->provider);
	bool public = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) && from->has_public;
	bool private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && from->private_key;

	if (key && x25519_key_fill(key, private ? from->private_key : NULL, public ? from->public_key : NULL))
		return key;
	x25519_key_free(key);
	return NULL;
}

int x25519_key_has(const void *data, int selection)
{
	const struct x25519_key *key = data;

	return key && (!(selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) || key->has_public) &&
	       (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || key->private_key);
}

/* Equal public halves have equal private ones. */
int x25519_key_match(const void *first, const void *second, int selection)
{
	const struct x25519_key *a = first, *b = second;

	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR))
		return 1;
	return a->has_public && b->has_public && CRYPTO_memcmp(a->public_key, b->public_key, SIZE) == 0;
}

/* ---- in and out ---- */

const OSSL_PARAM *x25519_key_types(int selection)
{
	static const OSSL_PARAM both[] = { OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
					   OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0), OSSL_PARAM_END };
	static const OSSL_PARAM public[] = { OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
					     OSSL_PARAM_END };

	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
		return both;
	return selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY ? public : NULL;
}

static const uint8_t *bytes_of(const OSSL_PARAM *param)
{
	return param->data_type == OSSL_PARAM_OCTET_STRING && param->data_size == SIZE ? param->data : NULL;
}

bool x25519_key_take(struct x25519_key *key, int selection, const OSSL_PARAM params[])
{
	const OSSL_PARAM *public_half = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	const OSSL_PARAM *private_half = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);

	if (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY))
		private_half = NULL;
	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR) || (!public_half && !private_half) ||
	    (public_half && !bytes_of(public_half)) || (private_half && !bytes_of(private_half)))
		return false;
	return x25519_key_fill(key, private_half ? bytes_of(private_half) : NULL,
			       public_half ? bytes_of(public_half) : NULL);
}

int x25519_key_export(void *data, int selection, OSSL_CALLBACK *callback, void *argument)
{
	const struct x25519_key *key = data;
	OSSL_PARAM params[3], *param = params;

	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR))
		return 0;
	if (key->has_public)
		*param++ = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
							     ((struct x25519_key *)data)->public_key, SIZE);
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && key->private_key)
		*param++ = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, key->private_key, SIZE);
	*param = OSSL_PARAM_construct_end();
	return param != params && callback(params, argument);
}

/* ---- parameters ---- */

const OSSL_PARAM *x25519_key_gettable(void *provider)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	return params;
}

static int put_number(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM *param = OSSL_PARAM_locate(params, name);

	return !param || OSSL_PARAM_set_int(param, value);
}

static int put_bytes(OSSL_PARAM params[], const char *name, const uint8_t *bytes)
{
	OSSL_PARAM *param = OSSL_PARAM_locate(params, name);

	return !param || (bytes && OSSL_PARAM_set_octet_string(param, bytes, SIZE));
}

int x25519_key_get_params(void *data, OSSL_PARAM params[])
{
	const struct x25519_key *key = data;
	const uint8_t *public = key->has_public ? key->public_key : NULL;

	return put_number(params, OSSL_PKEY_PARAM_BITS, X25519_KEY_BITS) &&
	       put_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, X25519_KEY_SECURITY_BITS) &&
	       put_number(params, OSSL_PKEY_PARAM_MAX_SIZE, SIZE) &&
	       put_bytes(params, OSSL_PKEY_PARAM_PUB_KEY, public) &&
	       put_bytes(params, OSSL_PKEY_PARAM_PRIV_KEY, key->private_key) &&
	       put_bytes(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, public);
}

const OSSL_PARAM *x25519_key_settable(void *provider)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	return params;
}

/* The peer's share: any 32 bytes. It makes the key a public one: a private half would no longer belong to it. */
int x25519_key_set_params(void *data, const OSSL_PARAM params[])
{
	const OSSL_PARAM *param = params ? OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY) : NULL;
	struct x25519_key *key = data;

	if (!param)
		return 1;
	OPENSSL_secure_clear_free(key->private_key, SIZE);
	key->private_key = NULL;
	key->has_public = false;
	return bytes_of(param) && x25519_key_fill(key, NULL, bytes_of(param));
}

const OSSL_PARAM *x25519_key_generation_settable(void *generation, void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
					     OSSL_PARAM_END };

	return params;
}

int x25519_key_generation_set_params(void *generation, const OSSL_PARAM params[])
{
	const OSSL_PARAM *param = params ? OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME) : NULL;
	const char *name;

	return !param || (OSSL_PARAM_get_utf8_string_ptr(param, &name) && OPENSSL_strcasecmp(name, "x25519") == 0);
}

int x25519_key_tls_group(OSSL_CALLBACK *callback, void *argument)
{
	char name[] = "x25519", internal_name[] = "X25519", algorithm[] = "X25519";
	unsigned int id = 0x001d /* RFC 8446 section 4.2.7 */, security_bits = X25519_KEY_SECURITY_BITS, is_kem = 0;
	int tls_min = TLS1_VERSION, dtls_min = DTLS1_VERSION, max = 0 /* none */;
	const OSSL_PARAM group[] = {
		OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME, name, sizeof(name)),
		OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL, internal_name, sizeof(internal_name)),
		OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_ALG, algorithm, sizeof(algorithm)),
		OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_ID, &id),
		OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_SECURITY_BITS, &security_bits),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_TLS, &tls_min),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_TLS, &max),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_DTLS, &dtls_min),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_DTLS, &max),
		OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_IS_KEM, &is_kem),
		OSSL_PARAM_END,
	};

	return callback(group, argument);
}
