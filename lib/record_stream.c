/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of record streams and the submission of bursts of records, for writers and readers alike.
 *
 * Invariant: a sequence number is consumed exactly when its record is accepted. Room in the queue
 * is counted before a record is prepared, and preparing checks all that the queue checks, so the
 * queue takes every prepared record. Should it refuse one all the same, the stream fails for good
 * rather than meet that nonce again.
 */
#include "record_stream.h"

#include <errno.h>
#include <string.h>

#include "engine.h"
#include "queue.h"

/* Records handed to the queue in one call. */
#define SUBMIT_BATCH 64u

/* TLS 1.3 keys must be able to make their successors, so suite and sizes must agree. */
static bool keys_are_valid(const struct glacis_record_keys *keys)
{
	if (keys->version == GLACIS_TLS_1_3)
		return (keys->suite == 0x1301 && keys->key_size == 16 && keys->secret_size == 32) ||
		       (keys->suite == 0x1302 && keys->key_size == 32 && keys->secret_size == 48);
	return keys->version == GLACIS_TLS_1_2 && (keys->key_size == 16 || keys->key_size == 32);
}

static bool options_are_valid(const struct glacis_record_stream_options *options)
{
	return options->content_limit <= GLACIS_RECORD_CONTENT_MAX && options->soft_limit <= GLACIS_RECORD_LIMIT_SOFT &&
	       options->hard_limit <= GLACIS_RECORD_LIMIT_HARD;
}

static void take_options(struct glacis_record_stream *stream, const struct glacis_record_stream_options *options)
{
	stream->sequence = options->first_sequence;
	stream->content_limit = (uint16_t)(options->content_limit != 0 ? options->content_limit
								       : GLACIS_RECORD_CONTENT_MAX);
	stream->soft_limit = options->soft_limit != 0 ? options->soft_limit : GLACIS_RECORD_LIMIT_SOFT;
	stream->hard_limit = options->hard_limit != 0 ? options->hard_limit : GLACIS_RECORD_LIMIT_HARD;
	stream->peer_is_server = options->peer_is_server;
}

static void take_keys(struct glacis_record_stream *stream, const struct glacis_record_keys *keys)
{
	memcpy(stream->iv, keys->iv, sizeof(stream->iv));
	memcpy(stream->secret, keys->secret, sizeof(stream->secret));
}

int glacis_record_stream_create(struct glacis_engine *engine, enum glacis_direction direction,
				const struct glacis_record_keys *keys,
				const struct glacis_record_stream_options *options,
				struct glacis_record_stream **stream)
{
	static const struct glacis_record_stream_options defaults;
	struct glacis_record_stream *made;
	void *memory;
	int rc;

	if (engine == NULL || keys == NULL || stream == NULL || (direction != GLACIS_SEAL && direction != GLACIS_OPEN))
		return -EINVAL;
	if (engine_is_foreign(engine))
		return -ECHILD;
	if (options == NULL)
		options = &defaults;
	if (!keys_are_valid(keys) || !options_are_valid(options))
		return -EINVAL;
	rc = secure_memory_alloc(&engine->memory, sizeof(*made), &memory);
	if (rc != 0)
		return rc;
	made = memory;
	rc = glacis_aead_session_create(engine, direction, keys->key, keys->key_size, &made->session);
	if (rc != 0) {
		secure_memory_free(&engine->memory, made, sizeof(*made));
		return rc;
	}
	made->engine = engine;
	made->direction = (uint8_t)direction;
	made->version = keys->version;
	made->suite = keys->suite;
	made->key_size = keys->key_size;
	made->secret_size = keys->secret_size;
	take_options(made, options);
	take_keys(made, keys);
	*stream = made;
	return 0;
}

void glacis_record_stream_destroy(struct glacis_record_stream *stream)
{
	/* In a child after fork() the stream reads as zeros and its memory is not the child's to manage. */
	if (stream == NULL || stream->engine == NULL)
		return;
	glacis_aead_session_destroy(stream->session);
	secure_memory_free(&stream->engine->memory, stream, sizeof(*stream));
}

void glacis_record_stream_idle(struct glacis_record_stream *stream)
{
	glacis_aead_session_idle(stream->session);
}

uint32_t glacis_record_prefix_size(const struct glacis_record_stream *stream)
{
	return stream->version == GLACIS_TLS_1_3 ? GLACIS_RECORD_HEADER_SIZE
						 : GLACIS_RECORD_HEADER_SIZE + RECORD_TLS12_EXPLICIT_NONCE_SIZE;
}

uint32_t glacis_record_suffix_size(const struct glacis_record_stream *stream)
{
	return stream->version == GLACIS_TLS_1_3 ? 1 + GLACIS_AEAD_TAG_SIZE : GLACIS_AEAD_TAG_SIZE;
}

uint64_t glacis_record_sequence(const struct glacis_record_stream *stream)
{
	return stream->sequence;
}

void record_nonce_tls13(const struct glacis_record_stream *stream, uint8_t nonce[GLACIS_AEAD_NONCE_SIZE])
{
	uint64_t low;

	memcpy(&low, stream->iv + 4, sizeof(low));
	low ^= __builtin_bswap64(stream->sequence);
	memcpy(nonce, stream->iv, 4);
	memcpy(nonce + 4, &low, sizeof(low));
}

void record_aad_tls12(const struct glacis_record_stream *stream, uint8_t type, uint32_t content_size, uint8_t aad[13])
{
	put_be64(aad, stream->sequence);
	aad[8] = type;
	put_be16(aad + 9, RECORD_WIRE_VERSION);
	put_be16(aad + 11, content_size);
}

int record_stream_step_keys(struct glacis_record_stream *stream)
{
	struct glacis_record_keys keys = {
		.version = stream->version,
		.suite = stream->suite,
		.key_size = stream->key_size,
		.secret_size = stream->secret_size,
	};
	int rc;

	memcpy(keys.secret, stream->secret, sizeof(keys.secret));
	rc = glacis_tls13_next_keys(&keys) == 0 ? 0 : -EIO;
	if (rc == 0)
		rc = glacis_aead_session_rekey(stream->session, keys.key, keys.key_size);
	if (rc == 0)
		take_keys(stream, &keys);
	glacis_record_keys_wipe(&keys);
	return rc;
}

static enum glacis_status prepare(const struct glacis_queue *queue, struct glacis_record_op *op)
{
	/* An operation in flight is not the caller's: not even its status may be touched. */
	if (op->aead.op.state != GLACIS_OP_FREE)
		return GLACIS_STATUS_INVALID;
	if (op->stream == NULL || op->stream->engine != queue->engine || op->record == NULL || op->stream->failed)
		op->aead.op.status = GLACIS_STATUS_INVALID;
	else if (op->stream->direction == GLACIS_SEAL)
		op->aead.op.status = (uint8_t)record_prepare_seal(op);
	else
		op->aead.op.status = (uint8_t)record_prepare_open(op);
	return (enum glacis_status)op->aead.op.status;
}

/* Prepares and submits up to `count` records, for which there is room; how many were accepted. */
static unsigned submit_batch(struct glacis_queue *queue, struct glacis_record_op *const ops[], unsigned count)
{
	struct glacis_aead_op *batch[SUBMIT_BATCH];
	unsigned prepared = 0;
	int accepted;

	while (prepared < count && prepare(queue, ops[prepared]) == GLACIS_STATUS_OK) {
		batch[prepared] = &ops[prepared]->aead;
		prepared++;
	}
	if (prepared == 0)
		return 0;
	accepted = glacis_queue_submit(queue, batch, prepared);
	if (accepted < 0)
		accepted = 0;
	for (unsigned i = (unsigned)accepted; i < prepared; i++)
		ops[i]->stream->failed = true;
	return (unsigned)accepted;
}

int glacis_record_submit(struct glacis_queue *queue, struct glacis_record_op *const ops[], unsigned count)
{
	unsigned accepted = 0;
	uint32_t room;

	if (engine_is_foreign(queue->engine))
		return -ECHILD;
	room = queue_room(queue);
	while (accepted < count) {
		unsigned batch = count - accepted < SUBMIT_BATCH ? count - accepted : SUBMIT_BATCH;
		unsigned taken;

		if (room == 0) {
			if (ops[accepted]->aead.op.state == GLACIS_OP_FREE)
				ops[accepted]->aead.op.status = GLACIS_STATUS_PENDING;
			counter_add(&queue->counters.refused_full, count - accepted);
			break;
		}
		if (batch > room)
			batch = room;
		taken = submit_batch(queue, ops + accepted, batch);
		accepted += taken;
		room -= taken;
		if (taken < batch)
			break;
	}
	return (int)accepted;
}
