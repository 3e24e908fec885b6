/* SPDX-License-Identifier: Apache-2.0 */
/* Completions; see completion.h. */
#include <errno.h>
#include <string.h>

#include "card.h"
#include "clock.h"
#include "completion.h"
#include "dma.h"

#define REORDER_LIMIT_NS (VCARD_SECOND / 100) /* when no other completion comes to overtake */

int64_t vcard_completion_space(const struct vcard_queue *queue)
{
	uint32_t mask = vcard_completion_entries(queue) - 1;
	uint32_t tail = atomic_load_explicit(&queue->cq_tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(
		vcard_card_doorbell(queue->card, queue->index, GLACIS_CARD_DOORBELL_CQ_HEAD), memory_order_acquire);
	uint32_t space = (head - tail - 1) & mask;

	if (head > mask)
		return -1;
	return space > queue->held_count ? space - queue->held_count : 0;
}

/*
 * Writes an entry of the ring. Software looks for the phase, which is in the last word: where the ring is mapped that
 * word is stored last, and whole.
 */
static int write_entry(struct vcard_queue *queue, uint64_t address, const struct glacis_card_completion *completion)
{
	_Atomic uint64_t *words = vcard_dma_map_view(&queue->card->map, address, sizeof(*completion),
						     VCARD_DMA_WRITEABLE);
	uint64_t values[2];

	if (!words || (uintptr_t)words % sizeof(*completion))
		return vcard_dma_write(queue, address, completion, sizeof(*completion));
	memcpy(values, completion, sizeof(values));
	atomic_store_explicit(&words[0], values[0], memory_order_relaxed);
	atomic_store_explicit(&words[1], values[1], memory_order_release);
	vcard_queue_count(queue, VCARD_DMA_WRITE_BYTES, sizeof(*completion));
	return 0;
}

static int append(struct vcard_queue *queue, struct glacis_card_completion completion, bool wrong_phase)
{
	uint32_t tail = atomic_load_explicit(&queue->cq_tail, memory_order_relaxed);
	int error;

	completion.phase = wrong_phase ? queue->phase ^ 1 : queue->phase;
	error = write_entry(queue, queue->cq_base + tail * sizeof(completion), &completion);
	if (error)
		return error;
	tail = (tail + 1) & (vcard_completion_entries(queue) - 1);
	if (tail == 0)
		queue->phase ^= 1;
	atomic_store_explicit(&queue->cq_tail, tail, memory_order_relaxed);
	vcard_queue_count(queue, VCARD_COMPLETIONS, 1);
	return 0;
}

/* ---- faults ---- */

static bool hold(struct vcard_queue *queue, const struct glacis_card_completion *completion, uint64_t ns)
{
	if (queue->held_count == VCARD_HELD_MAX)
		return false;
	queue->held[queue->held_count++] = (struct vcard_held){ *completion, vcard_clock_ns() + ns, false };
	return true;
}

/* Writes those held back that are due at `now`, in the order in which they came. */
static int release(struct vcard_queue *queue, uint64_t now)
{
	unsigned kept = 0, count = queue->held_count;

	for (unsigned i = 0; i < count; i++) {
		struct vcard_held held = queue->held[i];
		int error;

		if (held.due_ns > now) {
			queue->held[kept++] = held;
			continue;
		}
		error = append(queue, held.completion, false);
		if (error)
			return error;
	}
	queue->held_count = kept;
	return 0;
}

/* Those that wait to be overtaken are due once something was written. */
static void mark_overtaken(struct vcard_queue *queue)
{
	uint64_t limit = vcard_clock_ns() + REORDER_LIMIT_NS;

	for (unsigned i = 0; i < queue->held_count; i++) {
		if (queue->held[i].overtake && queue->held[i].due_ns <= limit)
			queue->held[i].due_ns = 0;
	}
}

/* The completion on its way through whatever faults are armed. */
static int put_with_faults(struct vcard_queue *queue, struct glacis_card_completion completion)
{
	struct vcard_faults *faults = &queue->card->faults;
	bool wrong_phase;
	int error;

	if (vcard_faults_strike(faults, VCARD_FAULT_DROP, queue->index))
		return 0;
	if (vcard_faults_strike(faults, VCARD_FAULT_UNKNOWN_COOKIE, queue->index))
		completion.cookie ^= 0x5a5a5a5au;
	if (vcard_faults_strike(faults, VCARD_FAULT_DELAY, queue->index) &&
	    hold(queue, &completion, vcard_faults_ns(faults, VCARD_FAULT_DELAY)))
		return 0;
	if (vcard_faults_strike(faults, VCARD_FAULT_REORDER, queue->index) &&
	    hold(queue, &completion, REORDER_LIMIT_NS)) {
		queue->held[queue->held_count - 1].overtake = true;
		return 0;
	}
	wrong_phase = vcard_faults_strike(faults, VCARD_FAULT_WRONG_PHASE, queue->index);
	error = append(queue, completion, wrong_phase);
	mark_overtaken(queue);
	if (!error && vcard_faults_strike(faults, VCARD_FAULT_DUPLICATE, queue->index) &&
	    vcard_completion_space(queue) > 0) {
		queue->crowded = true; /* more was written than the burst had room for */
		error = append(queue, completion, false);
	}
	return error;
}

int vcard_completion_put(struct vcard_queue *queue, uint32_t cookie, const struct vcard_result *result)
{
	struct glacis_card_completion completion = {
		.cookie = cookie,
		.size = result->size,
		.sq_head = (uint16_t)atomic_load_explicit(&queue->sq_head, memory_order_relaxed),
		.queue = (uint16_t)queue->index,
		.status = (uint16_t)result->status,
	};

	if (result->status != GLACIS_CARD_STATUS_OK && result->status != GLACIS_CARD_STATUS_AUTH_FAILED)
		vcard_queue_count(queue, VCARD_ERRORS, 1);
	if (queue->held_count || atomic_load_explicit(&queue->card->faults.armed, memory_order_relaxed))
		return put_with_faults(queue, completion);
	return append(queue, completion, false);
}

int vcard_completion_release(struct vcard_queue *queue)
{
	return queue->held_count ? release(queue, vcard_clock_ns()) : 0;
}
