/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provided buffer ring behind chunks. See chunks.h.
 */
#include "chunks.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static_assert(sizeof(struct glacisd_chunk) + 13 <= GLACISD_CHUNK_HEAD, "a record prefix must fit behind the fields");

static size_t ring_bytes(void)
{
	return GLACISD_CHUNK_COUNT * sizeof(struct io_uring_buf);
}

static size_t memory_bytes(void)
{
	return (size_t)GLACISD_CHUNK_COUNT * GLACISD_CHUNK_SIZE;
}

static void *anonymous(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void offer(struct glacisd_chunks *chunks, uint16_t id)
{
	uint8_t *data = chunks->memory + (size_t)id * GLACISD_CHUNK_SIZE + GLACISD_CHUNK_HEAD;

	io_uring_buf_ring_add(chunks->ring, data, GLACISD_CHUNK_DATA, id,
			      io_uring_buf_ring_mask(GLACISD_CHUNK_COUNT), 0);
	io_uring_buf_ring_advance(chunks->ring, 1);
	chunks->free++;
}

int glacisd_chunks_init(struct glacisd_chunks *chunks, struct glacisd_ring *ring)
{
	struct io_uring_buf_reg registration = { .ring_entries = GLACISD_CHUNK_COUNT, .bgid = GLACISD_CHUNK_GROUP };
	int error = -ENOMEM;

	memset(chunks, 0, sizeof(*chunks));
	chunks->ring = anonymous(ring_bytes());
	chunks->memory = anonymous(memory_bytes());
	if (!chunks->ring || !chunks->memory)
		goto fail;
	registration.ring_addr = (uint64_t)(uintptr_t)chunks->ring;
	error = io_uring_register_buf_ring(&ring->uring, &registration, 0);
	if (error)
		goto fail;
	io_uring_buf_ring_init(chunks->ring);
	for (uint32_t id = 0; id < GLACISD_CHUNK_COUNT; id++)
		offer(chunks, (uint16_t)id);
	return 0;
fail:
	if (chunks->ring)
		munmap(chunks->ring, ring_bytes());
	if (chunks->memory)
		munmap(chunks->memory, memory_bytes());
	memset(chunks, 0, sizeof(*chunks));
	return error;
}

void glacisd_chunks_exit(struct glacisd_chunks *chunks, struct glacisd_ring *ring)
{
	if (!chunks->ring)
		return;
	io_uring_unregister_buf_ring(&ring->uring, GLACISD_CHUNK_GROUP);
	munmap(chunks->ring, ring_bytes());
	explicit_bzero(chunks->memory, memory_bytes());
	munmap(chunks->memory, memory_bytes());
	memset(chunks, 0, sizeof(*chunks));
}

struct glacisd_chunk *glacisd_chunk_received(struct glacisd_chunks *chunks, uint16_t id, uint32_t size)
{
	struct glacisd_chunk *chunk = (void *)(chunks->memory + (size_t)id * GLACISD_CHUNK_SIZE);

	assert(id < GLACISD_CHUNK_COUNT && size <= GLACISD_CHUNK_DATA);
	chunks->free--;
	chunk->next = NULL;
	chunk->id = id;
	chunk->begin = 0;
	chunk->end = size;
	return chunk;
}

void glacisd_chunk_release(struct glacisd_chunks *chunks, struct glacisd_chunk *chunk)
{
	offer(chunks, chunk->id);
}
