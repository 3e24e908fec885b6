/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for keys: locked, left out of core dumps, zeroed in a child after fork(), wiped on free.
 * Small objects (sessions, record streams) come from chunks; large arrays (expanded keys) are
 * regions of their own. Used by everything in the library that holds a key.
 *
 * Invariants: a free object is all zeros but for its free-list link; `bytes` and `unlocked` count
 * exactly what is mapped. Thread-safe, except that regions are the caller's once mapped.
 * In a child after fork() every object reads as zeros; only secure_memory_fini may be called there.
 */
#ifndef GLACIS_LIB_SECURE_MEMORY_H
#define GLACIS_LIB_SECURE_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glacis/status.h>

/* Objects start on 64-byte boundaries and their sizes are rounded up to multiples of it. */
#define SECURE_OBJECT_GRAIN 64u
#define SECURE_OBJECT_MAX   1024u
#define SECURE_CLASSES      (SECURE_OBJECT_MAX / SECURE_OBJECT_GRAIN)
/* Memory is taken from the kernel in chunks of this size, each aligned to it. */
#define SECURE_CHUNK_SIZE 262144u

/* A mapping of its own. */
struct secure_region {
	void *base;
	size_t size;
	bool locked;
};

struct secure_chunk;

/* Chunks of one object size. */
struct secure_class {
	struct secure_chunk *available; /* at least one object is free */
	struct secure_chunk *full;
};

struct secure_memory {
	pthread_mutex_t lock;
	struct secure_class classes[SECURE_CLASSES];
	_Atomic uint64_t bytes;    /* mapped */
	_Atomic uint64_t unlocked; /* of these, not locked */
	bool required;             /* refuse memory that cannot be locked */
};

/* Maps a first chunk, so that a limit that is too low shows at once. Returns 0, -ENOMEM, -EPERM (required). */
GLACIS_MUST_CHECK int secure_memory_init(struct secure_memory *memory, bool required);

/* Wipes and unmaps all objects, even those still in use. */
void secure_memory_fini(struct secure_memory *memory);

/* A zeroed object of `size` bytes, 1..SECURE_OBJECT_MAX. Returns 0, -ENOMEM, -EPERM (required). */
GLACIS_MUST_CHECK int secure_memory_alloc(struct secure_memory *memory, size_t size, void **object);

/* Wipes an object and takes it back; `size` as at its allocation. */
void secure_memory_free(struct secure_memory *memory, void *object, size_t size);

/* A zeroed region of whole pages, resident only where it is written. Returns 0, -ENOMEM, -EPERM (required). */
GLACIS_MUST_CHECK int secure_memory_map(struct secure_memory *memory, size_t size, struct secure_region *region);

/* Unmaps a region, whose secrets the caller has wiped. A region of zeros is ignored. */
void secure_memory_unmap(struct secure_memory *memory, struct secure_region *region);

#endif
