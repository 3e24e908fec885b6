/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipsec-mb's AES-GCM functions for this processor, chosen once per process, for code that seals and opens by itself
 * and has no engine: the OpenSSL provider, whose callers own their keys and feed text in pieces.
 *
 * The functions have no state of their own: any thread may call them, before and after fork().
 */
#ifndef GLACIS_LIB_GCM_FUNCTIONS_H
#define GLACIS_LIB_GCM_FUNCTIONS_H

#include <stddef.h>

#include "backend_cpu.h"

/* For keys of 16, 24 or 32 bytes. NULL: another size, or the processor has no AES instructions, or no memory at the
 * first call. */
const struct gcm_functions *gcm_functions_for(size_t key_size);

/* E.g. "intel-ipsec-mb 1.3.0, VAES-AVX512"; NULL when gcm_functions_for has nothing to give. */
const char *gcm_functions_name(void);

#endif
