/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST or PUT /sha256 of the built-in origin: digests a body as it streams in, holding none of it.
 * One glacisd_digest per request, made at its first byte and freed when the request ends, however it ends.
 */
#include "origin_parts.h"

#include <errno.h>
#include <stdlib.h>

struct glacisd_digest {
	EVP_MD_CTX *context;
	uint64_t size;
};

struct glacisd_digest *glacisd_digest_create(const EVP_MD *sha256)
{
	struct glacisd_digest *digest = calloc(1, sizeof(*digest));

	if (digest == NULL)
		return NULL;
	digest->context = EVP_MD_CTX_new();
	if (digest->context == NULL || EVP_DigestInit_ex2(digest->context, sha256, NULL) != 1) {
		glacisd_digest_free(digest);
		return NULL;
	}
	return digest;
}

void glacisd_digest_free(struct glacisd_digest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

int glacisd_digest_add(struct glacisd_digest *digest, const void *data, size_t size)
{
	if (size > GLACISD_ORIGIN_BYTES_MAX - digest->size)
		return -EFBIG;
	digest->size += size;
	return EVP_DigestUpdate(digest->context, data, size) == 1 ? 0 : -EIO;
}

int glacisd_digest_finish(struct glacisd_digest *digest, char text[GLACISD_DIGEST_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (EVP_DigestFinal_ex(digest->context, bytes, &size) != 1 || size != 32)
		return -EIO;
	for (unsigned int at = 0; at < size; at++) {
		*text++ = hex[bytes[at] >> 4];
		*text++ = hex[bytes[at] & 15];
	}
	*text++ = '\n';
	*text = '\0';
	return 0;
}
