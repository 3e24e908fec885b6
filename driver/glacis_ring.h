/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of rings. Counters run freely through 32 bits; an index is a counter below the ring's size, which is a
 * power of two, and a pass over the ring has a phase: 1 the first time, then changing. No DPDK here, so that it can be
 * tested alone.
 */
#ifndef GLACIS_DRIVER_RING_H
#define GLACIS_DRIVER_RING_H

#include <stdbool.h>
#include <stdint.h>

/* The smallest ring, as a power of two, in which `entries` can be under way: one entry always stays free. */
static inline uint32_t glacis_ring_log2(uint32_t entries)
{
	uint32_t log2 = 1;

	while (log2 < 31 && (1u << log2) - 1 < entries)
		log2++;
	return log2;
}

static inline uint32_t glacis_ring_index(uint32_t counter, uint32_t log2)
{
	return counter & ((1u << log2) - 1);
}

/* Phase of a completion that is new when `counter` completions have been taken. */
static inline uint32_t glacis_ring_phase(uint32_t counter, uint32_t log2)
{
	return ((counter >> log2) & 1) ^ 1;
}

/* How many more may go under way, of `limit`, which is below the ring's size. */
static inline uint32_t glacis_ring_space(uint32_t head, uint32_t tail, uint32_t limit)
{
	return limit - (tail - head);
}

/* Is the cookie that of an entry between head and tail? True for no cookie of an earlier pass or of another reset. */
static inline bool glacis_ring_holds(uint32_t head, uint32_t tail, uint32_t cookie)
{
	return cookie - head < tail - head;
}

/* Where counters go on after a reset of the queue: at index 0, and not where cookies of before could be mistaken. */
static inline uint32_t glacis_ring_restart(uint32_t counter, uint32_t log2)
{
	return ((counter >> log2) + 1) << log2;
}

#endif
