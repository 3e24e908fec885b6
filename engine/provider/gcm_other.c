/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM messages that are left to OpenSSL: nonces of another size than 12 bytes, and associated data too long to
 * collect (GMAC over a file is such a message). OpenSSL's cipher of the inner library gets what was collected so far.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "gcm.h"
#include "status.h"

/* OpenSSL's functions take their sizes as int. */
#define PIECE_MAX (1u << 30)

bool gcm_other_begin(struct gcm *gcm)
{
	const struct inner *inner = provider_inner(gcm->provider);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, &gcm->iv_size),
				OSSL_PARAM_construct_end() };

	if (inner == NULL)
		return false;
	if (gcm->other == NULL)
		gcm->other = EVP_CIPHER_CTX_new();
	if (gcm->other == NULL ||
	    EVP_CipherInit_ex2(gcm->other, inner->gcm[gcm->key_size / 8 - 2], NULL, NULL, gcm->sealing, params) <= 0 ||
	    EVP_CipherInit_ex2(gcm->other, NULL, gcm->raw_key, gcm->nonce, gcm->sealing, NULL) <= 0)
		return false;
	gcm->state = GCM_OTHER;
	return gcm_other_aad(gcm, gcm->aad, gcm->aad_size);
}

static bool update(struct gcm *gcm, uint8_t *out, const uint8_t *in, size_t size)
{
	while (size > 0) {
		int piece = (int)(size < PIECE_MAX ? size : PIECE_MAX), written;
		if (EVP_CipherUpdate(gcm->other, out, &written, in, piece) <= 0)
			return false;
		in += piece;
		out = out != NULL ? out + piece : NULL;
		size -= (size_t)piece;
	}
	return true;
}

bool gcm_other_aad(struct gcm *gcm, const uint8_t *aad, size_t size)
{
	return update(gcm, NULL, aad, size);
}

bool gcm_other_text(struct gcm *gcm, uint8_t *out, const uint8_t *in, size_t size)
{
	return update(gcm, out, in, size);
}

bool gcm_other_finish(struct gcm *gcm)
{
	uint8_t nothing[GCM_TAG_SIZE];
	int written;
	bool good = gcm->sealing ||
		    EVP_CIPHER_CTX_ctrl(gcm->other, EVP_CTRL_AEAD_SET_TAG, (int)gcm->tag_size, gcm->tag) > 0;

	good = good && EVP_CipherFinal_ex(gcm->other, nothing, &written) > 0;
	if (good && gcm->sealing) {
		good = EVP_CIPHER_CTX_ctrl(gcm->other, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_SIZE, gcm->tag) > 0;
		gcm->tag_size = GCM_TAG_SIZE;
	}
	gcm->state = GCM_USED;
	status_add(STATUS_AES_OPENSSL, 1);
	return good;
}
