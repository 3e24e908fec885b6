/* SPDX-License-Identifier: Apache-2.0 */
/* DMA of a queue; see dma.h. */
#include <errno.h>
#include <string.h>

#include "card.h"
#include "dma.h"
#include "stream.h"
#include "wire.h"

/* One access: `read_to` or `write_from` is set. */
struct access {
	uint64_t address;
	uint8_t *read_to;
	const uint8_t *write_from;
	uint32_t size;
};

static int by_message(struct vcard_queue *queue, const struct access *access)
{
	const struct vcard_host *host = queue->card->host;
	uint32_t generation = queue->generation;
	int error;

	if (!host)
		return -EFAULT;
	if (access->read_to)
		error = host->read(host->context, access->address, access->read_to, access->size);
	else
		error = host->write(host->context, access->address, access->write_from, access->size);
	/* The gate was left: another client may be there, or none. */
	if (generation != queue->generation)
		return -ECANCELED;
	return error ? -EFAULT : 0;
}

/* Does the part of `access` that lies in the region it begins in, and says in `done` how much that was. */
static int access_region(struct vcard_queue *queue, const struct access *access, uint32_t *done)
{
	const struct vcard_dma_region *region = vcard_dma_map_find(&queue->card->map, access->address);
	unsigned need = access->read_to ? VCARD_DMA_READABLE : VCARD_DMA_WRITEABLE;
	struct access part = *access;
	uint64_t offset;

	if (!region || !(region->access & need))
		return -EFAULT;
	offset = access->address - region->address;
	if (part.size > region->size - offset)
		part.size = (uint32_t)(region->size - offset);
	*done = part.size;
	if (!region->memory)
		return by_message(queue, &part);
	if (part.read_to)
		memcpy(part.read_to, region->memory + offset, part.size);
	else if (queue->card->setup.backend->streams)
		vcard_stream_copy(region->memory + offset, part.write_from, part.size);
	else
		memcpy(region->memory + offset, part.write_from, part.size);
	return 0;
}

static int run(struct vcard_queue *queue, struct access access, uint32_t error_mask)
{
	while (access.size) {
		uint32_t done = 0;
		int error = access.address + (access.size - 1) < access.address ? -EFAULT
										: access_region(queue, &access, &done);

		if (error == -EFAULT)
			vcard_card_note_dma(queue->card, queue->index, error_mask, access.address);
		if (error)
			return error;
		access.address += done;
		access.size -= done;
		if (access.read_to)
			access.read_to += done;
		else
			access.write_from += done;
	}
	return 0;
}

int vcard_dma_read(struct vcard_queue *queue, uint64_t address, void *to, uint32_t size)
{
	int error = run(queue, (struct access){ .address = address, .read_to = to, .size = size },
			GLACIS_CARD_CONTROL_ERRORS_DMA_READ_MASK);

	if (!error)
		vcard_queue_count(queue, VCARD_DMA_READ_BYTES, size);
	return error;
}

int vcard_dma_write(struct vcard_queue *queue, uint64_t address, const void *from, uint32_t size)
{
	int error = run(queue, (struct access){ .address = address, .write_from = from, .size = size },
			GLACIS_CARD_CONTROL_ERRORS_DMA_WRITE_MASK);

	if (!error)
		vcard_queue_count(queue, VCARD_DMA_WRITE_BYTES, size);
	return error;
}

const void *vcard_dma_view(struct vcard_queue *queue, uint64_t address, uint32_t size)
{
	const void *view = vcard_dma_map_view(&queue->card->map, address, size, VCARD_DMA_READABLE);

	if (view)
		vcard_queue_count(queue, VCARD_DMA_READ_BYTES, size);
	return view;
}
