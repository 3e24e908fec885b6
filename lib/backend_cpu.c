/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU backend; see backend_cpu.h. Called by queue.c through the table at the end.
 *
 * ipsec-mb's direct GCM functions are used rather than its job interface: GCM is not multi-buffer
 * there, and a job costs another 20 ns. Opening decrypts before the tag is known to be right, so
 * a tag that does not match undoes the decryption before the operation completes.
 */
#include "backend_cpu.h"

#include <emmintrin.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aead_session.h"
#include "engine.h"
#include "key_cache.h"
#include "rsa_batch.h"

/* A GCM context, rounded up for wiping by 16-byte stores. */
#define CONTEXT_ROOM ((sizeof(struct gcm_context_data) + 15) / 16 * 16)

/* In memory for keys: a GCM context holds key stream, a computed tag could be a forgery. */
struct cpu_scratch {
	union {
		struct gcm_context_data context;
		uint8_t context_room[CONTEXT_ROOM];
	};
	uint8_t computed_tag[GLACIS_AEAD_TAG_SIZE];
};

/* One per queue. */
struct cpu_queue {
	struct key_cache keys;
	struct cpu_scratch *scratch;
	struct rsa_batch *rsa; /* NULL until the first RSA operation */
	struct backend_queue_setup setup;
};

/* What one submit adds to the counters. */
struct tally {
	uint64_t bytes;
	uint64_t auth_failed;
};

/* Constant time. */
static bool tags_equal(const uint8_t *a, const uint8_t *b)
{
	uint64_t a_low, a_high, b_low, b_high;
	memcpy(&a_low, a, 8);
	memcpy(&a_high, a + 8, 8);
	memcpy(&b_low, b, 8);
	memcpy(&b_high, b + 8, 8);
	return ((a_low ^ b_low) | (a_high ^ b_high)) == 0;
}

static __attribute__((noinline)) void run_segments(struct cpu_queue *queue, const struct gcm_functions *gcm,
						   const struct gcm_key_data *key, const struct glacis_aead_op *op,
						   uint8_t *tag)
{
	uint8_t direction = op->session->direction;
	uint8_t *output = op->destination;

	gcm->init(key, &queue->scratch->context, op->nonce, op->aad, op->aad_size);
	for (uint16_t i = 0; i < op->segment_count; i++) {
		size_t size = op->segments[i].iov_len;
		if (size == 0)
			continue;
		gcm->update[direction](key, &queue->scratch->context, output, op->segments[i].iov_base, size);
		output += size;
	}
	gcm->finalize[direction](key, &queue->scratch->context, tag, GLACIS_AEAD_TAG_SIZE);
}

/*
 * Takes back the plaintext of an open that failed. In place, sealing the plaintext again under the
 * same nonce gives the ciphertext back, since GCM is a key stream; the tag over it proves that.
 */
static __attribute__((noinline, cold)) void undo_open(struct cpu_queue *queue, const struct gcm_functions *gcm,
						      const struct gcm_key_data *key, const struct glacis_aead_op *op)
{
	uint8_t again[GLACIS_AEAD_TAG_SIZE] = { 0 };

	if (op->segment_count == 0 && op->source == op->destination) {
		gcm->whole[GLACIS_SEAL](key, &queue->scratch->context, op->destination, op->destination, op->length,
					op->nonce, op->aad, op->aad_size, again, sizeof(again));
		if (tags_equal(again, queue->scratch->computed_tag))
			goto wipe;
	}
	if (op->length > 0)
		explicit_bzero(op->destination, op->length);
wipe:
	/* The right tag of the peer's text would be a forgery. */
	explicit_bzero(again, sizeof(again));
	explicit_bzero(queue->scratch->computed_tag, sizeof(queue->scratch->computed_tag));
}

static enum glacis_status run(struct cpu_queue *queue, const struct glacis_aead_op *op)
{
	struct glacis_aead_session *session = op->session;
	const struct gcm_functions *gcm = &queue->keys.gcm[session->key_index];
	const struct gcm_key_data *key = key_cache_get(&queue->keys, session);
	uint8_t direction = session->direction;
	uint8_t *tag = direction == GLACIS_SEAL ? op->tag : queue->scratch->computed_tag;

	if (op->segment_count == 0)
		gcm->whole[direction](key, &queue->scratch->context, op->destination, op->source, op->length, op->nonce,
				      op->aad, op->aad_size, tag, GLACIS_AEAD_TAG_SIZE);
	else
		run_segments(queue, gcm, key, op, tag);
	if (direction == GLACIS_SEAL || tags_equal(tag, op->tag))
		return GLACIS_STATUS_OK;
	undo_open(queue, gcm, key, op);
	return GLACIS_STATUS_AUTH_FAILED;
}

/* Starts loading what the next operation will touch first: the round keys, the first hash keys, the owner. */
static inline void prefetch_key(const struct cpu_queue *queue, const struct glacis_aead_op *op)
{
	const struct glacis_aead_session *session = op->session;
	if (session->cache_id != queue->keys.id)
		return;
	const uint8_t *slot = (const uint8_t *)&queue->keys.slot[session->slot];
	for (size_t line = 0; line < 4; line++)
		__builtin_prefetch(slot + line * 64);
	for (size_t line = sizeof(struct key_slot) / 64 - 4; line < sizeof(struct key_slot) / 64; line++)
		__builtin_prefetch(slot + line * 64);
}

/* explicit_bzero as a few stores: a call, or the `rep stos` of a memset, costs as much as half a small record. */
static inline void wipe_context(struct cpu_scratch *scratch)
{
	volatile __m128i *word = (volatile __m128i *)(void *)scratch->context_room;
	for (unsigned i = 0; i < CONTEXT_ROOM / sizeof(*word); i++)
		word[i] = _mm_setzero_si128();
}

static void cpu_aead_submit(void *state, struct glacis_aead_op *const ops[], unsigned count)
{
	struct cpu_queue *queue = state;
	struct tally tally = { 0 };

	for (unsigned i = 0; i < count; i++) {
		struct glacis_aead_op *op = ops[i];
		if (i + 1 < count)
			prefetch_key(queue, ops[i + 1]);
		assert(op->op.state == GLACIS_OP_QUEUED);
		op->op.state = GLACIS_OP_INFLIGHT;
		enum glacis_status status = run(queue, op);
		tally.bytes += op->length;
		tally.auth_failed += status == GLACIS_STATUS_AUTH_FAILED;
		op->op.status = (uint8_t)status;
		op->op.path = GLACIS_PATH_CPU;
		op->op.state = GLACIS_OP_DONE;
		completion_push(queue->setup.completions, &op->op);
	}
	wipe_context(queue->scratch);
	counter_add(&queue->setup.counters->completed[GLACIS_PATH_CPU], count);
	counter_add(&queue->setup.counters->bytes[GLACIS_PATH_CPU], tally.bytes);
	if (tally.auth_failed > 0)
		counter_add(&queue->setup.counters->auth_failed, tally.auth_failed);
}

/* Hashes `size` bytes, the last block filled up with zeros (NIST SP 800-38D section 6.4). */
static void hash_padded(const struct gcm_functions *gcm, const struct gcm_key_data *key, const uint8_t *bytes,
			size_t size, uint8_t hash[GLACIS_AEAD_TAG_SIZE])
{
	size_t whole = size / 16 * 16;
	uint8_t last[16] = { 0 };

	if (whole > 0)
		gcm->ghash(key, bytes, whole, hash, GLACIS_AEAD_TAG_SIZE);
	if (size == whole)
		return;
	memcpy(last, bytes + whole, size - whole);
	gcm->ghash(key, last, sizeof(last), hash, GLACIS_AEAD_TAG_SIZE);
}

bool backend_cpu_tag_right(void *state, const struct glacis_aead_op *op, const uint8_t *ciphertext, const uint8_t *tag)
{
	struct cpu_queue *queue = state;
	const struct gcm_functions *gcm = &queue->keys.gcm[op->session->key_index];
	const struct gcm_key_data *key = key_cache_get(&queue->keys, op->session);
	uint64_t lengths[2] = { __builtin_bswap64((uint64_t)op->aad_size * 8),
				__builtin_bswap64((uint64_t)op->length * 8) };
	uint8_t hash[GLACIS_AEAD_TAG_SIZE] = { 0 }, nothing[16] = { 0 };
	uint8_t *mask = queue->scratch->computed_tag;
	bool right;

	hash_padded(gcm, key, op->aad, op->aad_size, hash);
	hash_padded(gcm, key, ciphertext, op->length, hash);
	gcm->ghash(key, lengths, sizeof(lengths), hash, sizeof(hash));
	/* The tag of nothing is what every tag under this nonce is masked with: the hash of nothing is zero. */
	gcm->whole[GLACIS_SEAL](key, &queue->scratch->context, nothing, nothing, 0, op->nonce, nothing, 0, mask,
				GLACIS_AEAD_TAG_SIZE);
	for (unsigned i = 0; i < GLACIS_AEAD_TAG_SIZE; i++)
		hash[i] ^= mask[i];
	right = tags_equal(hash, tag);
	wipe_context(queue->scratch);
	explicit_bzero(mask, GLACIS_AEAD_TAG_SIZE);
	explicit_bzero(hash, sizeof(hash));
	return right;
}

static int cpu_queue_open(const struct backend_queue_setup *setup, void **state)
{
	void *scratch;
	struct cpu_queue *queue = calloc(1, sizeof(*queue));
	if (queue == NULL)
		return -ENOMEM;
	int error = secure_memory_alloc(&setup->engine->memory, sizeof(*queue->scratch), &scratch);
	if (error != 0)
		goto free_queue;
	error = key_cache_init(&queue->keys, setup->engine, setup->key_slots, setup->counters);
	if (error != 0)
		goto free_scratch;
	queue->scratch = scratch;
	queue->setup = *setup;
	*state = queue;
	return 0;
free_scratch:
	secure_memory_free(&setup->engine->memory, scratch, sizeof(*queue->scratch));
free_queue:
	free(queue);
	return error;
}

static void cpu_queue_close(void *state)
{
	struct cpu_queue *queue = state;
	struct glacis_engine *engine = queue->setup.engine;
	rsa_batch_close(queue->rsa);
	key_cache_fini(&queue->keys);
	if (!engine_is_foreign(engine))
		secure_memory_free(&engine->memory, queue->scratch, sizeof(*queue->scratch));
	free(queue);
}

static int cpu_rsa_open(void *state)
{
	struct cpu_queue *queue = state;

	return queue->rsa != NULL ? 0 : rsa_batch_open(&queue->setup, &queue->rsa);
}

static void cpu_rsa_submit(void *state, struct glacis_rsa_op *const ops[], unsigned count)
{
	const struct cpu_queue *queue = state;

	rsa_batch_submit(queue->rsa, ops, count);
}

static int64_t cpu_rsa_wait_us(const void *state)
{
	const struct cpu_queue *queue = state;

	return queue->rsa != NULL ? rsa_batch_wait_us(queue->rsa) : -1;
}

static void cpu_poll(void *state)
{
	const struct cpu_queue *queue = state;

	if (queue->rsa != NULL)
		rsa_batch_poll(queue->rsa);
}

static void cpu_flush(void *state)
{
	const struct cpu_queue *queue = state;

	if (queue->rsa != NULL)
		rsa_batch_flush(queue->rsa);
}

const struct backend backend_cpu = {
	.name = "cpu",
	.path = GLACIS_PATH_CPU,
	.capabilities = BACKEND_AEAD | BACKEND_IN_PLACE | BACKEND_SEGMENTS | BACKEND_RSA,
	.length_max = GLACIS_AEAD_LENGTH_MAX,
	.aad_max = GLACIS_AEAD_AAD_SIZE_MAX,
	.segments_max = GLACIS_AEAD_SEGMENTS_MAX,
	.queue_open = cpu_queue_open,
	.queue_close = cpu_queue_close,
	.aead_submit = cpu_aead_submit,
	.rsa_open = cpu_rsa_open,
	.rsa_submit = cpu_rsa_submit,
	.rsa_wait_us = cpu_rsa_wait_us,
	.poll = cpu_poll,
	.flush = cpu_flush,
};
