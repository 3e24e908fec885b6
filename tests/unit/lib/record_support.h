/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the record layer share: an engine with a queue, one-record helpers, records
 * made by OpenSSL's AES-GCM instead of ours (so that illegal ones can be made too), and the
 * vectors of tests/vectors. Every helper asserts; a test that gets a value back has a valid one.
 */
#ifndef RECORD_SUPPORT_H
#define RECORD_SUPPORT_H

#include <glacis/record.h>

#define RECORD_BUFFER_SIZE (GLACIS_RECORD_SIZE_MAX + 64u)

struct rig {
	struct glacis_engine *engine;
	struct glacis_queue *queue;
};

/* A record on its way through the library; `buffer` is large enough for any. */
struct record {
	struct glacis_record_op op;
	struct glacis_record_event event;
	uint8_t buffer[RECORD_BUFFER_SIZE];
};

void rig_open(struct rig *rig, uint32_t depth);
void rig_close(struct rig *rig);

/* Keys that are a function of `seed`. `suite` is one of 0x1301, 0x1302, 0xc02f, 0xc030. */
void make_keys(uint16_t suite, unsigned seed, struct glacis_record_keys *keys);

struct glacis_record_stream *make_stream(struct rig *rig, enum glacis_direction direction,
					 const struct glacis_record_keys *keys,
					 const struct glacis_record_stream_options *options);

/* Fills in a writer's operation with `size` bytes of content. */
void write_content(struct record *record, struct glacis_record_stream *writer, uint8_t type, const void *content,
		   uint32_t size, uint16_t padding);
/* Fills in a reader's operation with a whole record. */
void read_bytes(struct record *record, struct glacis_record_stream *reader, const void *bytes, uint32_t size);

/* Submits one and polls it; the status of the refusal or of the completion. */
enum glacis_status run(struct rig *rig, struct record *record);
/* Polls until nothing is in flight. */
void drain(struct rig *rig);

/* Both of the above, for a record that must be accepted. */
enum glacis_status seal(struct rig *rig, struct record *record, struct glacis_record_stream *writer, uint8_t type,
			const void *content, uint32_t size, uint16_t padding);
/* Opens and finishes; the kind of the event, which is in `record->event`. */
enum glacis_record_event_kind open_record(struct rig *rig, struct record *record, struct glacis_record_stream *reader,
					  const void *bytes, uint32_t size);

/* A record made by OpenSSL. TLS 1.3: `text` is the inner plaintext and `type` the outer type;
 * TLS 1.2: content and its type. Returns its size. */
uint32_t reference_seal(const struct glacis_record_keys *keys, uint64_t sequence, uint8_t type, const void *text,
			uint32_t size, uint8_t *output);
/* TLS 1.3: content, content type and `padding` zeros as one inner plaintext. */
uint32_t reference_seal13(const struct glacis_record_keys *keys, uint64_t sequence, uint8_t content_type,
			  const void *content, uint32_t size, uint32_t padding, uint8_t *output);

/* The named vector of a file in tests/vectors; returns its size, at most `capacity`. */
uint32_t vector(const char *file, const char *name, uint8_t *output, size_t capacity);

void fill(uint8_t *bytes, size_t size, unsigned seed);

#endif
