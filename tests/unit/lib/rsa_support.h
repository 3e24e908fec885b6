/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of RSA share: an engine with a queue, the test keys of tests/vectors/rsa, one
 * operation from submit to poll, and OpenSSL as the reference. Every helper asserts.
 */
#ifndef RSA_SUPPORT_H
#define RSA_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include <glacis/glacis.h>

#define RSA_FILE_MAX 8192u

/* Every hash, as ours and as OpenSSL's. */
#define RSA_TEST_HASHES 4u
extern const struct rsa_test_hash {
	const char *name;
	enum glacis_rsa_hash hash;
	const EVP_MD *(*digest)(void);
} rsa_hashes[RSA_TEST_HASHES];

struct rsa_bed {
	struct glacis_engine *engine;
	struct glacis_queue *queue;
};

void rsa_bed_open(struct rsa_bed *bed, const struct glacis_queue_options *options);
void rsa_bed_close(struct rsa_bed *bed);
/* As rsa_bed_open, on OpenSSL alone. */
void rsa_bed_open_without_lanes(struct rsa_bed *bed);
/* False where the processor has no lanes; then says so. */
bool rsa_bed_has_lanes(const struct rsa_bed *bed);
/* Makes lanes run from `count` operations on, for all sizes and kinds of work. */
void rsa_bed_set_break_even(struct rsa_bed *bed, unsigned count);

/* Reads tests/vectors/rsa/NAME into `bytes`; returns its size. */
size_t rsa_read_file(const char *name, uint8_t bytes[RSA_FILE_MAX]);
/* Imports tests/vectors/rsa/NAME. */
struct glacis_rsa_key *rsa_import(struct rsa_bed *bed, const char *name);
struct glacis_rsa_key *rsa_import_bytes(struct rsa_bed *bed, const uint8_t *bytes, size_t size);
/* The same key, decoded by OpenSSL. */
EVP_PKEY *rsa_reference_key(const char *name);
/* The public half, out of glacis_rsa_key_public. */
EVP_PKEY *rsa_public_key(const struct glacis_rsa_key *key);

/* An operation with everything set but salt_size and hash. */
void rsa_fill_op(struct glacis_rsa_op *op, const struct glacis_rsa_key *key, enum glacis_rsa_kind kind,
		 const uint8_t *input, uint32_t size, uint8_t *output);
/* Submits `count` operations that must be accepted, flushes, and polls them all. */
void rsa_run(struct rsa_bed *bed, struct glacis_rsa_op *ops, unsigned count);
/* One operation; its status. */
enum glacis_status rsa_run_one(struct rsa_bed *bed, struct glacis_rsa_op *op);

/* input^e mod n by OpenSSL. */
void rsa_reference_public(EVP_PKEY *key, const uint8_t *input, size_t size, uint8_t *output);
/* input^d mod n by OpenSSL. */
void rsa_reference_private(EVP_PKEY *key, const uint8_t *input, size_t size, uint8_t *output);
/* Whether OpenSSL accepts a signature; `salt_size` below 0: PKCS#1 v1.5. */
bool rsa_reference_verify(EVP_PKEY *key, const EVP_MD *digest, int salt_size, const uint8_t *hash, size_t hash_size,
			  const uint8_t *signature, size_t size);

/* Bytes that look random and are a function of `seed`. */
void rsa_random(uint8_t *bytes, size_t size, uint64_t seed);

struct glacis_rsa_counters rsa_counters_of(const struct rsa_bed *bed);

#endif
