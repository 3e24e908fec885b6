/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcome of an operation, and the head that every kind of operation shares.
 *
 * Concepts. An operation is memory of the caller that the library borrows from
 * submit to completion. Its life is FREE -> QUEUED -> INFLIGHT -> DONE, and each
 * accepted operation ends with exactly one completion that carries one status.
 * Between submit and completion neither the operation nor any buffer it names
 * may be touched or freed.
 */
#ifndef GLACIS_STATUS_H
#define GLACIS_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GLACIS_MUST_CHECK __attribute__((warn_unused_result))
#else
#define GLACIS_MUST_CHECK
#endif

/** How an operation ended. Values are stable; new ones go to the end. */
enum glacis_status {
	GLACIS_STATUS_OK = 0,          /**< done, the output is valid */
	GLACIS_STATUS_AUTH_FAILED = 1, /**< open: the tag does not match; no plaintext was released */
	GLACIS_STATUS_INVALID = 2,     /**< refused: a field is out of its documented bounds */
	GLACIS_STATUS_LIMIT = 3,       /**< refused: the key's usage limit or the sequence space is used up */
	GLACIS_STATUS_PENDING = 4,     /**< not completed yet */
	GLACIS_STATUS_FAILED = 5,      /**< RSA: no result passed its check, or memory is out; nothing was released */
};

/** Which backend produced the result of an operation. */
enum glacis_path {
	GLACIS_PATH_NONE = 0, /**< none yet */
	GLACIS_PATH_CPU = 1,  /**< this machine's processor */
	GLACIS_PATH_CARD = 2, /**< a device behind DPDK cryptodev queues */
	GLACIS_PATH_COUNT
};

/** What an operation is; tells which structure surrounds its `struct glacis_op`. */
enum glacis_op_kind {
	GLACIS_OP_AEAD = 1, /**< `struct glacis_aead_op` */
	GLACIS_OP_RSA = 2,  /**< `struct glacis_rsa_op` */
};

/** Life of an operation. */
enum glacis_op_state {
	GLACIS_OP_FREE = 0, /**< the caller's: may be filled and submitted (zeroed memory is FREE) */
	GLACIS_OP_QUEUED,   /**< accepted by a queue, not yet handed to a backend */
	GLACIS_OP_INFLIGHT, /**< a backend works on it */
	GLACIS_OP_DONE,     /**< completed; FREE again once `glacis_queue_poll` has returned it */
};

/** Head of every operation. The caller sets `cookie`; the library sets the rest. */
struct glacis_op {
	uint64_t cookie; /**< the caller's; returned untouched */
	uint8_t kind;    /**< enum glacis_op_kind, set by the library at submit */
	uint8_t state;   /**< enum glacis_op_state */
	uint8_t status;  /**< enum glacis_status, valid once polled */
	uint8_t path;    /**< enum glacis_path, valid once polled */
	uint32_t reserved;
};

/** A short lower-case name of a status ("ok", "authentication failed", ...). Never NULL. */
const char *glacis_status_name(enum glacis_status status);

/** "cpu", "card" or "none". Never NULL. */
const char *glacis_path_name(enum glacis_path path);

#ifdef __cplusplus
}
#endif
#endif
