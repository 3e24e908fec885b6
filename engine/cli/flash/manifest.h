/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json of an image: what it is, for which board, from which sources, and whether its timing was met. Untrusted
 * until its signature was checked; its text is judged before that, and only here.
 */
#ifndef FLASH_MANIFEST_H
#define FLASH_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "problem.h"

#define MANIFEST_FORMAT    1
#define MANIFEST_TEXT      64u
#define MANIFEST_IMAGE_MAX (16u << 20) /* bytes of a bitstream */
#define MANIFEST_HASH_TEXT 65u         /* SHA-256 in hexadecimal digits and the zero byte */

struct manifest {
	char target[MANIFEST_TEXT], version[MANIFEST_TEXT];
	char part[MANIFEST_TEXT], package[MANIFEST_TEXT], speed[MANIFEST_TEXT], board[MANIFEST_TEXT];
	char host_interface[MANIFEST_TEXT], tested_on[MANIFEST_TEXT];
	char bitstream[MANIFEST_TEXT];       /* name of the compressed file in the image's folder */
	char sha256[MANIFEST_HASH_TEXT];     /* of the bitstream, not compressed */
	char map_sha256[MANIFEST_HASH_TEXT]; /* of the register map it was made with */
	char git_commit[41];
	uint32_t board_id, idcode, size;
	uint32_t abi_major, abi_minor;
	uint64_t build_id;
	bool git_dirty, timing_met;
	double fmax_mhz, fmax_target_mhz; /* 0: nobody claims any */
};

/* Reads and judges the text: 0, or -EINVAL with what is wrong. */
int manifest_parse(const char *text, size_t size, struct manifest *manifest, struct flash_problem *problem);

/* A name of a file in an image's folder: letters, digits, dot, dash, underscore, and no dot in front. */
bool manifest_name_is_good(const char *name);

#endif
