/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM messages; see gcm.h.
 */
#include "gcm.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/proverr.h>
#include <openssl/rand.h>

#include "status.h"

#define ALIGNMENT 64u
#define MEMORY    (sizeof(struct gcm) + ALIGNMENT)
/* NIST SP 800-38D: text of one message, in bytes. */
#define TEXT_MAX ((UINT64_C(1) << 36) - 32)
/* The shared counter is written once for so many messages. */
#define COUNT_AT 256u

static struct gcm *allocate(void)
{
	uint8_t *memory = OPENSSL_malloc(MEMORY);
	struct gcm *gcm;

	if (memory == NULL)
		return NULL;
	gcm = (struct gcm *)(memory + (ALIGNMENT - ((uintptr_t)memory & (ALIGNMENT - 1))));
	gcm->memory = memory;
	return gcm;
}

struct gcm *gcm_new(struct provider *provider, size_t key_size)
{
	const struct gcm_functions *functions = gcm_functions_for(key_size);
	struct gcm *gcm = functions != NULL ? allocate() : NULL;

	if (gcm == NULL)
		return NULL;
	*gcm = (struct gcm){ .memory = gcm->memory,
			     .functions = functions,
			     .provider = provider,
			     .key_size = key_size,
			     .iv_size = GCM_NONCE_SIZE,
			     .tag_size = GCM_UNSET,
			     .tls_aad_size = GCM_UNSET };
	return gcm;
}

struct gcm *gcm_dup(const struct gcm *gcm)
{
	struct gcm *copy = allocate();
	void *memory;

	if (copy == NULL)
		return NULL;
	memory = copy->memory;
	*copy = *gcm;
	copy->memory = memory;
	copy->uncounted = 0;
	copy->other = NULL;
	if (gcm->state != GCM_OTHER)
		return copy;
	copy->other = EVP_CIPHER_CTX_new();
	if (copy->other != NULL && EVP_CIPHER_CTX_copy(copy->other, gcm->other) > 0)
		return copy;
	gcm_free(copy);
	return NULL;
}

void gcm_free(struct gcm *gcm)
{
	if (gcm == NULL)
		return;
	if (gcm->uncounted > 0)
		status_add(STATUS_AES_OPERATIONS, gcm->uncounted);
	EVP_CIPHER_CTX_free(gcm->other);
	OPENSSL_clear_free(gcm->memory, MEMORY);
}

void gcm_count(struct gcm *gcm)
{
	if (++gcm->uncounted < COUNT_AT)
		return;
	status_add(STATUS_AES_OPERATIONS, gcm->uncounted);
	gcm->uncounted = 0;
}

bool gcm_set_key(struct gcm *gcm, const uint8_t *key, size_t size)
{
	if (size != gcm->key_size) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_INVALID_KEY_LENGTH, "glacis: %zu bytes, %zu are needed", size,
			       gcm->key_size);
		return false;
	}
	memcpy(gcm->raw_key, key, size);
	gcm->functions->expand(key, &gcm->key);
	gcm->key_set = true;
	gcm->tls_records = 0;
	if (gcm->state == GCM_TEXT || gcm->state == GCM_OTHER)
		gcm->state = GCM_READY;
	return true;
}

bool gcm_set_nonce(struct gcm *gcm, const uint8_t *nonce, size_t size)
{
	if (size == 0 || size > GCM_IV_MAX) {
		ERR_raise_data(ERR_LIB_PROV, PROV_R_INVALID_IV_LENGTH, "glacis: %zu bytes, 1 to %u are possible", size,
			       GCM_IV_MAX);
		return false;
	}
	gcm->iv_size = size;
	memcpy(gcm->nonce, nonce, size);
	memcpy(gcm->iv, nonce, size);
	gcm->state = GCM_READY;
	gcm->aad_size = 0;
	gcm->text_size = 0;
	return true;
}

/* Who seals without having set a nonce gets a random one, as from OpenSSL. */
static bool provide_nonce(struct gcm *gcm)
{
	uint8_t nonce[GCM_IV_MAX];

	if (!gcm->key_set || gcm->state == GCM_USED)
		return false;
	if (gcm->state != GCM_NO_NONCE)
		return true;
	return gcm->sealing && gcm->iv_size >= GCM_NONCE_SIZE && RAND_bytes(nonce, (int)gcm->iv_size) > 0 &&
	       gcm_set_nonce(gcm, nonce, gcm->iv_size);
}

/* READY becomes TEXT. */
static void begin_text(struct gcm *gcm)
{
	gcm->functions->init(&gcm->key, &gcm->context, gcm->nonce, gcm->aad, gcm->aad_size);
	gcm->state = GCM_TEXT;
}

bool gcm_aad(struct gcm *gcm, const uint8_t *aad, size_t size)
{
	if (!provide_nonce(gcm) || gcm->state == GCM_TEXT)
		return false;
	if (gcm->state == GCM_READY && size <= GCM_AAD_MAX - gcm->aad_size) {
		memcpy(gcm->aad + gcm->aad_size, aad, size);
		gcm->aad_size += size;
		return true;
	}
	return (gcm->state == GCM_OTHER || gcm_other_begin(gcm)) && gcm_other_aad(gcm, aad, size);
}

bool gcm_text(struct gcm *gcm, uint8_t *out, const uint8_t *in, size_t size)
{
	if (!provide_nonce(gcm) || size > TEXT_MAX - gcm->text_size)
		return false;
	if (gcm->state == GCM_READY && gcm->iv_size != GCM_NONCE_SIZE && !gcm_other_begin(gcm))
		return false;
	gcm->text_size += size;
	if (gcm->state == GCM_OTHER)
		return gcm_other_text(gcm, out, in, size);
	if (gcm->state == GCM_READY)
		begin_text(gcm);
	gcm->functions->update[gcm->sealing ? GLACIS_SEAL : GLACIS_OPEN](&gcm->key, &gcm->context, out, in, size);
	return true;
}

bool gcm_finish(struct gcm *gcm)
{
	uint8_t tag[GCM_TAG_SIZE];
	bool good = true;

	if (!provide_nonce(gcm) || (!gcm->sealing && gcm->tag_size == GCM_UNSET))
		return false;
	if (gcm->state == GCM_READY && gcm->iv_size != GCM_NONCE_SIZE && !gcm_other_begin(gcm))
		return false;
	if (gcm->state == GCM_OTHER)
		return gcm_other_finish(gcm);
	if (gcm->state == GCM_READY)
		begin_text(gcm);
	gcm->functions->finalize[gcm->sealing ? GLACIS_SEAL : GLACIS_OPEN](&gcm->key, &gcm->context, tag, sizeof(tag));
	if (gcm->sealing) {
		memcpy(gcm->tag, tag, sizeof(tag));
		gcm->tag_size = sizeof(tag);
	} else {
		good = CRYPTO_memcmp(tag, gcm->tag, gcm->tag_size) == 0;
		OPENSSL_cleanse(tag, sizeof(tag)); /* the right one would be a forgery */
	}
	gcm->state = GCM_USED;
	gcm_count(gcm);
	return good;
}
