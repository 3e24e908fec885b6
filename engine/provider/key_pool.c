/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of X25519 key pairs; see key_pool.h.
 */
#include "key_pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "secure_memory.h"
#include "x25519_lanes.h"

#define SIZE  GLACIS_X25519_SIZE
#define LANES GLACIS_X25519_LANES

struct pair {
	uint8_t private_key[SIZE], public_key[SIZE];
};

/* What lies in memory that a child reads as zeros. */
struct pairs {
	bool here; /* false: this is a child's copy */
	unsigned count;
	_Alignas(64) struct pair all[KEY_POOL_PAIRS];
};

struct key_pool {
	struct key_pool *parents; /* of the process that forked us; kept, never touched */
	pthread_mutex_t lock;
	struct secure_memory memory;
	struct secure_region region;
	struct pairs *pairs;
};

static _Atomic(struct key_pool *) current;
static _Atomic unsigned users;

static void pool_free(struct key_pool *pool)
{
	OPENSSL_cleanse(pool->pairs, sizeof(*pool->pairs));
	secure_memory_unmap(&pool->memory, &pool->region);
	secure_memory_fini(&pool->memory);
	pthread_mutex_destroy(&pool->lock);
	OPENSSL_free(pool);
}

static struct key_pool *pool_new(struct key_pool *parents)
{
	struct key_pool *pool = OPENSSL_zalloc(sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->parents = parents;
	pthread_mutex_init(&pool->lock, NULL);
	if (secure_memory_init(&pool->memory, false) != 0)
		goto free;
	if (secure_memory_map(&pool->memory, sizeof(*pool->pairs), &pool->region) != 0)
		goto fini;
	pool->pairs = pool->region.base;
	pool->pairs->here = true;
	return pool;
fini:
	secure_memory_fini(&pool->memory);
free:
	pthread_mutex_destroy(&pool->lock);
	OPENSSL_free(pool);
	return NULL;
}

/* This process's pool, or NULL: there is none yet. */
static struct key_pool *pool_here(void)
{
	struct key_pool *pool = atomic_load_explicit(&current, memory_order_acquire);

	return pool != NULL && pool->pairs->here ? pool : NULL;
}

/* The same, made if need be. No lock: one that was held at fork() would be held for ever. */
static struct key_pool *pool_get(void)
{
	struct key_pool *found = atomic_load_explicit(&current, memory_order_acquire), *made;

	if (found != NULL && found->pairs->here)
		return found;
	made = pool_new(found);
	if (made == NULL || atomic_compare_exchange_strong(&current, &found, made))
		return made;
	pool_free(made); /* another thread was faster */
	return found;
}

bool key_pool_take(uint8_t private_key[SIZE], uint8_t public_key[SIZE])
{
	struct key_pool *pool = pool_get();
	bool taken = false;

	if (pool == NULL)
		return false;
	pthread_mutex_lock(&pool->lock);
	if (pool->pairs->count > 0) {
		struct pair *pair = &pool->pairs->all[--pool->pairs->count];
		memcpy(private_key, pair->private_key, SIZE);
		memcpy(public_key, pair->public_key, SIZE);
		OPENSSL_cleanse(pair, sizeof(*pair));
		taken = true;
	}
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

unsigned key_pool_ready(void)
{
	struct key_pool *pool = pool_here();
	unsigned count = 0;

	if (pool != NULL) {
		pthread_mutex_lock(&pool->lock);
		count = pool->pairs->count;
		pthread_mutex_unlock(&pool->lock);
	}
	return count;
}

bool key_pool_is_wanted(void)
{
	return pool_here() != NULL && key_pool_ready() + LANES <= KEY_POOL_PAIRS;
}

/* Eight pairs; the caller wipes them. */
static int make(struct pair made[LANES])
{
	uint8_t scalars[LANES * SIZE];
	struct glacis_x25519_op ops[LANES];

	static_assert(sizeof(scalars) <= 256, "getentropy gives no more at once");
	if (getentropy(scalars, sizeof(scalars)) != 0)
		return -errno;
	for (unsigned i = 0; i < LANES; i++) {
		memcpy(made[i].private_key, scalars + (size_t)i * SIZE, SIZE);
		ops[i] = (struct glacis_x25519_op){ .scalar = made[i].private_key, .result = made[i].public_key };
	}
	OPENSSL_cleanse(scalars, sizeof(scalars));
	x25519_lanes_run(ops, LANES);
	return 0;
}

int key_pool_fill(void)
{
	struct key_pool *pool = pool_get();
	struct pair made[LANES];
	int error;

	if (pool == NULL)
		return -ENOMEM;
	error = make(made);
	pthread_mutex_lock(&pool->lock);
	/* Somebody else may have filled it meanwhile; then these are thrown away. */
	if (error == 0 && pool->pairs->count + LANES <= KEY_POOL_PAIRS) {
		memcpy(&pool->pairs->all[pool->pairs->count], made, sizeof(made));
		pool->pairs->count += LANES;
	}
	pthread_mutex_unlock(&pool->lock);
	OPENSSL_cleanse(made, sizeof(made));
	return error;
}

void key_pool_enter(void)
{
	atomic_fetch_add(&users, 1);
}

void key_pool_leave(void)
{
	struct key_pool *pool;

	if (atomic_fetch_sub(&users, 1) != 1)
		return;
	pool = pool_here();
	if (pool == NULL)
		return;
	atomic_store(&current, pool->parents);
	pool_free(pool);
}
