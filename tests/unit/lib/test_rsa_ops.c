/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA operations, in lanes and one by one: random cross-checks with OpenSSL, edge values, and inputs that must be
 * refused.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/rsa.h>

#include "rsa_support.h"

#define MESSAGE_MAX 4096u
/* Random cross-checks per key size, unless GLACIS_RSA_CHECKS says otherwise; a sanitizer makes lanes ten times slower.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECKS_DEFAULT 400u
#else
#define CHECKS_DEFAULT 10000u
#endif

static struct rsa_bed bed;

static void open_bed(void)
{
	rsa_bed_open(&bed, NULL);
}

static void close_bed(void)
{
	rsa_bed_close(&bed);
}

TestSuite(rsa_ops, .init = open_bed, .fini = close_bed);

static unsigned wanted_checks(void)
{
	const char *text = getenv("GLACIS_RSA_CHECKS");
	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : CHECKS_DEFAULT;
}

/* Eight operations that differ; checks them with OpenSSL's public operation, the first also with its private one. */
static void cross_check_batch(const struct glacis_rsa_key *key, EVP_PKEY *reference, uint64_t seed)
{
	static uint8_t input[8][GLACIS_RSA_BYTES_MAX], output[8][GLACIS_RSA_BYTES_MAX];
	uint32_t bytes = glacis_rsa_key_bits(key) / 8;
	struct glacis_rsa_op ops[8];
	uint8_t again[GLACIS_RSA_BYTES_MAX];

	for (unsigned i = 0; i < 8; i++) {
		rsa_random(input[i], bytes, seed * 8 + i);
		input[i][0] &= 0x7f;
		if (i % 4 == 3) {
			rsa_fill_op(&ops[i], key, GLACIS_RSA_SIGN_PKCS1, input[i], 32, output[i]);
			ops[i].hash = GLACIS_RSA_SHA256;
		} else {
			rsa_fill_op(&ops[i], key, GLACIS_RSA_PRIVATE_RAW, input[i], bytes, output[i]);
		}
	}
	rsa_run(&bed, ops, 8);
	for (unsigned i = 0; i < 8; i++) {
		cr_assert_eq(ops[i].op.status, GLACIS_STATUS_OK);
		cr_assert_eq(ops[i].output_size, bytes);
		if (i % 4 == 3) {
			cr_assert(rsa_reference_verify(reference, EVP_sha256(), -1, input[i], 32, output[i], bytes));
			continue;
		}
		rsa_reference_public(reference, output[i], bytes, again);
		cr_assert_arr_eq(again, input[i], bytes, "seed %lu, operation %u", (unsigned long)seed, i);
	}
	if (seed % 16 == 0) {
		rsa_reference_private(reference, input[0], bytes, again);
		cr_assert_arr_eq(again, output[0], bytes);
	}
}

static void cross_check(const char *name)
{
	struct glacis_rsa_key *key = rsa_import(&bed, name);
	EVP_PKEY *reference = rsa_reference_key(name);
	unsigned batches = wanted_checks() / 8;

	rsa_bed_set_break_even(&bed, 1);
	for (unsigned i = 0; i < batches; i++)
		cross_check_batch(key, reference, i);
	cr_assert_eq(rsa_counters_of(&bed).check_failed, 0u);
	EVP_PKEY_free(reference);
	glacis_rsa_key_destroy(key);
}

Test(rsa_ops, agrees_with_openssl_at_2048_bits, .timeout = 200)
{
	cross_check("key2048.pem");
}

Test(rsa_ops, agrees_with_openssl_at_3072_bits, .timeout = 200)
{
	cross_check("key3072.pem");
}

Test(rsa_ops, agrees_with_openssl_at_4096_bits, .timeout = 200)
{
	cross_check("key4096.pem");
}

Test(rsa_ops, agrees_with_openssl_for_exponent_3)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "e3_2048.pem");
	EVP_PKEY *reference = rsa_reference_key("e3_2048.pem");

	rsa_bed_set_break_even(&bed, 1);
	for (unsigned i = 0; i < 20; i++)
		cross_check_batch(key, reference, 1000 + i);
	EVP_PKEY_free(reference);
	glacis_rsa_key_destroy(key);
}

static void modulus_of(const struct glacis_rsa_key *key, uint8_t *bytes)
{
	EVP_PKEY *half = rsa_public_key(key);
	BIGNUM *n = NULL;
	cr_assert(EVP_PKEY_get_bn_param(half, "n", &n));
	cr_assert_gt(BN_bn2binpad(n, bytes, (int)(glacis_rsa_key_bits(key) / 8)), 0);
	BN_free(n);
	EVP_PKEY_free(half);
}

/* 0, 1 and n - 1 are their own results; n and above are refused. */
static void check_edges(const char *name, unsigned break_even)
{
	struct glacis_rsa_key *key = rsa_import(&bed, name);
	uint32_t bytes = glacis_rsa_key_bits(key) / 8;
	uint8_t input[GLACIS_RSA_BYTES_MAX], output[GLACIS_RSA_BYTES_MAX];
	static const enum glacis_rsa_kind kinds[] = { GLACIS_RSA_PRIVATE_RAW, GLACIS_RSA_PUBLIC_RAW };

	rsa_bed_set_break_even(&bed, break_even);
	for (unsigned i = 0; i < 10; i++) {
		struct glacis_rsa_op op;
		unsigned edge = i / 2;
		modulus_of(key, input);
		if (edge < 2) {
			memset(input, 0, bytes);
			input[bytes - 1] = (uint8_t)edge;
		} else if (edge == 2) {
			input[bytes - 1] &= 0xfe;
		} else if (edge == 4) {
			memset(input, 0xff, bytes);
		}
		memset(output, 0xaa, sizeof(output));
		rsa_fill_op(&op, key, kinds[i % 2], input, bytes, output);
		enum glacis_status status = rsa_run_one(&bed, &op);
		if (edge >= 3) {
			cr_assert_eq(status, GLACIS_STATUS_INVALID);
			cr_assert_eq(op.output_size, 0u);
			cr_assert_eq(output[0], 0xaa);
			continue;
		}
		cr_assert_eq(status, GLACIS_STATUS_OK);
		cr_assert_arr_eq(output, input, bytes);
	}
	glacis_rsa_key_destroy(key);
}

Test(rsa_ops, edge_values)
{
	static const char *const names[] = { "key2048.pem", "key3072.pem", "key4096.pem" };

	for (unsigned i = 0; i < 3; i++) {
		check_edges(names[i], 1);
		check_edges(names[i], 9);
	}
}

Test(rsa_ops, malformed_inputs_complete_as_invalid)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	uint8_t input[300] = { 0 }, output[256];
	const struct {
		enum glacis_rsa_kind kind;
		uint32_t size;
		uint8_t hash;
		uint32_t salt;
	} cases[] = {
		{ GLACIS_RSA_PRIVATE_RAW, 255, 0, 0 },
		{ GLACIS_RSA_PRIVATE_RAW, 257, 0, 0 },
		{ GLACIS_RSA_PRIVATE_RAW, 0, 0, 0 },
		{ GLACIS_RSA_PUBLIC_RAW, 128, 0, 0 },
		{ GLACIS_RSA_SIGN_PKCS1, 31, GLACIS_RSA_SHA256, 0 },
		{ GLACIS_RSA_SIGN_PKCS1, 32, 0, 0 },
		{ GLACIS_RSA_SIGN_PKCS1, 32, 5, 0 },
		{ GLACIS_RSA_SIGN_PSS, 33, GLACIS_RSA_SHA256, 32 },
		{ GLACIS_RSA_SIGN_PSS, 32, GLACIS_RSA_SHA256, 223 },
		{ GLACIS_RSA_SIGN_PSS, 32, GLACIS_RSA_SHA256, UINT32_MAX },
		{ GLACIS_RSA_DECRYPT_PKCS1, 255, 0, 0 },
		{ GLACIS_RSA_DECRYPT_OAEP, 256, 0, 0 },
		{ GLACIS_RSA_DECRYPT_OAEP, 256, GLACIS_RSA_SHA1, 0 }, /* decrypts to zero, which is no OAEP block */
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct glacis_rsa_op op;
		rsa_fill_op(&op, key, cases[i].kind, input, cases[i].size, output);
		op.hash = cases[i].hash;
		op.salt_size = cases[i].salt;
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_INVALID, "case %u", i);
		cr_assert_eq(op.output_size, 0u);
	}
	cr_assert_eq(ERR_peek_error(), 0ul);
	glacis_rsa_key_destroy(key);
}

/* Every salt size that fits, and the longest; against OpenSSL. */
Test(rsa_ops, pss_salts_of_every_size)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	EVP_PKEY *half = rsa_public_key(key);
	uint8_t digest[64], output[256];

	rsa_random(digest, sizeof(digest), 5);
	for (uint32_t salt = 0; salt <= 222; salt += 37) {
		struct glacis_rsa_op op;
		rsa_fill_op(&op, key, GLACIS_RSA_SIGN_PSS, digest, 32, output);
		op.hash = GLACIS_RSA_SHA256;
		op.salt_size = salt;
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
		cr_assert(rsa_reference_verify(half, EVP_sha256(), (int)salt, digest, 32, output, 256), "salt %u",
			  salt);
	}
	EVP_PKEY_free(half);
	glacis_rsa_key_destroy(key);
}

static size_t encrypt(EVP_PKEY *key, int padding, const EVP_MD *digest, const uint8_t *message, size_t size,
		      uint8_t *output)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	size_t written = GLACIS_RSA_BYTES_MAX;
	cr_assert_gt(EVP_PKEY_encrypt_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, padding), 0);
	if (padding == RSA_PKCS1_OAEP_PADDING) {
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_oaep_md(context, digest), 0);
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest), 0);
	}
	cr_assert_gt(EVP_PKEY_encrypt(context, output, &written, message, size), 0);
	EVP_PKEY_CTX_free(context);
	return written;
}

Test(rsa_ops, decrypts_what_openssl_encrypts)
{
	static const char *const names[] = { "key2048.pem", "key3072.pem", "key4096.pem" };

	for (unsigned i = 0; i < 24; i++) {
		struct glacis_rsa_key *key = rsa_import(&bed, names[i % 3]);
		EVP_PKEY *half = rsa_public_key(key);
		uint8_t message[48], sealed[GLACIS_RSA_BYTES_MAX], output[GLACIS_RSA_BYTES_MAX];
		struct glacis_rsa_op op;
		bool oaep = i % 2 != 0;
		unsigned hash = i / 2 % RSA_TEST_HASHES;

		rsa_bed_set_break_even(&bed, i < 12 ? 1 : 9);
		rsa_random(message, sizeof(message), i);
		size_t size = encrypt(half, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING, rsa_hashes[hash].digest(),
				      message, i * 2, sealed);
		rsa_fill_op(&op, key, oaep ? GLACIS_RSA_DECRYPT_OAEP : GLACIS_RSA_DECRYPT_PKCS1, sealed, (uint32_t)size,
			    output);
		op.hash = (uint8_t)rsa_hashes[hash].hash;
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
		cr_assert_eq(op.output_size, i * 2);
		cr_assert_arr_eq(output, message, i * 2);
		EVP_PKEY_free(half);
		glacis_rsa_key_destroy(key);
	}
}

/* A wrong padding gives no error, always the same message, and another one for another ciphertext. */
Test(rsa_ops, implicit_rejection_is_bound_to_the_ciphertext)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	uint8_t sealed[256], first[256], second[256];
	struct glacis_rsa_op op;
	unsigned differ = 0;

	for (unsigned i = 0; i < 16; i++) {
		rsa_random(sealed, sizeof(sealed), i);
		sealed[0] = 0;
		rsa_fill_op(&op, key, GLACIS_RSA_DECRYPT_PKCS1, sealed, sizeof(sealed), first);
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
		uint32_t size = op.output_size;
		cr_assert_leq(size, 245u);
		rsa_bed_set_break_even(&bed, i % 2 == 0 ? 1 : 9);
		rsa_fill_op(&op, key, GLACIS_RSA_DECRYPT_PKCS1, sealed, sizeof(sealed), second);
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
		cr_assert_eq(op.output_size, size);
		cr_assert_arr_eq(first, second, sizeof(first));
		sealed[255] ^= 1;
		rsa_fill_op(&op, key, GLACIS_RSA_DECRYPT_PKCS1, sealed, sizeof(sealed), second);
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
		differ += op.output_size != size || memcmp(first, second, size) != 0;
	}
	cr_assert_eq(differ, 16u);
	glacis_rsa_key_destroy(key);
}

Test(rsa_ops, output_may_be_the_input)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "key3072.pem");
	EVP_PKEY *reference = rsa_reference_key("key3072.pem");
	uint8_t input[384], expected[384];
	struct glacis_rsa_op op;

	rsa_random(input, sizeof(input), 3);
	input[0] = 0;
	rsa_reference_private(reference, input, sizeof(input), expected);
	rsa_fill_op(&op, key, GLACIS_RSA_PRIVATE_RAW, input, sizeof(input), input);
	cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
	cr_assert_arr_eq(input, expected, sizeof(input));
	EVP_PKEY_free(reference);
	glacis_rsa_key_destroy(key);
}

Test(rsa_ops, works_without_lanes)
{
	struct rsa_bed plain;
	uint8_t digest[32] = { 1 }, output[256];
	struct glacis_rsa_op op;

	rsa_bed_open_without_lanes(&plain);
	struct glacis_rsa_key *key = rsa_import(&plain, "key2048.pem");
	EVP_PKEY *half = rsa_public_key(key);
	rsa_fill_op(&op, key, GLACIS_RSA_SIGN_PKCS1, digest, 32, output);
	op.hash = GLACIS_RSA_SHA256;
	cr_assert_eq(rsa_run_one(&plain, &op), GLACIS_STATUS_OK);
	cr_assert_eq(op.lane, GLACIS_RSA_LANE_OPENSSL);
	cr_assert(rsa_reference_verify(half, EVP_sha256(), -1, digest, 32, output, 256));
	cr_assert_eq(rsa_counters_of(&plain).openssl, 1u);
	EVP_PKEY_free(half);
	glacis_rsa_key_destroy(key);
	rsa_bed_close(&plain);
}
