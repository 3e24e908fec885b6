/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of sessions, queues and the CPU backend share: an engine with a queue, one
 * operation from submit to poll, OpenSSL's AES-GCM as the reference, and the known answers of
 * tests/vectors/aes_gcm.txt. Every helper asserts.
 */
#ifndef AEAD_SUPPORT_H
#define AEAD_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glacis/glacis.h>

#include "backend_cpu.h"

#define TEXT_MAX 16704u

struct bed {
	struct glacis_engine *engine;
	struct glacis_queue *queue;
};

void bed_open(struct bed *bed, const struct glacis_queue_options *options);
/* False when the processor lacks the variant. */
bool bed_open_variant(struct bed *bed, enum backend_cpu_variant variant);
void bed_close(struct bed *bed);

struct glacis_aead_session *make_session(struct bed *bed, enum glacis_direction direction, const uint8_t *key,
					 size_t key_size);

/* Submits one operation that must be accepted and polls it; its status. */
enum glacis_status run_op(struct bed *bed, struct glacis_aead_op *op);

/* An operation in place over `text`, with the tag behind it. */
void fill_op(struct glacis_aead_op *op, struct glacis_aead_session *session, uint8_t *text, uint32_t length,
	     const uint8_t *nonce, const uint8_t *aad, uint8_t aad_size);

/* OpenSSL: ciphertext and tag behind each other in `output`. */
void reference_seal(const uint8_t *key, size_t key_size, const uint8_t *nonce, const uint8_t *aad, size_t aad_size,
		    const uint8_t *text, size_t length, uint8_t *output);

/* Bytes that are a function of `seed`. */
void fill_pattern(uint8_t *bytes, size_t size, uint64_t seed);

struct known_answer {
	char name[64];
	uint8_t key[32], nonce[12], aad[64], plaintext[256], ciphertext[256], tag[16];
	size_t key_size, aad_size, length;
};

#define KNOWN_ANSWERS_MAX 64
/* Reads tests/vectors/aes_gcm.txt; returns the number of cases. */
size_t read_known_answers(struct known_answer answers[KNOWN_ANSWERS_MAX]);

#endif
