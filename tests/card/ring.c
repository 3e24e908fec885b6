/* SPDX-License-Identifier: Apache-2.0 */
/* A queue pair as a driver has it; see ring.h. */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"

#define DESCRIPTOR 128u

static uint32_t reg(const struct ring *ring, uint32_t offset)
{
	return glacis_card_queue(ring->queue, offset);
}

static _Atomic uint32_t *doorbell(const struct ring *ring, uint32_t offset)
{
	return (_Atomic uint32_t *)(void *)(ring->rig->client.doorbells + ring->queue * GLACIS_CARD_PAGE + offset);
}

bool ring_open(struct ring *ring, struct rig *rig, unsigned queue, uint32_t sq_log2, uint32_t cq_log2)
{
	*ring = (struct ring){ .rig = rig, .queue = queue, .sq_log2 = sq_log2, .cq_log2 = cq_log2 };
	ring->sq = rig_allocate(rig, (size_t)DESCRIPTOR << sq_log2);
	ring->cq = rig_allocate(rig, sizeof(*ring->cq) << cq_log2);
	return ring_start(ring);
}

static bool start(struct ring *ring, uint64_t sq_base, uint64_t cq_base)
{
	struct rig *rig = ring->rig;

	memset(ring->cq, 0, sizeof(*ring->cq) << ring->cq_log2);
	ring->sq_tail = 0;
	ring->cq_head = 0;
	ring->phase = 1;
	rig_write64(rig, reg(ring, GLACIS_CARD_QUEUE_SQ_BASE), sq_base);
	rig_write64(rig, reg(ring, GLACIS_CARD_QUEUE_CQ_BASE), cq_base);
	rig_write32(rig, reg(ring, GLACIS_CARD_QUEUE_SIZE),
		    ring->sq_log2 | ring->cq_log2 << GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_SHIFT);
	rig_write32(rig, reg(ring, GLACIS_CARD_QUEUE_CONTROL), GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	return ring_state(ring) == GLACIS_CARD_STATE_ENABLED;
}

bool ring_start(struct ring *ring)
{
	return start(ring, rig_address(ring->rig, ring->sq), rig_address(ring->rig, ring->cq));
}

bool ring_start_again(struct ring *ring)
{
	return start(ring, rig_address_again(ring->rig, ring->sq), rig_address_again(ring->rig, ring->cq));
}

uint32_t ring_state(struct ring *ring)
{
	return rig_read32(ring->rig, reg(ring, GLACIS_CARD_QUEUE_STATUS)) & GLACIS_CARD_QUEUE_STATUS_STATE_MASK;
}

bool ring_reset(struct ring *ring)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	rig_write32(ring->rig, reg(ring, GLACIS_CARD_QUEUE_CONTROL), GLACIS_CARD_QUEUE_CONTROL_RESET_MASK);
	while (rig_read32(ring->rig, reg(ring, GLACIS_CARD_QUEUE_CONTROL)) & GLACIS_CARD_QUEUE_CONTROL_RESET_MASK) {
		if (rig_now_ms() > end)
			return false;
	}
	return ring_state(ring) == GLACIS_CARD_STATE_DISABLED;
}

void ring_put(struct ring *ring, const void *descriptor)
{
	memcpy(ring->sq + (size_t)ring->sq_tail * DESCRIPTOR, descriptor, DESCRIPTOR);
	ring->sq_tail = (ring->sq_tail + 1) & ((1u << ring->sq_log2) - 1);
}

void ring_bell(struct ring *ring)
{
	atomic_store_explicit(doorbell(ring, GLACIS_CARD_DOORBELL_SQ_TAIL), ring->sq_tail, memory_order_release);
}

static bool is_new(const struct ring *ring)
{
	const struct glacis_card_completion *entry = &ring->cq[ring->cq_head];
	uint16_t phase = __atomic_load_n(&entry->phase, __ATOMIC_ACQUIRE);

	return phase == ring->phase;
}

bool ring_take(struct ring *ring, struct glacis_card_completion *completion, unsigned ms)
{
	uint64_t begin = rig_now_ms(), end = begin + ms;

	if (ms == RIG_WAIT_MS && rig_is_rtl())
		end += 5 * ms; /* millions of cycles of simulation, maybe on a busy machine */
	while (!is_new(ring)) {
		uint64_t now = rig_now_ms();

		if (now > end)
			return false;
		if (now > begin + 2)
			usleep(100); /* the card wants the processor as well */
		if (ring->rig->client.far && client_serve(&ring->rig->client, 1))
			return false;
	}
	*completion = ring->cq[ring->cq_head];
	ring->cq_head = (ring->cq_head + 1) & ((1u << ring->cq_log2) - 1);
	if (!ring->cq_head)
		ring->phase ^= 1;
	atomic_store_explicit(doorbell(ring, GLACIS_CARD_DOORBELL_CQ_HEAD), ring->cq_head, memory_order_release);
	return true;
}

int ring_run(struct ring *ring, const void *descriptor, struct glacis_card_completion *completion)
{
	struct glacis_card_completion unwanted;

	if (!completion)
		completion = &unwanted;
	ring_put(ring, descriptor);
	ring_bell(ring);
	return ring_take(ring, completion, RIG_WAIT_MS) ? completion->status : -1;
}

struct glacis_card_aead ring_aead(const struct rig *rig, bool seal, uint32_t cookie, const void *source,
				  const void *destination, uint32_t size, const void *tag)
{
	return (struct glacis_card_aead){
		.opcode = seal ? GLACIS_CARD_OPCODE_SEAL : GLACIS_CARD_OPCODE_OPEN,
		.key_size = 16,
		.cookie = cookie,
		.text_size = size,
		.source = rig_address(rig, source),
		.destination = rig_address(rig, destination),
		.tag = rig_address(rig, tag),
	};
}

struct glacis_card_rsa ring_rsa(const struct rig *rig, bool private_exponent, uint32_t cookie, unsigned slot,
				uint32_t size, const void *base, const void *result)
{
	return (struct glacis_card_rsa){
		.opcode = private_exponent ? GLACIS_CARD_OPCODE_RSA_PRIVATE : GLACIS_CARD_OPCODE_RSA_PUBLIC,
		.slot = (uint16_t)slot,
		.cookie = cookie,
		.modulus_size = size,
		.base = rig_address(rig, base),
		.result = rig_address(rig, result),
	};
}

struct glacis_card_rsa ring_nop(uint32_t cookie)
{
	return (struct glacis_card_rsa){ .opcode = GLACIS_CARD_OPCODE_NOP, .cookie = cookie };
}
