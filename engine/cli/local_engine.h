/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libglacis as the subcommands use it: one engine, one queue, and bursts that are submitted, flushed
 * and waited for. Also the three RSA keys that are compiled in. Everything of a command runs on one
 * thread.
 *
 * The RSA keys are those of tests/vectors/rsa: public, good for nothing but trying the arithmetic.
 */
#ifndef CLI_LOCAL_ENGINE_H
#define CLI_LOCAL_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include <glacis/glacis.h>

/* 2048, 3072 and 4096 bits. */
#define LOCAL_RSA_SIZES 3u

/* Most operations of one burst. */
#define LOCAL_BURST_MAX 64u
#define CARD_ERROR_SIZE 512u

struct local_engine {
	struct glacis_engine *engine;
	struct glacis_queue *queue;
	struct glacis_rsa_key *rsa[LOCAL_RSA_SIZES]; /* NULL until local_engine_load_keys */
	struct glacis_engine_info info;
	char card_error[CARD_ERROR_SIZE]; /* the newest of the card's log */
};

extern const uint32_t local_rsa_bits[LOCAL_RSA_SIZES];

/* Opens, with a card when `device` is not NULL: then all that it can do goes to it. `why` gets a sentence when that fails. Returns 0 or a negative errno. */
GLACIS_MUST_CHECK int local_engine_open(struct local_engine *local, const char *device, char *why, size_t why_size);
/* Imports the RSA keys, which makes libglacis try its lanes: some tens of milliseconds. */
GLACIS_MUST_CHECK int local_engine_load_keys(struct local_engine *local, char *why, size_t why_size);
/* The same key, by its index, as OpenSSL reads it; NULL when it does not. Free it with EVP_PKEY_free. */
EVP_PKEY *local_openssl_key(unsigned index);
void local_engine_close(struct local_engine *local);

/* Submit all, flush, wait for all. Return 0, or -EIO when the library did not accept all of them; how
 * each operation ended is in its status. `count` is at most LOCAL_BURST_MAX. */
GLACIS_MUST_CHECK int local_run_aead(struct local_engine *local, struct glacis_aead_op *ops, unsigned count);
GLACIS_MUST_CHECK int local_run_rsa(struct local_engine *local, struct glacis_rsa_op *ops, unsigned count);
GLACIS_MUST_CHECK int local_run_record(struct local_engine *local, struct glacis_record_op *op);

#endif
