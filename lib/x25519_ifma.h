/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight X25519 functions at once on processors with AVX512-IFMA: the arithmetic under x25519.c.
 */
#ifndef GLACIS_LIB_X25519_IFMA_H
#define GLACIS_LIB_X25519_IFMA_H

#include <stdint.h>

#define X25519_LANES 8u

/* results[i] = X25519(scalars[i], points[i]), 32 bytes each, all lanes used. Takes the same time and touches the same
 * memory whatever scalars and points are. A result may lie where its inputs do. */
void x25519_ifma_x8(const uint8_t *const scalars[X25519_LANES], const uint8_t *const points[X25519_LANES],
		    uint8_t *const results[X25519_LANES]);

#endif
