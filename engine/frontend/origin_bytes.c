/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /bytes/N of the built-in origin: N bytes that a client can check without asking us, sent without
 * being copied here.
 *
 * The sequence is one block made at start, repeated. Downloads up to VECTORS_MAX blocks are a list of
 * pointers to that block which the kernel gathers; longer ones, whose list would not fit the memory of a
 * connection, come from a callback that copies. The block outlives every response.
 */
#include "origin_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS_MAX      256u                /* 4 KiB of pointers; libmicrohttpd keeps 32 KiB a connection */
#define CALLBACK_CHUNK   ((size_t)256 << 10) /* what one turn of the callback copies at most */
#define PAGE_ALIGNMENT   4096u
#define COUNT_DIGITS_MAX 13u /* of 2^40 */

uint8_t *glacisd_origin_block_create(void)
{
	uint8_t *block = aligned_alloc(PAGE_ALIGNMENT, GLACISD_ORIGIN_BLOCK_SIZE);
	uint64_t state = 0;

	if (block == NULL)
		return NULL;
	for (size_t at = 0; at < GLACISD_ORIGIN_BLOCK_SIZE; at += 8) {
		state += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t mixed = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);

		mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
		mixed ^= mixed >> 31;
		for (unsigned int byte = 0; byte < 8; byte++)
			block[at + byte] = (uint8_t)(mixed >> (8 * byte));
	}
	return block;
}

int glacisd_origin_bytes_parse(const char *digits, uint64_t *count)
{
	size_t length = strspn(digits, "0123456789");
	uint64_t value = 0;

	if (length == 0 || digits[length] != '\0')
		return -EINVAL;
	digits += strspn(digits, "0");
	if (strlen(digits) > COUNT_DIGITS_MAX)
		return -ERANGE;
	for (; *digits != '\0'; digits++)
		value = value * 10 + (uint64_t)(*digits - '0');
	if (value > GLACISD_ORIGIN_BYTES_MAX)
		return -ERANGE;
	*count = value;
	return 0;
}

static ssize_t copy_sequence(void *context, uint64_t position, char *out, size_t room)
{
	const uint8_t *block = context;
	size_t offset = (size_t)(position % GLACISD_ORIGIN_BLOCK_SIZE);
	size_t size = GLACISD_ORIGIN_BLOCK_SIZE - offset;

	if (size > room)
		size = room;
	memcpy(out, block + offset, size);
	return (ssize_t)size;
}

/* libmicrohttpd takes `void *` for what it only reads. */
static void *readable(const uint8_t *block)
{
	union {
		const uint8_t *block;
		void *pointer;
	} alias = { .block = block };

	return alias.pointer;
}

static struct MHD_Response *gathered(const uint8_t *block, uint64_t count)
{
	struct MHD_IoVec vectors[VECTORS_MAX];
	unsigned int used = 0;

	for (; count > 0; used++) {
		size_t size = count < GLACISD_ORIGIN_BLOCK_SIZE ? (size_t)count : GLACISD_ORIGIN_BLOCK_SIZE;

		vectors[used] = (struct MHD_IoVec){ .iov_base = block, .iov_len = size };
		count -= size;
	}
	return MHD_create_response_from_iovec(vectors, used, NULL, NULL);
}

struct MHD_Response *glacisd_origin_bytes_response(const uint8_t *block, uint64_t count)
{
	if (count <= GLACISD_ORIGIN_BLOCK_SIZE)
		return MHD_create_response_from_buffer((size_t)count, readable(block), MHD_RESPMEM_PERSISTENT);
	if (count <= VECTORS_MAX * (uint64_t)GLACISD_ORIGIN_BLOCK_SIZE)
		return gathered(block, count);
	return MHD_create_response_from_callback(count, CALLBACK_CHUNK, copy_sequence, readable(block), NULL);
}
