/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys: made of checked numbers, tried once, shared by any number of queues; see rsa_key.h.
 *
 * A key whose p or q is not prime passes all checks of its numbers and still gives wrong results; so
 * each import makes one private operation and checks it with the public exponent.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Init and the like */

#include "rsa_key.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "card_rsa.h"
#include "engine.h"
#include "rsa_import.h"
#include "rsa_openssl.h"
#include "rsa_padding.h"

/* Where the lanes' numbers start in the region. */
#define LANE_MEMORY_OFFSET ((sizeof(struct rsa_key_secrets) + 63) / 64 * 64)

/* The numbers as byte strings; wiped as a whole. */
struct key_bytes {
	uint8_t d[GLACIS_RSA_BYTES_MAX];
	uint8_t p[GLACIS_RSA_BYTES_MAX / 2], q[GLACIS_RSA_BYTES_MAX / 2];
	uint8_t dp[GLACIS_RSA_BYTES_MAX / 2], dq[GLACIS_RSA_BYTES_MAX / 2], qinv[GLACIS_RSA_BYTES_MAX / 2];
};

static bool write_numbers(const struct glacis_rsa_key *key, const struct rsa_numbers *numbers, struct key_bytes *bytes)
{
	int whole = (int)key->bytes, half = whole / 2;

	return BN_bn2binpad(numbers->d, bytes->d, whole) == whole && BN_bn2binpad(numbers->p, bytes->p, half) == half &&
	       BN_bn2binpad(numbers->q, bytes->q, half) == half && BN_bn2binpad(numbers->dp, bytes->dp, half) == half &&
	       BN_bn2binpad(numbers->dq, bytes->dq, half) == half &&
	       BN_bn2binpad(numbers->qinv, bytes->qinv, half) == half;
}

/* SHA256() would fetch the digest under a lock, which a child of fork() may find taken for ever. */
static void hash(const uint8_t *bytes, size_t size, uint8_t output[SHA256_DIGEST_LENGTH])
{
	SHA256_CTX context;

	(void)SHA256_Init(&context);
	(void)SHA256_Update(&context, bytes, size);
	(void)SHA256_Final(output, &context);
	OPENSSL_cleanse(&context, sizeof(context));
}

static int fill_secrets(struct glacis_rsa_key *key, const struct rsa_numbers *numbers)
{
	struct secure_memory *memory = &key->engine->memory;
	const struct rsa_lanes *lanes = key->engine->rsa.lanes;
	size_t lane_bytes = lanes != NULL ? rsa_lane_key_bytes(key->bits) : 0;
	struct secure_region scratch;
	int error = secure_memory_map(memory, LANE_MEMORY_OFFSET + lane_bytes, &key->region);

	if (error != 0)
		return error;
	key->secrets = key->region.base;
	error = secure_memory_map(memory, sizeof(struct key_bytes), &scratch);
	if (error != 0)
		return error;
	struct key_bytes *bytes = scratch.base;
	if (!write_numbers(key, numbers, bytes)) {
		error = -ENOMEM;
	} else {
		hash(bytes->d, key->bytes, key->secrets->rejection_key);
		if (lanes != NULL)
			error = rsa_lane_key_fill(&key->secrets->lane, (uint8_t *)key->region.base + LANE_MEMORY_OFFSET,
						  key->bits, key->n, bytes->p, bytes->q, bytes->dp, bytes->dq,
						  bytes->qinv, key->e);
	}
	explicit_bzero(scratch.base, scratch.size);
	secure_memory_unmap(memory, &scratch);
	return error;
}

static int fill_public(struct glacis_rsa_key *key, const struct rsa_numbers *numbers)
{
	uint8_t e[8], *der = key->public_der;
	BN_CTX *context = BN_CTX_new();
	int error = -ENOMEM;

	key->bits = (uint32_t)BN_num_bits(numbers->n);
	key->bytes = key->bits / 8;
	key->size_index = (uint8_t)rsa_size_index(key->bits);
	if (context == NULL || BN_bn2binpad(numbers->n, key->n, (int)key->bytes) < 0 ||
	    BN_bn2binpad(numbers->e, e, sizeof(e)) < 0)
		goto clean_up;
	for (unsigned i = 0; i < sizeof(e); i++)
		key->e = key->e << 8 | e[i];
	key->n_number = BN_dup(numbers->n);
	key->e_number = BN_dup(numbers->e);
	key->montgomery = BN_MONT_CTX_new();
	key->public_half = rsa_padding_key(numbers->n, numbers->e);
	if (key->n_number == NULL || key->e_number == NULL || key->public_half == NULL || key->montgomery == NULL ||
	    !BN_MONT_CTX_set(key->montgomery, key->n_number, context))
		goto clean_up;
	key->public_size = i2d_PUBKEY(key->pair, NULL);
	if (key->public_size <= 0 || key->public_size > (int)sizeof(key->public_der))
		goto clean_up;
	key->public_size = i2d_PUBKEY(key->pair, &der);
	error = key->public_size > 0 ? 0 : -ENOMEM;
clean_up:
	BN_CTX_free(context);
	return error;
}

/* One private operation by OpenSSL, undone with the public exponent. */
static int try_key(const struct glacis_rsa_key *key, const struct rsa_reason *why)
{
	uint8_t start[GLACIS_RSA_BYTES_MAX], result[GLACIS_RSA_BYTES_MAX], end[GLACIS_RSA_BYTES_MAX];
	struct rsa_calculator calculator;
	EVP_PKEY_CTX *context;
	int error = rsa_calculator_init(&calculator);

	if (error != 0)
		return error;
	/* Below the modulus, whose highest bit is set. */
	for (unsigned i = 0; i < key->bytes; i++)
		start[i] = (uint8_t)(i + 2);
	context = rsa_openssl_context(key);
	error = -ENOMEM;
	if (context == NULL)
		goto clean_up;
	if (rsa_openssl_private(key, context, start, result) != 0 ||
	    rsa_openssl_public(key, &calculator, result, end) != 0 || memcmp(start, end, key->bytes) != 0)
		error = rsa_refuse(why, -EINVAL, "the key does not work: p or q is not prime");
	else
		error = 0;
clean_up:
	OPENSSL_cleanse(result, sizeof(result));
	EVP_PKEY_CTX_free(context);
	rsa_calculator_fini(&calculator);
	return error;
}

static void enter_list(struct glacis_rsa_key *key)
{
	struct rsa_engine *rsa = &key->engine->rsa;

	key->next = rsa->keys;
	if (rsa->keys != NULL)
		rsa->keys->previous = key;
	rsa->keys = key;
}

static void leave_list(struct glacis_rsa_key *key)
{
	if (key->previous != NULL)
		key->previous->next = key->next;
	else
		key->engine->rsa.keys = key->next;
	if (key->next != NULL)
		key->next->previous = key->previous;
}

static void free_key(struct glacis_rsa_key *key)
{
	bool foreign = engine_is_foreign(key->engine);

	card_rsa_key_unload(key);
	/* In a child the kernel has zeroed the region already, and its bookkeeping is the parent's. */
	if (key->region.base != NULL && !foreign)
		explicit_bzero(key->region.base, key->region.size);
	secure_memory_unmap(&key->engine->memory, &key->region);
	EVP_PKEY_free(key->pair);
	rsa_padding_key_free(key->public_half);
	BN_MONT_CTX_free(key->montgomery);
	BN_free(key->n_number);
	BN_free(key->e_number);
	free(key);
}

/* Everything after decoding. Takes `pair`. */
static int build(struct glacis_engine *engine, EVP_PKEY *pair, const struct rsa_reason *why,
		 struct glacis_rsa_key **key)
{
	struct rsa_numbers numbers;
	struct glacis_rsa_key *built = calloc(1, sizeof(*built));

	if (built == NULL) {
		EVP_PKEY_free(pair);
		return -ENOMEM;
	}
	built->engine = engine;
	built->pair = pair;
	int error = rsa_numbers_load(&numbers, pair, why);
	if (error != 0)
		goto fail;
	error = fill_public(built, &numbers);
	/* Before the lanes see the numbers: OpenSSL survives primes that are none. */
	if (error == 0)
		error = try_key(built, why);
	if (error == 0)
		error = fill_secrets(built, &numbers);
	rsa_numbers_free(&numbers);
	if (error != 0)
		goto fail;
	*key = built;
	return 0;
fail:
	free_key(built);
	return error;
}

static int import(struct glacis_engine *engine, const uint8_t *bytes, size_t size, glacis_rsa_passphrase passphrase,
		  void *context, const struct rsa_reason *why, struct glacis_rsa_key **key)
{
	struct rsa_engine *rsa = &engine->rsa;
	EVP_PKEY *pair = NULL;

	pthread_mutex_lock(&rsa->lock);
	int error = rsa_engine_load(rsa);
	pthread_mutex_unlock(&rsa->lock);
	if (error == 0)
		error = rsa_decode(rsa->library, bytes, size, passphrase, context, why, &pair);
	if (error == 0)
		error = build(engine, pair, why, key);
	if (error != 0)
		return error;
	pthread_mutex_lock(&rsa->lock);
	error = rsa_engine_measure(engine, *key);
	if (error == 0)
		enter_list(*key);
	pthread_mutex_unlock(&rsa->lock);
	if (error != 0)
		free_key(*key);
	else
		card_rsa_key_load(*key);
	return error;
}

int glacis_rsa_key_import(struct glacis_engine *engine, const uint8_t *bytes, size_t size,
			  glacis_rsa_passphrase passphrase, void *context, struct glacis_rsa_key **key, char *why,
			  size_t why_size)
{
	const struct rsa_reason reason = { .text = why, .size = why_size };

	if (why != NULL && why_size > 0)
		why[0] = '\0';
	if (engine_is_foreign(engine))
		return rsa_refuse(&reason, -ECHILD, "the engine belongs to the parent process");
	int error = import(engine, bytes, size, passphrase, context, &reason, key);
	if (error == -ENOMEM)
		rsa_refuse(&reason, error, "out of memory");
	else if (error == -EPERM)
		rsa_refuse(&reason, error, "memory for the key cannot be locked: raise RLIMIT_MEMLOCK (ulimit -l)");
	else if (error == -EIO)
		rsa_refuse(&reason, error, "OpenSSL failed in a trial with the key");
	return error;
}

struct rsa_use *rsa_key_use(const struct glacis_rsa_key *key, unsigned queue_index)
{
	/* Keys are const to those who submit; what a queue keeps of one is the library's. */
	struct rsa_use **slot = (struct rsa_use **)(uintptr_t)&key->uses[queue_index];

	if (__builtin_expect(*slot != NULL, 1))
		return *slot;
	struct rsa_use *use = calloc(1, sizeof(*use));
	if (use == NULL)
		return NULL;
	use->private_raw = rsa_openssl_context(key);
	if (use->private_raw == NULL)
		goto free_use;
	if (key->engine->rsa.lanes != NULL && rsa_blinding_init(&use->blinding, &key->engine->memory, key->bytes) != 0)
		goto free_context;
	*slot = use;
	return use;
free_context:
	EVP_PKEY_CTX_free(use->private_raw);
free_use:
	free(use);
	return NULL;
}

void rsa_key_drop_use(struct glacis_rsa_key *key, unsigned queue_index)
{
	struct rsa_use *use = key->uses[queue_index];

	if (use == NULL)
		return;
	assert(use->inflight == 0 || engine_is_foreign(key->engine));
	EVP_PKEY_CTX_free(use->private_raw);
	rsa_blinding_fini(&use->blinding, &key->engine->memory);
	free(use);
	key->uses[queue_index] = NULL;
}

void glacis_rsa_key_destroy(struct glacis_rsa_key *key)
{
	if (key == NULL)
		return;
	struct rsa_engine *rsa = &key->engine->rsa;
	/* In a child the lock may be held by a thread that does not exist there. */
	bool foreign = engine_is_foreign(key->engine);
	if (!foreign)
		pthread_mutex_lock(&rsa->lock);
	for (unsigned i = 0; i < RSA_QUEUES_MAX; i++)
		rsa_key_drop_use(key, i);
	leave_list(key);
	if (!foreign)
		pthread_mutex_unlock(&rsa->lock);
	free_key(key);
}

uint32_t glacis_rsa_key_bits(const struct glacis_rsa_key *key)
{
	return key->bits;
}

int glacis_rsa_key_public(const struct glacis_rsa_key *key, uint8_t *buffer, size_t size)
{
	if (size < (size_t)key->public_size)
		return -ENOSPC;
	memcpy(buffer, key->public_der, (size_t)key->public_size);
	return key->public_size;
}
