/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What RSA keeps once per engine: the lanes of this processor, from how many operations on they pay,
 * the live keys, and an OpenSSL library context of its own, so that a provider which the program
 * loads (ours, say) is never asked to do the work that it gave to us.
 *
 * Invariants: `lanes` and `name` never change once the engine is made; the rest is under `lock`,
 * but for `break_even`, which is written before the first key of that size is handed out. The
 * context and the digests are made by the first import and live as long as the engine.
 */
#ifndef GLACIS_LIB_RSA_ENGINE_H
#define GLACIS_LIB_RSA_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include <glacis/status.h>

#include "rsa_lanes.h"

/* 2048, 3072 and 4096 bits. */
#define RSA_SIZES 3u
/* Queues that may use RSA at the same time: one pointer each in every key. */
#define RSA_QUEUES_MAX 256u
/* enum glacis_rsa_hash counts from 1. */
#define RSA_HASHES 5u
/* A break-even that no batch reaches: lanes never pay. */
#define RSA_NEVER (RSA_LANES + 1u)
/* As above, because the lanes computed something else than OpenSSL. */
#define RSA_DIFFER (RSA_LANES + 2u)

/* The two kinds of exponentiation; each has lanes, and a break-even, of its own. */
enum rsa_work { RSA_WORK_PRIVATE, RSA_WORK_PUBLIC, RSA_WORKS };

struct glacis_engine;
struct glacis_rsa_key;

struct rsa_engine {
	const struct rsa_lanes *lanes;                    /* NULL: OpenSSL does all */
	_Atomic uint8_t break_even[RSA_SIZES][RSA_WORKS]; /* fewest operations that pay for lanes; 0: not measured */
	pthread_mutex_t lock;
	struct glacis_rsa_key *keys;
	uint64_t queues_taken[RSA_QUEUES_MAX / 64];
	OSSL_LIB_CTX *library;
	EVP_MD *digests[RSA_HASHES];
	char name[96];
};

/* Chooses the lanes; cheap. Returns 0 or -ENOMEM. */
GLACIS_MUST_CHECK int rsa_engine_init(struct rsa_engine *engine);
void rsa_engine_fini(struct rsa_engine *engine);

/* Makes the context and the digests unless they are there. Under `lock`. Returns 0 or -ENOMEM. */
GLACIS_MUST_CHECK int rsa_engine_load(struct rsa_engine *engine);

/* 0, 1, 2 for 2048, 3072, 4096 bits; -1 for others. */
int rsa_size_index(uint32_t bits);

/*
 * Tries the lanes with the first key of a size: their results must be OpenSSL's, and they are timed against it.
 * Lanes that differ are never used for that size. Takes about two batches. Under `lock`. Returns 0, -ENOMEM or
 * -EIO (OpenSSL failed).
 */
GLACIS_MUST_CHECK int rsa_engine_measure(struct glacis_engine *engine, const struct glacis_rsa_key *key);

/* A number below RSA_QUEUES_MAX that no other queue has. Returns it, or -ENOSPC. */
int rsa_engine_take_queue(struct rsa_engine *engine);
/* Gives it back, and frees what the queue kept of each key. */
void rsa_engine_return_queue(struct rsa_engine *engine, unsigned index);

#endif
