/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for keys: locked and not dumpable by the kernel's own word (/proc/self/smaps), counted
 * when it cannot be locked, refused when that is asked for, zeroed on free, given back.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aead_support.h"
#include "engine.h"
#include "key_cache.h"
#include "secure_memory.h"

/* VmFlags of the mapping that holds `address`; aborts the test when there is none. */
static void flags_of(const void *address, char flags[256])
{
	char line[512];
	bool inside = false;
	FILE *smaps = fopen("/proc/self/smaps", "r");

	cr_assert_not_null(smaps);
	while (fgets(line, sizeof(line), smaps) != NULL) {
		unsigned long from, to;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)address >= from && (uintptr_t)address < to;
		if (inside && strncmp(line, "VmFlags:", 8) == 0) {
			snprintf(flags, 256, "%.250s ", line + 8);
			flags[strcspn(flags, "\n")] = ' ';
			fclose(smaps);
			return;
		}
	}
	cr_assert_fail("no mapping holds %p", address);
}

static void check_flags(const void *address, const char *what)
{
	char flags[256];

	flags_of(address, flags);
	cr_assert_not_null(strstr(flags, " dd "), "%s would be dumped: %s", what, flags);
	cr_assert_not_null(strstr(flags, " lo "), "%s is not locked: %s", what, flags);
	cr_assert_not_null(strstr(flags, " wf "), "%s would be copied to a child: %s", what, flags);
}

static void set_lock_limit(rlim_t limit)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	/* The limit does not bind who may lock anything. */
	cr_assert_eq(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	cr_assert_eq(syscall(SYS_capset, &header, data), 0);
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ limit, limit }), 0);
}

Test(secure_memory, keys_are_locked_and_not_dumpable)
{
	struct bed bed;
	uint8_t key[16] = { 1 };

	bed_open(&bed, &(struct glacis_queue_options){ .key_slots = 16 });
	if (bed.engine->memory.unlocked != 0)
		cr_skip_test("RLIMIT_MEMLOCK is too low here");
	struct glacis_aead_session *session = make_session(&bed, GLACIS_SEAL, key, sizeof(key));
	check_flags(session, "the session");
	check_flags(bed.engine->caches->slot, "the expanded keys");
	glacis_aead_session_destroy(session);
	bed_close(&bed);
}

Test(secure_memory, counts_what_cannot_be_locked)
{
	struct bed bed;
	struct glacis_engine_info info;
	uint8_t key[16] = { 1 };

	set_lock_limit(0);
	bed_open(&bed, NULL);
	struct glacis_aead_session *session = make_session(&bed, GLACIS_SEAL, key, sizeof(key));
	glacis_engine_info(bed.engine, &info);
	cr_assert_gt(info.key_bytes, 2048u * 1008u);
	cr_assert_eq(info.unlocked_key_bytes, info.key_bytes);
	glacis_aead_session_destroy(session);
	glacis_queue_destroy(bed.queue);
	glacis_engine_info(bed.engine, &info);
	cr_assert_eq(info.unlocked_key_bytes, info.key_bytes);
	glacis_engine_destroy(bed.engine);
}

Test(secure_memory, refuses_when_locking_is_required)
{
	struct glacis_engine *engine;

	set_lock_limit(0);
	cr_assert_eq(glacis_engine_create(&(struct glacis_engine_options){ .require_locked_memory = true }, &engine),
		     -EPERM);
}

/* Enough for the engine and some chunks of sessions, not for what follows. */
Test(secure_memory, refuses_at_limit_when_locking_is_required)
{
	static struct glacis_aead_session *sessions[20000];
	struct glacis_engine_info info;
	struct glacis_queue *queue;
	struct bed bed;
	uint8_t key[16] = { 1 };
	unsigned made = 0;
	int error = 0;

	set_lock_limit(3 * SECURE_CHUNK_SIZE);
	cr_assert_eq(
		glacis_engine_create(&(struct glacis_engine_options){ .require_locked_memory = true }, &bed.engine), 0);
	cr_assert_eq(glacis_queue_create(bed.engine, NULL, &queue), -EPERM);
	while (made < 20000 && error == 0) {
		error = glacis_aead_session_create(bed.engine, GLACIS_SEAL, key, sizeof(key), &sessions[made]);
		made += error == 0;
	}
	cr_assert_eq(error, -EPERM);
	cr_assert_geq(made, SECURE_CHUNK_SIZE / 64u - 1u);
	glacis_engine_info(bed.engine, &info);
	cr_assert_eq(info.unlocked_key_bytes, 0u);
	while (made > 0)
		glacis_aead_session_destroy(sessions[--made]);
	glacis_engine_destroy(bed.engine);
}

Test(secure_memory, wipes_on_free)
{
	static const uint8_t zeros[SECURE_OBJECT_MAX];
	struct secure_memory memory;
	void *object, *neighbour;

	cr_assert_eq(secure_memory_init(&memory, false), 0);
	for (size_t size = 1; size <= SECURE_OBJECT_MAX; size += 63) {
		/* The neighbour keeps the chunk mapped, so that the freed object can be looked at. */
		cr_assert_eq(secure_memory_alloc(&memory, size, &neighbour), 0);
		cr_assert_eq(secure_memory_alloc(&memory, size, &object), 0);
		cr_assert_eq((uintptr_t)object % SECURE_OBJECT_GRAIN, (uintptr_t)0);
		cr_assert_arr_eq(object, zeros, size);
		memset(object, 0xee, size);
		secure_memory_free(&memory, object, size);
		/* But for the link of the free list. */
		if (size > sizeof(void *))
			cr_assert_arr_eq((uint8_t *)object + sizeof(void *), zeros, size - sizeof(void *));
		void *again;
		cr_assert_eq(secure_memory_alloc(&memory, size, &again), 0);
		cr_assert_eq(again, object, "the freed object was not taken again");
		cr_assert_arr_eq(again, zeros, size);
		secure_memory_free(&memory, again, size);
		secure_memory_free(&memory, neighbour, size);
	}
	secure_memory_fini(&memory);
	cr_assert_eq(atomic_load(&memory.bytes), 0u);
}

Test(secure_memory, objects_do_not_overlap)
{
	enum { COUNT = 12000 };
	static uint32_t *objects[COUNT];
	struct secure_memory memory;

	cr_assert_eq(secure_memory_init(&memory, false), 0);
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < COUNT; i++) {
			if (objects[i] != NULL && (i * 7 + round) % 3 == 0)
				continue;
			size_t size = 64 * (1 + i % 16);
			if (objects[i] != NULL) {
				cr_assert_eq(objects[i][0], i);
				cr_assert_eq(objects[i][size / 4 - 1], i);
				secure_memory_free(&memory, objects[i], size);
			}
			void *object;
			cr_assert_eq(secure_memory_alloc(&memory, size, &object), 0);
			objects[i] = object;
			for (size_t word = 0; word < size / 4; word++)
				objects[i][word] = i;
		}
	}
	uint64_t full = atomic_load(&memory.bytes);
	for (uint32_t i = 0; i < COUNT; i++)
		secure_memory_free(&memory, objects[i], 64 * (1 + i % 16));
	/* One empty chunk of each size stays. */
	cr_assert_leq(atomic_load(&memory.bytes), (uint64_t)SECURE_CLASSES * SECURE_CHUNK_SIZE);
	cr_assert_lt(atomic_load(&memory.bytes), full);
	secure_memory_fini(&memory);
	cr_assert_eq(atomic_load(&memory.bytes), 0u);
	cr_assert_eq(atomic_load(&memory.unlocked), 0u);
}

struct churner {
	struct secure_memory *memory;
	const char *complaint;
};

static void *churn(void *argument)
{
	struct churner *churner = argument;
	uint64_t *objects[64] = { 0 };

	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t **slot = &objects[(i * 2654435761u >> 20) % 64];
		if (*slot != NULL) {
			if (**slot != (uintptr_t)slot)
				churner->complaint = "another thread wrote into an object";
			secure_memory_free(churner->memory, *slot, 64);
		}
		void *object;
		if (secure_memory_alloc(churner->memory, 64, &object) != 0) {
			churner->complaint = "no memory";
			return NULL;
		}
		*slot = object;
		**slot = (uintptr_t)slot;
	}
	for (unsigned i = 0; i < 64; i++)
		if (objects[i] != NULL)
			secure_memory_free(churner->memory, objects[i], 64);
	return NULL;
}

Test(secure_memory, threads_share_it)
{
	struct secure_memory memory;
	struct churner churners[4];
	pthread_t threads[4];

	cr_assert_eq(secure_memory_init(&memory, false), 0);
	for (unsigned i = 0; i < 4; i++) {
		churners[i] = (struct churner){ .memory = &memory };
		cr_assert_eq(pthread_create(&threads[i], NULL, churn, &churners[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		cr_assert_null(churners[i].complaint, "%s", churners[i].complaint);
	}
	secure_memory_fini(&memory);
}
