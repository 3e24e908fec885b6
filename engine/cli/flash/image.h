/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image: a folder with a compressed bitstream, manifest.json, SHA256SUMS and its signature. Loading it checks all
 * that can be checked without a card, in this order: signature, checksums, manifest, bitstream.
 */
#ifndef FLASH_IMAGE_H
#define FLASH_IMAGE_H

#include "manifest.h"
#include "signature.h"

struct image {
	struct manifest manifest;
	uint8_t *bytes; /* manifest.size of them */
	char signer[256];
	bool development; /* signed with the development key, which anybody may have */
};

/* 0, or an error with what is wrong; then nothing has to be freed. */
int image_load(const char *folder, const struct signers *signers, struct image *image, struct flash_problem *problem);
void image_free(struct image *image);

/* Inflates an .xz file of `size` bytes to exactly `wanted`; `out` has room for that. 0, or -EINVAL. */
int image_inflate(const uint8_t *packed, size_t size, uint8_t *out, size_t wanted);

#endif
