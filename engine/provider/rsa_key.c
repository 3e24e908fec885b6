/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys as OpenSSL keeps them for us; see rsa_key.h.
 */
#include "rsa_key.h"

#include <string.h>

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
	for (unsigned use = 0; use < RSA_KEY_USES; use++)
		EVP_PKEY_CTX_free(atomic_load(&key->started[use]));
	EVP_PKEY_free(key->pair);
	OPENSSL_clear_free(key->der, key->der_size);
	atomic_fetch_sub(&key->provider->keys, 1); /* the last look at the provider */
	OPENSSL_free(key);
}

/* The numbers of a private key in the order of PKCS#1's RSAPrivateKey. */
static const char *const numbers[] = {
	OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* A tag and the length of what follows it, which is below 65,536. */
static uint8_t *put_head(uint8_t *at, uint8_t tag, size_t size)
{
	*at++ = tag;
	if (size >= 256) {
		*at++ = 0x82;
		*at++ = (uint8_t)(size >> 8);
	} else if (size >= 128) {
		*at++ = 0x81;
	}
	*at++ = (uint8_t)size;
	return at;
}

static uint8_t *put_integer(uint8_t *at, const BIGNUM *number)
{
	/* One byte more when the highest bit is set, which would be a sign. */
	int size = BN_num_bits(number) / 8 + 1;

	at = put_head(at, 0x02, (size_t)size);
	BN_bn2binpad(number, at, size);
	return at + size;
}

static size_t head_size(size_t size)
{
	return size >= 256 ? 4 : size >= 128 ? 3 : 2;
}

/*
 * Writes the key as DER, for the crew to give to libglacis. OpenSSL's encoders are not asked to by the crew: a lock of
 * the inner library that one of its threads held at fork() would be held for ever in the child.
 */
static void write_der(struct rsa_key *key, BIGNUM *const values[NUMBERS])
{
	size_t content = 3; /* the version, 0: two primes */
	uint8_t *at;

	for (unsigned i = 0; i < NUMBERS; i++) {
		size_t size = (size_t)BN_num_bits(values[i]) / 8 + 1;
		content += head_size(size) + size;
	}
	key->der_size = head_size(content) + content;
	key->der = OPENSSL_malloc(key->der_size);
	if (key->der == NULL)
		return;
	at = put_head(key->der, 0x30, content);
	memcpy(at, "\x02\x01\x00", 3);
	at += 3;
	for (unsigned i = 0; i < NUMBERS; i++)
		at = put_integer(at, values[i]);
}

static bool has_third_prime(EVP_PKEY *pair)
{
	BIGNUM *prime = NULL;
	bool found = EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_FACTOR3, &prime) == 1;

	BN_clear_free(prime);
	return found;
}

/* A key may come as n, e and d alone: without primes there is nothing for lanes to work with. */
static void prepare_for_lanes(struct rsa_key *key)
{
	BIGNUM *values[NUMBERS] = { NULL };
	bool all = true;

	ERR_set_mark();
	for (unsigned i = 0; i < NUMBERS && all; i++)
		all = EVP_PKEY_get_bn_param(key->pair, numbers[i], &values[i]) == 1;
	if (all && !has_third_prime(key->pair))
		write_der(key, values);
	ERR_pop_to_mark();
	for (unsigned i = 0; i < NUMBERS; i++)
		BN_clear_free(values[i]);
}

void rsa_key_adopt(struct rsa_key *key, EVP_PKEY *pair, bool is_private)
{
	int bits = EVP_PKEY_get_bits(pair);

	key->pair = pair;
	key->is_private = is_private;
	if (is_private && (bits == 2048 || bits == 3072 || bits == 4096))
		prepare_for_lanes(key);
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

static EVP_PKEY_CTX *start(const struct rsa_key *key, enum rsa_key_use use)
{
	static int (*const starts[RSA_KEY_USES])(EVP_PKEY_CTX * context) = {
		[RSA_KEY_SIGN] = EVP_PKEY_sign_init,
		[RSA_KEY_VERIFY] = EVP_PKEY_verify_init,
		[RSA_KEY_RECOVER] = EVP_PKEY_verify_recover_init,
		[RSA_KEY_ENCRYPT] = EVP_PKEY_encrypt_init,
		[RSA_KEY_DECRYPT] = EVP_PKEY_decrypt_init,
	};
	EVP_PKEY_CTX *context = rsa_key_context(key);

	if (context == NULL || starts[use](context) > 0)
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

EVP_PKEY_CTX *rsa_key_start(struct rsa_key *key, enum rsa_key_use use)
{
	EVP_PKEY_CTX *found = atomic_load_explicit(&key->started[use], memory_order_acquire), *made;

	if (found == NULL) {
		made = start(key, use);
		if (made == NULL)
			return NULL;
		if (atomic_compare_exchange_strong(&key->started[use], &found, made))
			found = made;
		else
			EVP_PKEY_CTX_free(made); /* another thread was faster */
	}
	return EVP_PKEY_CTX_dup(found);
}
