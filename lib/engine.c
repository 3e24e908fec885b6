/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: made once per process, root of everything else; see engine.h.
 * Fork detection needs no system call and no handler: a page that the kernel hands to a child
 * zeroed (MADV_WIPEONFORK, Linux 4.14) holds a constant.
 */
#include "engine.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aead_session.h"
#include "card.h"
#include "key_cache.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int map_alive_page(struct glacis_engine *engine)
{
	uint64_t *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -ENOMEM;
	if (madvise(page, page_size(), MADV_WIPEONFORK) != 0) {
		munmap(page, page_size());
		return -ENOTSUP;
	}
	*page = ENGINE_ALIVE;
	engine->alive = page;
	engine->alive_page = page;
	return 0;
}

int engine_create_with(const struct glacis_engine_options *options, enum backend_cpu_variant variant,
		       struct glacis_engine **engine)
{
	struct glacis_engine *created = calloc(1, sizeof(*created));
	if (created == NULL)
		return -ENOMEM;
	int error = backend_cpu_init(&created->cpu, variant);
	if (error != 0)
		goto free_engine;
	error = -pthread_mutex_init(&created->caches_lock, NULL);
	if (error != 0)
		goto free_engine;
	error = map_alive_page(created);
	if (error != 0)
		goto destroy_lock;
	error = secure_memory_init(&created->memory, options != NULL && options->require_locked_memory);
	if (error != 0)
		goto unmap_page;
	error = rsa_engine_init(&created->rsa);
	if (error != 0)
		goto free_memory;
	*engine = created;
	return 0;
free_memory:
	secure_memory_fini(&created->memory);
unmap_page:
	munmap(created->alive_page, page_size());
destroy_lock:
	pthread_mutex_destroy(&created->caches_lock);
free_engine:
	free(created);
	return error;
}

int glacis_engine_create(const struct glacis_engine_options *options, struct glacis_engine **engine)
{
	return engine_create_with(options, BACKEND_CPU_BEST, engine);
}

void glacis_engine_destroy(struct glacis_engine *engine)
{
	if (engine == NULL)
		return;
	/* In a child sessions are zeros and free themselves without counting. */
	assert(engine_is_foreign(engine) || atomic_load(&engine->sessions) == 0);
	assert(atomic_load(&engine->queues) == 0 && atomic_load(&engine->pools) == 0);
	assert(engine->rsa.keys == NULL);
	/* In a child the card and its thread are the parent's. */
	if (!engine_is_foreign(engine))
		card_close(engine->card);
	rsa_engine_fini(&engine->rsa);
	secure_memory_fini(&engine->memory);
	munmap(engine->alive_page, page_size());
	pthread_mutex_destroy(&engine->caches_lock);
	free(engine);
}

void glacis_engine_info(const struct glacis_engine *engine, struct glacis_engine_info *info)
{
	*info = (struct glacis_engine_info){
		.cpu_backend = engine->cpu.name,
		.rsa_backend = engine->rsa.name,
		.sessions = atomic_load(&engine->sessions),
		.key_bytes = atomic_load(&engine->memory.bytes),
		.unlocked_key_bytes = atomic_load(&engine->memory.unlocked),
		.session_bytes = sizeof(struct glacis_aead_session),
		.expanded_key_bytes = sizeof(struct key_slot),
	};
}
