/* SPDX-License-Identifier: Apache-2.0 */
/* See record_support.h. */
#include "record_support.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <openssl/evp.h>

void fill(uint8_t *bytes, size_t size, unsigned seed)
{
	uint32_t state = seed * 2654435761u + 1;

	for (size_t i = 0; i < size; i++) {
		state = state * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(state >> 24);
	}
}

void rig_open(struct rig *rig, uint32_t depth)
{
	const struct glacis_queue_options options = { .depth = depth, .key_slots = 64 };

	cr_assert_eq(glacis_engine_create(NULL, &rig->engine), 0);
	cr_assert_eq(glacis_queue_create(rig->engine, &options, &rig->queue), 0);
}

void rig_close(struct rig *rig)
{
	struct glacis_engine_info info;

	glacis_engine_info(rig->engine, &info);
	cr_expect_eq(info.sessions, 0, "a stream has left its session behind");
	glacis_queue_destroy(rig->queue);
	glacis_engine_destroy(rig->engine);
}

void make_keys(uint16_t suite, unsigned seed, struct glacis_record_keys *keys)
{
	uint8_t secret[GLACIS_TLS_MASTER_SECRET_SIZE];
	uint8_t random[GLACIS_TLS_RANDOM_SIZE] = { 0 };
	struct glacis_record_keys other;

	fill(secret, sizeof(secret), seed);
	if (suite == 0x1301 || suite == 0x1302)
		cr_assert_eq(glacis_tls13_record_keys(suite, secret, suite == 0x1301 ? 32 : 48, keys), 0);
	else
		cr_assert_eq(glacis_tls12_record_keys(suite, secret, random, random, keys, &other), 0);
}

struct glacis_record_stream *make_stream(struct rig *rig, enum glacis_direction direction,
					 const struct glacis_record_keys *keys,
					 const struct glacis_record_stream_options *options)
{
	struct glacis_record_stream *stream = NULL;

	cr_assert_eq(glacis_record_stream_create(rig->engine, direction, keys, options, &stream), 0);
	return stream;
}

void write_content(struct record *record, struct glacis_record_stream *writer, uint8_t type, const void *content,
		   uint32_t size, uint16_t padding)
{
	cr_assert_leq(size, GLACIS_RECORD_CONTENT_MAX + 1);
	memset(&record->op, 0, sizeof(record->op));
	record->op.stream = writer;
	record->op.record = record->buffer;
	record->op.content_type = type;
	record->op.content_size = size;
	record->op.padding = padding;
	memset(record->buffer, 0xa5, sizeof(record->buffer));
	if (size > 0)
		memcpy(record->buffer + glacis_record_prefix_size(writer), content, size);
}

void read_bytes(struct record *record, struct glacis_record_stream *reader, const void *bytes, uint32_t size)
{
	cr_assert_leq(size, sizeof(record->buffer));
	memset(&record->op, 0, sizeof(record->op));
	record->op.stream = reader;
	record->op.record = record->buffer;
	record->op.record_size = size;
	memmove(record->buffer, bytes, size);
}

void drain(struct rig *rig)
{
	struct glacis_op *done[64];

	glacis_queue_flush(rig->queue);
	while (glacis_queue_inflight(rig->queue) > 0)
		glacis_queue_poll(rig->queue, done, 64);
}

enum glacis_status run(struct rig *rig, struct record *record)
{
	struct glacis_record_op *op = &record->op;

	if (glacis_record_submit(rig->queue, &op, 1) == 1) {
		drain(rig);
		cr_assert_neq(op->aead.op.status, GLACIS_STATUS_PENDING);
	}
	return (enum glacis_status)op->aead.op.status;
}

enum glacis_status seal(struct rig *rig, struct record *record, struct glacis_record_stream *writer, uint8_t type,
			const void *content, uint32_t size, uint16_t padding)
{
	write_content(record, writer, type, content, size, padding);
	return run(rig, record);
}

enum glacis_record_event_kind open_record(struct rig *rig, struct record *record, struct glacis_record_stream *reader,
					  const void *bytes, uint32_t size)
{
	struct glacis_record_op *op = &record->op;

	read_bytes(record, reader, bytes, size);
	cr_assert_eq(glacis_record_submit(rig->queue, &op, 1), 1, "a %u-byte record was refused with status %u", size,
		     op->aead.op.status);
	drain(rig);
	glacis_record_finish(op, &record->event);
	return record->event.kind;
}

static void be64(uint8_t *bytes, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		bytes[i] = (uint8_t)value;
}

static void reference_gcm(const struct glacis_record_keys *keys, const uint8_t nonce[12], const uint8_t *aad,
			  int aad_size, const uint8_t *text, int size, uint8_t *output)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int part;

	cr_assert_not_null(context);
	cr_assert_eq(EVP_EncryptInit_ex(context, keys->key_size == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL,
					keys->key, nonce),
		     1);
	cr_assert_eq(EVP_EncryptUpdate(context, NULL, &part, aad, aad_size), 1);
	if (size > 0)
		cr_assert_eq(EVP_EncryptUpdate(context, output, &part, text, size), 1);
	cr_assert_eq(EVP_EncryptFinal_ex(context, output + size, &part), 1);
	cr_assert_eq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, output + size), 1);
	EVP_CIPHER_CTX_free(context);
}

uint32_t reference_seal(const struct glacis_record_keys *keys, uint64_t sequence, uint8_t type, const void *text,
			uint32_t size, uint8_t *output)
{
	bool tls13 = keys->version == GLACIS_TLS_1_3;
	uint32_t length = size + 16 + (tls13 ? 0 : 8);
	uint8_t header[5] = { type, 3, 3, (uint8_t)(length >> 8), (uint8_t)length };
	uint8_t number[8];
	uint8_t nonce[12];
	uint8_t aad[13];

	be64(number, sequence);
	memcpy(nonce, keys->iv, sizeof(nonce));
	memcpy(output, header, sizeof(header));
	if (tls13) {
		for (int i = 0; i < 8; i++)
			nonce[4 + i] ^= number[i];
		reference_gcm(keys, nonce, header, 5, text, (int)size, output + 5);
		return 5 + length;
	}
	/* The explicit nonce is the sender's free choice: take one that is not the sequence number. */
	be64(nonce + 4, sequence * 3 + 7);
	memcpy(output + 5, nonce + 4, 8);
	memcpy(aad, number, 8);
	memcpy(aad + 8, header, 3);
	aad[11] = (uint8_t)(size >> 8);
	aad[12] = (uint8_t)size;
	reference_gcm(keys, nonce, aad, 13, text, (int)size, output + 13);
	return 5 + length;
}

uint32_t reference_seal13(const struct glacis_record_keys *keys, uint64_t sequence, uint8_t content_type,
			  const void *content, uint32_t size, uint32_t padding, uint8_t *output)
{
	static uint8_t inner[RECORD_BUFFER_SIZE];

	cr_assert_leq(size + 1 + padding, sizeof(inner));
	memset(inner, 0, sizeof(inner));
	if (size > 0)
		memcpy(inner, content, size);
	inner[size] = content_type;
	return reference_seal(keys, sequence, GLACIS_CONTENT_APPLICATION_DATA, inner, size + 1 + padding, output);
}

static uint32_t parse_hex(const char *text, uint8_t *output, size_t capacity)
{
	size_t digits = 0;

	for (; *text != '\0'; text++) {
		int digit;

		if (isspace((unsigned char)*text))
			continue;
		cr_assert(isxdigit((unsigned char)*text), "bad hex digit '%c'", *text);
		cr_assert_lt(digits / 2, capacity);
		digit = isdigit((unsigned char)*text) ? *text - '0' : tolower((unsigned char)*text) - 'a' + 10;
		output[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : output[digits / 2] | digit);
		digits++;
	}
	cr_assert_eq(digits % 2, 0);
	return (uint32_t)(digits / 2);
}

uint32_t vector(const char *file, const char *name, uint8_t *output, size_t capacity)
{
	char path[512];
	char line[4096];
	size_t name_size = strlen(name);
	uint32_t size = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, file);
	stream = fopen(path, "r");
	cr_assert_not_null(stream, "cannot open %s", path);
	while (fgets(line, sizeof(line), stream) != NULL) {
		if (strncmp(line, name, name_size) != 0 || strncmp(line + name_size, " = ", 3) != 0)
			continue;
		size = parse_hex(line + name_size + 3, output, capacity);
		break;
	}
	fclose(stream);
	cr_assert_gt(size, 0, "%s has no vector '%s'", path, name);
	return size;
}
