/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA encryption and decryption for OpenSSL. All but OAEP decryption in an async job is the inner context's, the
 * paddings of TLS's old key exchange included.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/rsa.h>

#include "rsa_key.h"
#include "rsa_lanes_way.h"

struct cipher {
	struct rsa_key *key;
	EVP_PKEY_CTX *inner;
};

static void *cipher_new(void *provider)
{
	return OPENSSL_zalloc(sizeof(struct cipher));
}

static void cipher_free(void *opaque)
{
	struct cipher *cipher = opaque;

	if (cipher == NULL)
		return;
	EVP_PKEY_CTX_free(cipher->inner);
	rsa_key_release(cipher->key);
	OPENSSL_free(cipher);
}

static void *cipher_dup(void *opaque)
{
	const struct cipher *cipher = opaque;
	struct cipher *copy = cipher_new(NULL);

	if (copy == NULL)
		return NULL;
	if (cipher->key != NULL)
		copy->key = rsa_key_hold(cipher->key);
	if (cipher->inner != NULL && (copy->inner = EVP_PKEY_CTX_dup(cipher->inner)) == NULL) {
		cipher_free(copy);
		return NULL;
	}
	return copy;
}

static int init(struct cipher *cipher, struct rsa_key *key, const OSSL_PARAM params[], enum rsa_key_use use)
{
	if (key == NULL)
		return 0;
	if (key != cipher->key) {
		rsa_key_release(cipher->key);
		cipher->key = rsa_key_hold(key);
	}
	EVP_PKEY_CTX_free(cipher->inner);
	cipher->inner = rsa_key_start(key, use);
	if (cipher->inner == NULL)
		return 0;
	return params == NULL || params->key == NULL || EVP_PKEY_CTX_set_params(cipher->inner, params) > 0;
}

static int encrypt_init(void *opaque, void *key, const OSSL_PARAM params[])
{
	return init(opaque, key, params, RSA_KEY_ENCRYPT);
}

static int decrypt_init(void *opaque, void *key, const OSSL_PARAM params[])
{
	return init(opaque, key, params, RSA_KEY_DECRYPT);
}

static int encrypt(void *opaque, unsigned char *output, size_t *output_size, size_t room, const unsigned char *input,
		   size_t size)
{
	struct cipher *cipher = opaque;

	if (output != NULL)
		*output_size = room;
	return EVP_PKEY_encrypt(cipher->inner, output, output_size, input, size) > 0;
}

static int decrypt(void *opaque, unsigned char *output, size_t *output_size, size_t room, const unsigned char *input,
		   size_t size)
{
	struct cipher *cipher = opaque;

	/* With less room than the modulus has, OpenSSL knows what to say. */
	if (output != NULL && room >= rsa_key_bytes(cipher->key)) {
		switch (lanes_way_decrypt(cipher->key, cipher->inner, input, size, output, output_size)) {
		case TASK_DONE:
			return 1;
		case TASK_INVALID:
			ERR_raise(ERR_LIB_RSA, RSA_R_OAEP_DECODING_ERROR);
			return 0;
		case TASK_REFUSED:
			break;
		}
	}
	if (output != NULL)
		*output_size = room;
	return EVP_PKEY_decrypt(cipher->inner, output, output_size, input, size) > 0;
}

static int get_ctx_params(void *opaque, OSSL_PARAM params[])
{
	struct cipher *cipher = opaque;

	return cipher->inner != NULL && EVP_PKEY_CTX_get_params(cipher->inner, params) > 0;
}

static int set_ctx_params(void *opaque, const OSSL_PARAM params[])
{
	struct cipher *cipher = opaque;

	if (params == NULL || params->key == NULL)
		return 1;
	return cipher->inner != NULL && EVP_PKEY_CTX_set_params(cipher->inner, params) > 0;
}

static const OSSL_PARAM *gettable_ctx_params(void *opaque, void *provider)
{
	const struct inner *inner = provider_inner(provider);

	return inner != NULL ? EVP_ASYM_CIPHER_gettable_ctx_params(inner->cipher) : NULL;
}

static const OSSL_PARAM *settable_ctx_params(void *opaque, void *provider)
{
	const struct inner *inner = provider_inner(provider);

	return inner != NULL ? EVP_ASYM_CIPHER_settable_ctx_params(inner->cipher) : NULL;
}

const OSSL_DISPATCH provider_rsa_cipher[] = {
	{ OSSL_FUNC_ASYM_CIPHER_NEWCTX, (void (*)(void))cipher_new },
	{ OSSL_FUNC_ASYM_CIPHER_FREECTX, (void (*)(void))cipher_free },
	{ OSSL_FUNC_ASYM_CIPHER_DUPCTX, (void (*)(void))cipher_dup },
	{ OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, (void (*)(void))encrypt_init },
	{ OSSL_FUNC_ASYM_CIPHER_ENCRYPT, (void (*)(void))encrypt },
	{ OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init },
	{ OSSL_FUNC_ASYM_CIPHER_DECRYPT, (void (*)(void))decrypt },
	{ OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, (void (*)(void))get_ctx_params },
	{ OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params },
	{ OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_ctx_params },
	{ OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params },
	{ 0, NULL }
};
