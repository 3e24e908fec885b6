/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA on the device: bare exponentiations. Padding and the check of each result are libglacis'. A key's numbers are
 * kept to load them again into a device that has lost its keys; they are wiped with the key.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "device.h"

static int session_make(struct card_rsa_key *key)
{
	const struct card_rsa_numbers *numbers = &key->numbers;
	struct rte_crypto_asym_xform xform = {
		.xform_type = RTE_CRYPTO_ASYM_XFORM_RSA,
		.rsa = { .n = { .data = (uint8_t *)(uintptr_t)numbers->n.bytes, .length = numbers->n.size },
			 .e = { .data = (uint8_t *)(uintptr_t)numbers->e.bytes, .length = numbers->e.size },
			 .key_type = RTE_RSA_KEY_TYPE_QT,
			 .qt = { .p = { .data = (uint8_t *)(uintptr_t)numbers->p.bytes, .length = numbers->p.size },
				 .q = { .data = (uint8_t *)(uintptr_t)numbers->q.bytes, .length = numbers->q.size },
				 .dP = { .data = (uint8_t *)(uintptr_t)numbers->dp.bytes, .length = numbers->dp.size },
				 .dQ = { .data = (uint8_t *)(uintptr_t)numbers->dq.bytes, .length = numbers->dq.size },
				 .qInv = { .data = (uint8_t *)(uintptr_t)numbers->qinv.bytes,
					   .length = numbers->qinv.size } } },
	};
	void *session = NULL;
	int status;

	status = rte_cryptodev_asym_session_create(key->device->id, &xform, key->device->rsa_sessions, &session);
	if (status != 0 && session != NULL)
		rte_cryptodev_asym_session_free(key->device->id, session);
	key->session = status == 0 ? session : NULL;
	return status;
}

static size_t total_size(const struct card_rsa_numbers *numbers)
{
	return numbers->n.size + numbers->e.size + numbers->d.size + numbers->p.size + numbers->q.size +
	       numbers->dp.size + numbers->dq.size + numbers->qinv.size;
}

static void key_free(struct card_rsa_key *key)
{
	if (key->bytes != NULL)
		explicit_bzero(key->bytes, key->bytes_size);
	free(key->bytes);
	free(key);
}

int module_rsa_load(struct card_device *device, const struct card_rsa_numbers *numbers, struct card_rsa_key **loaded)
{
	struct card_rsa_key *key = calloc(1, sizeof(*key));

	if (key == NULL)
		return -ENOMEM;
	key->device = device;
	key->size = (uint32_t)numbers->n.size;
	key->bytes_size = total_size(numbers);
	key->bytes = malloc(key->bytes_size);
	if (key->bytes == NULL) {
		key_free(key);
		return -ENOMEM;
	}
	key->numbers = *numbers;
	uint8_t *next = key->bytes;
#define KEEP(name)                                                                                                     \
	memcpy(next, numbers->name.bytes, numbers->name.size);                                                         \
	key->numbers.name.bytes = next;                                                                                \
	next += numbers->name.size
	KEEP(n);
	KEEP(e);
	KEEP(d);
	KEEP(p);
	KEEP(q);
	KEEP(dp);
	KEEP(dq);
	KEEP(qinv);
#undef KEEP
	pthread_mutex_lock(&device->lock);
	/* A card that is lost or full now may have it after it was started again. */
	(void)session_make(key);
	key->next = device->keys;
	device->keys = key;
	pthread_mutex_unlock(&device->lock);
	*loaded = key;
	return 0;
}

void module_rsa_unload(struct card_rsa_key *key)
{
	struct card_device *device = key->device;

	pthread_mutex_lock(&device->lock);
	struct card_rsa_key **link = &device->keys;
	while (*link != key)
		link = &(*link)->next;
	*link = key->next;
	if (key->session != NULL)
		rte_cryptodev_asym_session_free(device->id, key->session);
	pthread_mutex_unlock(&device->lock);
	key_free(key);
}

/* Around a restart: takes all keys off the device, or puts them on it. */
void module_rsa_load_all(struct card_device *device, bool empty)
{
	pthread_mutex_lock(&device->lock);
	for (struct card_rsa_key *key = device->keys; key != NULL; key = key->next) {
		if (!empty) {
			(void)session_make(key); /* without a session its operations go to the processor */
		} else if (key->session != NULL) {
			rte_cryptodev_asym_session_free(device->id, key->session);
			key->session = NULL;
		}
	}
	pthread_mutex_unlock(&device->lock);
}

static struct rsa_slot *slot_find(struct card_queue *queue)
{
	for (uint32_t i = 0; i < RSA_SLOTS; i++)
		if (!queue->rsa_slots[i].on_device)
			return &queue->rsa_slots[i];
	return NULL;
}

/* No padding, wherever this version of DPDK has it: in the operation until 24.07, in the session's transform since. */
static_assert(RTE_CRYPTO_RSA_PADDING_NONE == 0, "what is zero is not padded");

static void describe(struct rsa_slot *slot, struct card_rsa_request *request)
{
	struct rte_crypto_rsa_op_param *rsa = &slot->asym.rsa;

	memcpy(slot->base, request->base, request->size);
	memset(&slot->asym, 0, sizeof(slot->asym));
	slot->op.type = RTE_CRYPTO_OP_TYPE_ASYMMETRIC;
	slot->op.status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	slot->op.sess_type = RTE_CRYPTO_OP_WITH_SESSION;
	slot->op.phys_addr = (rte_iova_t)slot;
	slot->asym.session = request->key->session;
	rsa->op_type = RTE_CRYPTO_ASYM_OP_SIGN;
	rsa->message.data = slot->base;
	rsa->message.length = request->size;
	rsa->message.iova = (rte_iova_t)slot->base;
	rsa->sign.data = slot->result;
	rsa->sign.length = sizeof(slot->result);
	rsa->sign.iova = (rte_iova_t)slot->result;
	slot->owner = request;
}

unsigned module_submit_rsa(struct card_queue *queue, struct card_rsa_request *const requests[], unsigned total)
{
	unsigned done;

	for (done = 0; done < total; done++) {
		struct rsa_slot *slot = requests[done]->key->session != NULL ? slot_find(queue) : NULL;
		struct rte_crypto_op *op;

		if (slot == NULL)
			break;
		describe(slot, requests[done]);
		op = &slot->op;
		slot->since = rte_rdtsc();
		if (rte_cryptodev_enqueue_burst(queue->device->id, queue->pair, &op, 1) != 1) {
			slot->owner = NULL;
			break;
		}
		slot->on_device = true;
		queue->rsa_used++;
	}
	return done;
}

bool module_rsa_back(struct card_queue *queue, struct rsa_slot *slot, struct card_result *result)
{
	struct card_rsa_request *request = slot->owner;
	bool good = slot->op.status == RTE_CRYPTO_OP_STATUS_SUCCESS;

	slot->on_device = false;
	queue->rsa_used--;
	slot->owner = NULL;
	if (request == NULL) { /* it was late, and given back then */
		__atomic_store_n(&queue->quarantined, queue->quarantined - 1, __ATOMIC_RELAXED);
	} else {
		good = good && slot->asym.rsa.sign.length == request->size;
		if (good)
			memcpy(request->result, slot->result, request->size);
		*result = (struct card_result){ .owner = request,
						.outcome = good ? CARD_DONE : CARD_ERROR,
						.rsa = true };
	}
	explicit_bzero(slot->base, sizeof(slot->base));
	explicit_bzero(slot->result, sizeof(slot->result));
	return request != NULL;
}

unsigned module_rsa_late(struct card_queue *queue, struct card_result results[], unsigned max)
{
	uint64_t now = rte_rdtsc();
	unsigned done = 0;

	for (uint32_t i = 0; i < RSA_SLOTS && done < max; i++) {
		struct rsa_slot *slot = &queue->rsa_slots[i];

		if (slot->owner == NULL || !module_older(now, slot->since, queue->deadline))
			continue;
		results[done++] = (struct card_result){ .owner = slot->owner, .outcome = CARD_LATE, .rsa = true };
		slot->owner = NULL;
		__atomic_store_n(&queue->quarantined, queue->quarantined + 1, __ATOMIC_RELAXED);
	}
	return done;
}
