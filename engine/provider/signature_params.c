/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of RSA signatures; see signature_rsa.h.
 */
#include "signature_rsa.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

int signature_get_params(void *opaque, OSSL_PARAM params[])
{
	EVP_PKEY_CTX *inner = signature_inner(opaque);

	return inner != NULL && EVP_PKEY_CTX_get_params(inner, params) > 0;
}

/* While a message is being hashed its digest may be named again, but not changed. */
static bool digest_stays(struct signature *signature, const OSSL_PARAM params[])
{
	const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
	const char *name;

	if (param == NULL || signature_hashing(signature) == NULL)
		return true;
	if (OSSL_PARAM_get_utf8_string_ptr(param, &name) && name != NULL && EVP_MD_is_a(signature->digest, name))
		return true;
	ERR_raise_data(ERR_LIB_PROV, PROV_R_DIGEST_NOT_ALLOWED, "glacis: a message is being hashed with %s already",
		       EVP_MD_get0_name(signature->digest));
	return false;
}

int signature_set_params(void *opaque, const OSSL_PARAM params[])
{
	struct signature *signature = opaque;

	if (params == NULL || params->key == NULL)
		return 1;
	if (!digest_stays(signature, params))
		return 0;
	if (signature->inner == NULL && signature->words.digest[0] != '\0' &&
	    lanes_words_take(&signature->words, params))
		return 1;
	return signature_inner(signature) != NULL && EVP_PKEY_CTX_set_params(signature->inner, params) > 0;
}

const OSSL_PARAM *signature_gettable_params(void *opaque, void *provider)
{
	const struct inner *inner = provider_inner(provider);

	return inner != NULL ? EVP_SIGNATURE_gettable_ctx_params(inner->signature) : NULL;
}

const OSSL_PARAM *signature_settable_params(void *opaque, void *provider)
{
	/* While a message is being hashed the digest stays what it is. */
	static const OSSL_PARAM without_digest[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_PROPERTIES, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0), OSSL_PARAM_END
	};
	const struct signature *signature = opaque;
	const struct inner *inner = provider_inner(provider);

	if (signature != NULL && (signature->hashing != NULL || signature->words.digest[0] != '\0'))
		return without_digest;
	return inner != NULL ? EVP_SIGNATURE_settable_ctx_params(inner->signature) : NULL;
}

int signature_get_md_params(void *opaque, OSSL_PARAM params[])
{
	EVP_MD_CTX *hashing = signature_hashing(opaque);

	return hashing != NULL && EVP_MD_CTX_get_params(hashing, params);
}

int signature_set_md_params(void *opaque, const OSSL_PARAM params[])
{
	EVP_MD_CTX *hashing = signature_hashing(opaque);

	return hashing != NULL && EVP_MD_CTX_set_params(hashing, params);
}

const OSSL_PARAM *signature_gettable_md_params(void *opaque)
{
	struct signature *signature = opaque;

	return signature_hashing(signature) != NULL ? EVP_MD_gettable_ctx_params(signature->digest) : NULL;
}

const OSSL_PARAM *signature_settable_md_params(void *opaque)
{
	struct signature *signature = opaque;

	return signature_hashing(signature) != NULL ? EVP_MD_settable_ctx_params(signature->digest) : NULL;
}
