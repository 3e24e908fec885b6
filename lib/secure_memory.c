/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for keys; see secure_memory.h.
 *
 * A chunk is one aligned mapping, so an object's address gives its chunk. The chunk's descriptor
 * lives in ordinary memory: the mapping is zeroed in a child after fork(), the descriptor is not,
 * so a child can still unmap it. Objects that were never handed out are taken in address order
 * and leave their pages untouched, so a chunk costs only what is used of it.
 */
#include "secure_memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct free_object {
	struct free_object *next;
};

struct secure_chunk {
	struct secure_region region;
	struct secure_chunk *next, *previous;
	struct free_object *free_list;
	uint32_t object_size;
	uint32_t fresh; /* offset of the first object never handed out */
	uint32_t used;  /* objects in use */
};

static bool lock_region(void *base, size_t size)
{
	if (mlock2(base, size, MLOCK_ONFAULT) == 0)
		return true;
	/* Before Linux 4.4 there is no locking on first touch: lock, and so touch, all of it. */
	return (errno == ENOSYS || errno == EINVAL) && mlock(base, size) == 0;
}

/* Maps `size` bytes aligned to `alignment` (a power of two of at least one page). */
static void *map_aligned(size_t size, size_t alignment)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t slack = alignment > page ? alignment : 0;
	uint8_t *raw = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	if (slack == 0)
		return raw;
	size_t before = (alignment - ((uintptr_t)raw & (alignment - 1))) & (alignment - 1);
	if (before > 0)
		munmap(raw, before);
	if (slack > before)
		munmap(raw + before + size, slack - before);
	return raw + before;
}

static int map_region(struct secure_memory *memory, size_t size, size_t alignment, struct secure_region *region)
{
	int error = -ENOMEM;
	void *base = map_aligned(size, alignment);
	if (base == NULL)
		return -ENOMEM;
	if (madvise(base, size, MADV_DONTDUMP) != 0 || madvise(base, size, MADV_WIPEONFORK) != 0)
		goto unmap;
	/* A huge page would make 2 MiB resident for one key. Kernels without huge pages refuse; that is as good. */
	(void)madvise(base, size, MADV_NOHUGEPAGE);
	bool locked = lock_region(base, size);
	if (!locked && memory->required) {
		error = -EPERM;
		goto unmap;
	}
	*region = (struct secure_region){ .base = base, .size = size, .locked = locked };
	atomic_fetch_add(&memory->bytes, size);
	if (!locked)
		atomic_fetch_add(&memory->unlocked, size);
	return 0;
unmap:
	munmap(base, size);
	return error;
}

int secure_memory_map(struct secure_memory *memory, size_t size, struct secure_region *region)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return map_region(memory, (size + page - 1) & ~(page - 1), page, region);
}

void secure_memory_unmap(struct secure_memory *memory, struct secure_region *region)
{
	if (region->base == NULL)
		return;
	munmap(region->base, region->size);
	atomic_fetch_sub(&memory->bytes, region->size);
	if (!region->locked)
		atomic_fetch_sub(&memory->unlocked, region->size);
	*region = (struct secure_region){ 0 };
}

static void chunk_push(struct secure_chunk **list, struct secure_chunk *chunk)
{
	chunk->previous = NULL;
	chunk->next = *list;
	if (*list != NULL)
		(*list)->previous = chunk;
	*list = chunk;
}

static void chunk_remove(struct secure_chunk **list, struct secure_chunk *chunk)
{
	if (chunk->previous != NULL)
		chunk->previous->next = chunk->next;
	else
		*list = chunk->next;
	if (chunk->next != NULL)
		chunk->next->previous = chunk->previous;
}

static int chunk_create(struct secure_memory *memory, uint32_t object_size, struct secure_chunk **chunk)
{
	struct secure_chunk *created = calloc(1, sizeof(*created));
	if (created == NULL)
		return -ENOMEM;
	int error = map_region(memory, SECURE_CHUNK_SIZE, SECURE_CHUNK_SIZE, &created->region);
	if (error != 0) {
		free(created);
		return error;
	}
	/* The chunk's first grain leads from an object back to its descriptor. */
	memcpy(created->region.base, &created, sizeof(created));
	created->object_size = object_size;
	created->fresh = SECURE_OBJECT_GRAIN;
	*chunk = created;
	return 0;
}

static void chunk_destroy(struct secure_memory *memory, struct secure_chunk *chunk)
{
	explicit_bzero(chunk->region.base, chunk->fresh);
	secure_memory_unmap(memory, &chunk->region);
	free(chunk);
}

static bool chunk_is_full(const struct secure_chunk *chunk)
{
	return chunk->free_list == NULL && chunk->fresh + chunk->object_size > SECURE_CHUNK_SIZE;
}

static void *chunk_take(struct secure_chunk *chunk)
{
	void *object = chunk->free_list;
	if (object != NULL) {
		chunk->free_list = chunk->free_list->next;
		memset(object, 0, sizeof(struct free_object));
	} else {
		object = (uint8_t *)chunk->region.base + chunk->fresh;
		chunk->fresh += chunk->object_size;
	}
	chunk->used++;
	return object;
}

static uint32_t class_of(size_t size)
{
	assert(size > 0 && size <= SECURE_OBJECT_MAX);
	return (uint32_t)((size - 1) / SECURE_OBJECT_GRAIN);
}

int secure_memory_alloc(struct secure_memory *memory, size_t size, void **object)
{
	uint32_t index = class_of(size);
	struct secure_class *class = &memory->classes[index];
	int error = 0;

	pthread_mutex_lock(&memory->lock);
	struct secure_chunk *chunk = class->available;
	if (chunk == NULL) {
		error = chunk_create(memory, (index + 1) * SECURE_OBJECT_GRAIN, &chunk);
		if (error != 0)
			goto unlock;
		chunk_push(&class->available, chunk);
	}
	*object = chunk_take(chunk);
	if (chunk_is_full(chunk)) {
		chunk_remove(&class->available, chunk);
		chunk_push(&class->full, chunk);
	}
unlock:
	pthread_mutex_unlock(&memory->lock);
	return error;
}

void secure_memory_free(struct secure_memory *memory, void *object, size_t size)
{
	struct secure_class *class = &memory->classes[class_of(size)];
	struct secure_chunk *chunk;
	struct free_object *freed = object;

	explicit_bzero(object, size);
	memcpy(&chunk, (void *)((uintptr_t)object & ~(uintptr_t)(SECURE_CHUNK_SIZE - 1)), sizeof(chunk));

	pthread_mutex_lock(&memory->lock);
	assert(chunk->used > 0 && chunk->object_size >= size);
	if (chunk_is_full(chunk)) {
		chunk_remove(&class->full, chunk);
		chunk_push(&class->available, chunk);
	}
	freed->next = chunk->free_list;
	chunk->free_list = freed;
	chunk->used--;
	/* One empty chunk is kept, so that one object made and freed in turn does not map and unmap each time. */
	if (chunk->used == 0 && (chunk->next != NULL || chunk->previous != NULL)) {
		chunk_remove(&class->available, chunk);
		chunk_destroy(memory, chunk);
	}
	pthread_mutex_unlock(&memory->lock);
}

int secure_memory_init(struct secure_memory *memory, bool required)
{
	void *object;

	memset(memory, 0, sizeof(*memory));
	memory->required = required;
	int error = -pthread_mutex_init(&memory->lock, NULL);
	if (error != 0)
		return error;
	error = secure_memory_alloc(memory, SECURE_OBJECT_GRAIN, &object);
	if (error != 0) {
		pthread_mutex_destroy(&memory->lock);
		return error;
	}
	secure_memory_free(memory, object, SECURE_OBJECT_GRAIN);
	return 0;
}

static void destroy_list(struct secure_memory *memory, struct secure_chunk *chunk)
{
	while (chunk != NULL) {
		struct secure_chunk *next = chunk->next;
		chunk_destroy(memory, chunk);
		chunk = next;
	}
}

void secure_memory_fini(struct secure_memory *memory)
{
	for (uint32_t i = 0; i < SECURE_CLASSES; i++) {
		destroy_list(memory, memory->classes[i].available);
		destroy_list(memory, memory->classes[i].full);
		memory->classes[i] = (struct secure_class){ 0 };
	}
	pthread_mutex_destroy(&memory->lock);
}
