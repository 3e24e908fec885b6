/* SPDX-License-Identifier: Apache-2.0 */
/* The backend "model": what the card computes, by libraries; see backend.h and model.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "model.h"

struct model_thread {
	/* Expanded for each operation: the card keeps none. The vector code wants it aligned. */
	struct gcm_key_data key __attribute__((aligned(64)));
	struct gcm_context_data context;
	struct vcard_rsa_thread *rsa;
};

struct vcard_engine {
	IMB_MGR *manager;
	unsigned count;
	struct model_thread *threads;
};

static void model_close(struct vcard_engine *engine)
{
	for (unsigned i = 0; engine->threads && i < engine->count; i++)
		vcard_model_rsa_close(engine->threads[i].rsa);
	if (engine->threads)
		explicit_bzero(engine->threads, engine->count * sizeof(engine->threads[0]));
	free(engine->threads);
	if (engine->manager)
		free_mb_mgr(engine->manager);
	free(engine);
}

static int open_threads(struct vcard_engine *engine, unsigned count)
{
	engine->threads = aligned_alloc(64, count * sizeof(engine->threads[0]));
	if (!engine->threads)
		return -ENOMEM;
	memset(engine->threads, 0, count * sizeof(engine->threads[0]));
	engine->count = count;
	for (unsigned i = 0; i < count; i++) {
		int error = vcard_model_rsa_open(&engine->threads[i].rsa);

		if (error)
			return error;
	}
	return 0;
}

static int model_open(struct vcard_engine **engine, unsigned threads)
{
	struct vcard_engine *made = calloc(1, sizeof(*made));
	int error = -ENOMEM;

	if (!made)
		return -ENOMEM;
	made->manager = alloc_mb_mgr(0);
	if (!made->manager)
		goto failed;
	init_mb_mgr_auto(made->manager, NULL);
	error = -EOPNOTSUPP;
	if (imb_get_errno(made->manager))
		goto failed;
	error = open_threads(made, threads);
	if (error)
		goto failed;
	*engine = made;
	return 0;
failed:
	model_close(made);
	return error;
}

struct functions {
	void (*expand)(const void *key, struct gcm_key_data *expanded);
	aes_gcm_enc_dec_t seal;
	aes_gcm_enc_dec_t open;
};

static struct functions functions_for(const IMB_MGR *manager, uint32_t key_size)
{
	switch (key_size) {
	case 16:
		return (struct functions){ manager->gcm128_pre, manager->gcm128_enc, manager->gcm128_dec };
	case 24:
		return (struct functions){ manager->gcm192_pre, manager->gcm192_enc, manager->gcm192_dec };
	default:
		return (struct functions){ manager->gcm256_pre, manager->gcm256_enc, manager->gcm256_dec };
	}
}

static enum glacis_card_status model_aead(struct vcard_engine *engine, unsigned thread, const struct vcard_aead *op)
{
	struct functions run = functions_for(engine->manager, op->key_size);
	struct model_thread *self = &engine->threads[thread];
	enum glacis_card_status status = GLACIS_CARD_STATUS_OK;
	uint8_t tag[VCARD_TAG];

	run.expand(op->key, &self->key);
	(op->seal ? run.seal : run.open)(&self->key, &self->context, op->destination, op->source, op->size, op->nonce,
					 op->aad, op->aad_size, tag, sizeof(tag));
	if (op->seal) {
		memcpy(op->tag, tag, sizeof(tag));
	} else if (CRYPTO_memcmp(op->tag, tag, sizeof(tag)) != 0) {
		memset(op->destination, 0, op->size);
		status = GLACIS_CARD_STATUS_AUTH_FAILED;
	}
	explicit_bzero(&self->key, sizeof(self->key));
	explicit_bzero(tag, sizeof(tag)); /* of a failed open it would be a forgery */
	return status;
}

static enum glacis_card_status model_rsa(struct vcard_engine *engine, unsigned thread, const struct vcard_key *key,
					 bool private_exponent, const uint8_t *base, uint8_t *result)
{
	return vcard_model_rsa_run(engine->threads[thread].rsa, key, private_exponent, base, result);
}

const struct vcard_backend vcard_model = {
	.name = "model",
	.board = GLACIS_CARD_BOARD_MODEL,
	.capabilities = GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK | GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK |
			GLACIS_CARD_IDENTITY_CAPABILITIES_SELFTEST_MASK,
	.rsa_bits_min = 1024,
	.rsa_bits_max = 4096,
	.clock_khz = 250000,
	.open = model_open,
	.close = model_close,
	.aead = model_aead,
	.key_make = vcard_model_rsa_key_make,
	.key_free = vcard_model_rsa_key_free,
	.rsa = model_rsa,
};
