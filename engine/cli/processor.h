/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor as /proc/cpuinfo tells: model, and the instructions that decide which code of libglacis
 * runs. Called by `glacis devices`. What is not there (no /proc in a container) is "unknown" or absent.
 */
#ifndef CLI_PROCESSOR_H
#define CLI_PROCESSOR_H

#include <stdbool.h>

enum processor_flag {
	PROCESSOR_AES,
	PROCESSOR_PCLMULQDQ,
	PROCESSOR_AVX2,
	PROCESSOR_AVX512F,
	PROCESSOR_AVX512IFMA,
	PROCESSOR_VAES,
	PROCESSOR_VPCLMULQDQ,
	PROCESSOR_FLAGS
};

struct processor {
	char model[128];
	long cores; /* online */
	bool flags[PROCESSOR_FLAGS];
};

/* In the kernel's spelling. */
extern const char *const processor_flag_names[PROCESSOR_FLAGS];

void processor_read(struct processor *processor);

#endif
