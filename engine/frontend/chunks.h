/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks: small receive buffers that the kernel picks when data arrives (a provided buffer
 * ring), so that a waiting connection owns no memory. A chunk has room around its data for a
 * record's header and tag, so what was received from the backend is sealed where it lies.
 * When all are in use the kernel says -ENOBUFS and the connection receives into a block instead.
 */
#ifndef GLACISD_CHUNKS_H
#define GLACISD_CHUNKS_H

#include <stdint.h>

#include "ring.h"

#define GLACISD_CHUNK_COUNT 256u /* a power of two */
#define GLACISD_CHUNK_DATA 4096u
#define GLACISD_CHUNK_HEAD 64u /* the chunk's own fields and a record prefix (13) */
#define GLACISD_CHUNK_TAIL 64u /* a record suffix (17) */
#define GLACISD_CHUNK_SIZE (GLACISD_CHUNK_HEAD + GLACISD_CHUNK_DATA + GLACISD_CHUNK_TAIL)
#define GLACISD_CHUNK_GROUP 1u

/* Lies in a chunk's own head room. */
struct glacisd_chunk {
	struct glacisd_chunk *next;
	uint32_t begin; /* first byte not consumed, relative to the data */
	uint32_t end;   /* bytes received */
	uint16_t id;
};

struct glacisd_chunks {
	struct io_uring_buf_ring *ring;
	uint8_t *memory;
	uint32_t free; /* owned by the kernel */
};

/* Returns 0, or a negative errno when the kernel has no provided buffer rings (Linux < 5.19). */
int glacisd_chunks_init(struct glacisd_chunks *chunks, struct glacisd_ring *ring);
void glacisd_chunks_exit(struct glacisd_chunks *chunks, struct glacisd_ring *ring);

/* The chunk the kernel has filled with `size` bytes. */
struct glacisd_chunk *glacisd_chunk_received(struct glacisd_chunks *chunks, uint16_t id, uint32_t size);
/* Gives a chunk back to the kernel. */
void glacisd_chunk_release(struct glacisd_chunks *chunks, struct glacisd_chunk *chunk);

static inline uint8_t *glacisd_chunk_data(struct glacisd_chunk *chunk)
{
	return (uint8_t *)chunk + GLACISD_CHUNK_HEAD;
}

#endif
