/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools of equal buffers: one mapping, a stack of free buffers, one bit per buffer that is in use.
 *
 * One thread owns a pool. Buffers never handed out are taken in address order, after those that
 * came back, so untouched memory stays untouched. The bit finds a buffer given back twice, which
 * would hand the data of one connection to another: the process stops there.
 */
#include <glacis/pool.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card.h"
#include "engine.h"

#define BUFFER_SIZE_MIN 64u
#define BUFFER_SIZE_MAX 1048576u
#define COUNT_MAX       1048576u
#define ALIGNMENT       64u

struct glacis_pool {
	uint8_t *base;
	uint64_t *held;  /* a bit per buffer: in use (and, while trimming, kept) */
	uint32_t *stack; /* free buffers that were used before, the warmest last */
	uint32_t stacked;
	uint32_t fresh; /* the first buffer never handed out */
	uint32_t count;
	uint32_t stride; /* bytes from one buffer to the next */
	size_t size;
	bool of_device; /* memory of the engine's card */
	struct glacis_engine *engine;
};

static bool is_held(const struct glacis_pool *pool, uint32_t index)
{
	return (pool->held[index / 64] >> (index % 64) & 1) != 0;
}

static void flip_held(struct glacis_pool *pool, uint32_t index)
{
	pool->held[index / 64] ^= UINT64_C(1) << (index % 64);
}

/* Memory of the device where one is wanted and has it; else plain memory, which costs a device a copy. */
static bool map(struct glacis_pool *pool, bool for_device)
{
	if (for_device) {
		pool->base = card_memory_alloc(pool->engine->card, pool->size);
		pool->of_device = pool->base != NULL;
		if (pool->of_device)
			return true;
	}
	pool->base = mmap(NULL, pool->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->base == MAP_FAILED)
		return false;
	/* Both are for the better only: no plaintext in core dumps, no 2 MiB resident for one buffer. */
	(void)madvise(pool->base, pool->size, MADV_DONTDUMP);
	(void)madvise(pool->base, pool->size, MADV_NOHUGEPAGE);
	return true;
}

static void unmap(const struct glacis_pool *pool)
{
	if (!pool->of_device)
		munmap(pool->base, pool->size);
	else if (!engine_is_foreign(pool->engine))
		card_memory_free(pool->engine->card, pool->base, pool->size);
}

int glacis_pool_create(struct glacis_engine *engine, const struct glacis_pool_options *options,
		       struct glacis_pool **pool)
{
	if (engine_is_foreign(engine))
		return -ECHILD;
	if (options->buffer_size < BUFFER_SIZE_MIN || options->buffer_size > BUFFER_SIZE_MAX || options->count == 0 ||
	    options->count > COUNT_MAX)
		return -EINVAL;
	struct glacis_pool *created = calloc(1, sizeof(*created));
	if (created == NULL)
		return -ENOMEM;
	created->engine = engine;
	created->count = options->count;
	created->stride = (options->buffer_size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	created->size = (size_t)created->stride * created->count;
	created->held = calloc((created->count + 63) / 64, sizeof(*created->held));
	created->stack = calloc(created->count, sizeof(*created->stack));
	if (created->held == NULL || created->stack == NULL)
		goto fail;
	if (!map(created, engine->card != NULL && !options->plain))
		goto fail;
	atomic_fetch_add(&engine->pools, 1);
	*pool = created;
	return 0;
fail:
	free(created->stack);
	free(created->held);
	free(created);
	return -ENOMEM;
}

void glacis_pool_destroy(struct glacis_pool *pool)
{
	if (pool == NULL)
		return;
	assert(glacis_pool_used(pool) == 0 || engine_is_foreign(pool->engine));
	unmap(pool);
	atomic_fetch_sub(&pool->engine->pools, 1);
	free(pool->stack);
	free(pool->held);
	free(pool);
}

void *glacis_pool_get(struct glacis_pool *pool)
{
	uint32_t index;

	if (pool->stacked > 0)
		index = pool->stack[--pool->stacked];
	else if (pool->fresh < pool->count)
		index = pool->fresh++;
	else
		return NULL;
	flip_held(pool, index);
	return pool->base + (size_t)index * pool->stride;
}

static __attribute__((noreturn)) void stop(const char *what, const void *buffer)
{
	fprintf(stderr, "glacis_pool_put: buffer %p %s; stopping before its data reaches another owner\n", buffer,
		what);
	abort();
}

void glacis_pool_put(struct glacis_pool *pool, void *buffer)
{
	size_t offset = (size_t)((uintptr_t)buffer - (uintptr_t)pool->base);

	if (offset >= pool->size || offset % pool->stride != 0)
		stop("is not of this pool", buffer);
	uint32_t index = (uint32_t)(offset / pool->stride);
	if (!is_held(pool, index))
		stop("is free already", buffer);
	flip_held(pool, index);
	pool->stack[pool->stacked++] = index;
}

uint32_t glacis_pool_used(const struct glacis_pool *pool)
{
	return pool->fresh - pool->stacked;
}

/* Gives the whole pages between two buffers' starts back to the kernel. */
static void release(const struct glacis_pool *pool, uint32_t first, uint32_t end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t from = ((size_t)first * pool->stride + page - 1) / page * page;
	size_t to = (size_t)end * pool->stride / page * page;
	if (from >= to)
		return;
	if (pool->of_device)
		card_memory_trim(pool->engine->card, pool->base + from, to - from);
	else
		(void)madvise(pool->base + from, to - from, MADV_DONTNEED);
}

void glacis_pool_trim(struct glacis_pool *pool, uint32_t keep)
{
	uint32_t kept = keep < pool->stacked ? keep : pool->stacked;

	for (uint32_t i = pool->stacked - kept; i < pool->stacked; i++)
		flip_held(pool, pool->stack[i]);
	/* Neighbours go together: a page may hold many small buffers. */
	for (uint32_t index = 0; index < pool->fresh; index++) {
		uint32_t first = index;
		while (index < pool->fresh && !is_held(pool, index))
			index++;
		release(pool, first, index);
	}
	for (uint32_t i = pool->stacked - kept; i < pool->stacked; i++)
		flip_held(pool, pool->stack[i]);
}
