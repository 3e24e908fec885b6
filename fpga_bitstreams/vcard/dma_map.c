/* SPDX-License-Identifier: Apache-2.0 */
/* The client's memory: adding, removing and finding regions; see dma_map.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma_map.h"

/* Index of the first region that ends at or behind `address`. */
static size_t position(const struct vcard_dma_map *map, uint64_t address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vcard_dma_region *region = &map->regions[middle];

		if (region->address + (region->size - 1) < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int map_file(struct vcard_dma_region *region, int fd, uint64_t offset)
{
	int protection = (region->access & VCARD_DMA_READABLE ? PROT_READ : 0) |
			 (region->access & VCARD_DMA_WRITEABLE ? PROT_WRITE : 0);
	struct stat status;
	void *memory;

	if (fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode) || offset % (uint64_t)sysconf(_SC_PAGESIZE))
		return -EINVAL;
	if (offset > (uint64_t)status.st_size || region->size > (uint64_t)status.st_size - offset)
		return -EINVAL;
	memory = mmap(NULL, region->size, protection, MAP_SHARED, fd, (off_t)offset);
	if (memory == MAP_FAILED)
		return -errno;
	/* A client's memory has no business in a core file of ours. Where that cannot be said, nothing is lost. */
	madvise(memory, region->size, MADV_DONTDUMP);
	region->memory = memory;
	return 0;
}

static int grow(struct vcard_dma_map *map)
{
	size_t capacity = map->capacity ? map->capacity * 2 : 64;
	struct vcard_dma_region *regions;

	if (map->count < map->capacity)
		return 0;
	if (map->count >= VCARD_DMA_REGIONS_MAX)
		return -ENOSPC;
	regions = reallocarray(map->regions, capacity, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	map->regions = regions;
	map->capacity = capacity;
	return 0;
}

int vcard_dma_map_add(struct vcard_dma_map *map, uint64_t address, uint64_t size, unsigned access, int fd,
		      uint64_t offset)
{
	struct vcard_dma_region region = { .address = address, .size = size, .access = access };
	size_t index;
	int error;

	if (!size || address + (size - 1) < address)
		return -EINVAL;
	if (!access || access & ~(VCARD_DMA_READABLE | VCARD_DMA_WRITEABLE))
		return -EINVAL;
	index = position(map, address);
	if (index < map->count && map->regions[index].address <= address + (size - 1))
		return -EEXIST;
	error = grow(map);
	if (error)
		return error;
	if (fd >= 0) {
		error = map_file(&region, fd, offset);
		if (error)
			return error;
	}
	memmove(&map->regions[index + 1], &map->regions[index], (map->count - index) * sizeof(region));
	map->regions[index] = region;
	map->count++;
	return 0;
}

static void unmap(const struct vcard_dma_region *region)
{
	if (region->memory)
		munmap(region->memory, region->size);
}

int vcard_dma_map_remove(struct vcard_dma_map *map, uint64_t address, uint64_t size, uint64_t *removed)
{
	uint64_t last = address + (size - 1);
	size_t first, end;

	*removed = 0;
	if (!size)
		return -EINVAL;
	if (last < address)
		last = UINT64_MAX;
	first = position(map, address);
	for (end = first; end < map->count && map->regions[end].address <= last; end++) {
		const struct vcard_dma_region *region = &map->regions[end];

		if (region->address < address || region->address + (region->size - 1) > last)
			return -EINVAL;
	}
	for (size_t i = first; i < end; i++) {
		*removed += map->regions[i].size;
		unmap(&map->regions[i]);
	}
	if (end > first) {
		memmove(&map->regions[first], &map->regions[end], (map->count - end) * sizeof(map->regions[0]));
		map->count -= end - first;
	}
	return 0;
}

void vcard_dma_map_clear(struct vcard_dma_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		unmap(&map->regions[i]);
	free(map->regions);
	map->regions = NULL;
	map->count = 0;
	map->capacity = 0;
}

const struct vcard_dma_region *vcard_dma_map_find(const struct vcard_dma_map *map, uint64_t address)
{
	size_t index;

	if (!atomic_load_explicit(&map->master, memory_order_relaxed))
		return NULL;
	index = position(map, address);
	if (index == map->count || map->regions[index].address > address)
		return NULL;
	return &map->regions[index];
}

const struct vcard_dma_region *vcard_dma_map_find_memory(const struct vcard_dma_map *map, const void *pointer)
{
	uintptr_t place = (uintptr_t)pointer;

	for (size_t i = 0; i < map->count; i++) {
		const struct vcard_dma_region *region = &map->regions[i];

		if (region->memory && place >= (uintptr_t)region->memory &&
		    place - (uintptr_t)region->memory < region->size)
			return region;
	}
	return NULL;
}

void *vcard_dma_map_view(const struct vcard_dma_map *map, uint64_t address, uint64_t size, unsigned access)
{
	const struct vcard_dma_region *region = vcard_dma_map_find(map, address);

	if (!region || !region->memory || (region->access & access) != access)
		return NULL;
	if (size > region->size - (address - region->address))
		return NULL;
	return region->memory + (address - region->address);
}
