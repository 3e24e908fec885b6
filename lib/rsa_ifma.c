/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of AVX512-IFMA lanes and the question whether this processor has them. The only file of the family that
 * is compiled for any x86-64 processor: it runs before the answer is known.
 */
#include "rsa_ifma_operations.h"

/* The compiler's run-time library asks cpuid, and XGETBV whether the system saves the 512-bit registers. */
static bool usable(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2");
}

const struct rsa_lanes rsa_lanes_ifma = {
	.name = "avx512-ifma",
	.usable = usable,
	.private_x8 = rsa_ifma_private_x8,
	.public_x8 = rsa_ifma_public_x8,
	.multiply_x8 = rsa_ifma_multiply_x8,
};
