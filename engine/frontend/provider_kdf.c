/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key schedule of TLS 1.3 (RFC 8446 section 7.1) as OpenSSL's algorithm "TLS13-KDF", computed by libglacis
 * (engine/common/tls13_kdf.h).
 *
 * OpenSSL derives about twenty secrets and keys in a handshake, each by a call of its own with all inputs as
 * parameters, so there is no state. Two of them are what the record layer goes on with: they are kept in the handshake
 * that runs.
 */
#include <openssl/core_dispatch.h>
#include <openssl/kdf.h>
#include <string.h>

#include <glacis/tls_keys.h>

#include "handshake.h"
#include "provider.h"
#include "tls13_kdf.h"

/* Application traffic secrets stay with the handshake. */
static void keep(const struct glacisd_provider *provider, const struct tls13_kdf *kdf, const uint8_t *secret,
		 size_t size)
{
	struct glacisd_connection *connection = provider->worker->running;

	if (!connection || kdf->mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || kdf->label.size != 12 ||
	    size > GLACIS_TLS_SECRET_SIZE_MAX)
		return;
	if (!memcmp(kdf->label.bytes, "c ap traffic", 12))
		memcpy(connection->handshake->client_secret, secret, size);
	else if (!memcmp(kdf->label.bytes, "s ap traffic", 12))
		memcpy(connection->handshake->server_secret, secret, size);
	else
		return;
	connection->handshake->secret_size = (uint8_t)size;
}

static int derive(void *context, unsigned char *output, size_t size, const OSSL_PARAM params[])
{
	struct tls13_kdf kdf = { 0 };
	int done = tls13_kdf_take(&kdf, params) && tls13_kdf_derive(&kdf, output, size);

	if (done)
		keep(context, &kdf, output, size);
	tls13_kdf_reset(&kdf);
	return done;
}

static void *new_context(void *provider)
{
	return provider;
}

static void free_context(void *context)
{
}

const OSSL_DISPATCH glacisd_provider_kdf[] = {
	{ OSSL_FUNC_KDF_NEWCTX, (void (*)(void))new_context },
	{ OSSL_FUNC_KDF_FREECTX, (void (*)(void))free_context },
	{ OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive },
	{ 0, NULL },
};
