/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the built-in origin, one file each: the byte sequence, the status as JSON, the page,
 * the upload digest. origin.c routes requests to them. Private to origin*.c and its tests.
 */
#ifndef GLACISD_ORIGIN_PARTS_H
#define GLACISD_ORIGIN_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>
#include <openssl/evp.h>

#include "origin.h"

/* Longest download and upload; also what the error texts say. */
#define GLACISD_ORIGIN_BYTES_MAX ((uint64_t)1 << 40)

/* --- origin_bytes.c: GET /bytes/N ---
 *
 * The sequence repeats a block of 1 MiB: the outputs of splitmix64 from seed 0, each as eight
 * little-endian bytes. It begins af cd 1d 7b 39 a8 20 e2. */
#define GLACISD_ORIGIN_BLOCK_SIZE ((size_t)1 << 20)

/* Makes the block; free() it. NULL: no memory. */
uint8_t *glacisd_origin_block_create(void);

/* Reads the N of "/bytes/N". Returns 0, -EINVAL (not a plain decimal number) or -ERANGE (too large). */
int glacisd_origin_bytes_parse(const char *digits, uint64_t *count);

/* A response of `count` bytes of the sequence; NULL: no memory. */
struct MHD_Response *glacisd_origin_bytes_response(const uint8_t *block, uint64_t count);

/* --- origin_status.c: GET /status --- */

/* The service and the visitor's connection as a JSON text; free() it. NULL: no memory. */
char *glacisd_origin_status(const struct glacisd_service *service, const struct glacisd_visitor *visitor);

/* --- origin_page.c: GET / --- */

/* The page, complete without script; free() it. NULL: no memory. */
char *glacisd_origin_page(const struct glacisd_service *service, const struct glacisd_visitor *visitor);

/* The Content-Security-Policy that allows the page's own style and script, by their digests, and nothing
 * else. 0 or a negative errno. */
int glacisd_origin_page_policy(const EVP_MD *sha256, char *policy, size_t size);

/* --- origin_digest.c: POST or PUT /sha256 --- */

struct glacisd_digest;

/* NULL: no memory. */
struct glacisd_digest *glacisd_digest_create(const EVP_MD *sha256);
void glacisd_digest_free(struct glacisd_digest *digest);

/* 0, -EFBIG once more than GLACISD_ORIGIN_BYTES_MAX came, or -EIO when the digest fails. */
int glacisd_digest_add(struct glacisd_digest *digest, const void *data, size_t size);

/* The digest in hex and a newline. 0 or -EIO. */
#define GLACISD_DIGEST_TEXT_SIZE (2 * 32 + 2)
int glacisd_digest_finish(struct glacisd_digest *digest, char text[GLACISD_DIGEST_TEXT_SIZE]);

#endif
