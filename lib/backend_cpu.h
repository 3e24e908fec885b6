/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU backend: AES-GCM by intel-ipsec-mb's direct interface, executed inside submit.
 * One `struct backend_cpu` per engine holds the functions chosen for this processor; one queue
 * state per queue holds its key cache and scratch memory.
 */
#ifndef GLACIS_LIB_BACKEND_CPU_H
#define GLACIS_LIB_BACKEND_CPU_H

#include <stdbool.h>

#include <intel-ipsec-mb.h>

#include <glacis/status.h>

#include "backend.h"

/* Key sizes as indices: 16, 24, 32 bytes. */
#define GCM_KEY_SIZES 3u

/* ipsec-mb's functions for one key size; [2] is indexed by enum glacis_direction. */
struct gcm_functions {
	aes_gcm_pre_t expand;
	aes_gcm_enc_dec_t whole[2];
	aes_gcm_init_t init;
	aes_gcm_enc_dec_update_t update[2];
	aes_gcm_enc_dec_finalize_t finalize[2];
	ghash_t ghash;
};

struct backend_cpu {
	struct gcm_functions gcm[GCM_KEY_SIZES];
	char name[96];
};

/* Which instruction set; all but the first are for tests. */
enum backend_cpu_variant {
	BACKEND_CPU_BEST,
	BACKEND_CPU_SSE,
	BACKEND_CPU_AVX,
	BACKEND_CPU_AVX2,
	BACKEND_CPU_AVX512, /* without VAES */
	BACKEND_CPU_VAES_AVX512,
	BACKEND_CPU_VARIANTS
};

extern const struct backend backend_cpu;

/* Chooses the functions. Returns 0, -ENOMEM, or -ENOTSUP: the processor or the library lacks `variant`. */
GLACIS_MUST_CHECK int backend_cpu_init(struct backend_cpu *cpu, enum backend_cpu_variant variant);

/*
 * Is `tag` the tag of `ciphertext` (`op->length` bytes) under the operation's key, nonce and additional data? Costs the
 * hashing of it alone. `state` is that of a queue of backend_cpu.
 */
GLACIS_MUST_CHECK bool backend_cpu_tag_right(void *state, const struct glacis_aead_op *op, const uint8_t *ciphertext,
					     const uint8_t *tag);

#endif
