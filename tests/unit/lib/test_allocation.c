/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing on the data path allocates: the C library's allocator is replaced by one that counts, and
 * the count stands still while operations run, keys are evicted and buffers come and go.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "aead_support.h"

/* glibc's own names for what is replaced below. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_ulong allocations;

void *malloc(size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_realloc(old, size);
}

#define SESSIONS 64u

static struct glacis_aead_session *sessions[SESSIONS];
static struct glacis_aead_op ops[SESSIONS], *pointers[SESSIONS];
static uint8_t texts[SESSIONS][256 + 16];
static const uint8_t key[16] = { 3 }, nonce[12] = { 4 };

static unsigned run_bursts(struct bed *bed, struct glacis_pool *pool)
{
	struct glacis_op *done[SESSIONS];
	unsigned completed = 0;

	for (unsigned round = 0; round < 100; round++) {
		void *buffer = glacis_pool_get(pool);
		int accepted = glacis_queue_submit(bed->queue, pointers, SESSIONS);
		glacis_queue_flush(bed->queue);
		completed += accepted > 0 ? glacis_queue_poll(bed->queue, done, SESSIONS) : 0;
		glacis_aead_session_idle(sessions[round % SESSIONS]);
		glacis_pool_put(pool, buffer);
		if (round % 10 == 0)
			glacis_pool_trim(pool, 1);
	}
	return completed;
}

Test(allocation, none_after_set_up)
{
	struct bed bed;
	struct glacis_pool *pool;

	unsigned long at_start = atomic_load(&allocations);
	bed_open(&bed, &(struct glacis_queue_options){ .key_slots = 16 });
	cr_assert_gt(atomic_load(&allocations), at_start, "the counting allocator is not in use");
	cr_assert_eq(
		glacis_pool_create(bed.engine, &(struct glacis_pool_options){ .buffer_size = 4096, .count = 8 }, &pool),
		0);
	for (unsigned i = 0; i < SESSIONS; i++) {
		sessions[i] = make_session(&bed, i % 2 == 0 ? GLACIS_SEAL : GLACIS_OPEN, key, sizeof(key));
		fill_op(&ops[i], sessions[i], texts[i], 256, nonce, NULL, 0);
		pointers[i] = &ops[i];
	}
	unsigned long before = atomic_load(&allocations);
	unsigned completed = run_bursts(&bed, pool);
	unsigned long after = atomic_load(&allocations);
	cr_assert_eq(completed, 100u * SESSIONS);
	cr_assert_eq(after, before, "%lu allocations on the data path", after - before);
	for (unsigned i = 0; i < SESSIONS; i++)
		glacis_aead_session_destroy(sessions[i]);
	glacis_pool_destroy(pool);
	bed_close(&bed);
}
