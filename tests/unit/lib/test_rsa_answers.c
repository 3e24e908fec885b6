/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The known answers of tests/vectors/rsa/answers.txt, in lanes and one by one.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>

#include "rsa_support.h"

#define KEYS_MAX        16u
#define ANSWER_LINE_MAX 16384u
#define FIELDS          6u
#define MESSAGE_MAX     4096u

static struct rsa_bed bed;

static void open_bed(void)
{
	rsa_bed_open(&bed, NULL);
}

static void close_bed(void)
{
	rsa_bed_close(&bed);
}

TestSuite(rsa_answers, .init = open_bed, .fini = close_bed);

static size_t read_hex(const char *text, uint8_t *bytes, size_t room)
{
	size_t size = 0;
	if (strcmp(text, "-") == 0)
		return 0;
	for (; text[0] != '\0'; text += 2) {
		char pair[3] = { text[0], text[1], '\0' }, *end;
		cr_assert_lt(size, room);
		bytes[size++] = (uint8_t)strtoul(pair, &end, 16);
		cr_assert_eq(*end, '\0', "not hexadecimal: %s", pair);
	}
	return size;
}

struct named_key {
	char name[32];
	struct glacis_rsa_key *key;
};

/* answers.txt, line by line; the caller frees the keys. */
struct answers {
	FILE *file;
	char line[ANSWER_LINE_MAX];
	char *field[FIELDS];
	struct named_key keys[KEYS_MAX];
	unsigned key_count;
};

static void answers_open(struct answers *answers)
{
	memset(answers, 0, sizeof(*answers));
	answers->file = fopen(VECTORS_DIR "/rsa/answers.txt", "r");
	cr_assert_not_null(answers->file);
}

static void answers_close(struct answers *answers)
{
	fclose(answers->file);
	for (unsigned i = 0; i < answers->key_count; i++)
		glacis_rsa_key_destroy(answers->keys[i].key);
}

static void take_key(struct answers *answers)
{
	uint8_t der[RSA_FILE_MAX];
	struct named_key *named = &answers->keys[answers->key_count++];

	cr_assert_leq(answers->key_count, KEYS_MAX);
	snprintf(named->name, sizeof(named->name), "%s", answers->field[1]);
	named->key = rsa_import_bytes(&bed, der, read_hex(answers->field[2], der, sizeof(der)));
}

static const struct glacis_rsa_key *find_key(const struct answers *answers)
{
	for (unsigned i = 0; i < answers->key_count; i++)
		if (strcmp(answers->keys[i].name, answers->field[1]) == 0)
			return answers->keys[i].key;
	cr_assert_fail("answers.txt names no key %s", answers->field[1]);
	return NULL;
}

/* The next line that is no key and no comment. */
static bool answers_next(struct answers *answers)
{
	while (fgets(answers->line, sizeof(answers->line), answers->file) != NULL) {
		char *save = NULL, *text = answers->line;
		if (answers->line[0] == '#')
			continue;
		for (unsigned i = 0; i < FIELDS; i++, text = NULL)
			answers->field[i] = strtok_r(text, " \n", &save);
		if (strcmp(answers->field[0], "key") != 0)
			return true;
		take_key(answers);
	}
	return false;
}

static unsigned hash_index(const char *name)
{
	for (unsigned i = 0; i < RSA_TEST_HASHES; i++)
		if (strcmp(rsa_hashes[i].name, name) == 0)
			return i;
	cr_assert_fail("unknown hash %s", name);
	return 0;
}

/* A record of answers.txt as bytes. */
struct answer {
	const struct glacis_rsa_key *key;
	unsigned hash;
	uint8_t input[MESSAGE_MAX], output[GLACIS_RSA_BYTES_MAX], digest[64], salt[64];
	size_t input_size, output_size, salt_size;
	unsigned digest_size;
};

static void read_answer(const struct answers *answers, struct answer *answer)
{
	answer->key = find_key(answers);
	answer->hash = strcmp(answers->field[2], "-") == 0 ? 0 : hash_index(answers->field[2]);
	answer->salt_size = read_hex(answers->field[3], answer->salt, sizeof(answer->salt));
	answer->input_size = read_hex(answers->field[4], answer->input, sizeof(answer->input));
	answer->output_size = read_hex(answers->field[5], answer->output, sizeof(answer->output));
	cr_assert(EVP_Digest(answer->input, answer->input_size, answer->digest, &answer->digest_size,
			     rsa_hashes[answer->hash].digest(), NULL));
}

static void check_sign_pkcs1(const struct answer *answer)
{
	struct glacis_rsa_op op;
	uint8_t output[GLACIS_RSA_BYTES_MAX];

	rsa_fill_op(&op, answer->key, GLACIS_RSA_SIGN_PKCS1, answer->digest, answer->digest_size, output);
	op.hash = (uint8_t)rsa_hashes[answer->hash].hash;
	cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
	cr_assert_eq(op.output_size, answer->output_size);
	cr_assert_arr_eq(output, answer->output, answer->output_size);
}

/* The salt of a signature is random: so the published one is made again from its own block, and ours is verified. */
static void check_sign_pss(const struct answer *answer)
{
	struct glacis_rsa_op op;
	uint8_t block[GLACIS_RSA_BYTES_MAX], output[GLACIS_RSA_BYTES_MAX];
	uint32_t size = (uint32_t)answer->output_size;
	const EVP_MD *digest = rsa_hashes[answer->hash].digest();
	EVP_PKEY *half = rsa_public_key(answer->key);

	cr_assert(rsa_reference_verify(half, digest, (int)answer->salt_size, answer->digest, answer->digest_size,
				       answer->output, size));
	rsa_fill_op(&op, answer->key, GLACIS_RSA_PUBLIC_RAW, answer->output, size, block);
	cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
	rsa_fill_op(&op, answer->key, GLACIS_RSA_PRIVATE_RAW, block, size, output);
	cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
	cr_assert_arr_eq(output, answer->output, size);

	rsa_fill_op(&op, answer->key, GLACIS_RSA_SIGN_PSS, answer->digest, answer->digest_size, output);
	op.hash = (uint8_t)rsa_hashes[answer->hash].hash;
	op.salt_size = (uint32_t)answer->salt_size;
	cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
	cr_assert(rsa_reference_verify(half, digest, (int)answer->salt_size, answer->digest, answer->digest_size,
				       output, op.output_size));
	EVP_PKEY_free(half);
}

static void check_decrypt(const struct answer *answer, enum glacis_rsa_kind kind)
{
	struct glacis_rsa_op op;
	uint8_t output[GLACIS_RSA_BYTES_MAX];

	rsa_fill_op(&op, answer->key, kind, answer->input, (uint32_t)answer->input_size, output);
	op.hash = (uint8_t)rsa_hashes[answer->hash].hash;
	cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
	cr_assert_eq(op.output_size, answer->output_size);
	cr_assert_arr_eq(output, answer->output, answer->output_size);
}

static void check_known_answers(unsigned break_even)
{
	struct answers *answers = calloc(1, sizeof(*answers));
	struct answer *answer = calloc(1, sizeof(*answer));
	unsigned done = 0;

	answers_open(answers);
	for (; answers_next(answers); done++) {
		rsa_bed_set_break_even(&bed, break_even);
		read_answer(answers, answer);
		if (strcmp(answers->field[0], "sign_pkcs1") == 0)
			check_sign_pkcs1(answer);
		else if (strcmp(answers->field[0], "sign_pss") == 0)
			check_sign_pss(answer);
		else if (strcmp(answers->field[0], "decrypt_oaep") == 0)
			check_decrypt(answer, GLACIS_RSA_DECRYPT_OAEP);
		else
			check_decrypt(answer, GLACIS_RSA_DECRYPT_PKCS1);
	}
	cr_assert_gt(done, 80u);
	answers_close(answers);
	free(answers);
	free(answer);
}

Test(rsa_answers, known_answers_in_lanes)
{
	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	check_known_answers(1);
	cr_assert_gt(rsa_counters_of(&bed).batches, 80u);
}

Test(rsa_answers, known_answers_one_by_one)
{
	check_known_answers(9);
	cr_assert_eq(rsa_counters_of(&bed).batches, 0u);
}
