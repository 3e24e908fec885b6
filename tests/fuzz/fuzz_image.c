/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the card: the texts and the bitstream in them. The first byte of the input says which parser gets the rest;
 * what one accepts must hold what its header promises.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bitstream.h"
#include "image.h"

#define NEED(holds)                                                                                                    \
	do {                                                                                                           \
		if (!(holds))                                                                                          \
			abort();                                                                                       \
	} while (0)

/* A text's end is its size: a copy of that size lets the sanitizer see who reads on. */
static uint8_t *copy_of(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	NEED(copy);
	memcpy(copy, data, size);
	return copy;
}

static void try_manifest(const uint8_t *data, size_t size)
{
	struct flash_problem problem = { "" };
	struct manifest manifest;

	if (manifest_parse((const char *)data, size, &manifest, &problem)) {
		NEED(problem.text[0]);
		return;
	}
	NEED(manifest_name_is_good(manifest.bitstream) && !strchr(manifest.bitstream, '/'));
	NEED(manifest.size >= 1 && manifest.size <= MANIFEST_IMAGE_MAX);
	NEED(strlen(manifest.sha256) == 64 && strlen(manifest.map_sha256) == 64 && strlen(manifest.git_commit) == 40);
	NEED(!manifest.timing_met || manifest.fmax_mhz >= manifest.fmax_target_mhz);
}

static void try_sums(const uint8_t *data, size_t size)
{
	struct flash_problem problem = { "" };
	struct sums sums;

	if (sums_parse((const char *)data, size, &sums, &problem)) {
		NEED(problem.text[0]);
		return;
	}
	NEED(sums.count <= SUMS_FILES_MAX);
	for (unsigned i = 0; i < sums.count; i++)
		NEED(manifest_name_is_good(sums.files[i].name) && strlen(sums.files[i].sha256) == 64);
}

static void try_bitstream(const uint8_t *data, size_t size)
{
	uint32_t idcode;

	if (bitstream_idcode(data, size, &idcode) == 0)
		NEED(bitstream_family(data, size));
}

static void try_packed(const uint8_t *data, size_t size)
{
	uint8_t out[4096];
	size_t wanted = size ? data[0] * 16u : 0;

	if (size)
		(void)image_inflate(data + 1, size - 1, out, wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const uint8_t *, size_t) = { try_manifest, try_sums, try_bitstream, try_packed };
	uint8_t *copy;

	if (!size)
		return 0;
	copy = copy_of(data + 1, size - 1);
	parsers[data[0] % 4](copy, size - 1);
	free(copy);
	return 0;
}
