/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: one per process, the root of queues, pools, sessions and streams.
 *
 * Threads. `glacis_engine_*` may be called from any thread. An engine belongs to
 * the process that made it: in a child after fork() every call that would use it
 * returns -ECHILD, and the child makes an engine of its own.
 */
#ifndef GLACIS_ENGINE_H
#define GLACIS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glacis/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct glacis_engine;

/** Options of an engine. Zero-initialise, then set what differs. */
struct glacis_engine_options {
	/** Refuse to hold a key in memory that could not be locked (RLIMIT_MEMLOCK);
	 *  default: carry on and count the bytes in `unlocked_key_bytes`. */
	bool require_locked_memory;
};

/** What the engine found and holds. */
struct glacis_engine_info {
	const char *cpu_backend;     /**< e.g. "intel-ipsec-mb 1.3.0, VAES-AVX512" */
	const char *rsa_backend;     /**< e.g. "AVX512-IFMA, 8 lanes" or "OpenSSL 3.0.22: no AVX512-IFMA" */
	uint64_t sessions;           /**< live AEAD sessions */
	uint64_t key_bytes;          /**< bytes of memory that holds keys */
	uint64_t unlocked_key_bytes; /**< of these, bytes that mlock refused */
	uint32_t session_bytes;      /**< memory per idle AEAD session, in bytes */
	uint32_t expanded_key_bytes; /**< memory per expanded key, held only by busy sessions, in bytes */
};

/**
 * Makes the process's engine. `options` may be NULL.
 * Returns 0, -ENOMEM, -ENOTSUP (the processor has no AES instructions, or the kernel is older
 * than Linux 4.14), or -EPERM (require_locked_memory, and RLIMIT_MEMLOCK is too low).
 */
GLACIS_MUST_CHECK int glacis_engine_create(const struct glacis_engine_options *options,
					   struct glacis_engine **engine);

/** Wipes every key and frees the engine. Its queues, pools, sessions and streams must be
 *  gone. NULL is ignored. */
void glacis_engine_destroy(struct glacis_engine *engine);

/** Fills `info`; the strings live as long as the engine. */
void glacis_engine_info(const struct glacis_engine *engine, struct glacis_engine_info *info);

#ifdef __cplusplus
}
#endif
#endif
