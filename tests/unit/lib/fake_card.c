/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module for libglacis, as glacis-cryptodev.so is one, whose device is OpenSSL and which fails as the test asks. So
 * routing, failover and the keeper are tried without DPDK.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "aead_session.h"
#include "card_module.h"
#include "fake_card.h"

extern const struct card_module glacis_card_module;
extern struct fake_card_control fake_card;

struct fake_card_control fake_card;

struct card_device {
	int unused;
};

struct card_queue {
	struct card_queue_setup setup;
	struct glacis_aead_op *ops[FAKE_CARD_DEPTH];
	unsigned count;
	uint64_t newest_us; /* submit */
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static int fake_open(const struct card_open *open, struct card_device **device)
{
	(void)open;
	*device = calloc(1, sizeof(**device));
	return *device == NULL ? -ENOMEM : 0;
}

static void fake_close(struct card_device *device)
{
	free(device);
}

static void fake_describe(const struct card_device *device, struct card_description *description)
{
	(void)device;
	*description = (struct card_description){ .device = "fake0",
						  .driver = "fake",
						  .aead = true,
						  .direct = true,
						  .queues = FAKE_CARD_QUEUES,
						  .length_max = 65535 };
}

static void fake_identity(const struct card_device *device, struct glacis_card_identity *identity)
{
	(void)device;
	*identity = (struct glacis_card_identity){ .place = "fake0", .board = "fake", .abi = "1.1" };
	snprintf(identity->build_id, sizeof(identity->build_id), "%016x", atomic_load(&fake_card.restarts));
}

static int fake_restart(struct card_device *device, char *why)
{
	(void)device;
	atomic_fetch_add(&fake_card.restarts, 1);
	if (atomic_fetch_sub(&fake_card.restarts_to_fail, 1) <= 0)
		return 0;
	snprintf(why, CARD_WHY_SIZE, "the test wants it so");
	return -ENODEV;
}

static void *fake_memory_alloc(struct card_device *device, size_t size)
{
	(void)device;
	return aligned_alloc(64, (size + 63) / 64 * 64);
}

static void fake_memory_free(struct card_device *device, void *memory, size_t size)
{
	(void)device;
	(void)size;
	free(memory);
}

static void fake_memory_trim(struct card_device *device, void *memory, size_t size)
{
	(void)device;
	(void)memory;
	(void)size;
}

static int fake_queue_open(struct card_device *device, const struct card_queue_setup *setup, struct card_queue **queue)
{
	(void)device;
	*queue = calloc(1, sizeof(**queue));
	if (*queue == NULL)
		return -ENOMEM;
	(*queue)->setup = *setup;
	return 0;
}

static void fake_queue_close(struct card_queue *queue)
{
	free(queue);
}

static unsigned fake_submit(struct card_queue *queue, struct glacis_aead_op *const ops[], unsigned count, bool *unfit)
{
	unsigned done = 0;

	*unfit = false;
	while (done < count && queue->count < FAKE_CARD_DEPTH)
		queue->ops[queue->count++] = ops[done++];
	if (atomic_load(&fake_card.mode) == FAKE_CARD_FAR)
		queue->newest_us = now_us();
	atomic_fetch_add(&fake_card.submitted, done);
	atomic_fetch_add(&fake_card.live, (int)done);
	return done;
}

static unsigned fake_submit_rsa(struct card_queue *queue, struct card_rsa_request *const requests[], unsigned count)
{
	(void)queue;
	(void)requests;
	(void)count;
	return 0;
}

/* Out of place, through memory of its own: the caller's may be in place. */
static bool compute(const struct glacis_aead_op *op, uint8_t *output, uint8_t tag[16])
{
	static const EVP_CIPHER *(*const ciphers[])(void) = { EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm };
	const struct glacis_aead_session *session = op->session;
	bool seal = session->direction == GLACIS_SEAL, good;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int size;

	EVP_CipherInit_ex(context, ciphers[session->key_index](), NULL, session->key, op->nonce, seal);
	EVP_CipherUpdate(context, NULL, &size, op->aad, op->aad_size);
	EVP_CipherUpdate(context, output, &size, op->source, (int)op->length);
	if (!seal)
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag);
	good = EVP_CipherFinal_ex(context, output + size, &size) == 1;
	if (seal)
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag);
	EVP_CIPHER_CTX_free(context);
	return good;
}

static enum card_outcome run(struct card_queue *queue, struct glacis_aead_op *op, enum fake_card_mode mode)
{
	bool seal = op->session->direction == GLACIS_SEAL;
	static _Thread_local uint8_t output[65536];
	uint8_t tag[16];

	if (mode == FAKE_CARD_FAR)
		return CARD_DONE;
	if (mode == FAKE_CARD_ERROR || mode == FAKE_CARD_LATE)
		return mode == FAKE_CARD_ERROR ? CARD_ERROR : CARD_LATE;
	if (!seal)
		memcpy(tag, op->tag, sizeof(tag));
	if (!compute(op, output, tag) || (!seal && mode == FAKE_CARD_FORGED))
		return CARD_AUTH_FAILED;
	if (seal && mode == FAKE_CARD_WRONG_TAG)
		tag[3] ^= 1;
	if (queue->setup.verify != NULL && !queue->setup.verify(queue->setup.context, op, output, tag))
		return CARD_WRONG;
	memcpy(op->destination, output, op->length);
	if (seal)
		memcpy(op->tag, tag, sizeof(tag));
	return CARD_DONE;
}

static unsigned fake_poll(struct card_queue *queue, struct card_result results[], unsigned max, bool release)
{
	enum fake_card_mode mode = (enum fake_card_mode)atomic_load(&fake_card.mode);
	unsigned done = 0;

	if (mode == FAKE_CARD_SILENT || (mode == FAKE_CARD_FAR && now_us() - queue->newest_us < FAKE_CARD_FAR_US))
		return 0;
	while (queue->count > 0 && done < max) {
		struct glacis_aead_op *op = queue->ops[--queue->count];

		results[done++] = (struct card_result){ .owner = op,
							.outcome = release ? (uint8_t)run(queue, op, mode)
									   : CARD_RETURNED };
	}
	atomic_fetch_sub(&fake_card.live, (int)done);
	return done;
}

static void fake_state(const struct card_queue *queue, struct card_queue_state *state)
{
	(void)queue;
	*state = (struct card_queue_state){ 0 };
}

static void fake_session_release(struct card_device *device, struct glacis_aead_session *session)
{
	(void)device;
	session->card_queue = 0;
	atomic_fetch_add(&fake_card.sessions_released, 1);
}

static int fake_rsa_load(struct card_device *device, const struct card_rsa_numbers *numbers, struct card_rsa_key **key)
{
	(void)device;
	(void)numbers;
	(void)key;
	return -ENOTSUP;
}

static void fake_rsa_unload(struct card_rsa_key *key)
{
	(void)key;
}

const struct card_module glacis_card_module = {
	.version = CARD_MODULE_VERSION,
	.session_size = sizeof(struct glacis_aead_session),
	.name = "fake",
	.open = fake_open,
	.close = fake_close,
	.describe = fake_describe,
	.identity = fake_identity,
	.restart = fake_restart,
	.memory_alloc = fake_memory_alloc,
	.memory_free = fake_memory_free,
	.memory_trim = fake_memory_trim,
	.queue_open = fake_queue_open,
	.queue_close = fake_queue_close,
	.submit = fake_submit,
	.submit_rsa = fake_submit_rsa,
	.poll = fake_poll,
	.state = fake_state,
	.session_release = fake_session_release,
	.rsa_load = fake_rsa_load,
	.rsa_unload = fake_rsa_unload,
};
