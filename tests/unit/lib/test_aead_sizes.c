/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals and opens against OpenSSL: every size from 0 to 1,100 bytes and around each power of two up
 * to 16,640, for the three key sizes; in place, out of place and in varied segments; every length of
 * additional data; and the text sizes once more on every code path of ipsec-mb.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "aead_support.h"

static uint8_t plain[TEXT_MAX], expected[TEXT_MAX], text[TEXT_MAX], other[TEXT_MAX];

struct pair {
	struct bed bed;
	struct glacis_aead_session *seal, *open;
	uint8_t key[32], nonce[12], aad[64];
	size_t key_size;
};

static void pair_open(struct pair *pair, size_t key_size)
{
	pair->key_size = key_size;
	fill_pattern(pair->key, sizeof(pair->key), key_size);
	fill_pattern(pair->nonce, sizeof(pair->nonce), key_size + 1);
	fill_pattern(pair->aad, sizeof(pair->aad), key_size + 2);
	fill_pattern(plain, sizeof(plain), key_size + 3);
	pair->seal = make_session(&pair->bed, GLACIS_SEAL, pair->key, key_size);
	pair->open = make_session(&pair->bed, GLACIS_OPEN, pair->key, key_size);
}

static void pair_close(struct pair *pair)
{
	glacis_aead_session_destroy(pair->seal);
	glacis_aead_session_destroy(pair->open);
	bed_close(&pair->bed);
}

static void same(const uint8_t *actual, const uint8_t *wanted, size_t size, const char *what, uint32_t length)
{
	cr_assert_eq(memcmp(actual, wanted, size), 0, "%s differs at a length of %u", what, length);
}

static void check_in_place(struct pair *pair, uint32_t length, uint8_t aad_size)
{
	struct glacis_aead_op op;

	memcpy(text, plain, length);
	/* Bytes behind the tag must stay. */
	memset(text + length, 0xa5, 32);
	fill_op(&op, pair->seal, text, length, pair->nonce, aad_size > 0 ? pair->aad : NULL, aad_size);
	cr_assert_eq(run_op(&pair->bed, &op), GLACIS_STATUS_OK);
	same(text, expected, length + 16, "sealed in place", length);
	for (unsigned i = 16; i < 32; i++)
		cr_assert_eq(text[length + i], 0xa5, "byte %u behind the text was written", i);
	op.session = pair->open;
	cr_assert_eq(run_op(&pair->bed, &op), GLACIS_STATUS_OK, "length %u", length);
	same(text, plain, length, "opened in place", length);
}

static void check_out_of_place(struct pair *pair, uint32_t length, uint8_t aad_size)
{
	struct glacis_aead_op op;

	fill_op(&op, pair->seal, text, length, pair->nonce, pair->aad, aad_size);
	op.source = plain;
	cr_assert_eq(run_op(&pair->bed, &op), GLACIS_STATUS_OK);
	same(text, expected, length + 16, "sealed out of place", length);
	memset(other, 0xa5, length + 32);
	op.session = pair->open;
	op.source = text;
	op.destination = other;
	cr_assert_eq(run_op(&pair->bed, &op), GLACIS_STATUS_OK);
	same(other, plain, length, "opened out of place", length);
	cr_assert_eq(other[length], 0xa5, "the byte behind the text was written");
	same(text, expected, length + 16, "the input of an open", length);
}

/* Cuts `length` bytes into pieces that are a function of `seed`, some of them empty. */
static uint16_t cut(struct iovec segments[GLACIS_AEAD_SEGMENTS_MAX], uint8_t *bytes, uint32_t length, uint32_t seed)
{
	uint16_t count = (uint16_t)(1 + seed % GLACIS_AEAD_SEGMENTS_MAX);
	uint32_t offset = 0;

	for (uint16_t i = 0; i < count; i++) {
		uint32_t left = length - offset;
		seed = seed * 1664525 + 1013904223;
		uint32_t size = i + 1 == count ? left : (seed >> 16) % (2 * (left / (count - i)) + 2);
		size = size < left ? size : left;
		segments[i] = (struct iovec){ .iov_base = size > 0 ? bytes + offset : NULL, .iov_len = size };
		offset += size;
	}
	return count;
}

static void check_segments(struct pair *pair, uint32_t length, uint8_t aad_size, uint32_t seed)
{
	struct glacis_aead_op op;
	struct iovec segments[GLACIS_AEAD_SEGMENTS_MAX];

	fill_op(&op, pair->seal, text, length, pair->nonce, pair->aad, aad_size);
	op.segments = segments;
	op.segment_count = cut(segments, plain, length, seed);
	cr_assert_eq(run_op(&pair->bed, &op), GLACIS_STATUS_OK);
	same(text, expected, length + 16, "sealed in segments", length);
	op.session = pair->open;
	op.destination = other;
	op.segment_count = cut(segments, text, length, seed + 7);
	cr_assert_eq(run_op(&pair->bed, &op), GLACIS_STATUS_OK);
	same(other, plain, length, "opened in segments", length);
}

static void check(struct pair *pair, uint32_t length, uint8_t aad_size)
{
	/* The direction back, OpenSSL's text opened by us, is in the checks: they open what equals `expected`. */
	reference_seal(pair->key, pair->key_size, pair->nonce, pair->aad, aad_size, plain, length, expected);
	check_in_place(pair, length, aad_size);
	check_out_of_place(pair, length, aad_size);
	for (uint32_t seed = 0; seed < 3; seed++)
		check_segments(pair, length, aad_size, length * 5 + seed * 11 + aad_size);
}

static void check_sizes(struct pair *pair)
{
	static const int around[] = { -17, -16, -15, -1, 0, 1, 15, 16, 17 };

	for (uint32_t length = 0; length <= 1100; length++)
		check(pair, length, 13);
	for (uint32_t power = 1024; power <= 16384; power *= 2)
		for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
			check(pair, (uint32_t)((int)power + around[i]), 5);
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		check(pair, (uint32_t)(16640 + around[i]), 5);
}

static void check_key_size(size_t key_size)
{
	struct pair pair;

	bed_open(&pair.bed, NULL);
	pair_open(&pair, key_size);
	check_sizes(&pair);
	pair_close(&pair);
}

Test(aead_sizes, aes_128)
{
	check_key_size(16);
}

Test(aead_sizes, aes_192)
{
	check_key_size(24);
}

Test(aead_sizes, aes_256)
{
	check_key_size(32);
}

static void check_variant(enum backend_cpu_variant variant, const char *name)
{
	struct pair pair;

	if (!bed_open_variant(&pair.bed, variant))
		cr_skip_test("this processor has no %s", name);
	pair_open(&pair, variant % 2 == 0 ? 16 : 32);
	check_sizes(&pair);
	pair_close(&pair);
}

Test(aead_sizes, sse)
{
	check_variant(BACKEND_CPU_SSE, "SSE4.2 with AES-NI");
}

Test(aead_sizes, avx)
{
	check_variant(BACKEND_CPU_AVX, "AVX");
}

Test(aead_sizes, avx2)
{
	check_variant(BACKEND_CPU_AVX2, "AVX2");
}

Test(aead_sizes, avx512)
{
	check_variant(BACKEND_CPU_AVX512, "AVX512");
}

Test(aead_sizes, additional_data_of_every_length)
{
	static const uint32_t lengths[] = { 0, 1, 15, 16, 17, 64, 1420 };
	struct pair pair;

	bed_open(&pair.bed, NULL);
	pair_open(&pair, 16);
	for (uint8_t aad_size = 0; aad_size <= GLACIS_AEAD_AAD_SIZE_MAX; aad_size++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
			check(&pair, lengths[i], aad_size);
	pair_close(&pair);
}

Test(aead_sizes, longest_operation)
{
	static uint8_t long_text[GLACIS_AEAD_LENGTH_MAX + 16], long_expected[GLACIS_AEAD_LENGTH_MAX + 16];
	struct glacis_aead_op op;
	struct pair pair;

	bed_open(&pair.bed, NULL);
	pair_open(&pair, 32);
	fill_pattern(long_text, GLACIS_AEAD_LENGTH_MAX, 9);
	reference_seal(pair.key, 32, pair.nonce, pair.aad, 13, long_text, GLACIS_AEAD_LENGTH_MAX, long_expected);
	fill_op(&op, pair.seal, long_text, GLACIS_AEAD_LENGTH_MAX, pair.nonce, pair.aad, 13);
	cr_assert_eq(run_op(&pair.bed, &op), GLACIS_STATUS_OK);
	cr_assert_arr_eq(long_text, long_expected, sizeof(long_text));
	pair_close(&pair);
}
