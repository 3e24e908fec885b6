/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a card write; see lure.h. */
#include "lure.h"

#include <stdbool.h>
#include <string.h>

#include <rte_cycles.h>

#include "bed.h"
#include "glacis_card_abi.h"

#define QUEUE   1u
#define LOG2    3u
#define SQ      0u
#define CQ      GLACIS_CARD_PAGE
#define MEMORY  (2 * GLACIS_CARD_PAGE)
#define COOKIE  0x1234567u
#define POLL_US 1000u

const struct rte_memzone *lure_memory(void)
{
	const struct rte_memzone *memory = rte_memzone_reserve_aligned("lure", MEMORY, SOCKET_ID_ANY,
								       RTE_MEMZONE_IOVA_CONTIG, GLACIS_CARD_PAGE);

	if (memory == NULL)
		bed_fail("no memory to write into");
	return memory;
}

static uint32_t queue_status(const struct lure_way *way)
{
	return way->read(way->card, glacis_card_queue(QUEUE, GLACIS_CARD_QUEUE_STATUS));
}

static void queue_write(const struct lure_way *way, uint32_t reg, uint64_t value)
{
	way->write(way->card, glacis_card_queue(QUEUE, reg), (uint32_t)value);
}

static void queue_start(const struct lure_way *way, uint64_t address)
{
	queue_write(way, GLACIS_CARD_QUEUE_CONTROL, GLACIS_CARD_QUEUE_CONTROL_RESET_MASK);
	for (unsigned i = 0; i < LURE_MS && queue_status(way) != GLACIS_CARD_STATE_DISABLED; i++)
		rte_delay_us_sleep(POLL_US);
	queue_write(way, GLACIS_CARD_QUEUE_SQ_BASE, address + SQ);
	queue_write(way, GLACIS_CARD_QUEUE_SQ_BASE + 4, (address + SQ) >> 32);
	queue_write(way, GLACIS_CARD_QUEUE_CQ_BASE, address + CQ);
	queue_write(way, GLACIS_CARD_QUEUE_CQ_BASE + 4, (address + CQ) >> 32);
	queue_write(way, GLACIS_CARD_QUEUE_SIZE, LOG2 | LOG2 << GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_SHIFT);
	queue_write(way, GLACIS_CARD_QUEUE_CONTROL, GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	way->write(way->card, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK);
}

enum lure_result lure_card(const struct lure_way *way, const struct rte_memzone *memory)
{
	const uint32_t failed = GLACIS_CARD_STATE_ERROR | GLACIS_CARD_STATUS_DMA_READ
								  << GLACIS_CARD_QUEUE_STATUS_ERROR_SHIFT;
	const struct glacis_card_rsa nop = { .opcode = GLACIS_CARD_OPCODE_NOP, .cookie = COOKIE };
	static uint8_t before[MEMORY];
	uint8_t *bytes = memory->addr;
	const struct glacis_card_completion *completion = (const void *)(bytes + CQ);

	memset(bytes, 0, MEMORY);
	memcpy(bytes + SQ, &nop, sizeof(nop));
	memcpy(before, bytes, MEMORY);
	queue_start(way, memory->iova);
	way->write(way->card, glacis_card_doorbell(QUEUE, GLACIS_CARD_DOORBELL_SQ_TAIL), 1);
	for (unsigned i = 0; i < LURE_MS; i++) {
		bool same = memcmp(before, bytes, MEMORY) == 0;

		if (same && queue_status(way) == failed && memcmp(before, bytes, MEMORY) == 0)
			return LURE_REFUSED;
		if (__atomic_load_n(&completion->phase, __ATOMIC_ACQUIRE) == 1 && completion->cookie == COOKIE)
			return LURE_WROTE;
		rte_delay_us_sleep(POLL_US);
	}
	return LURE_NOTHING;
}
