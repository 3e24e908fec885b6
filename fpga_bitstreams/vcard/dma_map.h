/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's memory as the card may reach it: regions of bus addresses, each either mapped into this process from a
 * descriptor, or reachable by messages only. Sorted, without overlaps. Everything here comes from the client and is
 * checked. Changed by the socket's thread with the gate closed, read by workers inside.
 *
 * Without PCI's Bus Master Enable no address leads anywhere, whatever is mapped: the card has no other way to the
 * client's memory than vcard_dma_map_find() and what stands on it.
 */
#ifndef VCARD_DMA_MAP_H
#define VCARD_DMA_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VCARD_DMA_REGIONS_MAX 65536u /* 128 GiB in pages of 2 MiB */

#define VCARD_DMA_READABLE    1u
#define VCARD_DMA_WRITEABLE   2u

struct vcard_dma_region {
	uint64_t address;
	uint64_t size;   /* address + size - 1 does not wrap */
	uint8_t *memory; /* NULL: by messages */
	unsigned access;
};

struct vcard_dma_map {
	atomic_bool master; /* PCI's Bus Master Enable; read outside of the gate too (channel.h) */
	struct vcard_dma_region *regions;
	size_t count;
	size_t capacity;
};

/*
 * `fd` is -1, or a file from whose `offset` the region is mapped; the caller keeps it.
 * -EINVAL: empty, wraps, no access, misaligned offset, no regular file, beyond its end; -EEXIST: overlaps another
 * region; -ENOSPC: too many regions; -ENOMEM; what mmap says.
 */
int vcard_dma_map_add(struct vcard_dma_map *map, uint64_t address, uint64_t size, unsigned access, int fd,
		      uint64_t offset);

/*
 * Removes the regions that lie in the range; it may hold none, and may reach over 2^64, where it ends. `*removed`
 * counts the bytes. -EINVAL, and nothing is removed, when the range is empty or would cut a region in two.
 */
int vcard_dma_map_remove(struct vcard_dma_map *map, uint64_t address, uint64_t size, uint64_t *removed);

/* Removes all regions; `master` stays as it is. */
void vcard_dma_map_clear(struct vcard_dma_map *map);

/* The region that `address` lies in, or NULL; NULL as well while the card may not master the bus. */
const struct vcard_dma_region *vcard_dma_map_find(const struct vcard_dma_map *map, uint64_t address);

/* The region whose mapped memory `pointer` lies in, or NULL; for the handler of bus errors. */
const struct vcard_dma_region *vcard_dma_map_find_memory(const struct vcard_dma_map *map, const void *pointer);

/* `size` readable or writeable bytes at `address` as they lie in this process, or NULL when that is not one piece. */
void *vcard_dma_map_view(const struct vcard_dma_map *map, uint64_t address, uint64_t size, unsigned access);

#endif
