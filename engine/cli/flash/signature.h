/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA256SUMS of an image and its Ed25519 signature (RFC 8032), in SHA256SUMS.sig: 64 bytes over the file as it is.
 * Every other file of the image is named in it.
 */
#ifndef FLASH_SIGNATURE_H
#define FLASH_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest.h"

#define SIGNATURE_SIZE 64u
#define SUMS_FILES_MAX 16u
#define SIGNERS_MAX    16u

struct sums {
	unsigned count;
	struct {
		char name[MANIFEST_TEXT];
		char sha256[MANIFEST_HASH_TEXT];
	} files[SUMS_FILES_MAX];
};

/* Public keys that images may be signed with. The first is the development key of the tree. */
struct signers {
	unsigned count;
	struct {
		char name[256]; /* the file it is from */
		void *key;      /* an EVP_PKEY */
	} list[SIGNERS_MAX];
};

/* The development key alone. 0 or -ENOMEM. */
int signers_open(struct signers *signers);
/* Adds the key of a PEM file, or all *.pem of a folder, which may be missing. 0 or an error with what is wrong. */
int signers_add(struct signers *signers, const char *path, struct flash_problem *problem);
void signers_close(struct signers *signers);

/* Lines of 64 hexadecimal digits, two spaces, a name. 0, or -EINVAL with what is wrong. */
int sums_parse(const char *text, size_t size, struct sums *sums, struct flash_problem *problem);

/* The number of the signer of these bytes, or -1. */
int signature_check(const struct signers *signers, const uint8_t *signature, const void *bytes, size_t size);

/* SHA-256 in hexadecimal digits. 0 or -EIO. */
int sha256_text(const void *bytes, size_t size, char text[MANIFEST_HASH_TEXT]);

#endif
