/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's inside: what sessions, queues and streams share. Included by every part of the
 * library that takes a `struct glacis_engine`.
 *
 * Invariants: `alive` points into a page that the kernel zeroes in a child, so one load tells a
 * child after fork() from the engine's process. The list of key caches and the memory for keys
 * are under locks of their own; nothing here is touched on the data path but `alive`.
 */
#ifndef GLACIS_LIB_ENGINE_H
#define GLACIS_LIB_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <glacis/engine.h>

#include "backend_cpu.h"
#include "rsa_engine.h"
#include "secure_memory.h"

#define ENGINE_ALIVE UINT64_C(0x676c616369733031)

struct card;
struct key_cache;

struct glacis_engine {
	const volatile uint64_t *alive; /* ENGINE_ALIVE in the process that made the engine, 0 in its children */
	void *alive_page;
	struct secure_memory memory;
	struct backend_cpu cpu;
	struct rsa_engine rsa;
	struct card *card; /* NULL: none is configured, or none was found */
	pthread_mutex_t caches_lock; /* the list below, and the life of each cache in it */
	struct key_cache *caches;
	uint32_t last_cache_id;
	_Atomic uint64_t sessions;
	_Atomic uint32_t queues;
	_Atomic uint32_t pools;
};

/* True in a child of the process that made the engine. */
static inline bool engine_is_foreign(const struct glacis_engine *engine)
{
	return *engine->alive != ENGINE_ALIVE;
}

/* For tests: an engine restricted to one instruction set of the CPU backend. */
GLACIS_MUST_CHECK int engine_create_with(const struct glacis_engine_options *options, enum backend_cpu_variant variant,
					 struct glacis_engine **engine);

#endif
