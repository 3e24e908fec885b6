/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that the device reaches, for libglacis' pools. It is DPDK's own; what was handed out is remembered, so that
 * one look tells whether a buffer may be given to the device as it is.
 */
#include <sys/mman.h>

#include <rte_malloc.h>

#include "device.h"

void *module_memory_alloc(struct card_device *device, size_t size)
{
	void *memory = rte_zmalloc("glacis pool", size, RTE_CACHE_LINE_SIZE);
	uint32_t index;

	if (memory == NULL)
		return NULL;
	pthread_mutex_lock(&device->lock);
	for (index = 0; index < device->range_count; index++)
		if (__atomic_load_n(&device->ranges[index].size, __ATOMIC_RELAXED) == 0)
			break;
	if (index == RANGES_MAX) {
		pthread_mutex_unlock(&device->lock);
		rte_free(memory);
		return NULL;
	}
	__atomic_store_n(&device->ranges[index].base, (uintptr_t)memory, __ATOMIC_RELAXED);
	__atomic_store_n(&device->ranges[index].size, size, __ATOMIC_RELEASE);
	if (index == device->range_count)
		__atomic_store_n(&device->range_count, index + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&device->lock);
	return memory;
}

void module_memory_free(struct card_device *device, void *memory, size_t size)
{
	(void)size;
	pthread_mutex_lock(&device->lock);
	for (uint32_t i = 0; i < device->range_count; i++)
		if (device->ranges[i].base == (uintptr_t)memory)
			__atomic_store_n(&device->ranges[i].size, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&device->lock);
	rte_free(memory);
}

void module_memory_trim(struct card_device *device, void *memory, size_t size)
{
	(void)device;
	/* The memory is a file's, shared with whoever emulates the device: only a hole gives it back. */
	(void)madvise(memory, size, MADV_REMOVE);
}

static inline bool inside(const struct card_device *device, uint32_t index, uintptr_t address, size_t size)
{
	const struct range *range = &device->ranges[index];
	size_t room = __atomic_load_n(&range->size, __ATOMIC_ACQUIRE);
	size_t offset = address - __atomic_load_n(&range->base, __ATOMIC_RELAXED);

	return offset < room && size <= room - offset;
}

bool module_memory_holds(struct card_queue *queue, const void *bytes, size_t size)
{
	const struct card_device *device = queue->device;
	uint32_t count = __atomic_load_n(&device->range_count, __ATOMIC_ACQUIRE);

	if (queue->range < count && inside(device, queue->range, (uintptr_t)bytes, size))
		return true;
	for (uint32_t i = 0; i < count; i++) {
		if (inside(device, i, (uintptr_t)bytes, size)) {
			queue->range = i;
			return true;
		}
	}
	return false;
}
