/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expanded keys: more sessions than slots, idle, re-keyed, moved and freed sessions - always the
 * right result, the counters tell what happened, and no key stays behind in a slot.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aead_session.h"
#include "aead_support.h"
#include "engine.h"
#include "key_cache.h"

#define SESSIONS 64u

static uint8_t keys[SESSIONS][32];
static struct glacis_aead_session *sessions[SESSIONS];

static size_t key_size_of(unsigned i)
{
	return 16 + 8 * (i % 3);
}

static void open_sessions(struct bed *bed, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		fill_pattern(keys[i], sizeof(keys[i]), i + 1);
		sessions[i] = make_session(bed, GLACIS_SEAL, keys[i], key_size_of(i));
	}
}

static void close_sessions(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		glacis_aead_session_destroy(sessions[i]);
}

static void check_seal(struct bed *bed, unsigned i, uint32_t number)
{
	uint8_t plain[100], text[116], expected[116], nonce[12] = { 0 };
	struct glacis_aead_op op;

	memcpy(nonce, &number, sizeof(number));
	fill_pattern(plain, sizeof(plain), number);
	memcpy(text, plain, sizeof(plain));
	reference_seal(keys[i], key_size_of(i), nonce, NULL, 0, plain, sizeof(plain), expected);
	fill_op(&op, sessions[i], text, sizeof(plain), nonce, NULL, 0);
	cr_assert_eq(run_op(bed, &op), GLACIS_STATUS_OK);
	cr_assert_arr_eq(text, expected, sizeof(text), "session %u, operation %u", i, number);
}

static struct glacis_queue_counters counters_of(const struct glacis_queue *queue)
{
	struct glacis_queue_counters counters;
	glacis_queue_counters(queue, &counters);
	return counters;
}

/* Slots that have an owner; asserts that the others hold no byte of a key. */
static unsigned owned_slots(const struct key_cache *cache)
{
	static const uint8_t zeros[KEY_DATA_SIZE];
	unsigned owned = 0;

	for (uint32_t i = 0; i < cache->slots; i++) {
		if (atomic_load(&cache->slot[i].owner) != SLOT_FREE)
			owned++;
		else
			cr_assert_arr_eq(cache->slot[i].data, zeros, sizeof(zeros), "slot %u was not wiped", i);
	}
	return owned;
}

static void check_more_sessions_than_slots(uint32_t slots)
{
	struct bed bed;

	bed_open(&bed, &(struct glacis_queue_options){ .key_slots = slots });
	open_sessions(&bed, SESSIONS);
	for (uint32_t number = 0; number < 2000; number++)
		check_seal(&bed, (number * 2654435761u >> 16) % SESSIONS, number);
	struct glacis_queue_counters counters = counters_of(bed.queue);
	cr_assert_gt(counters.keys_evicted, 100u);
	cr_assert_eq(counters.keys_expanded, counters.keys_evicted + slots);
	close_sessions(SESSIONS);
	cr_assert_eq(owned_slots(bed.engine->caches), 0u);
	bed_close(&bed);
}

Test(key_cache, more_sessions_than_slots)
{
	check_more_sessions_than_slots(8);
}

Test(key_cache, single_slot)
{
	check_more_sessions_than_slots(1);
}

Test(key_cache, burst_mixes_more_sessions_than_slots)
{
	struct bed bed;
	struct glacis_aead_op ops[SESSIONS], *pointers[SESSIONS];
	struct glacis_op *done[SESSIONS];
	uint8_t plain[50], text[SESSIONS][66], expected[66], nonce[12] = { 0 };

	bed_open(&bed, &(struct glacis_queue_options){ .key_slots = 4 });
	open_sessions(&bed, SESSIONS);
	fill_pattern(plain, sizeof(plain), 5);
	for (unsigned i = 0; i < SESSIONS; i++) {
		memcpy(text[i], plain, sizeof(plain));
		fill_op(&ops[i], sessions[i], text[i], sizeof(plain), nonce, NULL, 0);
		pointers[i] = &ops[i];
	}
	cr_assert_eq(glacis_queue_submit(bed.queue, pointers, SESSIONS), (int)SESSIONS);
	cr_assert_eq(glacis_queue_poll(bed.queue, done, SESSIONS), SESSIONS);
	for (unsigned i = 0; i < SESSIONS; i++) {
		reference_seal(keys[i], key_size_of(i), nonce, NULL, 0, plain, sizeof(plain), expected);
		cr_assert_arr_eq(text[i], expected, sizeof(expected), "session %u", i);
	}
	close_sessions(SESSIONS);
	bed_close(&bed);
}

Test(key_cache, keeps_keys_in_use)
{
	struct bed bed;

	bed_open(&bed, &(struct glacis_queue_options){ .key_slots = SESSIONS });
	open_sessions(&bed, SESSIONS);
	for (uint32_t number = 0; number < 1000; number++)
		check_seal(&bed, number % SESSIONS, number);
	cr_assert_eq(counters_of(bed.queue).keys_expanded, SESSIONS);
	cr_assert_eq(counters_of(bed.queue).keys_evicted, 0u);
	close_sessions(SESSIONS);
	bed_close(&bed);
}

/* The clock gives a key that is used between evictions a second chance. */
Test(key_cache, prefers_to_evict_unused_keys)
{
	struct bed bed;

	bed_open(&bed, &(struct glacis_queue_options){ .key_slots = 8 });
	open_sessions(&bed, SESSIONS);
	uint32_t number = 0;
	for (unsigned i = 1; i < SESSIONS; i++) {
		check_seal(&bed, i, number++);
		check_seal(&bed, 0, number++);
	}
	/* The other sessions once each, and the hot one only the first time. */
	cr_assert_eq(counters_of(bed.queue).keys_expanded, SESSIONS);
	close_sessions(SESSIONS);
	bed_close(&bed);
}

Test(key_cache, idle_wipes_and_next_operation_rebuilds)
{
	struct bed bed;

	bed_open(&bed, NULL);
	open_sessions(&bed, 3);
	for (unsigned i = 0; i < 3; i++)
		check_seal(&bed, i, i);
	cr_assert_eq(owned_slots(bed.engine->caches), 3u);
	glacis_aead_session_idle(sessions[1]);
	glacis_aead_session_idle(sessions[1]);
	cr_assert_eq(owned_slots(bed.engine->caches), 2u);
	check_seal(&bed, 1, 10);
	cr_assert_eq(owned_slots(bed.engine->caches), 3u);
	cr_assert_eq(counters_of(bed.queue).keys_expanded, 4u);
	cr_assert_eq(counters_of(bed.queue).keys_evicted, 0u);
	close_sessions(3);
	bed_close(&bed);
}

Test(key_cache, rekey_changes_key)
{
	struct bed bed;
	struct glacis_aead_op op, *pointer = &op;
	struct glacis_op *done;
	uint8_t text[32] = { 0 }, nonce[12] = { 0 };

	bed_open(&bed, NULL);
	open_sessions(&bed, 1);
	check_seal(&bed, 0, 1);
	fill_pattern(keys[0], sizeof(keys[0]), 999);
	cr_assert_eq(glacis_aead_session_rekey(sessions[0], keys[0], 24), -EINVAL);
	cr_assert_eq(glacis_aead_session_rekey(sessions[0], NULL, 16), -EINVAL);
	fill_op(&op, sessions[0], text, 16, nonce, NULL, 0);
	cr_assert_eq(glacis_queue_submit(bed.queue, &pointer, 1), 1);
	cr_assert_eq(glacis_aead_session_rekey(sessions[0], keys[0], 16), -EBUSY);
	glacis_aead_session_idle(sessions[0]);
	cr_assert_eq(owned_slots(bed.engine->caches), 1u, "idle took the key of an operation in flight");
	cr_assert_eq(glacis_queue_poll(bed.queue, &done, 1), 1u);
	cr_assert_eq(glacis_aead_session_rekey(sessions[0], keys[0], 16), 0);
	cr_assert_eq(owned_slots(bed.engine->caches), 0u, "the old key is still there");
	check_seal(&bed, 0, 2);
	close_sessions(1);
	bed_close(&bed);
}

Test(key_cache, session_moves_between_queues)
{
	struct bed bed, other;
	struct key_cache *first, *second;

	bed_open(&bed, NULL);
	first = bed.engine->caches;
	open_sessions(&bed, 2);
	other.engine = bed.engine;
	cr_assert_eq(glacis_queue_create(bed.engine, NULL, &other.queue), 0);
	second = bed.engine->caches;
	check_seal(&bed, 0, 1);
	check_seal(&bed, 1, 1);
	check_seal(&other, 0, 2);
	cr_assert_eq(owned_slots(first), 1u, "the key stayed behind in the first queue");
	cr_assert_eq(owned_slots(second), 1u);
	check_seal(&bed, 0, 3);
	cr_assert_eq(owned_slots(second), 0u);
	check_seal(&other, 0, 4);
	/* The session outlives the queue that has its key. */
	glacis_queue_destroy(other.queue);
	check_seal(&bed, 0, 5);
	close_sessions(2);
	bed_close(&bed);
}

Test(key_cache, session_outlives_queue)
{
	struct bed bed;

	bed_open(&bed, NULL);
	open_sessions(&bed, 2);
	check_seal(&bed, 0, 1);
	check_seal(&bed, 1, 1);
	glacis_queue_destroy(bed.queue);
	glacis_aead_session_idle(sessions[0]);
	close_sessions(2);
	glacis_engine_destroy(bed.engine);
}

static atomic_bool stop_thread;

/* Makes and frees sessions, some of which have a key in the main thread's cache. */
static void *free_sessions(void *argument)
{
	_Atomic(struct glacis_aead_session *) *handed = argument;

	while (!atomic_load(&stop_thread)) {
		struct glacis_aead_session *session = atomic_exchange(handed, NULL);
		if (session != NULL)
			glacis_aead_session_destroy(session);
	}
	return NULL;
}

/* Another thread wipes slots while the queue's thread evicts and builds keys all the time. */
Test(key_cache, sessions_freed_by_another_thread)
{
	static _Atomic(struct glacis_aead_session *) handed;
	struct bed bed;
	pthread_t thread;

	bed_open(&bed, &(struct glacis_queue_options){ .key_slots = 4 });
	open_sessions(&bed, 8);
	cr_assert_eq(pthread_create(&thread, NULL, free_sessions, (void *)(uintptr_t)&handed), 0);
	for (uint32_t number = 0; number < 20000; number++) {
		unsigned i = number % 8;
		check_seal(&bed, i, number);
		struct glacis_aead_session *none = NULL;
		if (number % 3 == 0 && atomic_compare_exchange_strong(&handed, &none, sessions[i]))
			sessions[i] = make_session(&bed, GLACIS_SEAL, keys[i], key_size_of(i));
	}
	atomic_store(&stop_thread, true);
	pthread_join(thread, NULL);
	glacis_aead_session_destroy(atomic_load(&handed));
	close_sessions(8);
	cr_assert_eq(owned_slots(bed.engine->caches), 0u);
	bed_close(&bed);
}
