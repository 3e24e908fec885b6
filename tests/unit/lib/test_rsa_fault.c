/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults: lanes that compute wrong results, in each lane and in all of them, at run time and in the
 * trial at import; OpenSSL computing wrong ones. No wrong result may leave the library. The lanes'
 * table is exchanged here for one that spoils results of the real one.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "engine.h"
#include "rsa_key.h"
#include "rsa_support.h"

static struct rsa_bed bed;
static unsigned spoilt_lanes; /* as bits */
static unsigned spoilt_byte;

static void spoil(uint8_t *const out[RSA_LANES])
{
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		if (out[lane] != NULL && (spoilt_lanes >> lane & 1) != 0)
			out[lane][spoilt_byte] ^= 1;
}

static void spoilt_private(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const in[RSA_LANES],
			   uint8_t *const out[RSA_LANES])
{
	rsa_lanes_ifma.private_x8(keys, in, out);
	spoil(out);
}

static struct rsa_lanes spoilt_table;

static void open_bed(void)
{
	rsa_bed_open(&bed, NULL);
	spoilt_lanes = 0;
	spoilt_byte = 17;
	if (bed.engine->rsa.lanes == NULL)
		return;
	spoilt_table = rsa_lanes_ifma;
	spoilt_table.private_x8 = spoilt_private;
	bed.engine->rsa.lanes = &spoilt_table;
}

static void close_bed(void)
{
	rsa_bed_close(&bed);
}

TestSuite(rsa_fault, .init = open_bed, .fini = close_bed);

static void sign_eight(const struct glacis_rsa_key *key, EVP_PKEY *half, unsigned wrong)
{
	struct glacis_rsa_op ops[8];
	uint8_t digest[8][32], output[8][GLACIS_RSA_BYTES_MAX];

	for (unsigned i = 0; i < 8; i++) {
		rsa_random(digest[i], 32, i + spoilt_lanes);
		rsa_fill_op(&ops[i], key, GLACIS_RSA_SIGN_PKCS1, digest[i], 32, output[i]);
		ops[i].hash = GLACIS_RSA_SHA256;
	}
	uint64_t before = rsa_counters_of(&bed).check_failed;
	rsa_run(&bed, ops, 8);
	for (unsigned i = 0; i < 8; i++) {
		bool spoilt = (spoilt_lanes >> i & 1) != 0;
		cr_assert_eq(ops[i].op.status, GLACIS_STATUS_OK);
		cr_assert_eq(ops[i].lane, spoilt ? GLACIS_RSA_LANE_OPENSSL : GLACIS_RSA_LANE_BATCH);
		cr_assert(rsa_reference_verify(half, EVP_sha256(), -1, digest[i], 32, output[i], ops[i].output_size));
	}
	cr_assert_eq(rsa_counters_of(&bed).check_failed - before, wrong);
}

Test(rsa_fault, a_wrong_lane_is_computed_again)
{
	static const char *const names[] = { "key2048.pem", "key3072.pem", "key4096.pem" };

	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	for (unsigned i = 0; i < 3; i++) {
		struct glacis_rsa_key *key = rsa_import(&bed, names[i]);
		EVP_PKEY *half = rsa_public_key(key);
		rsa_bed_set_break_even(&bed, 1);
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			spoilt_lanes = 1u << lane;
			spoilt_byte = lane * 31;
			sign_eight(key, half, 1);
		}
		spoilt_lanes = 0xff;
		sign_eight(key, half, 8);
		spoilt_lanes = 0;
		sign_eight(key, half, 0);
		EVP_PKEY_free(half);
		glacis_rsa_key_destroy(key);
	}
}

/* Lanes that are wrong from the start are found out with the first key and never used for its size. */
Test(rsa_fault, lanes_that_differ_from_openssl_are_not_used)
{
	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	spoilt_lanes = 1u << 7;
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	EVP_PKEY *half = rsa_public_key(key);
	struct glacis_rsa_op op;
	uint8_t digest[32] = { 0 }, output[256];

	for (unsigned i = 0; i < 8; i++) {
		rsa_fill_op(&op, key, GLACIS_RSA_SIGN_PKCS1, digest, 32, output);
		op.hash = GLACIS_RSA_SHA256;
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
		cr_assert(rsa_reference_verify(half, EVP_sha256(), -1, digest, 32, output, 256));
	}
	cr_assert_eq(rsa_counters_of(&bed).batches, 0u);
	EVP_PKEY_free(half);
	glacis_rsa_key_destroy(key);
}

/* OpenSSL is given another pair of the same size: its results are wrong, and nothing is released. */
Test(rsa_fault, nothing_leaves_when_openssl_is_wrong_too)
{
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem"), *other = rsa_import(&bed, "other2048.pem");
	uint8_t digest[32] = { 3 }, output[256], untouched[256];
	struct glacis_rsa_op op;
	EVP_PKEY *pair = key->pair;

	key->pair = other->pair;
	memset(untouched, 0xaa, sizeof(untouched));
	for (unsigned i = 0; i < 4; i++) {
		rsa_bed_set_break_even(&bed, i % 2 == 0 ? 9 : 1);
		spoilt_lanes = 1;
		memset(output, 0xaa, sizeof(output));
		rsa_fill_op(&op, key, i < 2 ? GLACIS_RSA_SIGN_PKCS1 : GLACIS_RSA_PRIVATE_RAW, digest, 32, output);
		if (i >= 2) {
			memset(untouched, 0, sizeof(untouched));
			memset(output, 0, sizeof(output));
			op.input = untouched;
			op.input_size = 256;
			untouched[255] = 2;
			output[255] = 2;
		}
		op.hash = GLACIS_RSA_SHA256;
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_FAILED);
		cr_assert_eq(op.output_size, 0u);
		cr_assert_arr_eq(output, untouched, sizeof(output));
	}
	cr_assert_geq(rsa_counters_of(&bed).check_failed, 4u);
	key->pair = pair;
	glacis_rsa_key_destroy(key);
	glacis_rsa_key_destroy(other);
}

static unsigned multiplications;
static uint8_t seen[64][GLACIS_RSA_BYTES_MAX];
static unsigned seen_count;

/* Records each factor: of four calls in a batch the first one blinds. */
static void watched_multiply(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const a[RSA_LANES],
			     const uint8_t *const b[RSA_LANES], uint8_t *const out[RSA_LANES])
{
	if (multiplications++ % 4 == 0)
		for (unsigned lane = 0; lane < RSA_LANES && seen_count < 64; lane++)
			if (keys[lane] != NULL)
				memcpy(seen[seen_count++], b[lane], 256);
	rsa_lanes_ifma.multiply_x8(keys, a, b, out);
}

/* 64 operations pass the bound of 32 uses: no two are blinded alike, and none by one. */
Test(rsa_fault, no_blinding_is_used_twice)
{
	if (!rsa_bed_has_lanes(&bed))
		cr_skip_test("this processor has no AVX512-IFMA");
	struct glacis_rsa_key *key = rsa_import(&bed, "key2048.pem");
	EVP_PKEY *half = rsa_public_key(key);
	static const uint8_t zeros[255];

	rsa_bed_set_break_even(&bed, 1);
	spoilt_table.multiply_x8 = watched_multiply;
	multiplications = seen_count = 0;
	for (unsigned i = 0; i < 8; i++)
		sign_eight(key, half, 0);
	cr_assert_eq(seen_count, 64u);
	for (unsigned i = 0; i < 64; i++) {
		cr_assert_neq(memcmp(seen[i] + 1, zeros, 255), 0, "operation %u was not blinded", i);
		for (unsigned j = 0; j < i; j++)
			cr_assert_neq(memcmp(seen[i], seen[j], 256), 0, "operations %u and %u were blinded alike", j,
				      i);
	}
	EVP_PKEY_free(half);
	glacis_rsa_key_destroy(key);
}
