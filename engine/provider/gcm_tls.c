/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.2 records with AES-GCM (RFC 5288) as libssl wants them: it sets the fixed part of the nonce once, the record's
 * header before each record, and gives the record in place: 8 bytes of nonce, text, tag.
 */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/proverr.h>
#include <openssl/rand.h>

#include "gcm.h"

#define EXPLICIT EVP_GCM_TLS_EXPLICIT_IV_LEN
#define FIXED    EVP_GCM_TLS_FIXED_IV_LEN

size_t gcm_tls_set_aad(struct gcm *gcm, const uint8_t *aad, size_t size)
{
	size_t length, extra = EXPLICIT + (gcm->sealing ? 0 : GCM_TAG_SIZE);

	if (size != GCM_TLS_AAD)
		return 0;
	/* The header's length counts nonce and tag; what is authenticated counts the text alone. */
	length = (size_t)aad[size - 2] << 8 | aad[size - 1];
	if (length < extra)
		return 0;
	length -= extra;
	memcpy(gcm->tls_aad, aad, size);
	gcm->tls_aad[size - 2] = (uint8_t)(length >> 8);
	gcm->tls_aad[size - 1] = (uint8_t)length;
	gcm->tls_aad_size = size;
	return GCM_TAG_SIZE;
}

bool gcm_tls_set_fixed(struct gcm *gcm, const uint8_t *iv, size_t size)
{
	size_t counted;

	if (size == GCM_UNSET) { /* the whole of it, as kept by the caller */
		memcpy(gcm->iv, iv, gcm->iv_size);
	} else {
		if (size < FIXED || size > gcm->iv_size || gcm->iv_size - size < EXPLICIT)
			return false;
		counted = gcm->iv_size - size;
		memcpy(gcm->iv, iv, size);
		if (gcm->sealing && RAND_bytes(gcm->iv + size, (int)counted) <= 0)
			return false;
	}
	memcpy(gcm->nonce, gcm->iv, gcm->iv_size);
	gcm->iv_generated = true;
	gcm->state = GCM_READY;
	gcm->aad_size = 0;
	gcm->text_size = 0;
	return true;
}

/* Uses the counted nonce for the message that begins. */
static void use_iv(struct gcm *gcm)
{
	memcpy(gcm->nonce, gcm->iv, gcm->iv_size);
	gcm->state = GCM_READY;
	gcm->aad_size = 0;
	gcm->text_size = 0;
}

bool gcm_tls_next_nonce(struct gcm *gcm, uint8_t *out, size_t size)
{
	/* The nonce may have become shorter than its counter since it was set. */
	if (!gcm->iv_generated || !gcm->key_set || gcm->iv_size < EXPLICIT)
		return false;
	if (size == 0 || size > gcm->iv_size)
		size = gcm->iv_size;
	use_iv(gcm);
	memcpy(out, gcm->iv + gcm->iv_size - size, size);
	for (size_t i = 1; i <= EXPLICIT && ++gcm->iv[gcm->iv_size - i] == 0; i++)
		;
	return true;
}

bool gcm_tls_received_nonce(struct gcm *gcm, const uint8_t *in, size_t size)
{
	if (!gcm->iv_generated || !gcm->key_set || gcm->sealing || size > gcm->iv_size)
		return false;
	memcpy(gcm->iv + gcm->iv_size - size, in, size);
	use_iv(gcm);
	return true;
}

/* Text between nonce and tag, in place. */
static bool seal_or_open(struct gcm *gcm, uint8_t *text, size_t size)
{
	uint8_t computed[GCM_TAG_SIZE], *tag = text + size;
	bool good;

	gcm->functions->whole[gcm->sealing ? GLACIS_SEAL : GLACIS_OPEN](&gcm->key, &gcm->context, text, text, size,
									gcm->nonce, gcm->tls_aad, gcm->tls_aad_size,
									gcm->sealing ? tag : computed, GCM_TAG_SIZE);
	if (gcm->sealing)
		return true;
	good = CRYPTO_memcmp(computed, tag, GCM_TAG_SIZE) == 0;
	OPENSSL_cleanse(computed, sizeof(computed));
	if (!good)
		OPENSSL_cleanse(text, size); /* nobody sees what was not authenticated */
	return good;
}

bool gcm_tls_record(struct gcm *gcm, uint8_t *out, size_t *payload, const uint8_t *in, size_t size)
{
	bool good = false;

	*payload = 0;
	if (!gcm->key_set || out != in || size < EXPLICIT + GCM_TAG_SIZE || gcm->iv_size != GCM_NONCE_SIZE)
		goto end;
	if (gcm->sealing && ++gcm->tls_records == 0) {
		ERR_raise(ERR_LIB_PROV, PROV_R_TOO_MANY_RECORDS);
		goto end;
	}
	if (gcm->sealing ? !gcm_tls_next_nonce(gcm, out, EXPLICIT) : !gcm_tls_received_nonce(gcm, out, EXPLICIT))
		goto end;
	good = seal_or_open(gcm, out + EXPLICIT, size - EXPLICIT - GCM_TAG_SIZE);
	if (good)
		*payload = gcm->sealing ? size : size - EXPLICIT - GCM_TAG_SIZE;
	gcm_count(gcm);
end:
	gcm->state = GCM_USED;
	gcm->tls_aad_size = GCM_UNSET;
	return good;
}
