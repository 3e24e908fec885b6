/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of an AEAD operation to a device and back: a slot is described for DPDK, with the caller's buffers where the
 * device may have them and with copies where not, enqueued, and on its way back turned into an outcome.
 *
 * A buffer goes to the device as it is when it lies in memory of the device. For an output that is not enough: the
 * device's driver must also be one that gives nothing back before the device has let go (`direct`), and the output may
 * not be the input. Of a device that is not direct libglacis sees copies alone, so that a late operation can be given
 * back at once and its slot stays in quarantine until the driver returns it.
 */
#include <string.h>

#include <rte_cycles.h>

#include "device.h"

static inline void count(uint64_t *counter, int64_t change)
{
	__atomic_store_n(counter, *counter + (uint64_t)change, __ATOMIC_RELAXED);
}

/* ---- to the device ---- */

static void copy_in(const struct glacis_aead_op *op, uint8_t *to)
{
	if (op->segment_count == 0) {
		memcpy(to, op->source, op->length);
		return;
	}
	for (uint16_t i = 0; i < op->segment_count; i++) {
		if (op->segments[i].iov_len == 0)
			continue;
		memcpy(to, op->segments[i].iov_base, op->segments[i].iov_len);
		to += op->segments[i].iov_len;
	}
}

static inline void mbuf_set(struct rte_mbuf *mbuf, void *bytes, uint32_t size)
{
	mbuf->buf_addr = bytes;
	mbuf->buf_iova = (rte_iova_t)bytes;
	mbuf->data_off = 0;
	mbuf->data_len = (uint16_t)size;
	mbuf->pkt_len = size;
}

/* Gives the slot a pair of copies. False: there is none, or the text is too long. */
static bool copy_take(struct card_queue *queue, struct slot *slot, uint32_t size)
{
	if (slot->copy != NULL)
		return true;
	if (size > COPY_SIZE || queue->free_copy_count == 0)
		return false;
	slot->copy = queue->copies + COPY_PAIR * queue->free_copies[--queue->free_copy_count];
	return true;
}

static void copy_return(struct card_queue *queue, struct slot *slot)
{
	if (slot->copy == NULL)
		return;
	queue->free_copies[queue->free_copy_count++] = (uint32_t)((size_t)(slot->copy - queue->copies) / COPY_PAIR);
	slot->copy = NULL;
}

static bool place_source(struct card_queue *queue, struct slot *slot, const struct glacis_aead_op *op, bool direct)
{
	if (direct && op->segment_count == 0 && module_memory_holds(queue, op->source, op->length)) {
		mbuf_set(&slot->source, (void *)(uintptr_t)op->source, op->length);
		return true;
	}
	if (!copy_take(queue, slot, op->length))
		return false;
	copy_in(op, slot->copy);
	mbuf_set(&slot->source, slot->copy, op->length);
	return true;
}

static bool place_output(struct card_queue *queue, struct slot *slot, const struct glacis_aead_op *op, bool direct)
{
	slot->copied_out = !(direct && (op->segment_count > 0 || op->source != op->destination) &&
			     module_memory_holds(queue, op->destination, op->length));
	if (!slot->copied_out) {
		mbuf_set(&slot->destination, op->destination, op->length);
		return true;
	}
	if (!copy_take(queue, slot, op->length))
		return false;
	mbuf_set(&slot->destination, slot->copy + COPY_SIZE, op->length);
	return true;
}

static inline void place_tag(struct card_queue *queue, struct slot *slot, const struct glacis_aead_op *op)
{
	bool seal = op->session->direction == GLACIS_SEAL;
	uint8_t *tag = slot->tag;

	slot->tag_here = slot->copied_out || !module_memory_holds(queue, op->tag, GLACIS_AEAD_TAG_SIZE);
	if (!slot->tag_here)
		tag = op->tag;
	else if (!seal)
		memcpy(slot->tag, op->tag, GLACIS_AEAD_TAG_SIZE);
	slot->sym.aead.digest.data = tag;
	slot->sym.aead.digest.phys_addr = (rte_iova_t)tag;
}

/* Fills a slot in. False: no copy or no session is free. */
static bool describe(struct card_queue *queue, struct slot *slot, struct glacis_aead_op *op)
{
	bool direct = queue->device->description.direct;

	if (unlikely(!place_source(queue, slot, op, direct) || !place_output(queue, slot, op, direct)))
		goto refuse;
	slot->session = module_session_get(queue, op);
	if (unlikely(slot->session == NULL))
		goto refuse;
	place_tag(queue, slot, op);
	slot->owner = op;
	slot->op.status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	slot->op.sess_type = RTE_CRYPTO_OP_WITH_SESSION;
	slot->sym.session = slot->session->session;
	slot->sym.aead.data.offset = 0;
	slot->sym.aead.data.length = op->length;
	memcpy(slot->nonce, op->nonce, GLACIS_AEAD_NONCE_SIZE);
	if (op->aad_size > 0)
		memcpy(slot->aad, op->aad, op->aad_size);
	return true;
refuse:
	copy_return(queue, slot);
	return false;
}

/* Makes a slot free. */
static inline void slot_return(struct card_queue *queue, struct slot *slot)
{
	struct session_slot *session = slot->session;

	if (unlikely(session->owner == NULL || slot->owner == NULL))
		module_session_leave(queue, session);
	else
		__atomic_store_n(&session->users, session->users - 1, __ATOMIC_RELAXED);
	slot->owner = NULL;
	if (unlikely(slot->copy != NULL))
		copy_return(queue, slot);
	queue->free_slots[queue->free_count++] = slot;
}

/* ---- deadlines of libglacis' own ---- */

static void line_up(struct card_queue *queue, struct slot *slot)
{
	slot->older = queue->newest;
	slot->newer = NULL;
	if (queue->newest != NULL)
		queue->newest->newer = slot;
	else
		queue->oldest = slot;
	queue->newest = slot;
}

static void leave_line(struct card_queue *queue, struct slot *slot)
{
	if (slot->older != NULL)
		slot->older->newer = slot->newer;
	else
		queue->oldest = slot->newer;
	if (slot->newer != NULL)
		slot->newer->older = slot->older;
	else
		queue->newest = slot->older;
}

/* Gives back what is late. The slots stay the device's. */
static unsigned collect_late(struct card_queue *queue, struct card_result results[], unsigned max)
{
	uint64_t now = rte_rdtsc();
	unsigned done = 0;

	while (done < max && queue->oldest != NULL && module_older(now, queue->oldest->since, queue->deadline)) {
		struct slot *slot = queue->oldest;

		leave_line(queue, slot);
		results[done++] = (struct card_result){ .owner = slot->owner, .outcome = CARD_LATE };
		slot->owner = NULL;
		count(&queue->quarantined, 1);
	}
	return done;
}

/* ---- submit ---- */

unsigned module_submit(struct card_queue *queue, struct glacis_aead_op *const ops[], unsigned total, bool *unfit)
{
	struct rte_crypto_op *burst[BURST];
	uint32_t described = 0;
	uint16_t taken;
	uint64_t now = rte_rdtsc();

	*unfit = false;
	if (total > BURST)
		total = BURST;
	if (total > queue->free_count)
		total = queue->free_count;
	for (; described < total; described++) {
		struct slot *slot = queue->free_slots[queue->free_count - 1 - described];

		if (unlikely(ops[described]->length > queue->device->description.length_max ||
			     !describe(queue, slot, ops[described]))) {
			*unfit = true;
			break;
		}
		slot->since = now;
		burst[described] = &slot->op;
	}
	if (described == 0)
		return 0;
	taken = rte_cryptodev_enqueue_burst(queue->device->id, queue->pair, burst, (uint16_t)described);
	queue->free_count -= described;
	for (uint32_t i = described; i > taken; i--) { /* no room: in the order in which they were taken */
		slot_return(queue, (struct slot *)(void *)burst[i - 1]);
		*unfit = false;
	}
	for (uint16_t i = 0; i < taken; i++) {
		struct slot *slot = (struct slot *)(void *)burst[i];

		if (unlikely(slot->copy != NULL))
			count(&queue->copied, 1);
		if (queue->deadline != 0)
			line_up(queue, slot);
	}
	return taken;
}

/* ---- back ---- */

/* What the device made of the operation; its output is released here or not at all. */
static inline enum card_outcome conclude(struct card_queue *queue, struct slot *slot)
{
	struct glacis_aead_op *op = slot->owner;
	uint8_t *output = slot->copied_out ? slot->copy + COPY_SIZE : op->destination;

	if (unlikely(slot->op.status != RTE_CRYPTO_OP_STATUS_SUCCESS))
		return slot->op.status == RTE_CRYPTO_OP_STATUS_AUTH_FAILED ? CARD_AUTH_FAILED : CARD_ERROR;
	if (queue->setup.verify != NULL &&
	    unlikely(!queue->setup.verify(queue->setup.context, op, output, slot->tag_here ? slot->tag : op->tag)))
		return CARD_WRONG;
	if (slot->copied_out && op->length > 0)
		memcpy(op->destination, output, op->length);
	if (slot->tag_here && op->session->direction == GLACIS_SEAL)
		memcpy(op->tag, slot->tag, GLACIS_AEAD_TAG_SIZE);
	return CARD_DONE;
}

static inline bool back(struct card_queue *queue, struct slot *slot, struct card_result *result, bool release)
{
	bool owned = slot->owner != NULL;

	if (likely(owned)) {
		result->owner = slot->owner;
		result->rsa = false;
		result->outcome = release ? (uint8_t)conclude(queue, slot) : CARD_RETURNED;
		if (queue->deadline != 0)
			leave_line(queue, slot);
	} else {
		count(&queue->quarantined, -1);
	}
	slot_return(queue, slot);
	return owned;
}

/* One burst of the driver's. Returns how many results there are, and in *dequeued how many operations. */
static inline unsigned dequeue(struct card_queue *queue, struct card_result results[], unsigned max, bool release,
			       uint16_t *dequeued)
{
	struct rte_crypto_op *burst[BURST];
	uint16_t count_, limit = (uint16_t)(max < BURST ? max : BURST);
	unsigned done = 0;

	count_ = rte_cryptodev_dequeue_burst(queue->device->id, queue->pair, burst, limit);
	for (uint16_t i = 0; i < count_; i++) {
		if (i + 1 < count_)
			__builtin_prefetch(burst[i + 1]);
		if (unlikely(burst[i]->type == RTE_CRYPTO_OP_TYPE_ASYMMETRIC)) {
			done += module_rsa_back(queue, (struct rsa_slot *)(void *)burst[i], &results[done]);
		} else {
			done += back(queue, (struct slot *)(void *)burst[i], &results[done], release);
		}
	}
	*dequeued = count_;
	return done;
}

unsigned module_poll(struct card_queue *queue, struct card_result results[], unsigned max, bool release)
{
	uint32_t passes = queue->depth / BURST + 1;
	uint16_t dequeued;
	unsigned done;

	/* What comes out of quarantine is no result, and must not hide those behind it. */
	do
		done = dequeue(queue, results, max, release, &dequeued);
	while (unlikely(done == 0 && dequeued > 0 && --passes > 0));
	if (queue->deadline != 0 && done < max && queue->oldest != NULL)
		done += collect_late(queue, results + done, max - done);
	if (queue->deadline != 0 && done < max && queue->rsa_used > 0)
		done += module_rsa_late(queue, results + done, max - done);
	return done;
}
