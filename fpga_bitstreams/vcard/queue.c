/* SPDX-License-Identifier: Apache-2.0 */
/* A queue pair: enabling, resetting, and the way from doorbell to completion; see queue.h. */
#include <errno.h>
#include <string.h>

#include "card.h"
#include "command.h"
#include "completion.h"
#include "dma.h"

static uint32_t sq_entries(const struct vcard_queue *queue)
{
	return 1u << (queue->size & GLACIS_CARD_QUEUE_SIZE_SQ_LOG2_MASK);
}

static void set_state(struct vcard_queue *queue, enum glacis_card_state state, enum glacis_card_status error)
{
	atomic_store_explicit(&queue->error, error, memory_order_relaxed);
	atomic_store_explicit(&queue->state, state, memory_order_relaxed);
}

static void fail(struct vcard_queue *queue, enum glacis_card_status error)
{
	set_state(queue, GLACIS_CARD_STATE_ERROR, error);
	vcard_card_note(queue->card, queue->index, GLACIS_CARD_CONTROL_ERRORS_QUEUE_MASK);
}

void vcard_queue_init(struct vcard_queue *queue, struct vcard_card *card, unsigned index)
{
	*queue = (struct vcard_queue){ .card = card, .index = index };
	set_state(queue, GLACIS_CARD_STATE_DISABLED, GLACIS_CARD_STATUS_OK);
}

static bool ring_is_good(uint64_t base, uint64_t entries, uint64_t entry_size)
{
	return base % GLACIS_CARD_PAGE == 0 && base + (entries * entry_size - 1) >= base;
}

static bool setup_is_good(const struct vcard_queue *queue)
{
	uint32_t sq_log2 = queue->size & GLACIS_CARD_QUEUE_SIZE_SQ_LOG2_MASK;
	uint32_t cq_log2 = (queue->size & GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_MASK) >> GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_SHIFT;

	return sq_log2 >= GLACIS_CARD_RING_LOG2_MIN && sq_log2 <= cq_log2 && cq_log2 <= GLACIS_CARD_RING_LOG2_MAX &&
	       ring_is_good(queue->sq_base, sq_entries(queue), VCARD_DESCRIPTOR) &&
	       ring_is_good(queue->cq_base, vcard_completion_entries(queue), sizeof(struct glacis_card_completion));
}

/* What faults have done to the queue ends with it. */
static void drop_faults(struct vcard_queue *queue)
{
	queue->stalled = false;
	queue->crowded = false;
	queue->held_count = 0;
}

void vcard_queue_enable(struct vcard_queue *queue)
{
	struct vcard_card *card = queue->card;

	if (!setup_is_good(queue)) {
		fail(queue, GLACIS_CARD_STATUS_BAD_RING);
		return;
	}
	queue->generation++;
	queue->phase = 1;
	drop_faults(queue);
	atomic_store_explicit(&queue->sq_head, 0, memory_order_relaxed);
	atomic_store_explicit(&queue->cq_tail, 0, memory_order_relaxed);
	atomic_store_explicit(vcard_card_doorbell(card, queue->index, GLACIS_CARD_DOORBELL_SQ_TAIL), 0,
			      memory_order_relaxed);
	atomic_store_explicit(vcard_card_doorbell(card, queue->index, GLACIS_CARD_DOORBELL_CQ_HEAD), 0,
			      memory_order_relaxed);
	for (unsigned i = 0; i < VCARD_COUNTERS; i++)
		queue->at_enable[i] = atomic_load_explicit(&queue->counters[i], memory_order_relaxed);
	set_state(queue, GLACIS_CARD_STATE_ENABLED, GLACIS_CARD_STATUS_OK);
}

void vcard_queue_reset(struct vcard_queue *queue)
{
	queue->generation++;
	drop_faults(queue);
	set_state(queue, GLACIS_CARD_STATE_DISABLED, GLACIS_CARD_STATUS_OK);
}

/* ---- commands ---- */

/* Faults that strike at a command. True when it goes no further. */
static bool strike(struct vcard_queue *queue)
{
	struct vcard_faults *faults = &queue->card->faults;

	if (!atomic_load_explicit(&faults->armed, memory_order_relaxed))
		return false;
	if (vcard_faults_strike(faults, VCARD_FAULT_DIE, queue->index))
		vcard_faults_die();
	if (vcard_faults_strike(faults, VCARD_FAULT_STALL_QUEUE, queue->index))
		queue->stalled = true;
	if (vcard_faults_strike(faults, VCARD_FAULT_RESTART, queue->index)) {
		queue->stalled = true;
		vcard_faults_restart(faults);
	}
	return queue->stalled;
}

/* Takes the next descriptor and runs it. 0, or the queue goes no further. */
static int run_next(struct vcard_queue *queue, struct vcard_scratch *scratch)
{
	uint32_t head = atomic_load_explicit(&queue->sq_head, memory_order_relaxed);
	uint8_t descriptor[VCARD_DESCRIPTOR];
	struct vcard_result result = { .status = GLACIS_CARD_STATUS_INTERNAL };
	uint32_t cookie;
	int error = vcard_dma_read(queue, queue->sq_base + (uint64_t)head * VCARD_DESCRIPTOR, descriptor,
				   VCARD_DESCRIPTOR);

	if (error == -EFAULT)
		fail(queue, GLACIS_CARD_STATUS_DMA_READ);
	if (error)
		return error;
	atomic_store_explicit(&queue->sq_head, (head + 1) & (sq_entries(queue) - 1), memory_order_relaxed);
	vcard_queue_count(queue, VCARD_COMMANDS, 1);
	memcpy(&cookie, descriptor + offsetof(struct glacis_card_aead, cookie), sizeof(cookie));
	error = strike(queue) ? -ECANCELED : vcard_command_run(queue, scratch, descriptor, &result);
	explicit_bzero(descriptor, sizeof(descriptor));
	if (error)
		return error;
	error = vcard_completion_put(queue, cookie, &result);
	if (error == -EFAULT)
		fail(queue, GLACIS_CARD_STATUS_DMA_WRITE);
	return error;
}

/* Commands that wait, up to VCARD_BURST and to what can be completed. */
static unsigned ready(struct vcard_queue *queue)
{
	uint32_t mask = sq_entries(queue) - 1;
	uint32_t head = atomic_load_explicit(&queue->sq_head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(
		vcard_card_doorbell(queue->card, queue->index, GLACIS_CARD_DOORBELL_SQ_TAIL), memory_order_acquire);
	uint32_t count = (tail - head) & mask;
	int64_t space;

	if (tail == head)
		return 0;
	space = vcard_completion_space(queue);
	if (tail > mask || space < 0) {
		fail(queue, GLACIS_CARD_STATUS_BAD_RING);
		return 0;
	}
	if (count > space)
		count = (uint32_t)space;
	return count < VCARD_BURST ? count : VCARD_BURST;
}

/* Completions that faults held back and that are due. 0, or the queue goes no further. */
static int release_held(struct vcard_queue *queue)
{
	int error = vcard_completion_release(queue);

	if (error == -EFAULT)
		fail(queue, GLACIS_CARD_STATUS_DMA_WRITE);
	return error;
}

unsigned vcard_queue_run(struct vcard_queue *queue, struct vcard_scratch *scratch)
{
	uint32_t generation = queue->generation;
	unsigned held = queue->held_count, count, done = 0;

	if (queue->stalled)
		return 0;
	if (release_held(queue))
		return 0;
	queue->crowded = false;
	count = ready(queue);
	while (done < count && !run_next(queue, scratch)) {
		done++;
		/* Somebody may wait for the gate; what he changes may be this queue. */
		vcard_gate_pause(&queue->card->gate);
		if (queue->generation != generation || !queue->card->enabled)
			return done;
		if (queue->crowded)
			break;
	}
	if ((done || held > queue->held_count) && queue->interrupt)
		vcard_card_interrupt(queue->card, queue->index);
	return done;
}
