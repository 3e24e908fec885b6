/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bit changed anywhere - text, tag, additional data, nonce - or a byte cut off: the open fails and shows no
 * plaintext. In place the ciphertext is back, out of place there are zeros.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "aead_support.h"

#define LENGTH_MAX 1420u

struct sealed {
	struct bed bed;
	struct glacis_aead_session *open;
	uint8_t nonce[12], aad[13];
	uint8_t plain[LENGTH_MAX], record[LENGTH_MAX + 16];
	uint32_t length;
};

static void sealed_open(struct sealed *sealed, enum backend_cpu_variant variant, uint32_t length)
{
	uint8_t key[16];

	if (!bed_open_variant(&sealed->bed, variant))
		cr_skip_test("this processor lacks variant %d", variant);
	fill_pattern(key, sizeof(key), 1);
	fill_pattern(sealed->nonce, sizeof(sealed->nonce), 2);
	fill_pattern(sealed->aad, sizeof(sealed->aad), 3);
	fill_pattern(sealed->plain, length, 4);
	sealed->length = length;
	sealed->open = make_session(&sealed->bed, GLACIS_OPEN, key, sizeof(key));
	reference_seal(key, sizeof(key), sealed->nonce, sealed->aad, sizeof(sealed->aad), sealed->plain, length,
		       sealed->record);
}

static void sealed_close(struct sealed *sealed)
{
	glacis_aead_session_destroy(sealed->open);
	bed_close(&sealed->bed);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Opens what is in `sealed` in the three ways; each must fail and hide the text. */
static void check_fails(struct sealed *sealed)
{
	struct glacis_aead_op op;
	uint8_t copy[LENGTH_MAX + 16], output[LENGTH_MAX];
	uint32_t length = sealed->length;

	memcpy(copy, sealed->record, length + 16);
	fill_op(&op, sealed->open, copy, length, sealed->nonce, sealed->aad, sizeof(sealed->aad));
	cr_assert_eq(run_op(&sealed->bed, &op), GLACIS_STATUS_AUTH_FAILED);
	cr_assert_arr_eq(copy, sealed->record, length + 16, "in place: the ciphertext is not back");

	memset(output, 0xa5, length);
	op.destination = output;
	cr_assert_eq(run_op(&sealed->bed, &op), GLACIS_STATUS_AUTH_FAILED);
	cr_assert(all_zero(output, length), "out of place: the output is not zeros");

	uint32_t half = length / 2;
	const struct iovec segments[2] = { { copy, half }, { copy + half, length - half } };
	memset(output, 0xa5, length);
	op.segments = segments;
	op.segment_count = 2;
	cr_assert_eq(run_op(&sealed->bed, &op), GLACIS_STATUS_AUTH_FAILED);
	cr_assert(all_zero(output, length), "segments: the output is not zeros");
}

static void check_succeeds(struct sealed *sealed)
{
	struct glacis_aead_op op;
	uint8_t copy[LENGTH_MAX + 16];

	memcpy(copy, sealed->record, sealed->length + 16);
	fill_op(&op, sealed->open, copy, sealed->length, sealed->nonce, sealed->aad, sizeof(sealed->aad));
	cr_assert_eq(run_op(&sealed->bed, &op), GLACIS_STATUS_OK);
	cr_assert_arr_eq(copy, sealed->plain, sealed->length);
}

/* Changes one bit of each byte in turn. */
static void tamper_each(struct sealed *sealed, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= (uint8_t)(1u << (i % 8));
		check_fails(sealed);
		bytes[i] ^= (uint8_t)(1u << (i % 8));
	}
	check_succeeds(sealed);
}

static void check_variant(enum backend_cpu_variant variant, uint32_t length)
{
	static struct sealed sealed;

	sealed_open(&sealed, variant, length);
	tamper_each(&sealed, sealed.record, length + 16);
	tamper_each(&sealed, sealed.aad, sizeof(sealed.aad));
	tamper_each(&sealed, sealed.nonce, sizeof(sealed.nonce));
	sealed_close(&sealed);
}

Test(aead_tamper, each_byte_of_long_record)
{
	check_variant(BACKEND_CPU_BEST, LENGTH_MAX);
}

Test(aead_tamper, each_byte_of_odd_record)
{
	check_variant(BACKEND_CPU_BEST, 333);
}

Test(aead_tamper, each_byte_of_empty_record)
{
	check_variant(BACKEND_CPU_BEST, 0);
}

Test(aead_tamper, sse)
{
	check_variant(BACKEND_CPU_SSE, 200);
}

Test(aead_tamper, avx)
{
	check_variant(BACKEND_CPU_AVX, 200);
}

Test(aead_tamper, avx2)
{
	check_variant(BACKEND_CPU_AVX2, 200);
}

Test(aead_tamper, avx512)
{
	check_variant(BACKEND_CPU_AVX512, 200);
}

Test(aead_tamper, truncated)
{
	static struct sealed sealed;

	sealed_open(&sealed, BACKEND_CPU_BEST, 300);
	for (uint32_t cut = 1; cut <= 300; cut++) {
		/* The last 16 bytes that are left pass for the tag. */
		sealed.length = 300 - cut;
		check_fails(&sealed);
	}
	sealed_close(&sealed);
}

/* What failed in place is whole again, so that it can be tried under another key (TLS 1.3 KeyUpdate). */
Test(aead_tamper, failed_record_opens_under_right_key)
{
	static struct sealed sealed;
	struct glacis_aead_op op;
	uint8_t wrong_key[16] = { 0 };

	sealed_open(&sealed, BACKEND_CPU_BEST, 777);
	struct glacis_aead_session *wrong = make_session(&sealed.bed, GLACIS_OPEN, wrong_key, sizeof(wrong_key));
	fill_op(&op, wrong, sealed.record, 777, sealed.nonce, sealed.aad, sizeof(sealed.aad));
	cr_assert_eq(run_op(&sealed.bed, &op), GLACIS_STATUS_AUTH_FAILED);
	op.session = sealed.open;
	cr_assert_eq(run_op(&sealed.bed, &op), GLACIS_STATUS_OK);
	cr_assert_arr_eq(sealed.record, sealed.plain, 777);
	glacis_aead_session_destroy(wrong);
	sealed_close(&sealed);
}
