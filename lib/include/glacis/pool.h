/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools of equal buffers for the data path: DMA-able when a device is configured, plain
 * anonymous memory when not. Foreign memory works everywhere too; a device then costs a copy.
 *
 * Threads. A pool belongs to one thread. Get and put neither lock nor allocate nor call the
 * kernel; memory becomes resident only when a buffer is first written.
 */
#ifndef GLACIS_POOL_H
#define GLACIS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glacis/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

struct glacis_pool;

/** Options of a pool. */
struct glacis_pool_options {
	uint32_t buffer_size; /**< bytes of each buffer, 64..1 MiB; buffers start on 64-byte boundaries */
	uint32_t count;       /**< buffers, 1..1,048,576 */
	bool plain;           /**< not for a device: what lies in them is not read or written by operations */
};

/** Makes a pool. Returns 0, -EINVAL, -ENOMEM, -ECHILD. */
GLACIS_MUST_CHECK int glacis_pool_create(struct glacis_engine *engine,
					 const struct glacis_pool_options *options,
					 struct glacis_pool **pool);

/** Frees the pool with all its buffers, none of which may be in use. NULL is ignored. */
void glacis_pool_destroy(struct glacis_pool *pool);

/** The most recently freed buffer (it is the warmest), or NULL when all are in use. */
void *glacis_pool_get(struct glacis_pool *pool);

/** Gives a buffer back. The process stops when it is not the pool's or is free already: going on
 *  would hand the data of one owner to another. */
void glacis_pool_put(struct glacis_pool *pool, void *buffer);

/** Buffers in use. */
uint32_t glacis_pool_used(const struct glacis_pool *pool);

/** Returns the memory of free buffers to the kernel, but for `keep` of them. For idle moments. */
void glacis_pool_trim(struct glacis_pool *pool, uint32_t keep);

#ifdef __cplusplus
}
#endif
#endif
