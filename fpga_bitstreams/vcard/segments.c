/* SPDX-License-Identifier: Apache-2.0 */
/* Segment lists; see segments.h. */
#include <errno.h>

#include "dma.h"
#include "segments.h"

static int check(const struct vcard_segments *segments, uint32_t size)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < segments->count; i++) {
		if (!segments->list[i].size || segments->list[i].reserved)
			return -EBADMSG;
		sum += segments->list[i].size;
	}
	return sum == size ? 0 : -EBADMSG;
}

int vcard_segments_fetch(struct vcard_queue *queue, struct vcard_segments *segments, uint32_t count, uint64_t address,
			 uint32_t size)
{
	int error;

	if (count > GLACIS_CARD_SEGMENTS_MAX)
		return -EBADMSG;
	if (count <= 1) {
		segments->count = size ? 1 : 0;
		segments->list[0] = (struct glacis_card_segment){ .address = address, .size = size };
		return 0;
	}
	segments->count = count;
	error = vcard_dma_read(queue, address, segments->list, count * (uint32_t)sizeof(segments->list[0]));
	if (error)
		return error;
	return check(segments, size);
}

int vcard_segments_gather(struct vcard_queue *queue, const struct vcard_segments *segments, uint8_t *bytes)
{
	for (uint32_t i = 0; i < segments->count; i++) {
		const struct glacis_card_segment *segment = &segments->list[i];
		int error = vcard_dma_read(queue, segment->address, bytes, segment->size);

		if (error)
			return error;
		bytes += segment->size;
	}
	return 0;
}

int vcard_segments_scatter(struct vcard_queue *queue, const struct vcard_segments *segments, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < segments->count; i++) {
		const struct glacis_card_segment *segment = &segments->list[i];
		int error = vcard_dma_write(queue, segment->address, bytes, segment->size);

		if (error)
			return error;
		bytes += segment->size;
	}
	return 0;
}
