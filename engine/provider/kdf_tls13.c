/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS13-KDF for OpenSSL: the key schedule of TLS 1.3 by libglacis' HMAC (engine/common/tls13_kdf.h), in the caller's
 * thread. What TLS does not ask for (another digest, a long label, words for the mode) is the inner context's, which is
 * told all that the outer one was told before.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>

#include "provider.h"
#include "tls13_kdf.h"

struct kdf_context {
	struct provider *provider;
	EVP_KDF_CTX *inner; /* NULL: nothing unusual yet */
	struct tls13_kdf told;
};

static void *new_context(void *provider)
{
	struct kdf_context *context = OPENSSL_zalloc(sizeof(*context));

	if (context != NULL)
		context->provider = provider;
	return context;
}

static void reset(void *opaque)
{
	struct kdf_context *context = opaque;

	EVP_KDF_CTX_free(context->inner);
	context->inner = NULL;
	tls13_kdf_reset(&context->told);
}

static void free_context(void *opaque)
{
	if (opaque == NULL)
		return;
	reset(opaque);
	OPENSSL_free(opaque);
}

static void *dup_context(void *opaque)
{
	const struct kdf_context *context = opaque;
	struct kdf_context *copy = new_context(context->provider);

	if (copy == NULL)
		return NULL;
	copy->told = context->told;
	if (context->inner == NULL || (copy->inner = EVP_KDF_CTX_dup(context->inner)) != NULL)
		return copy;
	free_context(copy);
	return NULL;
}

/* OpenSSL's own context, made when first needed. NULL: its errors are in the queue. */
static EVP_KDF_CTX *inner_of(struct kdf_context *context)
{
	const struct inner *inner = provider_inner(context->provider);
	OSSL_PARAM params[TLS13_KDF_PARAMS];
	EVP_KDF *kdf;

	if (context->inner != NULL || inner == NULL)
		return context->inner;
	kdf = EVP_KDF_fetch(inner->library, OSSL_KDF_NAME_TLS1_3_KDF, NULL);
	context->inner = EVP_KDF_CTX_new(kdf);
	EVP_KDF_free(kdf);
	tls13_kdf_params(&context->told, params);
	if (context->inner != NULL && params[0].key != NULL && EVP_KDF_CTX_set_params(context->inner, params) <= 0) {
		EVP_KDF_CTX_free(context->inner);
		context->inner = NULL;
	}
	return context->inner;
}

static int set_params(void *opaque, const OSSL_PARAM params[])
{
	struct kdf_context *context = opaque;
	EVP_KDF_CTX *inner;

	if (context->inner == NULL && tls13_kdf_take(&context->told, params))
		return 1;
	inner = inner_of(context);
	return inner != NULL && EVP_KDF_CTX_set_params(inner, params) > 0;
}

static int derive(void *opaque, unsigned char *output, size_t size, const OSSL_PARAM params[])
{
	struct kdf_context *context = opaque;
	EVP_KDF_CTX *inner;

	if (context->inner == NULL && tls13_kdf_take(&context->told, params)) {
		if (tls13_kdf_derive(&context->told, output, size))
			return 1;
		params = NULL; /* the inner one is told them too */
	}
	inner = inner_of(context);
	return inner != NULL && EVP_KDF_derive(inner, output, size, params) > 0;
}

/* How long what it derives may be. */
static int get_params(void *opaque, OSSL_PARAM params[])
{
	EVP_KDF_CTX *inner = inner_of(opaque);

	return inner != NULL && EVP_KDF_CTX_get_params(inner, params) > 0;
}

static const OSSL_PARAM *gettable_params(void *context, void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_size_t(OSSL_KDF_PARAM_SIZE, NULL), OSSL_PARAM_END };

	return params;
}

static const OSSL_PARAM *settable_params(void *context, void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MODE, NULL, 0),
					     OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, NULL),
					     OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, NULL, 0),
					     OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
					     OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
					     OSSL_PARAM_END };

	return params;
}

const OSSL_DISPATCH provider_tls13_kdf[] = { { OSSL_FUNC_KDF_NEWCTX, (void (*)(void))new_context },
					     { OSSL_FUNC_KDF_DUPCTX, (void (*)(void))dup_context },
					     { OSSL_FUNC_KDF_FREECTX, (void (*)(void))free_context },
					     { OSSL_FUNC_KDF_RESET, (void (*)(void))reset },
					     { OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive },
					     { OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))set_params },
					     { OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))settable_params },
					     { OSSL_FUNC_KDF_GET_CTX_PARAMS, (void (*)(void))get_params },
					     { OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_params },
					     { 0, NULL } };
