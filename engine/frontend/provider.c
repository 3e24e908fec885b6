/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's library context of OpenSSL and the provider in it. See provider.h.
 */
#include "provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include <glacis/version.h>
#include <glacis/x25519.h>

#include "x25519_key.h"

#define NAME       "glacisd"
#define PROPERTIES "provider=" NAME

static const OSSL_PARAM *gettable_params(void *context)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
					     OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
					     OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL), OSSL_PARAM_END };

	return params;
}

static int get_params(void *context, OSSL_PARAM params[])
{
	OSSL_PARAM *param;

	if ((param = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME)) && !OSSL_PARAM_set_utf8_ptr(param, NAME))
		return 0;
	if ((param = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION)) &&
	    !OSSL_PARAM_set_utf8_ptr(param, glacis_version()))
		return 0;
	param = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
	return !param || OSSL_PARAM_set_int(param, 1);
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM kdfs[] = { { "TLS13-KDF", PROPERTIES, glacisd_provider_kdf, NULL }, { 0 } };
	static const OSSL_ALGORITHM keys[] = {
		{ X25519_KEY_NAMES, PROPERTIES, glacisd_provider_x25519_keys, NULL },
		{ 0 },
	};
	static const OSSL_ALGORITHM exchanges[] = {
		{ X25519_KEY_NAMES, PROPERTIES, glacisd_provider_x25519_exchange, NULL },
		{ 0 },
	};

	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KDF:
		return kdfs;
	/* Without lanes OpenSSL's own is the better one. */
	case OSSL_OP_KEYMGMT:
		return glacis_x25519_lanes_from() ? keys : NULL;
	case OSSL_OP_KEYEXCH:
		return glacis_x25519_lanes_from() ? exchanges : NULL;
	default:
		return NULL;
	}
}

static int get_capabilities(void *context, const char *capability, OSSL_CALLBACK *callback, void *argument)
{
	return strcmp(capability, "TLS-GROUP") != 0 || !glacis_x25519_lanes_from() ||
	       x25519_key_tls_group(callback, argument);
}

static const OSSL_DISPATCH dispatch[] = {
	{ OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable_params },
	{ OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params },
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
	{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities },
	{ 0, NULL },
};

/* OpenSSL gives an init function nothing of ours, so the context is made here and found by
 * OSSL_PROVIDER_get0_provider_ctx. */
static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **context)
{
	*context = calloc(1, sizeof(struct glacisd_provider));
	*out = dispatch;
	return *context != NULL;
}

struct glacisd_provider *glacisd_provider_create(struct glacisd_worker *worker)
{
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *ours = NULL, *base = NULL;
	struct glacisd_provider *provider;

	if (!library || OSSL_PROVIDER_add_builtin(library, NAME, init) != 1)
		goto fail;
	ours = OSSL_PROVIDER_load(library, NAME);
	base = OSSL_PROVIDER_load(library, "default");
	if (!ours || !base)
		goto fail;
	provider = OSSL_PROVIDER_get0_provider_ctx(ours);
	provider->worker = worker;
	provider->library = library;
	provider->ours = ours;
	provider->base = base;
	provider->pairs = OPENSSL_secure_malloc(2 * GLACIS_X25519_LANES * GLACIS_X25519_SIZE);
	if (provider->pairs)
		return provider;
	free(provider);
fail:
	if (ours)
		OSSL_PROVIDER_unload(ours);
	if (base)
		OSSL_PROVIDER_unload(base);
	OSSL_LIB_CTX_free(library);
	return NULL;
}

void glacisd_provider_destroy(struct glacisd_provider *provider)
{
	if (!provider)
		return;
	OSSL_PROVIDER_unload(provider->ours);
	OSSL_PROVIDER_unload(provider->base);
	OSSL_LIB_CTX_free(provider->library);
	OPENSSL_secure_clear_free(provider->pairs, 2 * GLACIS_X25519_LANES * GLACIS_X25519_SIZE);
	free(provider);
}
