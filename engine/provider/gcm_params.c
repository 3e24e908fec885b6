/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenSSL calls for AES-GCM: initialisation, streaming, parameters, and the three tables. See gcm.h.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#include "gcm.h"

static int set_ctx_params(void *opaque, const OSSL_PARAM params[]);

static int init(struct gcm *gcm, const unsigned char *key, size_t key_size, const unsigned char *iv, size_t iv_size,
		const OSSL_PARAM params[], bool sealing)
{
	gcm->sealing = sealing;
	if (iv != NULL && !gcm_set_nonce(gcm, iv, iv_size))
		return 0;
	if (key != NULL && !gcm_set_key(gcm, key, key_size))
		return 0;
	return set_ctx_params(gcm, params);
}

static int encrypt_init(void *opaque, const unsigned char *key, size_t key_size, const unsigned char *iv,
			size_t iv_size, const OSSL_PARAM params[])
{
	return init(opaque, key, key_size, iv, iv_size, params, true);
}

static int decrypt_init(void *opaque, const unsigned char *key, size_t key_size, const unsigned char *iv,
			size_t iv_size, const OSSL_PARAM params[])
{
	return init(opaque, key, key_size, iv, iv_size, params, false);
}

/* TLS mode, associated data, text, or the end, by what is NULL: OpenSSL's convention. */
static bool process(struct gcm *gcm, unsigned char *out, size_t *size_out, const unsigned char *in, size_t size)
{
	bool good;

	if (gcm->tls_aad_size != GCM_UNSET)
		return gcm_tls_record(gcm, out, size_out, in, size);
	if (in == NULL) {
		*size_out = 0;
		return gcm_finish(gcm);
	}
	good = out == NULL ? gcm_aad(gcm, in, size) : gcm_text(gcm, out, in, size);
	*size_out = good ? size : 0;
	return good;
}

static bool has_room(size_t room, size_t size)
{
	if (room >= size)
		return true;
	ERR_raise_data(ERR_LIB_PROV, PROV_R_OUTPUT_BUFFER_TOO_SMALL, "glacis: room for %zu bytes, there are %zu", room,
		       size);
	return false;
}

static int update(void *opaque, unsigned char *out, size_t *size_out, size_t room, const unsigned char *in, size_t size)
{
	if (size == 0) {
		*size_out = 0;
		return 1;
	}
	if (!has_room(room, size))
		return 0;
	if (process(opaque, out, size_out, in, size))
		return 1;
	ERR_raise(ERR_LIB_PROV, PROV_R_CIPHER_OPERATION_FAILED);
	return 0;
}

static int final(void *opaque, unsigned char *out, size_t *size_out, size_t room)
{
	return process(opaque, out, size_out, NULL, 0);
}

static int once(void *opaque, unsigned char *out, size_t *size_out, size_t room, const unsigned char *in, size_t size)
{
	if (!has_room(room, size) || !process(opaque, out, size_out, in, size))
		return 0;
	*size_out = size;
	return 1;
}

/* Parameters of a context. */

static const OSSL_PARAM *gettable_ctx_params(void *opaque, void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
					     OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
					     OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, NULL),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_IV, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_UPDATED_IV, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 0),
					     OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD, NULL),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN, NULL, 0),
					     OSSL_PARAM_END };

	return params;
}

static const OSSL_PARAM *settable_ctx_params(void *opaque, void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, NULL),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, NULL, 0),
					     OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV, NULL, 0),
					     OSSL_PARAM_END };

	return params;
}

static bool get_iv(const struct gcm *gcm, OSSL_PARAM *param)
{
	/* Where nonces are counted up here, the next one is asked for. */
	const uint8_t *iv = gcm->iv_generated ? gcm->iv : gcm->nonce;

	if (gcm->state == GCM_NO_NONCE || gcm->iv_size > param->data_size)
		return false;
	return OSSL_PARAM_set_octet_string(param, iv, gcm->iv_size) ||
	       OSSL_PARAM_set_octet_ptr(param, iv, gcm->iv_size);
}

static bool get_tag(const struct gcm *gcm, OSSL_PARAM *param)
{
	size_t size = param->data_size;

	if (size != 0 && size <= GCM_TAG_SIZE && gcm->sealing && gcm->tag_size != GCM_UNSET &&
	    OSSL_PARAM_set_octet_string(param, gcm->tag, size))
		return true;
	ERR_raise_data(ERR_LIB_PROV, PROV_R_INVALID_TAG, "glacis: no tag of %zu bytes to get", size);
	return false;
}

static int get_ctx_params(void *opaque, OSSL_PARAM params[])
{
	struct gcm *gcm = opaque;
	bool good = true;

	for (OSSL_PARAM *param = params; param != NULL && param->key != NULL && good; param++) {
		if (strcmp(param->key, OSSL_CIPHER_PARAM_IVLEN) == 0)
			good = OSSL_PARAM_set_size_t(param, gcm->iv_size);
		else if (strcmp(param->key, OSSL_CIPHER_PARAM_KEYLEN) == 0)
			good = OSSL_PARAM_set_size_t(param, gcm->key_size);
		else if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TAGLEN) == 0)
			good = OSSL_PARAM_set_size_t(param, gcm->tag_size != GCM_UNSET ? gcm->tag_size : GCM_TAG_SIZE);
		else if (strcmp(param->key, OSSL_CIPHER_PARAM_IV) == 0 ||
			 strcmp(param->key, OSSL_CIPHER_PARAM_UPDATED_IV) == 0)
			good = get_iv(gcm, param);
		else if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD_PAD) == 0)
			good = OSSL_PARAM_set_size_t(param, gcm->tls_pad);
		else if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TAG) == 0)
			good = get_tag(gcm, param);
		else if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN) == 0)
			good = param->data != NULL && param->data_type == OSSL_PARAM_OCTET_STRING &&
			       gcm_tls_next_nonce(gcm, param->data, param->data_size);
	}
	return good;
}

static bool set_tag(struct gcm *gcm, const OSSL_PARAM *param)
{
	void *tag = gcm->tag;
	size_t size;

	if (!gcm->sealing && param->data != NULL && OSSL_PARAM_get_octet_string(param, &tag, GCM_TAG_SIZE, &size) &&
	    size > 0) {
		gcm->tag_size = size;
		return true;
	}
	ERR_raise_data(ERR_LIB_PROV, PROV_R_INVALID_TAG, "glacis: a tag has 1 to %u bytes and is set to decrypt",
		       GCM_TAG_SIZE);
	return false;
}

static bool set_iv_size(struct gcm *gcm, const OSSL_PARAM *param)
{
	size_t size;

	if (!OSSL_PARAM_get_size_t(param, &size) || size == 0 || size > GCM_IV_MAX) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_INVALID_IV_LENGTH, "glacis: 1 to %u bytes are possible",
			       GCM_IV_MAX);
		return false;
	}
	if (size != gcm->iv_size && gcm->state != GCM_NO_NONCE)
		gcm->state = GCM_USED; /* the nonce that was set is none any more */
	gcm->iv_size = size;
	return true;
}

static bool set_one(struct gcm *gcm, const OSSL_PARAM *param)
{
	bool bytes = param->data_type == OSSL_PARAM_OCTET_STRING && param->data != NULL;

	if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TAG) == 0)
		return set_tag(gcm, param);
	if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_IVLEN) == 0)
		return set_iv_size(gcm, param);
	if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD) == 0) {
		gcm->tls_pad = bytes ? gcm_tls_set_aad(gcm, param->data, param->data_size) : 0;
		return gcm->tls_pad != 0;
	}
	if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED) == 0)
		return bytes && gcm_tls_set_fixed(gcm, param->data, param->data_size);
	if (strcmp(param->key, OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV) == 0)
		return bytes && gcm_tls_received_nonce(gcm, param->data, param->data_size);
	if (strcmp(param->key, OSSL_CIPHER_PARAM_KEYLEN) == 0) {
		size_t size;
		return OSSL_PARAM_get_size_t(param, &size) && size == gcm->key_size;
	}
	return true; /* not ours: OpenSSL lets providers pass over what they do not know */
}

static int set_ctx_params(void *opaque, const OSSL_PARAM params[])
{
	for (const OSSL_PARAM *param = params; param != NULL && param->key != NULL; param++)
		if (!set_one(opaque, param))
			return 0;
	return 1;
}

/* Parameters of the algorithm. */

static const OSSL_PARAM *gettable_params(void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_uint(OSSL_CIPHER_PARAM_MODE, NULL),
					     OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, NULL),
					     OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, NULL),
					     OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_BLOCK_SIZE, NULL),
					     OSSL_PARAM_int(OSSL_CIPHER_PARAM_AEAD, NULL),
					     OSSL_PARAM_int(OSSL_CIPHER_PARAM_CUSTOM_IV, NULL),
					     OSSL_PARAM_int(OSSL_CIPHER_PARAM_CTS, NULL),
					     OSSL_PARAM_int(OSSL_CIPHER_PARAM_TLS1_MULTIBLOCK, NULL),
					     OSSL_PARAM_int(OSSL_CIPHER_PARAM_HAS_RAND_KEY, NULL),
					     OSSL_PARAM_END };

	return params;
}

static int get_params(OSSL_PARAM params[], size_t key_size)
{
	static const char *const flags_off[] = { OSSL_CIPHER_PARAM_CTS, OSSL_CIPHER_PARAM_TLS1_MULTIBLOCK,
						 OSSL_CIPHER_PARAM_HAS_RAND_KEY };
	static const char *const flags_on[] = { OSSL_CIPHER_PARAM_AEAD, OSSL_CIPHER_PARAM_CUSTOM_IV };
	OSSL_PARAM *param;

	for (unsigned i = 0; i < sizeof(flags_off) / sizeof(flags_off[0]); i++)
		if ((param = OSSL_PARAM_locate(params, flags_off[i])) != NULL && !OSSL_PARAM_set_int(param, 0))
			return 0;
	for (unsigned i = 0; i < sizeof(flags_on) / sizeof(flags_on[0]); i++)
		if ((param = OSSL_PARAM_locate(params, flags_on[i])) != NULL && !OSSL_PARAM_set_int(param, 1))
			return 0;
	if ((param = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE)) != NULL &&
	    !OSSL_PARAM_set_uint(param, EVP_CIPH_GCM_MODE))
		return 0;
	if ((param = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_KEYLEN)) != NULL &&
	    !OSSL_PARAM_set_size_t(param, key_size))
		return 0;
	if ((param = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_IVLEN)) != NULL &&
	    !OSSL_PARAM_set_size_t(param, GCM_NONCE_SIZE))
		return 0;
	param = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_BLOCK_SIZE);
	return param == NULL || OSSL_PARAM_set_size_t(param, 1);
}

static void *duplicate(void *gcm)
{
	return gcm_dup(gcm);
}

static void free_context(void *gcm)
{
	gcm_free(gcm);
}

#define TABLE(bits)                                                                                                    \
	static void *new_##bits(void *provider)                                                                        \
	{                                                                                                              \
		return gcm_new(provider, bits / 8);                                                                    \
	}                                                                                                              \
	static int get_params_##bits(OSSL_PARAM params[])                                                              \
	{                                                                                                              \
		return get_params(params, bits / 8);                                                                   \
	}                                                                                                              \
	const OSSL_DISPATCH provider_aes_##bits##_gcm[] = {                                                            \
		{ OSSL_FUNC_CIPHER_NEWCTX, (void (*)(void))new_##bits },                                               \
		{ OSSL_FUNC_CIPHER_FREECTX, (void (*)(void))free_context },                                            \
		{ OSSL_FUNC_CIPHER_DUPCTX, (void (*)(void))duplicate },                                                \
		{ OSSL_FUNC_CIPHER_ENCRYPT_INIT, (void (*)(void))encrypt_init },                                       \
		{ OSSL_FUNC_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init },                                       \
		{ OSSL_FUNC_CIPHER_UPDATE, (void (*)(void))update },                                                   \
		{ OSSL_FUNC_CIPHER_FINAL, (void (*)(void)) final },                                                    \
		{ OSSL_FUNC_CIPHER_CIPHER, (void (*)(void))once },                                                     \
		{ OSSL_FUNC_CIPHER_GET_PARAMS, (void (*)(void))get_params_##bits },                                    \
		{ OSSL_FUNC_CIPHER_GETTABLE_PARAMS, (void (*)(void))gettable_params },                                 \
		{ OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (void (*)(void))get_ctx_params },                                   \
		{ OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_ctx_params },                         \
		{ OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_ctx_params },                                   \
		{ OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_ctx_params },                         \
		{ 0, NULL }                                                                                            \
	}

TABLE(128);
TABLE(192);
TABLE(256);
