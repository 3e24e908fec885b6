/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: bounds, order, alignment, memory that is resident only when used and given back by trim, misuse. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glacis/glacis.h>

static struct glacis_engine *engine;

static void setup(void)
{
	cr_assert_eq(glacis_engine_create(NULL, &engine), 0);
}

static void teardown(void)
{
	glacis_engine_destroy(engine);
}

TestSuite(pool, .init = setup, .fini = teardown);

static struct glacis_pool *make_pool(uint32_t buffer_size, uint32_t count)
{
	struct glacis_pool *pool;
	cr_assert_eq(glacis_pool_create(engine,
					&(struct glacis_pool_options){ .buffer_size = buffer_size, .count = count },
					&pool),
		     0);
	return pool;
}

/* Pages of the mapping from `base` on that are in memory. */
static size_t resident_pages(void *base, size_t size)
{
	static unsigned char pages[65536];
	size_t count = (size + 4095) / 4096, resident = 0;

	cr_assert_leq(count, sizeof(pages));
	cr_assert_eq(mincore(base, size, pages), 0);
	for (size_t i = 0; i < count; i++)
		resident += pages[i] & 1;
	return resident;
}

Test(pool, refuses_options_out_of_bounds)
{
	static const struct glacis_pool_options bad[] = {
		{ .buffer_size = 63, .count = 1 }, { .buffer_size = 1048577, .count = 1 },
		{ .buffer_size = 64, .count = 0 }, { .buffer_size = 64, .count = 1048577 },
		{ .buffer_size = 0, .count = 0 },
	};
	struct glacis_pool *pool;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(glacis_pool_create(engine, &bad[i], &pool), -EINVAL, "options %zu", i);
	glacis_pool_destroy(NULL);
}

Test(pool, hands_out_each_buffer_once)
{
	uint8_t *buffers[100];
	struct glacis_pool *pool = make_pool(100, 100);

	for (unsigned i = 0; i < 100; i++) {
		buffers[i] = glacis_pool_get(pool);
		cr_assert_not_null(buffers[i]);
		cr_assert_eq((uintptr_t)buffers[i] % 64, (uintptr_t)0);
		memset(buffers[i], (int)i, 100);
		cr_assert_eq(glacis_pool_used(pool), i + 1);
	}
	cr_assert_null(glacis_pool_get(pool));
	for (unsigned i = 0; i < 100; i++) {
		cr_assert_eq(buffers[i][0], i);
		cr_assert_eq(buffers[i][99], i);
		glacis_pool_put(pool, buffers[i]);
	}
	cr_assert_eq(glacis_pool_used(pool), 0u);
	glacis_pool_destroy(pool);
}

Test(pool, gives_warmest_buffer_first)
{
	struct glacis_pool *pool = make_pool(64, 10);
	void *a = glacis_pool_get(pool), *b = glacis_pool_get(pool);

	glacis_pool_put(pool, a);
	glacis_pool_put(pool, b);
	cr_assert_eq(glacis_pool_get(pool), b);
	cr_assert_eq(glacis_pool_get(pool), a);
	glacis_pool_put(pool, a);
	glacis_pool_put(pool, b);
	glacis_pool_destroy(pool);
}

static void check_trim(uint32_t buffer_size, uint32_t count, uint32_t keep, size_t pages_kept)
{
	static uint8_t *buffers[4096];
	struct glacis_pool *pool = make_pool(buffer_size, count);
	size_t size = (size_t)((buffer_size + 63) / 64 * 64) * count;
	uint8_t *base = NULL;

	for (uint32_t i = 0; i < count; i++) {
		buffers[i] = glacis_pool_get(pool);
		if (i == 0)
			base = buffers[0];
		cr_assert_eq(resident_pages(base, size), (size_t)0, "memory is resident before it was written");
	}
	for (uint32_t i = 0; i < count; i++)
		memset(buffers[i], 0x5a, buffer_size);
	cr_assert_eq(resident_pages(base, size), (size + 4095) / 4096);
	/* The last stays in use, and its data must survive. */
	for (uint32_t i = 0; i + 1 < count; i++)
		glacis_pool_put(pool, buffers[i]);
	glacis_pool_trim(pool, keep);
	cr_assert_leq(resident_pages(base, size), pages_kept);
	for (uint32_t i = 0; i < buffer_size; i++)
		cr_assert_eq(buffers[count - 1][i], 0x5a, "trim took a buffer in use");
	for (uint32_t i = 0; i < keep; i++)
		cr_assert_eq(buffers[count - 2 - i][0], 0x5a, "trim took a buffer to keep");
	for (uint32_t i = 0; i + 1 < count; i++)
		memset(glacis_pool_get(pool), 1, buffer_size);
	cr_assert_null(glacis_pool_get(pool));
	for (uint32_t i = 0; i < count; i++)
		glacis_pool_put(pool, buffers[i]);
	glacis_pool_trim(pool, UINT32_MAX);
	glacis_pool_destroy(pool);
}

Test(pool, trim_returns_memory_of_large_buffers)
{
	check_trim(16384, 64, 3, 4 * 4);
}

Test(pool, trim_returns_memory_of_odd_buffers)
{
	check_trim(18500, 64, 0, 6);
}

Test(pool, trim_returns_pages_shared_by_small_buffers)
{
	check_trim(64, 4096, 2, 1);
}

Test(pool, stops_when_buffer_is_given_back_twice, .signal = SIGABRT)
{
	struct glacis_pool *pool = make_pool(64, 4);
	void *buffer = glacis_pool_get(pool);

	glacis_pool_put(pool, buffer);
	glacis_pool_put(pool, buffer);
}

Test(pool, stops_at_foreign_buffer, .signal = SIGABRT)
{
	static uint8_t foreign[64];
	struct glacis_pool *pool = make_pool(64, 4);

	glacis_pool_put(pool, foreign);
}

Test(pool, stops_at_address_inside_buffer, .signal = SIGABRT)
{
	struct glacis_pool *pool = make_pool(128, 4);
	uint8_t *buffer = glacis_pool_get(pool);

	glacis_pool_put(pool, buffer + 64);
}
