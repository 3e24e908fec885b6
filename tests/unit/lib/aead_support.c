/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the AEAD tests; see aead_support.h. */
#include "aead_support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

void bed_open(struct bed *bed, const struct glacis_queue_options *options)
{
	cr_assert_eq(glacis_engine_create(NULL, &bed->engine), 0);
	cr_assert_eq(glacis_queue_create(bed->engine, options, &bed->queue), 0);
}

bool bed_open_variant(struct bed *bed, enum backend_cpu_variant variant)
{
	int error = engine_create_with(NULL, variant, &bed->engine);
	if (error == -ENOTSUP)
		return false;
	cr_assert_eq(error, 0);
	cr_assert_eq(glacis_queue_create(bed->engine, NULL, &bed->queue), 0);
	return true;
}

void bed_close(struct bed *bed)
{
	glacis_queue_destroy(bed->queue);
	glacis_engine_destroy(bed->engine);
}

struct glacis_aead_session *make_session(struct bed *bed, enum glacis_direction direction, const uint8_t *key,
					 size_t key_size)
{
	struct glacis_aead_session *session;
	cr_assert_eq(glacis_aead_session_create(bed->engine, direction, key, key_size, &session), 0);
	return session;
}

enum glacis_status run_op(struct bed *bed, struct glacis_aead_op *op)
{
	struct glacis_op *done = NULL;

	cr_assert_eq(glacis_queue_submit(bed->queue, &op, 1), 1);
	cr_assert_eq(glacis_queue_poll(bed->queue, &done, 1), 1);
	cr_assert_eq(done, &op->op);
	cr_assert_eq(op->op.state, GLACIS_OP_FREE);
	return (enum glacis_status)op->op.status;
}

void fill_op(struct glacis_aead_op *op, struct glacis_aead_session *session, uint8_t *text, uint32_t length,
	     const uint8_t *nonce, const uint8_t *aad, uint8_t aad_size)
{
	memset(op, 0, sizeof(*op));
	op->session = session;
	op->source = text;
	op->destination = text;
	op->tag = text + length;
	op->length = length;
	op->aad = aad;
	op->aad_size = aad_size;
	memcpy(op->nonce, nonce, sizeof(op->nonce));
}

static const EVP_CIPHER *reference_cipher(size_t key_size)
{
	return key_size == 16 ? EVP_aes_128_gcm() : key_size == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}

void reference_seal(const uint8_t *key, size_t key_size, const uint8_t *nonce, const uint8_t *aad, size_t aad_size,
		    const uint8_t *text, size_t length, uint8_t *output)
{
	static EVP_CIPHER_CTX *context;
	int size = 0;

	if (context == NULL)
		context = EVP_CIPHER_CTX_new();
	cr_assert_not_null(context);
	cr_assert_eq(EVP_EncryptInit_ex(context, reference_cipher(key_size), NULL, key, nonce), 1);
	if (aad_size > 0)
		cr_assert_eq(EVP_EncryptUpdate(context, NULL, &size, aad, (int)aad_size), 1);
	if (length > 0)
		cr_assert_eq(EVP_EncryptUpdate(context, output, &size, text, (int)length), 1);
	cr_assert_eq(EVP_EncryptFinal_ex(context, output + length, &size), 1);
	cr_assert_eq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, GLACIS_AEAD_TAG_SIZE, output + length), 1);
}

void fill_pattern(uint8_t *bytes, size_t size, uint64_t seed)
{
	uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (size_t i = 0; i < size; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		bytes[i] = (uint8_t)(state >> 56);
	}
}

static size_t read_hex(const char *text, uint8_t *bytes, size_t room)
{
	size_t size = strlen(text) / 2;
	cr_assert_leq(size, room);
	for (size_t i = 0; i < size; i++) {
		unsigned byte;
		cr_assert_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
	return size;
}

static void read_field(struct known_answer *answer, const char *field, const char *value)
{
	if (strcmp(field, "key") == 0)
		answer->key_size = read_hex(value, answer->key, sizeof(answer->key));
	else if (strcmp(field, "nonce") == 0)
		cr_assert_eq(read_hex(value, answer->nonce, sizeof(answer->nonce)), sizeof(answer->nonce));
	else if (strcmp(field, "aad") == 0)
		answer->aad_size = read_hex(value, answer->aad, sizeof(answer->aad));
	else if (strcmp(field, "plaintext") == 0)
		answer->length = read_hex(value, answer->plaintext, sizeof(answer->plaintext));
	else if (strcmp(field, "ciphertext") == 0)
		cr_assert_eq(read_hex(value, answer->ciphertext, sizeof(answer->ciphertext)), answer->length);
	else if (strcmp(field, "tag") == 0)
		cr_assert_eq(read_hex(value, answer->tag, sizeof(answer->tag)), sizeof(answer->tag));
	else
		cr_assert_fail("aes_gcm.txt: unknown field %s", field);
}

size_t read_known_answers(struct known_answer answers[KNOWN_ANSWERS_MAX])
{
	char line[1024];
	size_t count = 0;
	FILE *file = fopen(VECTORS_DIR "/aes_gcm.txt", "r");
	cr_assert_not_null(file, "cannot open %s", VECTORS_DIR "/aes_gcm.txt");
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		char *value = strstr(line, " =");
		if (line[0] == '#' || value == NULL)
			continue;
		*value = '\0';
		value += value[2] == ' ' ? 3 : 2;
		if (strcmp(line, "name") == 0) {
			cr_assert_lt(count, (size_t)KNOWN_ANSWERS_MAX);
			memset(&answers[count], 0, sizeof(answers[count]));
			snprintf(answers[count].name, sizeof(answers[count].name), "%.63s", value);
			count++;
			continue;
		}
		cr_assert_gt(count, (size_t)0);
		read_field(&answers[count - 1], line, value);
	}
	fclose(file);
	return count;
}
