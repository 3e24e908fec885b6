/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers for AES-GCM, on every code path of ipsec-mb that this processor has: each case
 * sealed and opened, in place, out of place and in segments.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "aead_support.h"

static struct known_answer answers[KNOWN_ANSWERS_MAX];

static void check_in_place(struct bed *bed, const struct known_answer *answer)
{
	struct glacis_aead_op op;
	uint8_t text[512];
	struct glacis_aead_session *seal = make_session(bed, GLACIS_SEAL, answer->key, answer->key_size);
	struct glacis_aead_session *open = make_session(bed, GLACIS_OPEN, answer->key, answer->key_size);

	memcpy(text, answer->plaintext, answer->length);
	fill_op(&op, seal, text, (uint32_t)answer->length, answer->nonce, answer->aad, (uint8_t)answer->aad_size);
	cr_assert_eq(run_op(bed, &op), GLACIS_STATUS_OK);
	cr_assert_eq(op.op.path, GLACIS_PATH_CPU);
	cr_assert_arr_eq(text, answer->ciphertext, answer->length, "%s: ciphertext", answer->name);
	cr_assert_arr_eq(text + answer->length, answer->tag, sizeof(answer->tag), "%s: tag", answer->name);
	op.session = open;
	cr_assert_eq(run_op(bed, &op), GLACIS_STATUS_OK, "%s: does not open", answer->name);
	cr_assert_arr_eq(text, answer->plaintext, answer->length, "%s: plaintext", answer->name);
	glacis_aead_session_destroy(seal);
	glacis_aead_session_destroy(open);
}

static void check_segments(struct bed *bed, const struct known_answer *answer, size_t first)
{
	struct glacis_aead_op op;
	uint8_t input[256], output[256], tag[16];
	size_t cut = first < answer->length ? first : answer->length;
	const struct iovec segments[2] = { { input, cut }, { input + cut, answer->length - cut } };
	struct glacis_aead_session *seal = make_session(bed, GLACIS_SEAL, answer->key, answer->key_size);
	struct glacis_aead_session *open = make_session(bed, GLACIS_OPEN, answer->key, answer->key_size);

	memcpy(input, answer->plaintext, answer->length);
	fill_op(&op, seal, output, (uint32_t)answer->length, answer->nonce, answer->aad, (uint8_t)answer->aad_size);
	op.tag = tag;
	op.segments = segments;
	op.segment_count = 2;
	cr_assert_eq(run_op(bed, &op), GLACIS_STATUS_OK);
	cr_assert_arr_eq(output, answer->ciphertext, answer->length, "%s: cut at %zu", answer->name, cut);
	cr_assert_arr_eq(tag, answer->tag, sizeof(tag), "%s: tag, cut at %zu", answer->name, cut);
	op.session = open;
	memcpy(input, answer->ciphertext, answer->length);
	cr_assert_eq(run_op(bed, &op), GLACIS_STATUS_OK, "%s: cut at %zu", answer->name, cut);
	cr_assert_arr_eq(output, answer->plaintext, answer->length, "%s: cut at %zu", answer->name, cut);
	glacis_aead_session_destroy(seal);
	glacis_aead_session_destroy(open);
}

static void check_variant(enum backend_cpu_variant variant, const char *name)
{
	struct bed bed;
	size_t count = read_known_answers(answers);

	cr_assert_geq(count, (size_t)18, "aes_gcm.txt has only %zu cases", count);
	if (!bed_open_variant(&bed, variant))
		cr_skip_test("this processor has no %s", name);
	for (size_t i = 0; i < count; i++) {
		check_in_place(&bed, &answers[i]);
		for (size_t cut = 0; cut <= 40; cut += 8)
			check_segments(&bed, &answers[i], cut);
	}
	bed_close(&bed);
}

Test(aead_vectors, best)
{
	check_variant(BACKEND_CPU_BEST, "AES instructions");
}

Test(aead_vectors, sse)
{
	check_variant(BACKEND_CPU_SSE, "SSE4.2 with AES-NI");
}

Test(aead_vectors, avx)
{
	check_variant(BACKEND_CPU_AVX, "AVX");
}

Test(aead_vectors, avx2)
{
	check_variant(BACKEND_CPU_AVX2, "AVX2");
}

Test(aead_vectors, avx512)
{
	check_variant(BACKEND_CPU_AVX512, "AVX512");
}

Test(aead_vectors, vaes_avx512)
{
	check_variant(BACKEND_CPU_VAES_AVX512, "VAES with AVX512");
}
