/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of AVX512-IFMA lanes. Compiled for any x86-64 processor: `usable` is asked before the rest runs.
 */
#include "ifma.h"
#include "rsa_ifma_operations.h"

const struct rsa_lanes rsa_lanes_ifma = {
	.name = "avx512-ifma",
	.usable = ifma_usable,
	.private_x8 = rsa_ifma_private_x8,
	.public_x8 = rsa_ifma_public_x8,
	.multiply_x8 = rsa_ifma_multiply_x8,
};
