/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA's part of the engine: the choice of lanes, their trial against OpenSSL and the break-even, and
 * the numbers of the queues; see rsa_engine.h.
 */
#include "rsa_engine.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "engine.h"
#include "rsa_key.h"
#include "rsa_openssl.h"

/* Each side is timed so often, by size, and its best time counts: others may be using the core. */
static const unsigned trials[RSA_SIZES] = { 4, 3, 2 };

int rsa_size_index(uint32_t bits)
{
	switch (bits) {
	case 2048:
		return 0;
	case 3072:
		return 1;
	case 4096:
		return 2;
	default:
		return -1;
	}
}

int rsa_engine_init(struct rsa_engine *engine)
{
	int error = -pthread_mutex_init(&engine->lock, NULL);

	if (error != 0)
		return error;
	engine->lanes = rsa_lanes_ifma.usable() ? &rsa_lanes_ifma : NULL;
	if (engine->lanes != NULL)
		snprintf(engine->name, sizeof(engine->name), "%s, %u lanes", engine->lanes->name, RSA_LANES);
	else
		snprintf(engine->name, sizeof(engine->name), "OpenSSL %s: no %s",
			 OpenSSL_version(OPENSSL_VERSION_STRING), rsa_lanes_ifma.name);
	return 0;
}

void rsa_engine_fini(struct rsa_engine *engine)
{
	for (unsigned i = 0; i < RSA_HASHES; i++)
		EVP_MD_free(engine->digests[i]);
	OSSL_LIB_CTX_free(engine->library);
	pthread_mutex_destroy(&engine->lock);
}

int rsa_engine_load(struct rsa_engine *engine)
{
	static const char *const names[RSA_HASHES] = {
		[GLACIS_RSA_SHA1] = "SHA1",
		[GLACIS_RSA_SHA256] = "SHA2-256",
		[GLACIS_RSA_SHA384] = "SHA2-384",
		[GLACIS_RSA_SHA512] = "SHA2-512",
	};

	if (engine->library == NULL)
		engine->library = OSSL_LIB_CTX_new();
	if (engine->library == NULL)
		return -ENOMEM;
	for (unsigned i = GLACIS_RSA_SHA1; i < RSA_HASHES; i++) {
		if (engine->digests[i] == NULL)
			engine->digests[i] = EVP_MD_fetch(engine->library, names[i], NULL);
		if (engine->digests[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* Of this thread's processor time: when others are using the core, both sides are late alike. */
static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* A trial's numbers: random inputs, and what came of them. Little-endian unless said otherwise. */
struct trial {
	const struct rsa_lane_key *keys[RSA_LANES];
	const uint8_t *in[RSA_LANES];
	uint8_t *out[RSA_LANES];
	uint8_t input[RSA_LANES][GLACIS_RSA_BYTES_MAX], output[RSA_LANES][GLACIS_RSA_BYTES_MAX];
	uint8_t input_big[GLACIS_RSA_BYTES_MAX], output_big[GLACIS_RSA_BYTES_MAX];
	struct rsa_calculator calculator;
	EVP_PKEY_CTX *context;
};

static void reverse(uint8_t *to, const uint8_t *from, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
}

/* The same number in every lane but for one byte. Below any modulus, whose highest bit is set. */
static void prepare_trial(struct trial *trial, const struct glacis_rsa_key *key)
{
	for (unsigned lane = 0; lane < RSA_LANES; lane++) {
		for (uint32_t i = 0; i < key->bytes; i++)
			trial->input[lane][i] = (uint8_t)(i * 37 + 11);
		trial->input[lane][key->bytes - 1] = 0x5a;
		trial->input[lane][0] = (uint8_t)lane;
		trial->keys[lane] = &key->secrets->lane;
		trial->in[lane] = trial->input[lane];
		trial->out[lane] = trial->output[lane];
	}
}

static double time_lanes(struct trial *trial, const struct rsa_lanes *lanes, enum rsa_work work)
{
	double start = now_us();

	if (work == RSA_WORK_PRIVATE)
		lanes->private_x8(trial->keys, trial->in, trial->out);
	else
		lanes->public_x8(trial->keys, trial->in, trial->out);
	return now_us() - start;
}

/* OpenSSL on one lane's input; negative when it failed. */
static double time_openssl(struct trial *trial, const struct glacis_rsa_key *key, enum rsa_work work, unsigned lane)
{
	int error;

	reverse(trial->input_big, trial->input[lane], key->bytes);
	double start = now_us();
	if (work == RSA_WORK_PRIVATE)
		error = rsa_openssl_private(key, trial->context, trial->input_big, trial->output_big);
	else
		error = rsa_openssl_public(key, &trial->calculator, trial->input_big, trial->output_big);
	return error == 0 ? now_us() - start : -1;
}

/* Lanes and OpenSSL in turns. Returns the break-even, RSA_NEVER, RSA_DIFFER, or -EIO. */
static int find_break_even(struct trial *trial, const struct glacis_rsa_key *key, const struct rsa_lanes *lanes,
			   enum rsa_work work)
{
	double best_lanes = 1e12, best_openssl = 1e12;
	uint8_t got[GLACIS_RSA_BYTES_MAX];

	for (unsigned i = 0; i < trials[key->size_index]; i++) {
		unsigned lane = i == 0 ? 0 : RSA_LANES - 1;
		double lanes_us = time_lanes(trial, lanes, work);
		double openssl_us = time_openssl(trial, key, work, lane);
		if (openssl_us < 0)
			return -EIO;
		reverse(got, trial->output[lane], key->bytes);
		bool same = CRYPTO_memcmp(got, trial->output_big, key->bytes) == 0;
		OPENSSL_cleanse(got, sizeof(got));
		if (!same)
			return RSA_DIFFER;
		best_lanes = lanes_us < best_lanes ? lanes_us : best_lanes;
		best_openssl = openssl_us < best_openssl ? openssl_us : best_openssl;
	}
	for (unsigned count = 1; count <= RSA_LANES; count++)
		if (best_lanes <= best_openssl * count)
			return (int)count;
	return RSA_NEVER;
}

static int measure_size(struct rsa_engine *rsa, struct trial *trial, const struct glacis_rsa_key *key)
{
	for (unsigned work = 0; work < RSA_WORKS; work++) {
		int least = find_break_even(trial, key, rsa->lanes, (enum rsa_work)work);
		if (least < 0)
			return least;
		atomic_store(&rsa->break_even[key->size_index][work], (uint8_t)least);
	}
	return 0;
}

int rsa_engine_measure(struct glacis_engine *engine, const struct glacis_rsa_key *key)
{
	struct rsa_engine *rsa = &engine->rsa;
	struct secure_region region;

	if (rsa->lanes == NULL || atomic_load(&rsa->break_even[key->size_index][RSA_WORK_PUBLIC]) != 0)
		return 0;
	int error = secure_memory_map(&engine->memory, sizeof(struct trial), &region);
	if (error != 0)
		return error;
	struct trial *trial = region.base;
	error = rsa_calculator_init(&trial->calculator);
	if (error != 0)
		goto unmap;
	error = -ENOMEM;
	trial->context = rsa_openssl_context(key);
	if (trial->context != NULL) {
		prepare_trial(trial, key);
		error = measure_size(rsa, trial, key);
	}
	EVP_PKEY_CTX_free(trial->context);
	rsa_calculator_fini(&trial->calculator);
	explicit_bzero(trial, sizeof(*trial));
unmap:
	secure_memory_unmap(&engine->memory, &region);
	return error;
}

int glacis_rsa_lanes_from(const struct glacis_engine *engine, uint32_t bits)
{
	const struct rsa_engine *rsa = &engine->rsa;
	int size = rsa_size_index(bits);

	if (size < 0)
		return -EINVAL;
	if (rsa->lanes == NULL)
		return -ENOTSUP;
	/* Written last, as rsa_engine_measure knows too. */
	unsigned for_public = atomic_load(&rsa->break_even[size][RSA_WORK_PUBLIC]);
	unsigned for_private = atomic_load(&rsa->break_even[size][RSA_WORK_PRIVATE]);
	if (for_public == 0)
		return -ENODATA;
	if (for_public == RSA_DIFFER || for_private == RSA_DIFFER)
		return -EBADMSG;
	return for_private == RSA_NEVER ? -ERANGE : (int)for_private;
}

int rsa_engine_take_queue(struct rsa_engine *engine)
{
	int index = -ENOSPC;

	pthread_mutex_lock(&engine->lock);
	for (unsigned word = 0; word < RSA_QUEUES_MAX / 64 && index < 0; word++) {
		if (~engine->queues_taken[word] == 0)
			continue;
		unsigned bit = (unsigned)__builtin_ctzll(~engine->queues_taken[word]);
		engine->queues_taken[word] |= UINT64_C(1) << bit;
		index = (int)(word * 64 + bit);
	}
	pthread_mutex_unlock(&engine->lock);
	return index;
}

void rsa_engine_return_queue(struct rsa_engine *engine, unsigned index)
{
	pthread_mutex_lock(&engine->lock);
	for (struct glacis_rsa_key *key = engine->keys; key != NULL; key = key->next)
		rsa_key_drop_use(key, index);
	engine->queues_taken[index / 64] &= ~(UINT64_C(1) << index % 64);
	pthread_mutex_unlock(&engine->lock);
}
