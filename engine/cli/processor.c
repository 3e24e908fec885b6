/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the first processor's block of /proc/cpuinfo; see processor.h. All cores of a machine that
 * libglacis runs on are taken to be alike.
 */
#include "processor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const processor_flag_names[PROCESSOR_FLAGS] = {
	[PROCESSOR_AES] = "aes",
	[PROCESSOR_PCLMULQDQ] = "pclmulqdq",
	[PROCESSOR_AVX2] = "avx2",
	[PROCESSOR_AVX512F] = "avx512f",
	[PROCESSOR_AVX512IFMA] = "avx512ifma",
	[PROCESSOR_VAES] = "vaes",
	[PROCESSOR_VPCLMULQDQ] = "vpclmulqdq",
};

static void read_flags(struct processor *processor, char *value)
{
	char *rest = NULL;

	for (char *word = strtok_r(value, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		for (unsigned i = 0; i < PROCESSOR_FLAGS; i++)
			if (strcmp(word, processor_flag_names[i]) == 0)
				processor->flags[i] = true;
}

void processor_read(struct processor *processor)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t size = 0;

	memset(processor, 0, sizeof(*processor));
	snprintf(processor->model, sizeof(processor->model), "unknown");
	processor->cores = sysconf(_SC_NPROCESSORS_ONLN);
	/* An empty line ends the first processor's block. */
	while (file && getline(&line, &size, file) > 1) {
		char *colon = strchr(line, ':');

		line[strcspn(line, "\n")] = '\0';
		if (!colon)
			continue;
		char *value = colon + 1 + strspn(colon + 1, " \t");
		if (strncmp(line, "model name", strlen("model name")) == 0)
			snprintf(processor->model, sizeof(processor->model), "%s", value);
		else if (strncmp(line, "flags", strlen("flags")) == 0)
			read_flags(processor, value);
	}
	free(line);
	if (file)
		fclose(file);
}
