/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DPDK's sessions of busy libglacis sessions, as many as a queue has slots for: made at the first operation, taken
 * away from whoever was not seen lately, and freed with the session's key. A session is for one length of additional
 * data, which for TLS records never changes.
 *
 * Under the lock: making, freeing, and whatever another thread may do. Outside of it a session that is found is used:
 * its operation is with libglacis, so nobody releases it.
 */
#include <string.h>

#include "device.h"

/* The hand gives second chances to at most so many, which bounds the time of one look-up. */
#define STEPS_MAX 64u

static void slot_free(struct card_queue *queue, struct session_slot *slot)
{
	if (slot->session != NULL)
		rte_cryptodev_sym_session_free(queue->device->id, slot->session);
	slot->session = NULL;
	slot->owner = NULL;
}

/* A slot that nobody uses, emptied; NULL: all are in use. */
static struct session_slot *slot_take(struct card_queue *queue)
{
	for (uint32_t step = 0; step < SESSIONS + STEPS_MAX; step++) {
		struct session_slot *slot = &queue->sessions[queue->hand];

		queue->hand = (queue->hand + 1) % SESSIONS;
		if (__atomic_load_n(&slot->users, __ATOMIC_RELAXED) > 0)
			continue;
		if (slot->session != NULL && slot->referenced && step < STEPS_MAX) {
			slot->referenced = false;
			continue;
		}
		slot_free(queue, slot);
		return slot;
	}
	return NULL;
}

static void *session_make(const struct card_queue *queue, const struct glacis_aead_op *op)
{
	const struct glacis_aead_session *session = op->session;
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = { .op = session->direction == GLACIS_SEAL ? RTE_CRYPTO_AEAD_OP_ENCRYPT
								  : RTE_CRYPTO_AEAD_OP_DECRYPT,
			  .algo = RTE_CRYPTO_AEAD_AES_GCM,
			  .key = { .data = session->key, .length = session->key_size },
			  .iv = { .offset = offsetof(struct slot, nonce), .length = GLACIS_AEAD_NONCE_SIZE },
			  .digest_length = GLACIS_AEAD_TAG_SIZE,
			  .aad_length = op->aad_size },
	};

	return rte_cryptodev_sym_session_create(queue->device->id, &xform, queue->device->sessions);
}

static struct session_slot *session_build(struct card_queue *queue, const struct glacis_aead_op *op)
{
	struct session_slot *slot;

	if (op->session->card_queue != 0)
		module_session_release(queue->device, op->session);
	pthread_mutex_lock(&queue->sessions_lock);
	slot = slot_take(queue);
	if (slot != NULL) {
		slot->session = session_make(queue, op);
		if (slot->session != NULL) {
			slot->owner = op->session;
			slot->aad_size = op->aad_size;
			op->session->card_queue = queue->id;
			op->session->card_slot = (uint32_t)(slot - queue->sessions);
		} else {
			slot = NULL;
		}
	}
	pthread_mutex_unlock(&queue->sessions_lock);
	return slot;
}

struct session_slot *module_session_get(struct card_queue *queue, const struct glacis_aead_op *op)
{
	struct session_slot *slot = NULL;

	if (likely(op->session->card_queue == queue->id)) {
		slot = &queue->sessions[op->session->card_slot];
		if (unlikely(slot->owner != op->session || slot->aad_size != op->aad_size))
			slot = NULL;
	}
	if (unlikely(slot == NULL))
		slot = session_build(queue, op);
	if (likely(slot != NULL)) {
		slot->referenced = true;
		__atomic_store_n(&slot->users, __atomic_load_n(&slot->users, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
	}
	return slot;
}

void module_session_leave(struct card_queue *queue, struct session_slot *slot)
{
	pthread_mutex_lock(&queue->sessions_lock);
	if (--slot->users == 0 && slot->owner == NULL)
		slot_free(queue, slot);
	pthread_mutex_unlock(&queue->sessions_lock);
}

void module_session_release(struct card_device *device, struct glacis_aead_session *session)
{
	struct card_queue *queue = NULL;

	if (session->card_queue == 0)
		return;
	pthread_mutex_lock(&device->lock);
	for (uint32_t i = 0; i < QUEUES_MAX && queue == NULL; i++)
		if (device->queues[i] != NULL && device->queues[i]->id == session->card_queue)
			queue = device->queues[i];
	if (queue != NULL) {
		struct session_slot *slot = &queue->sessions[session->card_slot];

		pthread_mutex_lock(&queue->sessions_lock);
		if (slot->owner == session) {
			slot->owner = NULL;
			if (__atomic_load_n(&slot->users, __ATOMIC_RELAXED) == 0)
				slot_free(queue, slot);
		}
		pthread_mutex_unlock(&queue->sessions_lock);
	}
	pthread_mutex_unlock(&device->lock);
	session->card_queue = 0;
}

void module_sessions_free(struct card_queue *queue)
{
	for (uint32_t i = 0; i < SESSIONS; i++)
		slot_free(queue, &queue->sessions[i]);
}
