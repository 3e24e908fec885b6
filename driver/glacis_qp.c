/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of an operation to the card and back, and the set-up of its queue pair. Nothing here believes a completion:
 * queue, cookie, status and size are compared with what was asked before an operation is touched.
 */
#include "glacis_qp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_io.h>
#include <rte_malloc.h>

#include "glacis_asym.h"
#include "glacis_card.h"
#include "glacis_log.h"
#include "glacis_sym.h"

#define RING_ALIGNMENT 4096u
#define PATIENCE_US    1000u /* an operation that is not back by then may be on a card that is gone */

static inline void doorbell(const struct glacis_qp *qp, volatile uint32_t *address, uint32_t reg, uint32_t index)
{
	/* What the card is told of lies in memory before it is told: for a bus, and for a process that shares memory.
	 */
	rte_io_wmb();
	if (likely(address != NULL))
		__atomic_store_n(address, index, __ATOMIC_RELEASE);
	else
		(void)glacis_card_write32(qp->device, glacis_card_doorbell(qp->number, reg), index);
}

/* An operation that the card is not asked for. */
static void describe_local(struct glacis_slot *slot, union glacis_descriptor *descriptor, uint32_t cookie)
{
	memset(descriptor, 0, sizeof(*descriptor));
	descriptor->aead.opcode = GLACIS_CARD_OPCODE_NOP;
	descriptor->aead.cookie = cookie;
	slot->kind = GLACIS_SLOT_LOCAL;
}

static inline void describe(struct glacis_qp *qp, uint32_t counter, struct rte_crypto_op *op)
{
	uint32_t index = glacis_ring_index(counter, qp->log2);
	union glacis_descriptor *descriptor = &qp->sq[index];
	struct glacis_slot *slot = &qp->slots[index];
	uint8_t *scratch = qp->scratch + (size_t)index * GLACIS_SCRATCH;
	enum rte_crypto_op_status status;

	if (likely(op->type == RTE_CRYPTO_OP_TYPE_SYMMETRIC))
		status = glacis_sym_describe(qp->device, op, &descriptor->aead, slot, scratch);
	else if (op->type == RTE_CRYPTO_OP_TYPE_ASYMMETRIC)
		status = glacis_asym_describe(qp->device, op, &descriptor->rsa, slot, scratch);
	else
		status = RTE_CRYPTO_OP_STATUS_INVALID_ARGS;
	op->status = status;
	if (likely(status == RTE_CRYPTO_OP_STATUS_NOT_PROCESSED))
		descriptor->aead.cookie = counter;
	else
		describe_local(slot, descriptor, counter);
}
static_assert(offsetof(struct glacis_card_aead, cookie) == offsetof(struct glacis_card_rsa, cookie), "cookies");

uint16_t glacis_qp_enqueue(void *queue_pair, struct rte_crypto_op **ops, uint16_t count)
{
	struct glacis_qp *qp = queue_pair;
	uint32_t tail, state, space;
	uint64_t now;

	if (unlikely(__atomic_exchange_n(&qp->producer.gate, 1, __ATOMIC_ACQUIRE) != 0))
		return 0; /* the queue is being reset */
	tail = qp->producer.tail;
	state = __atomic_load_n(&qp->state, __ATOMIC_RELAXED);
	space = glacis_ring_space(glacis_qp_head(qp), tail, qp->limit);
	count = state == GLACIS_QP_STOPPED ? 0 : (uint16_t)RTE_MIN(space, count);
	now = rte_rdtsc();
	for (uint16_t i = 0; i < count; i++) {
		struct glacis_slot *slot = glacis_qp_slot(qp, tail + i);

		if (likely(state == GLACIS_QP_RUNNING))
			describe(qp, tail + i, ops[i]);
		slot->op = ops[i];
		slot->since = now;
	}
	if (likely(count > 0)) {
		glacis_count(&qp->producer.counters.operations, count);
		__atomic_store_n(&qp->producer.tail, tail + count, __ATOMIC_RELEASE);
		if (likely(state == GLACIS_QP_RUNNING))
			doorbell(qp, qp->sq_tail, GLACIS_CARD_DOORBELL_SQ_TAIL,
				 glacis_ring_index(tail + count, qp->log2));
	}
	__atomic_store_n(&qp->producer.gate, 0, __ATOMIC_RELEASE);
	return count;
}

/* A completion as two words, each read once: its writer may be at it still. */
struct completion {
	uint64_t low;  /* cookie, size */
	uint64_t high; /* sq_head, queue, status, phase */
};

static inline uint16_t high_field(const struct completion *completion, size_t offset)
{
	return (uint16_t)(completion->high >> (8 * (offset - 8)));
}

static inline bool completion_read(const struct glacis_qp *qp, uint32_t taken, struct completion *completion)
{
	const volatile uint64_t *words =
		(const volatile uint64_t *)(const volatile void *)&qp->cq[glacis_ring_index(taken, qp->log2)];

	completion->high = __atomic_load_n(&words[1], __ATOMIC_ACQUIRE);
	if (high_field(completion, offsetof(struct glacis_card_completion, phase)) !=
	    glacis_ring_phase(taken, qp->log2))
		return false;
	completion->low = __atomic_load_n(&words[0], __ATOMIC_RELAXED);
	return true;
}

/* How the operation ended, of what the card says. */
static inline void conclude(struct glacis_qp *qp, struct rte_crypto_op *op, const struct glacis_slot *slot,
			    uint16_t status, uint32_t size)
{
	if (slot->kind == GLACIS_SLOT_LOCAL) {
		glacis_count(&qp->consumer.counters.errors, 1); /* its status was decided at enqueue */
		return;
	}
	if (likely(status == GLACIS_CARD_STATUS_OK && size == slot->expected)) {
		op->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
		if (slot->kind == GLACIS_SLOT_RSA)
			glacis_asym_collect(op, qp->scratch + (size_t)(slot - qp->slots) * GLACIS_SCRATCH);
	} else if (status == GLACIS_CARD_STATUS_AUTH_FAILED && slot->kind == GLACIS_SLOT_OPEN) {
		op->status = RTE_CRYPTO_OP_STATUS_AUTH_FAILED;
	} else {
		op->status = RTE_CRYPTO_OP_STATUS_ERROR;
	}
	if (unlikely(op->status != RTE_CRYPTO_OP_STATUS_SUCCESS))
		glacis_count(&qp->consumer.counters.errors, 1);
}

/* The operation a completion is of, concluded; NULL: of none. */
static inline struct rte_crypto_op *complete(struct glacis_qp *qp, const struct completion *completion)
{
	/* Read after the completion: an operation of another thread's burst may be back before our call began. */
	uint32_t cookie = (uint32_t)completion->low, tail = glacis_qp_tail(qp);
	struct glacis_slot *slot = glacis_qp_slot(qp, cookie);
	struct rte_crypto_op *op = slot->op;

	if (unlikely(high_field(completion, offsetof(struct glacis_card_completion, queue)) != qp->number ||
		     !glacis_ring_holds(qp->consumer.head, tail, cookie) || op == NULL)) {
		glacis_count(&qp->consumer.unknown, 1);
		return NULL;
	}
	slot->op = NULL;
	conclude(qp, op, slot, high_field(completion, offsetof(struct glacis_card_completion, status)),
		 (uint32_t)(completion->low >> 32));
	return op;
}

/* Moves head over all that are back. */
static inline void head_advance(struct glacis_qp *qp)
{
	uint32_t head = qp->consumer.head, tail = glacis_qp_tail(qp);

	while (head != tail && glacis_qp_slot(qp, head)->op == NULL)
		head++;
	__atomic_store_n(&qp->consumer.head, head, __ATOMIC_RELEASE);
}

/* Is the oldest operation late, or the card gone for certain? A card that is gone is found long before the deadline. */
static inline bool late(struct glacis_qp *qp)
{
	uint32_t head = qp->consumer.head;
	uint64_t now;
	int64_t age;

	if (head == glacis_qp_tail(qp))
		return false;
	now = rte_rdtsc();
	age = (int64_t)(now - glacis_qp_slot(qp, head)->since);
	if (age <= (int64_t)qp->patience)
		return false;
	if (age > (int64_t)qp->timeout)
		return true;
	if (now - qp->consumer.asked < qp->patience)
		return false;
	qp->consumer.asked = now;
	return glacis_device_lost(qp->device) || qp->device->transport->gone(qp->device->link);
}

uint16_t glacis_qp_dequeue(void *queue_pair, struct rte_crypto_op **ops, uint16_t count)
{
	struct glacis_qp *qp = queue_pair;
	uint32_t taken = qp->consumer.taken, start = taken;
	struct completion completion;
	uint16_t done = 0;

	if (unlikely(__atomic_load_n(&qp->state, __ATOMIC_RELAXED) != GLACIS_QP_RUNNING))
		return glacis_qp_drain(qp, ops, count);
	/* At most one pass over the ring: a card that invents completions must not keep us here. */
	while (done < count && taken - start <= qp->limit && completion_read(qp, taken, &completion)) {
		struct rte_crypto_op *op = complete(qp, &completion);

		if (likely(op != NULL))
			ops[done++] = op;
		taken++;
	}
	if (likely(taken != start)) {
		qp->consumer.taken = taken;
		doorbell(qp, qp->cq_head, GLACIS_CARD_DOORBELL_CQ_HEAD, glacis_ring_index(taken, qp->log2));
		head_advance(qp);
		glacis_count(&qp->consumer.counters.operations, done);
	}
	if (done < count && unlikely(late(qp)))
		done += glacis_qp_recover(qp, ops + done, count - done);
	return done;
}

static const struct rte_memzone *ring_reserve(const struct rte_cryptodev *cryptodev, uint16_t id, const char *kind,
					      size_t size, int socket_id)
{
	const struct rte_memzone *zone;
	char name[RTE_MEMZONE_NAMESIZE];

	snprintf(name, sizeof(name), "glacis_%u_%u_%s", cryptodev->data->dev_id, id, kind);
	zone = rte_memzone_reserve_aligned(name, size, socket_id, RTE_MEMZONE_IOVA_CONTIG, RING_ALIGNMENT);
	if (zone != NULL)
		memset(zone->addr, 0, zone->len);
	return zone;
}

static void qp_free(struct glacis_qp *qp)
{
	size_t entries = (size_t)1 << qp->log2;

	/* Descriptors have held keys, and scratch memory numbers of RSA. */
	if (qp->sq_zone != NULL)
		memset(qp->sq_zone->addr, 0, qp->sq_zone->len);
	if (qp->scratch != NULL)
		memset(qp->scratch, 0, entries * GLACIS_SCRATCH);
	rte_memzone_free(qp->sq_zone);
	rte_memzone_free(qp->cq_zone);
	rte_free(qp->scratch);
	rte_free(qp->slots);
	rte_free(qp);
}

/* A slot's memory does not cross a page, so it has one address for the card. */
static rte_iova_t scratch_iova(const uint8_t *scratch)
{
	const struct rte_memseg *page = rte_mem_virt2memseg(scratch, NULL);

	return page->iova + RTE_PTR_DIFF(scratch, page->addr);
}

static int qp_allocate(struct glacis_qp *qp, const struct rte_cryptodev *cryptodev, int socket_id)
{
	size_t entries = (size_t)1 << qp->log2;

	qp->sq_zone = ring_reserve(cryptodev, qp->id, "sq", entries * sizeof(*qp->sq), socket_id);
	qp->cq_zone = ring_reserve(cryptodev, qp->id, "cq", entries * sizeof(*qp->cq), socket_id);
	qp->scratch = rte_zmalloc_socket("glacis scratch", entries * GLACIS_SCRATCH, RING_ALIGNMENT, socket_id);
	qp->slots = rte_zmalloc_socket("glacis slots", entries * sizeof(*qp->slots), RTE_CACHE_LINE_SIZE, socket_id);
	if (qp->sq_zone == NULL || qp->cq_zone == NULL || qp->scratch == NULL || qp->slots == NULL) {
		GLACIS_LOG(ERR,
			   "%s: queue pair %u: no memory for %zu entries (%zu KiB); ask for fewer descriptors, or give "
			   "the EAL more (-m)",
			   qp->device->name, qp->id, entries,
			   entries * (GLACIS_SCRATCH + sizeof(*qp->sq) + sizeof(*qp->cq) + sizeof(*qp->slots)) / 1024);
		return -ENOMEM;
	}
	qp->sq = qp->sq_zone->addr;
	qp->cq = qp->cq_zone->addr;
	for (size_t i = 0; i < entries; i++)
		qp->slots[i].scratch_iova = scratch_iova(qp->scratch + i * GLACIS_SCRATCH);
	return 0;
}

int glacis_qp_setup(struct rte_cryptodev *cryptodev, uint16_t id, const struct rte_cryptodev_qp_conf *conf,
		    int socket_id)
{
	struct glacis_device *device = cryptodev->data->dev_private;
	uint32_t entries_max = 1u << device->identity.ring_log2;
	struct glacis_qp *qp;
	int status;

	if (conf->nb_descriptors < 1 || conf->nb_descriptors > entries_max) {
		GLACIS_LOG(ERR, "%s: queue pair %u: %u descriptors; this card takes 1 to %u", device->name, id,
			   conf->nb_descriptors, entries_max);
		return -EINVAL;
	}
	glacis_qp_release(cryptodev, id);
	qp = rte_zmalloc_socket("glacis queue pair", sizeof(*qp), RTE_CACHE_LINE_SIZE, socket_id);
	if (qp == NULL)
		return -ENOMEM;
	qp->device = device;
	qp->id = id;
	qp->number = id + 1;
	qp->timeout = device->timeout_cycles;
	qp->patience = rte_get_tsc_hz() / 1000000 * PATIENCE_US;
	/* A ring holds one entry less than it has. */
	qp->limit = RTE_MIN(conf->nb_descriptors, entries_max - 1);
	qp->log2 = glacis_ring_log2(qp->limit);
	status = qp_allocate(qp, cryptodev, socket_id);
	if (status != 0) {
		qp_free(qp);
		return status;
	}
	cryptodev->data->queue_pairs[id] = qp;
	return 0;
}

int glacis_qp_release(struct rte_cryptodev *cryptodev, uint16_t id)
{
	struct glacis_qp *qp = cryptodev->data->queue_pairs[id];

	if (qp == NULL)
		return 0;
	glacis_qp_stop(qp); /* the card lets go of the memory first */
	qp_free(qp);
	cryptodev->data->queue_pairs[id] = NULL;
	return 0;
}

int glacis_qp_start(struct glacis_qp *qp)
{
	volatile uint8_t *page = qp->device->transport->doorbell(qp->device->link, qp->number);
	int status = 0;

	qp->sq_tail = page == NULL ? NULL : (volatile uint32_t *)(page + GLACIS_CARD_DOORBELL_SQ_TAIL);
	qp->cq_head = page == NULL ? NULL : (volatile uint32_t *)(page + GLACIS_CARD_DOORBELL_CQ_HEAD);
	if (qp->consumer.head != qp->producer.tail) {
		qp->producer.gate = 1;
		qp->state = GLACIS_QP_RECOVERING;
		return 0;
	}
	status = glacis_qp_rings_start(qp);
	if (status == 0)
		qp->state = GLACIS_QP_RUNNING;
	return status;
}

void glacis_qp_stop(struct glacis_qp *qp)
{
	if (qp->state == GLACIS_QP_STOPPED)
		return;
	if (!glacis_device_lost(qp->device) && glacis_card_queue_reset(qp->device, qp->number) != 0)
		glacis_card_cut(qp->device, "a queue does not stop");
	qp->producer.gate = 0;
	qp->state = GLACIS_QP_STOPPED;
}
