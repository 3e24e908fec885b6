/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a queue of a device: its slots, its copies, and what becomes of it when it is closed while the device
 * still holds operations. The way of operations through it is in aead.c and rsa.c.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_malloc.h>

#include "device.h"

static void mbuf_init(struct rte_mbuf *mbuf)
{
	rte_mbuf_refcnt_set(mbuf, 1);
	mbuf->nb_segs = 1;
	mbuf->buf_len = UINT16_MAX;
}

static void slot_init(struct slot *slot)
{
	slot->op.type = RTE_CRYPTO_OP_TYPE_SYMMETRIC;
	slot->op.phys_addr = (rte_iova_t)slot;
	slot->op.private_data_offset = offsetof(struct slot, nonce);
	slot->sym.aead.aad.data = slot->aad;
	slot->sym.aead.aad.phys_addr = (rte_iova_t)slot->aad;
	slot->sym.m_src = &slot->source;
	slot->sym.m_dst = &slot->destination;
	mbuf_init(&slot->source);
	mbuf_init(&slot->destination);
}

static int queue_allocate(struct card_queue *queue)
{
	uint32_t copies = queue->depth < COPIES_MAX ? queue->depth : COPIES_MAX;

	queue->slots = rte_zmalloc("glacis slots", sizeof(*queue->slots) * queue->depth, RTE_CACHE_LINE_SIZE);
	queue->rsa_slots = rte_zmalloc("glacis rsa", sizeof(*queue->rsa_slots) * RSA_SLOTS, RTE_CACHE_LINE_SIZE);
	queue->copies = rte_zmalloc("glacis copies", COPY_PAIR * copies, RTE_CACHE_LINE_SIZE);
	queue->free_slots = calloc(queue->depth, sizeof(*queue->free_slots));
	queue->free_copies = calloc(copies, sizeof(*queue->free_copies));
	queue->sessions = calloc(SESSIONS, sizeof(*queue->sessions));
	if (queue->slots == NULL || queue->rsa_slots == NULL || queue->copies == NULL || queue->free_slots == NULL ||
	    queue->free_copies == NULL || queue->sessions == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < queue->depth; i++) {
		slot_init(&queue->slots[i]);
		queue->free_slots[i] = &queue->slots[queue->depth - 1 - i];
	}
	queue->free_count = queue->depth;
	for (uint32_t i = 0; i < copies; i++)
		queue->free_copies[i] = copies - 1 - i;
	queue->free_copy_count = copies;
	return 0;
}

void module_queue_free(struct card_queue *queue)
{
	if (queue->sessions != NULL)
		module_sessions_free(queue);
	/* Copies have held plaintext, RSA slots numbers. */
	if (queue->copies != NULL) {
		uint32_t copies = queue->depth < COPIES_MAX ? queue->depth : COPIES_MAX;

		module_memory_trim(queue->device, queue->copies, COPY_PAIR * copies);
	}
	rte_free(queue->slots);
	rte_free(queue->rsa_slots);
	rte_free(queue->copies);
	free(queue->free_slots);
	free(queue->free_copies);
	free(queue->sessions);
	pthread_mutex_destroy(&queue->sessions_lock);
	free(queue);
}

int module_queue_open(struct card_device *device, const struct card_queue_setup *setup, struct card_queue **opened)
{
	struct card_queue *queue = calloc(1, sizeof(*queue));
	int status;

	if (queue == NULL)
		return -ENOMEM;
	if (device->held[setup->index] != NULL) {
		free(queue);
		return -EBUSY;
	}
	pthread_mutex_init(&queue->sessions_lock, NULL);
	queue->device = device;
	queue->setup = *setup;
	queue->pair = (uint16_t)setup->index;
	/* Where late slots stay in quarantine others must be left. */
	queue->depth = device->depth;
	queue->deadline = device->deadline * (setup->patience > 0 ? setup->patience : 1);
	status = queue_allocate(queue);
	if (status != 0) {
		module_queue_free(queue);
		return status;
	}
	pthread_mutex_lock(&device->lock);
	queue->id = ++device->last_queue_id;
	device->queues[setup->index] = queue;
	pthread_mutex_unlock(&device->lock);
	*opened = queue;
	return 0;
}

static bool holds_none(const struct card_queue *queue)
{
	return queue->free_count == queue->depth && queue->rsa_used == 0;
}

void module_queue_close(struct card_queue *queue)
{
	struct card_device *device = queue->device;

	pthread_mutex_lock(&device->lock);
	device->queues[queue->setup.index] = NULL;
	pthread_mutex_unlock(&device->lock);
	/* What the device still holds must not be memory of somebody else's: it stays until the device is closed. */
	if (!holds_none(queue))
		device->held[queue->setup.index] = queue;
	else
		module_queue_free(queue);
}

void module_state(const struct card_queue *queue, struct card_queue_state *state)
{
	state->copied = __atomic_load_n(&queue->copied, __ATOMIC_RELAXED);
	state->quarantined = __atomic_load_n(&queue->quarantined, __ATOMIC_RELAXED);
}

/* A driver that was started again takes operations only when those of before were fetched. */
static void drain(struct card_queue *queue)
{
	struct card_result results[BURST];

	(void)module_poll(queue, results, BURST, false);
}

void module_queues_drain(struct card_device *device)
{
	for (uint32_t i = 0; i < QUEUES_MAX; i++) {
		if (device->queues[i] != NULL)
			drain(device->queues[i]);
		if (device->held[i] == NULL)
			continue;
		drain(device->held[i]);
		if (holds_none(device->held[i])) {
			module_queue_free(device->held[i]);
			device->held[i] = NULL;
		}
	}
}
