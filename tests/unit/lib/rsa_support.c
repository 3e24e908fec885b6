/* SPDX-License-Identifier: Apache-2.0 */
/* See rsa_support.h. */
#include "rsa_support.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "engine.h"

#define BATCH_MAX 64u

const struct rsa_test_hash rsa_hashes[RSA_TEST_HASHES] = {
	{ "SHA1", GLACIS_RSA_SHA1, EVP_sha1 },
	{ "SHA256", GLACIS_RSA_SHA256, EVP_sha256 },
	{ "SHA384", GLACIS_RSA_SHA384, EVP_sha384 },
	{ "SHA512", GLACIS_RSA_SHA512, EVP_sha512 },
};

void rsa_bed_open(struct rsa_bed *bed, const struct glacis_queue_options *options)
{
	cr_assert_eq(glacis_engine_create(NULL, &bed->engine), 0);
	cr_assert_eq(glacis_queue_create(bed->engine, options, &bed->queue), 0);
}

void rsa_bed_open_without_lanes(struct rsa_bed *bed)
{
	cr_assert_eq(glacis_engine_create(NULL, &bed->engine), 0);
	bed->engine->rsa.lanes = NULL;
	cr_assert_eq(glacis_queue_create(bed->engine, NULL, &bed->queue), 0);
}

void rsa_bed_close(struct rsa_bed *bed)
{
	glacis_queue_destroy(bed->queue);
	glacis_engine_destroy(bed->engine);
}

bool rsa_bed_has_lanes(const struct rsa_bed *bed)
{
	return bed->engine->rsa.lanes != NULL;
}

void rsa_bed_set_break_even(struct rsa_bed *bed, unsigned count)
{
	for (unsigned size = 0; size < RSA_SIZES; size++)
		for (unsigned work = 0; work < RSA_WORKS; work++)
			atomic_store(&bed->engine->rsa.break_even[size][work], (uint8_t)count);
}

static FILE *open_vector(const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/rsa/%s", VECTORS_DIR, name);
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "cannot open %s", path);
	return file;
}

size_t rsa_read_file(const char *name, uint8_t bytes[RSA_FILE_MAX])
{
	FILE *file = open_vector(name);
	size_t size = fread(bytes, 1, RSA_FILE_MAX, file);
	fclose(file);
	cr_assert(size > 0 && size < RSA_FILE_MAX, "%s has %zu bytes", name, size);
	return size;
}

struct glacis_rsa_key *rsa_import_bytes(struct rsa_bed *bed, const uint8_t *bytes, size_t size)
{
	struct glacis_rsa_key *key;
	char why[256];
	int error = glacis_rsa_key_import(bed->engine, bytes, size, NULL, NULL, &key, why, sizeof(why));
	cr_assert_eq(error, 0, "%d: %s", error, why);
	return key;
}

struct glacis_rsa_key *rsa_import(struct rsa_bed *bed, const char *name)
{
	uint8_t bytes[RSA_FILE_MAX];
	return rsa_import_bytes(bed, bytes, rsa_read_file(name, bytes));
}

EVP_PKEY *rsa_reference_key(const char *name)
{
	FILE *file = open_vector(name);
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	cr_assert_not_null(key);
	return key;
}

EVP_PKEY *rsa_public_key(const struct glacis_rsa_key *key)
{
	uint8_t der[1024];
	const uint8_t *at = der;
	int size = glacis_rsa_key_public(key, der, sizeof(der));
	cr_assert_gt(size, 0);
	EVP_PKEY *decoded = d2i_PUBKEY(NULL, &at, size);
	cr_assert_not_null(decoded);
	return decoded;
}

void rsa_fill_op(struct glacis_rsa_op *op, const struct glacis_rsa_key *key, enum glacis_rsa_kind kind,
		 const uint8_t *input, uint32_t size, uint8_t *output)
{
	*op = (struct glacis_rsa_op){
		.key = key,
		.kind = (uint8_t)kind,
		.input = input,
		.input_size = size,
		.output = output,
	};
}

void rsa_run(struct rsa_bed *bed, struct glacis_rsa_op *ops, unsigned count)
{
	struct glacis_rsa_op *pointers[BATCH_MAX];
	struct glacis_op *done[BATCH_MAX];

	cr_assert_leq(count, BATCH_MAX);
	for (unsigned i = 0; i < count; i++)
		pointers[i] = &ops[i];
	cr_assert_eq(glacis_rsa_submit(bed->queue, pointers, count), (int)count);
	glacis_queue_flush(bed->queue);
	for (unsigned left = count, completed; left > 0; left -= completed) {
		completed = glacis_queue_poll(bed->queue, done, BATCH_MAX);
		cr_assert(completed > 0 && completed <= left);
	}
	cr_assert_eq(glacis_queue_inflight(bed->queue), 0u);
}

enum glacis_status rsa_run_one(struct rsa_bed *bed, struct glacis_rsa_op *op)
{
	rsa_run(bed, op, 1);
	return (enum glacis_status)op->op.status;
}

void rsa_reference_public(EVP_PKEY *key, const uint8_t *input, size_t size, uint8_t *output)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	size_t written = size;
	cr_assert_gt(EVP_PKEY_encrypt_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 0);
	cr_assert_gt(EVP_PKEY_encrypt(context, output, &written, input, size), 0);
	EVP_PKEY_CTX_free(context);
}

void rsa_reference_private(EVP_PKEY *key, const uint8_t *input, size_t size, uint8_t *output)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	size_t written = size;
	cr_assert_gt(EVP_PKEY_decrypt_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 0);
	cr_assert_gt(EVP_PKEY_decrypt(context, output, &written, input, size), 0);
	EVP_PKEY_CTX_free(context);
}

bool rsa_reference_verify(EVP_PKEY *key, const EVP_MD *digest, int salt_size, const uint8_t *hash, size_t hash_size,
			  const uint8_t *signature, size_t size)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	cr_assert_gt(EVP_PKEY_verify_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, salt_size < 0 ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING),
		     0);
	cr_assert_gt(EVP_PKEY_CTX_set_signature_md(context, digest), 0);
	if (salt_size >= 0)
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_size), 0);
	int verdict = EVP_PKEY_verify(context, signature, size, hash, hash_size);
	EVP_PKEY_CTX_free(context);
	return verdict == 1;
}

void rsa_random(uint8_t *bytes, size_t size, uint64_t seed)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
	for (size_t i = 0; i < size; i++) {
		/* xorshift64* */
		state ^= state >> 12;
		state ^= state << 25;
		state ^= state >> 27;
		bytes[i] = (uint8_t)(state * 0x2545f4914f6cdd1du >> 56);
	}
}

struct glacis_rsa_counters rsa_counters_of(const struct rsa_bed *bed)
{
	struct glacis_rsa_counters counters;
	glacis_rsa_counters(bed->queue, &counters);
	return counters;
}
