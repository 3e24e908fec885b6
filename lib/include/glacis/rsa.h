/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA with private keys of 2048, 3072 and 4096 bits: eight operations at a time on processors with
 * AVX512-IFMA, one at a time by OpenSSL elsewhere, through the same calls.
 *
 * Concepts. Operations wait in their queue for company: a batch starts when eight of one key size
 * are there, when the oldest has waited `batch_wait_us`, or when the owner says there is nothing
 * else to do (`glacis_queue_flush`). Too few to pay for eight lanes are run one by one, one at each poll. Every
 * private operation is blinded, and its result is checked with the public exponent before it leaves
 * the library; one that fails the check is counted, run again by OpenSSL and never released.
 *
 * Memory. Key material for the lanes is in locked memory; OpenSSL keeps a copy of its own for single operations,
 * in its secure heap if the program has called CRYPTO_secure_malloc_init, else in the ordinary heap, wiped
 * when the key is freed. The first operation of a key on a queue allocates what the queue keeps of it; after that
 * only OpenSSL allocates, in single operations, PSS and OAEP. At most 256 queues of an engine use RSA.
 *
 * Threads. Keys are immutable and may be used by any number of queues and threads; destroy one when
 * no operation of it is in flight. Operations belong to their queue's thread.
 */
#ifndef GLACIS_RSA_H
#define GLACIS_RSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glacis/engine.h>
#include <glacis/queue.h>
#include <glacis/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLACIS_RSA_BITS_MAX 4096u
#define GLACIS_RSA_BYTES_MAX (GLACIS_RSA_BITS_MAX / 8u)
#define GLACIS_RSA_LANES 8u

struct glacis_rsa_key;

/** Asks for the passphrase of an encrypted PEM key: writes up to `size` bytes, returns their number, negative
 *  to give up. */
typedef int (*glacis_rsa_passphrase)(void *context, char *buffer, int size);

/**
 * Imports a private key: PEM (PKCS#1, PKCS#8, encrypted PKCS#8) or DER. Sizes 2048, 3072 and 4096, two primes.
 * `why`, when not NULL, gets a sentence that names what is wrong and what is accepted.
 * Returns 0, -EINVAL (malformed, or inconsistent: even modulus, p = q, CRT parameters that do not fit),
 * -ENOTSUP (size, multi-prime, not RSA), -EACCES (passphrase missing or wrong), -ENOMEM, -EPERM, -ECHILD.
 */
GLACIS_MUST_CHECK int glacis_rsa_key_import(struct glacis_engine *engine, const uint8_t *bytes, size_t size,
					    glacis_rsa_passphrase passphrase, void *context,
					    struct glacis_rsa_key **key, char *why, size_t why_size);

/** Wipes and frees a key with no operation in flight. NULL is ignored. */
void glacis_rsa_key_destroy(struct glacis_rsa_key *key);

/** Size of the modulus in bits. */
uint32_t glacis_rsa_key_bits(const struct glacis_rsa_key *key);
/** The public key as DER SubjectPublicKeyInfo, into `buffer`; returns its size, or -ENOSPC. */
GLACIS_MUST_CHECK int glacis_rsa_key_public(const struct glacis_rsa_key *key, uint8_t *buffer, size_t size);

enum glacis_rsa_kind {
	GLACIS_RSA_PRIVATE_RAW = 1,   /**< input^d mod n; input is modulus-sized and below n */
	GLACIS_RSA_PUBLIC_RAW,	      /**< input^e mod n */
	GLACIS_RSA_SIGN_PKCS1,	      /**< EMSA-PKCS1-v1_5 over a digest (RFC 8017 section 8.2) */
	GLACIS_RSA_SIGN_PSS,	      /**< RSASSA-PSS over a digest, MGF1 with the same hash (RFC 8017 section 8.1) */
	GLACIS_RSA_DECRYPT_PKCS1,     /**< RSAES-PKCS1-v1_5 with implicit rejection: never an error, a wrong padding
				           gives a random-looking message bound to the ciphertext */
	GLACIS_RSA_DECRYPT_OAEP,      /**< RSAES-OAEP, empty label */
};

enum glacis_rsa_hash { GLACIS_RSA_SHA1 = 1, GLACIS_RSA_SHA256, GLACIS_RSA_SHA384, GLACIS_RSA_SHA512 };

/** Why an operation was computed the way it was, for `lane`. */
enum glacis_rsa_lane {
	GLACIS_RSA_LANE_NONE = 0,
	GLACIS_RSA_LANE_BATCH,	/**< in a batch of lanes */
	GLACIS_RSA_LANE_SINGLE, /**< one by one: too few waited to pay for lanes */
	GLACIS_RSA_LANE_OPENSSL /**< one by one: the processor has no AVX512-IFMA, or the check failed */
};

/**
 * One operation. Zero it once; set key, kind, input and, for the kinds that need it, hash and salt; submit.
 * `output` has room for the modulus (`glacis_rsa_key_bits() / 8` bytes); `output_size` says how much was written.
 * A malformed input (raw value >= n, wrong sizes, OAEP padding) completes with GLACIS_STATUS_INVALID.
 */
struct glacis_rsa_op {
	struct glacis_op op; /**< kind GLACIS_OP_RSA */
	const struct glacis_rsa_key *key;
	const uint8_t *input;
	uint8_t *output;
	uint32_t input_size;  /**< bytes: the digest (sign), the modulus size (raw, decrypt) */
	uint32_t output_size; /**< bytes, out */
	uint8_t kind;	      /**< enum glacis_rsa_kind */
	uint8_t hash;	      /**< enum glacis_rsa_hash: sign and OAEP */
	uint8_t lane;	      /**< enum glacis_rsa_lane, out */
	uint8_t reserved_byte; /**< zero */
	uint32_t salt_size;   /**< PSS: bytes of salt; normally the hash's size */
	uint64_t reserved[2]; /**< zero */
};

/** Submits up to `count` operations, in order. Returns how many were accepted, as glacis_queue_submit;
 *  completions come from glacis_queue_poll. An operation that could not be done or whose result failed its check
 *  even from OpenSSL completes with GLACIS_STATUS_FAILED. -ECHILD after fork(); at a queue's first call also
 *  -ENOMEM, -EPERM (locked memory was required and is used up), -ENOSPC (too many queues). */
GLACIS_MUST_CHECK int glacis_rsa_submit(struct glacis_queue *queue, struct glacis_rsa_op *const ops[], unsigned count);

/**
 * From how many private operations at once on, 1 to GLACIS_RSA_LANES, lanes are used for keys of `bits`. It is
 * measured when the first key of that size is imported. Returns it, or -ENODATA (no such key yet), -ENOTSUP (the
 * processor has no AVX512-IFMA), -ERANGE (lanes never pay here), -EBADMSG (lanes computed something else than OpenSSL
 * and are not used), -EINVAL (not a size that is accepted). May be called from any thread.
 */
GLACIS_MUST_CHECK int glacis_rsa_lanes_from(const struct glacis_engine *engine, uint32_t bits);

/** Microseconds until `glacis_queue_poll` should be called for the sake of waiting operations: 0 now, -1 none wait.
 *  Of operations on a card glacis_card_wait_us tells. */
int64_t glacis_rsa_wait_us(const struct glacis_queue *queue);

/** Counters of RSA in one queue; they may be read by any thread. */
struct glacis_rsa_counters {
	uint64_t operations;	/**< completed */
	uint64_t batches;	/**< batches of lanes run */
	uint64_t lanes_filled;	/**< operations in them: divide by batches for the average */
	uint64_t singles;	/**< run one by one because too few waited */
	uint64_t openssl;	/**< run by OpenSSL for lack of instructions */
	uint64_t check_failed;	/**< results that failed the public-exponent check */
	uint64_t by_full, by_deadline, by_flush; /**< what started the batches */
};
void glacis_rsa_counters(const struct glacis_queue *queue, struct glacis_rsa_counters *counters);

#ifdef __cplusplus
}
#endif
#endif
