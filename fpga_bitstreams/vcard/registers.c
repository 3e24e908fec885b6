/* SPDX-License-Identifier: Apache-2.0 */
/* Registers; see registers.h. Each block has a function that reads and, where something can be written, one that
 * writes. */
#include <string.h>

#include "clock.h"
#include "identity.h"
#include "registers.h"
#include "selftest.h"

static uint32_t low(uint64_t value)
{
	return (uint32_t)value;
}

static uint64_t with_half(uint64_t value, bool high, uint32_t half)
{
	return high ? (value & UINT32_MAX) | (uint64_t)half << 32 : (value & ~(uint64_t)UINT32_MAX) | half;
}

/* ---- the function ---- */

static uint64_t cycles(const struct vcard_card *card)
{
	return (vcard_clock_ns() - card->started_ns) / 1000 * card->setup.backend->clock_khz / 1000;
}

static uint64_t read_control(struct vcard_card *card, uint32_t reg)
{
	switch (reg) {
	case GLACIS_CARD_CONTROL_CONTROL:
		return card->enabled ? GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK : 0;
	case GLACIS_CARD_CONTROL_STATUS:
		return GLACIS_CARD_CONTROL_STATUS_READY_MASK;
	case GLACIS_CARD_CONTROL_ERRORS:
		return atomic_load_explicit(&card->errors, memory_order_relaxed);
	case GLACIS_CARD_CONTROL_ERROR_QUEUE:
		return atomic_load_explicit(&card->error_queue, memory_order_relaxed);
	case GLACIS_CARD_CONTROL_ERROR_ADDRESS:
		return atomic_load_explicit(&card->error_address, memory_order_relaxed);
	case GLACIS_CARD_CONTROL_CYCLES:
		return cycles(card);
	case GLACIS_CARD_CONTROL_SELFTEST:
		return card->selftest;
	default:
		return 0;
	}
}

/* The client waits for the answer to its write as long as the test runs: START never reads as 1. */
static void run_selftest(struct vcard_card *card, uint32_t value)
{
	if (!(value & GLACIS_CARD_CONTROL_SELFTEST_START_MASK) || card->enabled ||
	    !(card->capabilities & GLACIS_CARD_IDENTITY_CAPABILITIES_SELFTEST_MASK))
		return;
	card->selftest = vcard_selftest_run(card) ? GLACIS_CARD_CONTROL_SELFTEST_PASSED_MASK
						  : GLACIS_CARD_CONTROL_SELFTEST_FAILED_MASK;
}

static void write_control(struct vcard_card *card, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case GLACIS_CARD_CONTROL_CONTROL:
		if (value & GLACIS_CARD_CONTROL_CONTROL_RESET_MASK) {
			vcard_card_reset(card);
			return;
		}
		vcard_gate_close(&card->gate);
		card->enabled = value & GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK;
		vcard_gate_open(&card->gate);
		vcard_card_wake_all(card);
		return;
	case GLACIS_CARD_CONTROL_ERRORS:
		atomic_fetch_and_explicit(&card->errors, ~value, memory_order_relaxed);
		return;
	case GLACIS_CARD_CONTROL_SELFTEST:
		run_selftest(card, value);
		return;
	default:
		return;
	}
}

static uint64_t read_counters(struct vcard_card *card, uint32_t reg)
{
	uint64_t sum = 0;

	if (reg / 8 >= VCARD_COUNTERS)
		return 0;
	for (unsigned i = 0; i < vcard_card_queue_count(card); i++)
		sum += atomic_load_explicit(&card->queues[i].counters[reg / 8], memory_order_relaxed);
	return sum;
}

/* ---- queues ---- */

static uint32_t state_of(const struct vcard_queue *queue)
{
	return atomic_load_explicit(&queue->state, memory_order_relaxed);
}

static uint64_t since_enable(const struct vcard_queue *queue, enum vcard_counter counter)
{
	return atomic_load_explicit(&queue->counters[counter], memory_order_relaxed) - queue->at_enable[counter];
}

static uint32_t queue_control(const struct vcard_queue *queue)
{
	return (state_of(queue) == GLACIS_CARD_STATE_ENABLED ? GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK : 0) |
	       (queue->interrupt ? GLACIS_CARD_QUEUE_CONTROL_IRQ_MASK : 0);
}

static uint64_t read_queue(const struct vcard_queue *queue, uint32_t reg)
{
	switch (reg) {
	case GLACIS_CARD_QUEUE_SQ_BASE:
		return queue->sq_base;
	case GLACIS_CARD_QUEUE_CQ_BASE:
		return queue->cq_base;
	case GLACIS_CARD_QUEUE_SIZE:
		return queue->size;
	case GLACIS_CARD_QUEUE_CONTROL:
		return queue_control(queue);
	case GLACIS_CARD_QUEUE_STATUS:
		return state_of(queue) | atomic_load_explicit(&queue->error, memory_order_relaxed)
						 << GLACIS_CARD_QUEUE_STATUS_ERROR_SHIFT;
	case GLACIS_CARD_QUEUE_SQ_HEAD:
		return atomic_load_explicit(&queue->sq_head, memory_order_relaxed);
	case GLACIS_CARD_QUEUE_CQ_TAIL:
		return atomic_load_explicit(&queue->cq_tail, memory_order_relaxed);
	case GLACIS_CARD_QUEUE_COMMANDS:
		return since_enable(queue, VCARD_COMMANDS);
	case GLACIS_CARD_QUEUE_COMPLETIONS:
		return since_enable(queue, VCARD_COMPLETIONS);
	case GLACIS_CARD_QUEUE_BYTES:
		return since_enable(queue, VCARD_AEAD_BYTES);
	case GLACIS_CARD_QUEUE_ERRORS:
		return since_enable(queue, VCARD_ERRORS);
	default:
		return 0;
	}
}

static void control_queue(struct vcard_queue *queue, uint32_t value)
{
	struct vcard_card *card = queue->card;

	vcard_gate_close(&card->gate);
	queue->interrupt = value & GLACIS_CARD_QUEUE_CONTROL_IRQ_MASK;
	if (value & GLACIS_CARD_QUEUE_CONTROL_RESET_MASK)
		vcard_queue_reset(queue);
	else if (value & GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK && state_of(queue) == GLACIS_CARD_STATE_DISABLED)
		vcard_queue_enable(queue);
	vcard_gate_open(&card->gate);
	vcard_card_wake(card, queue->index);
}

static void write_queue(struct vcard_queue *queue, uint32_t reg, uint32_t value)
{
	bool high = reg & 4;

	if (reg == GLACIS_CARD_QUEUE_CONTROL) {
		control_queue(queue, value);
		return;
	}
	if (state_of(queue) != GLACIS_CARD_STATE_DISABLED)
		return;
	if ((reg & ~4u) == GLACIS_CARD_QUEUE_SQ_BASE)
		queue->sq_base = with_half(queue->sq_base, high, value);
	else if ((reg & ~4u) == GLACIS_CARD_QUEUE_CQ_BASE)
		queue->cq_base = with_half(queue->cq_base, high, value);
	else if (reg == GLACIS_CARD_QUEUE_SIZE)
		queue->size = value & (GLACIS_CARD_QUEUE_SIZE_SQ_LOG2_MASK | GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_MASK);
}

/* ---- from offset to block ---- */

static bool is_wide(uint32_t block, uint32_t reg)
{
	switch (block) {
	case GLACIS_CARD_IDENTITY_BLOCK:
		return reg == GLACIS_CARD_IDENTITY_BUILD_ID;
	case GLACIS_CARD_CONTROL_BLOCK:
		return reg == GLACIS_CARD_CONTROL_ERROR_ADDRESS - GLACIS_CARD_CONTROL_BLOCK ||
		       reg == GLACIS_CARD_CONTROL_CYCLES - GLACIS_CARD_CONTROL_BLOCK;
	case GLACIS_CARD_COUNTERS_BLOCK:
		return true;
	case GLACIS_CARD_FLASH_BLOCK:
		return false;
	default:
		return reg == GLACIS_CARD_QUEUE_SQ_BASE || reg == GLACIS_CARD_QUEUE_CQ_BASE ||
		       reg >= GLACIS_CARD_QUEUE_COMMANDS;
	}
}

static uint64_t read_block(struct vcard_card *card, uint32_t block, uint32_t reg)
{
	switch (block) {
	case GLACIS_CARD_IDENTITY_BLOCK:
		return reg == GLACIS_CARD_IDENTITY_SCRATCH ? card->scratch : vcard_identity_read(card, reg);
	case GLACIS_CARD_CONTROL_BLOCK:
		return read_control(card, block + reg);
	case GLACIS_CARD_COUNTERS_BLOCK:
		return read_counters(card, reg);
	case GLACIS_CARD_FLASH_BLOCK:
		return vcard_flash_read(&card->flash, block + reg);
	default:
		return read_queue(&card->queues[(block - GLACIS_CARD_QUEUES) / GLACIS_CARD_PAGE], reg);
	}
}

/* Registers of 64 bits: the low half latches the high one. */
static uint32_t read_half(struct vcard_card *card, uint32_t block, uint32_t reg)
{
	uint64_t value;

	if (!is_wide(block, reg & ~4u))
		return low(read_block(card, block, reg));
	if (reg & 4 && card->latch_offset == block + reg) {
		card->latch_offset = UINT32_MAX;
		return card->latch_high;
	}
	value = read_block(card, block, reg & ~4u);
	if (reg & 4)
		return low(value >> 32);
	card->latch_offset = block + reg + 4;
	card->latch_high = low(value >> 32);
	return low(value);
}

/* The block that `offset` lies in: its page, when it is one of registers. */
static bool find_block(const struct vcard_card *card, uint32_t offset, uint32_t *block)
{
	*block = offset & ~(GLACIS_CARD_PAGE - 1);
	return *block == GLACIS_CARD_IDENTITY_BLOCK || *block == GLACIS_CARD_CONTROL_BLOCK ||
	       *block == GLACIS_CARD_COUNTERS_BLOCK || *block == GLACIS_CARD_FLASH_BLOCK ||
	       (*block >= GLACIS_CARD_QUEUES &&
		(*block - GLACIS_CARD_QUEUES) / GLACIS_CARD_PAGE < vcard_card_queue_count(card));
}

/* The word of memory that `offset` is, or NULL: doorbells and the MSI-X table keep what is written. */
static _Atomic uint32_t *find_memory(struct vcard_card *card, uint32_t offset)
{
	uint32_t queue = (offset - GLACIS_CARD_DOORBELLS) / GLACIS_CARD_PAGE;

	if (card->doorbells && offset >= GLACIS_CARD_DOORBELLS && queue < vcard_card_queue_count(card))
		return vcard_card_doorbell(card, queue, offset % GLACIS_CARD_PAGE);
	if (offset >= GLACIS_CARD_MSIX_TABLE && offset < GLACIS_CARD_MSIX_TABLE + vcard_card_queue_count(card) * 16)
		return (_Atomic uint32_t *)&card->msix_table[(offset - GLACIS_CARD_MSIX_TABLE) / 4];
	return NULL;
}

uint32_t vcard_registers_read(struct vcard_card *card, uint32_t offset)
{
	_Atomic uint32_t *memory = find_memory(card, offset);
	uint32_t block;

	if (vcard_flash_expired(&card->flash))
		vcard_card_boot(card);
	if (card->gone || card->booting ||
	    vcard_faults_strike(&card->faults, VCARD_FAULT_ALL_ONES, VCARD_FAULT_ANY_QUEUE))
		return UINT32_MAX;
	if (memory)
		return atomic_load_explicit(memory, memory_order_relaxed);
	if (card->logic) {
		uint32_t value;

		vcard_gate_close(&card->gate);
		value = card->setup.backend->logic->read(card->logic, offset);
		vcard_gate_open(&card->gate);
		return value;
	}
	if (!find_block(card, offset, &block))
		return 0;
	return read_half(card, block, offset - block);
}

void vcard_registers_write(struct vcard_card *card, uint32_t offset, uint32_t value)
{
	_Atomic uint32_t *memory = find_memory(card, offset);
	uint32_t block;

	if (card->gone || card->booting)
		return;
	if (memory) {
		atomic_store_explicit(memory, value, memory_order_release);
		if (offset >= GLACIS_CARD_DOORBELLS)
			vcard_card_wake(card, (offset - GLACIS_CARD_DOORBELLS) / GLACIS_CARD_PAGE);
		return;
	}
	if (card->logic) {
		vcard_gate_close(&card->gate);
		card->setup.backend->logic->write(card->logic, offset, value);
		vcard_gate_open(&card->gate);
		vcard_card_wake_all(card);
		return;
	}
	if (!find_block(card, offset, &block))
		return;
	if (block == GLACIS_CARD_IDENTITY_BLOCK && offset == GLACIS_CARD_IDENTITY_SCRATCH)
		card->scratch = value;
	else if (block == GLACIS_CARD_CONTROL_BLOCK)
		write_control(card, offset, value);
	else if (block == GLACIS_CARD_FLASH_BLOCK &&
		 vcard_flash_write(&card->flash, &card->faults, card->enabled, offset, value))
		vcard_card_boot(card);
	else if (block >= GLACIS_CARD_QUEUES)
		write_queue(&card->queues[(block - GLACIS_CARD_QUEUES) / GLACIS_CARD_PAGE], offset - block, value);
}
