/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this processor runs the files that are compiled for AVX512-IFMA (rsa_ifma*.c, x25519_ifma.c).
 */
#ifndef GLACIS_LIB_IFMA_H
#define GLACIS_LIB_IFMA_H

#include <stdbool.h>

bool ifma_usable(void);

#endif
