/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA signatures for OpenSSL. Parameters, verification and everything unusual are the inner context's; signing in an
 * async job goes to the crew. Messages are hashed here, because the crew wants the digest alone.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#include "rsa_lanes_way.h"
#include "signature_rsa.h"

#define DIGEST_NAME_MAX 64

static void *signature_new(void *provider, const char *properties)
{
	struct signature *signature = OPENSSL_zalloc(sizeof(*signature));

	if (signature != NULL)
		signature->provider = provider;
	return signature;
}

static void stop_hashing(struct signature *signature)
{
	EVP_MD_CTX_free(signature->hashing);
	EVP_MD_free(signature->digest);
	signature->hashing = NULL;
	signature->digest = NULL;
	signature->words = (struct lanes_words){ 0 };
}

static void signature_free(void *opaque)
{
	struct signature *signature = opaque;

	if (signature == NULL)
		return;
	stop_hashing(signature);
	EVP_PKEY_CTX_free(signature->inner);
	rsa_key_release(signature->key);
	OPENSSL_free(signature);
}

static void *signature_dup(void *opaque)
{
	const struct signature *signature = opaque;
	struct signature *copy = signature_new(signature->provider, NULL);

	if (copy == NULL)
		return NULL;
	if (signature->key != NULL)
		copy->key = rsa_key_hold(signature->key);
	copy->words = signature->words;
	if (signature->inner != NULL && (copy->inner = EVP_PKEY_CTX_dup(signature->inner)) == NULL)
		goto fail;
	if (signature->digest != NULL && EVP_MD_up_ref(signature->digest))
		copy->digest = signature->digest;
	if (signature->hashing != NULL) {
		copy->hashing = EVP_MD_CTX_new();
		if (copy->hashing == NULL || !EVP_MD_CTX_copy_ex(copy->hashing, signature->hashing))
			goto fail;
	}
	return copy;
fail:
	signature_free(copy);
	return NULL;
}

/* For `key`, or for the last one again when it is NULL. */
static bool take_key(struct signature *signature, struct rsa_key *key)
{
	if (key == NULL && signature->key == NULL) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_NO_KEY_SET, "glacis: RSA signature without a key");
		return false;
	}
	if (key != NULL && key != signature->key) {
		rsa_key_release(signature->key);
		signature->key = rsa_key_hold(key);
	}
	EVP_PKEY_CTX_free(signature->inner);
	signature->inner = NULL;
	return true;
}

EVP_PKEY_CTX *signature_inner(struct signature *signature)
{
	if (signature->inner != NULL || signature->words.digest[0] == '\0')
		return signature->inner;
	signature->inner = rsa_key_start(signature->key, RSA_KEY_SIGN);
	if (signature->inner != NULL && lanes_words_tell(&signature->words, signature->inner))
		return signature->inner;
	EVP_PKEY_CTX_free(signature->inner);
	signature->inner = NULL;
	return NULL;
}

/* Starts an operation. */
static int init(struct signature *signature, struct rsa_key *key, const OSSL_PARAM params[], enum rsa_key_use use)
{
	if (!take_key(signature, key))
		return 0;
	signature->inner = rsa_key_start(signature->key, use);
	if (signature->inner == NULL)
		return 0;
	return params == NULL || params->key == NULL || EVP_PKEY_CTX_set_params(signature->inner, params) > 0;
}

static int sign_init(void *opaque, void *key, const OSSL_PARAM params[])
{
	stop_hashing(opaque);
	return init(opaque, key, params, RSA_KEY_SIGN);
}

static int verify_init(void *opaque, void *key, const OSSL_PARAM params[])
{
	stop_hashing(opaque);
	return init(opaque, key, params, RSA_KEY_VERIFY);
}

static int recover_init(void *opaque, void *key, const OSSL_PARAM params[])
{
	stop_hashing(opaque);
	return init(opaque, key, params, RSA_KEY_RECOVER);
}

static enum task_result sign_in_lanes(struct signature *signature, const unsigned char *digest, size_t digest_size,
				      unsigned char *output, size_t *output_size)
{
	struct lanes_words words = signature->words;

	if (!lanes_way_open(signature->key))
		return TASK_REFUSED;
	if (signature->inner != NULL || !lanes_words_complete(&words)) {
		if (signature_inner(signature) == NULL)
			return TASK_REFUSED;
		lanes_words_ask(&words, signature->inner);
	}
	return lanes_way_sign(signature->key, &words, digest, digest_size, output, output_size);
}

static int sign(void *opaque, unsigned char *output, size_t *output_size, size_t room, const unsigned char *digest,
		size_t digest_size)
{
	struct signature *signature = opaque;
	size_t bytes = rsa_key_bytes(signature->key);

	if (output == NULL) {
		*output_size = bytes;
		return 1;
	}
	if (room < bytes) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_INVALID_SIGNATURE_SIZE,
			       "glacis: room for %zu bytes, the signature has %zu", room, bytes);
		return 0;
	}
	if (sign_in_lanes(signature, digest, digest_size, output, output_size) == TASK_DONE)
		return 1;
	*output_size = room;
	return signature_inner(signature) != NULL &&
	       EVP_PKEY_sign(signature->inner, output, output_size, digest, digest_size) > 0;
}

static int verify(void *opaque, const unsigned char *text, size_t size, const unsigned char *digest, size_t digest_size)
{
	struct signature *signature = opaque;

	return EVP_PKEY_verify(signature->inner, text, size, digest, digest_size) == 1;
}

static int recover(void *opaque, unsigned char *output, size_t *output_size, size_t room, const unsigned char *text,
		   size_t size)
{
	struct signature *signature = opaque;

	if (output != NULL)
		*output_size = room;
	return EVP_PKEY_verify_recover(signature->inner, output, output_size, text, size) > 0;
}

/* Messages. */

static EVP_MD *fetch_digest(struct signature *signature, const char *name)
{
	const struct inner *inner = provider_inner(signature->provider);

	return inner != NULL ? EVP_MD_fetch(inner->library, name, NULL) : NULL;
}

static int set_digest(struct signature *signature, const char *name)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)(uintptr_t)name,
								 0),
				OSSL_PARAM_construct_end() };
	EVP_MD *digest;

	if (EVP_PKEY_CTX_set_params(signature->inner, params) <= 0)
		return 0;
	digest = fetch_digest(signature, name);
	if (digest == NULL)
		return 0;
	EVP_MD_free(signature->digest);
	signature->digest = digest;
	return 1;
}

EVP_MD_CTX *signature_hashing(struct signature *signature)
{
	if (signature->hashing != NULL || signature->words.digest[0] == '\0')
		return signature->hashing;
	if (signature->digest == NULL)
		signature->digest = fetch_digest(signature, signature->words.digest);
	signature->hashing = signature->digest != NULL ? EVP_MD_CTX_new() : NULL;
	if (signature->hashing == NULL || EVP_DigestInit_ex2(signature->hashing, signature->digest, NULL))
		return signature->hashing;
	EVP_MD_CTX_free(signature->hashing);
	signature->hashing = NULL;
	return NULL;
}

/* Signing with a key of lanes and a digest that they know, of which nothing else is said yet: keeps that. */
static bool begin_with_words(struct signature *signature, const char *digest, struct rsa_key *key)
{
	const struct rsa_key *used = key != NULL ? key : signature->key;
	struct lanes_words words;

	if (used == NULL || used->der == NULL || !lanes_words_start(&words, digest) || !take_key(signature, key))
		return false;
	stop_hashing(signature);
	signature->words = words;
	return true;
}

static int begin(struct signature *signature, const char *digest, struct rsa_key *key, const OSSL_PARAM params[],
		 enum rsa_key_use use)
{
	signature->words = (struct lanes_words){ 0 };
	if (!init(signature, key, params, use) || !set_digest(signature, digest))
		return 0;
	if (signature->hashing == NULL)
		signature->hashing = EVP_MD_CTX_new();
	return signature->hashing != NULL && EVP_DigestInit_ex2(signature->hashing, signature->digest, params);
}

static int digest_init(struct signature *signature, const char *digest, struct rsa_key *key, const OSSL_PARAM params[],
		       enum rsa_key_use use)
{
	bool silent = params == NULL || params->key == NULL;
	char last[DIGEST_NAME_MAX] = "";

	/* Started again without a name: the digest stays. */
	if (signature->digest != NULL)
		snprintf(last, sizeof(last), "%s", EVP_MD_get0_name(signature->digest));
	else
		snprintf(last, sizeof(last), "%s", signature->words.digest);
	if (digest == NULL || *digest == '\0')
		digest = last;
	if (*digest == '\0') {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_MISSING_MESSAGE_DIGEST, "glacis: RSA signature without a digest");
		return 0;
	}
	if (use == RSA_KEY_SIGN && silent && begin_with_words(signature, digest, key))
		return 1;
	return begin(signature, digest, key, params, use);
}

static int digest_sign_init(void *opaque, const char *digest, void *key, const OSSL_PARAM params[])
{
	return digest_init(opaque, digest, key, params, RSA_KEY_SIGN);
}

static int digest_verify_init(void *opaque, const char *digest, void *key, const OSSL_PARAM params[])
{
	return digest_init(opaque, digest, key, params, RSA_KEY_VERIFY);
}

static int digest_update(void *opaque, const unsigned char *text, size_t size)
{
	EVP_MD_CTX *hashing = signature_hashing(opaque);

	return hashing != NULL && EVP_DigestUpdate(hashing, text, size);
}

static int digest_sign_final(void *opaque, unsigned char *output, size_t *output_size, size_t room)
{
	struct signature *signature = opaque;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size;

	if (signature_hashing(signature) == NULL)
		return 0;
	if (output == NULL)
		return sign(signature, NULL, output_size, 0, NULL, 0);
	return EVP_DigestFinal_ex(signature->hashing, digest, &size) &&
	       sign(signature, output, output_size, room, digest, size);
}

static int digest_sign(void *opaque, unsigned char *output, size_t *output_size, size_t room, const unsigned char *text,
		       size_t size)
{
	struct signature *signature = opaque;
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (signature->hashing == NULL && signature->words.digest[0] != '\0')
		return sign(signature, output, output_size, room, digest,
			    output != NULL ? lanes_words_hash(&signature->words, text, size, digest) : 0);
	if (output != NULL && !digest_update(opaque, text, size))
		return 0;
	return digest_sign_final(opaque, output, output_size, room);
}

static int digest_verify_final(void *opaque, const unsigned char *text, size_t size)
{
	struct signature *signature = opaque;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_size;

	return signature->hashing != NULL && EVP_DigestFinal_ex(signature->hashing, digest, &digest_size) &&
	       verify(signature, text, size, digest, digest_size);
}

const OSSL_DISPATCH provider_rsa_signature[] = {
	{ OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))signature_new },
	{ OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))signature_free },
	{ OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))signature_dup },
	{ OSSL_FUNC_SIGNATURE_SIGN_INIT, (void (*)(void))sign_init },
	{ OSSL_FUNC_SIGNATURE_SIGN, (void (*)(void))sign },
	{ OSSL_FUNC_SIGNATURE_VERIFY_INIT, (void (*)(void))verify_init },
	{ OSSL_FUNC_SIGNATURE_VERIFY, (void (*)(void))verify },
	{ OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT, (void (*)(void))recover_init },
	{ OSSL_FUNC_SIGNATURE_VERIFY_RECOVER, (void (*)(void))recover },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))digest_sign_init },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))digest_update },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))digest_sign_final },
	{ OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))digest_sign },
	{ OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, (void (*)(void))digest_verify_init },
	{ OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, (void (*)(void))digest_update },
	{ OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, (void (*)(void))digest_verify_final },
	{ OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))signature_get_params },
	{ OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))signature_gettable_params },
	{ OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))signature_set_params },
	{ OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))signature_settable_params },
	{ OSSL_FUNC_SIGNATURE_GET_CTX_MD_PARAMS, (void (*)(void))signature_get_md_params },
	{ OSSL_FUNC_SIGNATURE_GETTABLE_CTX_MD_PARAMS, (void (*)(void))signature_gettable_md_params },
	{ OSSL_FUNC_SIGNATURE_SET_CTX_MD_PARAMS, (void (*)(void))signature_set_md_params },
	{ OSSL_FUNC_SIGNATURE_SETTABLE_CTX_MD_PARAMS, (void (*)(void))signature_settable_md_params },
	{ 0, NULL }
};
