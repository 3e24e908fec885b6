/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question whether this processor has AVX512-IFMA. Compiled for any x86-64 processor, since it runs before the
 * answer is known.
 */
#include "ifma.h"

/* The compiler's run-time library asks cpuid, and XGETBV whether the system saves the 512-bit registers. */
bool ifma_usable(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2");
}
