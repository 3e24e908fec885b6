/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three operations of the IFMA table (rsa_ifma.c), compiled for processors that have it
 * (rsa_ifma_operations.c). What they promise is said in rsa_lanes.h.
 */
#ifndef GLACIS_LIB_RSA_IFMA_OPERATIONS_H
#define GLACIS_LIB_RSA_IFMA_OPERATIONS_H

#include "rsa_lanes.h"

void rsa_ifma_private_x8(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const in[RSA_LANES],
			 uint8_t *const out[RSA_LANES]);
void rsa_ifma_public_x8(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const in[RSA_LANES],
			uint8_t *const out[RSA_LANES]);
void rsa_ifma_multiply_x8(const struct rsa_lane_key *const keys[RSA_LANES], const uint8_t *const a[RSA_LANES],
			  const uint8_t *const b[RSA_LANES], uint8_t *const out[RSA_LANES]);

#endif
