/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key schedule of TLS 1.3 (RFC 8446 section 7.1) as OpenSSL's algorithm "TLS13-KDF", computed by libglacis.
 *
 * OpenSSL derives about twenty secrets and keys in a handshake, each by a call of its own with all inputs as
 * parameters, so there is no state. Two of them are what the record layer goes on with: they are kept in the handshake
 * that runs.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>
#include <strings.h>

#include <glacis/tls_keys.h>

#include "handshake.h"
#include "provider.h"

#define LABEL_MAX 32u

/* One octet string of the parameters; they stay OpenSSL's. */
struct octets {
	const uint8_t *bytes;
	size_t size;
};

struct inputs {
	size_t hash_size;
	int mode;
	struct octets key, salt, prefix, label, data;
};

/* 32 or 48 for the hashes of the suites there are, 0 for any other. */
static size_t hash_size(const char *name)
{
	if (!strcasecmp(name, "SHA256") || !strcasecmp(name, "SHA2-256") || !strcasecmp(name, "SHA-256"))
		return 32;
	if (!strcasecmp(name, "SHA384") || !strcasecmp(name, "SHA2-384") || !strcasecmp(name, "SHA-384"))
		return 48;
	return 0;
}

static int take_octets(const OSSL_PARAM *param, struct octets *octets)
{
	const void *bytes;

	if (!OSSL_PARAM_get_octet_string_ptr(param, &bytes, &octets->size))
		return 0;
	octets->bytes = bytes;
	return 1;
}

static int take(const OSSL_PARAM *param, struct inputs *inputs)
{
	const char *text;

	if (!strcmp(param->key, OSSL_KDF_PARAM_KEY))
		return take_octets(param, &inputs->key);
	if (!strcmp(param->key, OSSL_KDF_PARAM_SALT))
		return take_octets(param, &inputs->salt);
	if (!strcmp(param->key, OSSL_KDF_PARAM_PREFIX))
		return take_octets(param, &inputs->prefix);
	if (!strcmp(param->key, OSSL_KDF_PARAM_LABEL))
		return take_octets(param, &inputs->label);
	if (!strcmp(param->key, OSSL_KDF_PARAM_DATA))
		return take_octets(param, &inputs->data);
	if (!strcmp(param->key, OSSL_KDF_PARAM_MODE))
		return OSSL_PARAM_get_int(param, &inputs->mode);
	if (!strcmp(param->key, OSSL_KDF_PARAM_DIGEST)) {
		if (!OSSL_PARAM_get_utf8_string_ptr(param, &text))
			return 0;
		inputs->hash_size = hash_size(text);
		return inputs->hash_size != 0;
	}
	return 1; /* the property query: there is nothing left to fetch */
}

/* The label as a string; libglacis adds the prefix that OpenSSL passes. */
static int label_text(const struct inputs *inputs, char text[LABEL_MAX])
{
	if (inputs->label.size >= LABEL_MAX || inputs->prefix.size != 6 ||
	    memcmp(inputs->prefix.bytes, "tls13 ", 6) != 0)
		return 0;
	memcpy(text, inputs->label.bytes, inputs->label.size);
	text[inputs->label.size] = '\0';
	return 1;
}

static int expand(const struct inputs *inputs, const struct octets *secret, const struct octets *context,
		  uint8_t *output, size_t size)
{
	char label[LABEL_MAX];

	return label_text(inputs, label) && secret->size == inputs->hash_size &&
	       glacis_tls13_expand_label(inputs->hash_size, secret->bytes, label, context->bytes, context->size, output,
					 size) == 0;
}

/* The hash of nothing, the context of "derived" (RFC 8446 section 7.1). */
static struct octets empty_hash(size_t size)
{
	static const uint8_t sha256[] = { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
					  0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
					  0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 };
	static const uint8_t sha384[] = { 0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e,
					  0xb1, 0xb1, 0xe3, 0x6a, 0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43,
					  0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda, 0x27, 0x4e, 0xde, 0xbf,
					  0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b };

	return size == 32 ? (struct octets){ sha256, sizeof(sha256) } : (struct octets){ sha384, sizeof(sha384) };
}

/* HKDF-Extract of the key under what follows from the salt, the secret of the stage before. Zeros stand for
 * a missing one. */
static int extract(const struct inputs *inputs, uint8_t *output, size_t size)
{
	static const uint8_t zeros[GLACIS_TLS_SECRET_SIZE_MAX];
	const struct octets context = empty_hash(inputs->hash_size);
	struct octets key = inputs->key, salt = { NULL, 0 };
	uint8_t derived[GLACIS_TLS_SECRET_SIZE_MAX];
	int done = 0;

	if (size != inputs->hash_size)
		return 0;
	if (!key.bytes)
		key = (struct octets){ zeros, inputs->hash_size };
	if (inputs->salt.bytes) {
		if (!expand(inputs, &inputs->salt, &context, derived, inputs->hash_size))
			return 0;
		salt = (struct octets){ derived, inputs->hash_size };
	}
	done = glacis_tls13_extract(inputs->hash_size, salt.bytes, salt.size, key.bytes, key.size, output) == 0;
	OPENSSL_cleanse(derived, sizeof(derived));
	return done;
}

/* Application traffic secrets stay with the handshake. */
static void keep(const struct glacisd_provider *provider, const struct inputs *inputs, const uint8_t *secret,
		 size_t size)
{
	struct glacisd_connection *connection = provider->worker->running;

	if (!connection || inputs->label.size != 12 || size > GLACIS_TLS_SECRET_SIZE_MAX)
		return;
	if (!memcmp(inputs->label.bytes, "c ap traffic", 12))
		memcpy(connection->handshake->client_secret, secret, size);
	else if (!memcmp(inputs->label.bytes, "s ap traffic", 12))
		memcpy(connection->handshake->server_secret, secret, size);
	else
		return;
	connection->handshake->secret_size = (uint8_t)size;
}

static int derive(void *context, unsigned char *output, size_t size, const OSSL_PARAM params[])
{
	struct inputs inputs = { .mode = -1 };

	for (const OSSL_PARAM *param = params; param && param->key; param++) {
		if (!take(param, &inputs))
			return 0;
	}
	if (!inputs.hash_size)
		return 0;
	if (inputs.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return extract(&inputs, output, size);
	if (inputs.mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || !expand(&inputs, &inputs.key, &inputs.data, output, size))
		return 0;
	keep(context, &inputs, output, size);
	return 1;
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
