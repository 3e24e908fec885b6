/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a text lies in host memory: one piece, or those of a segment list. The list is fetched once, checked, and used
 * from the copy.
 */
#ifndef VCARD_SEGMENTS_H
#define VCARD_SEGMENTS_H

#include "glacis_card_abi.h"
#include "queue.h"

struct vcard_segments {
	uint32_t count;
	struct glacis_card_segment list[GLACIS_CARD_SEGMENTS_MAX];
};

/*
 * `count` and `address` are a descriptor's, `size` is what the pieces must add up to. 0; -EBADMSG when they do not, or
 * an entry is wrong; -EFAULT and -ECANCELED as in dma.h.
 */
int vcard_segments_fetch(struct vcard_queue *queue, struct vcard_segments *segments, uint32_t count, uint64_t address,
			 uint32_t size);

/* Copies the text to or from `bytes`; errors as in dma.h. */
int vcard_segments_gather(struct vcard_queue *queue, const struct vcard_segments *segments, uint8_t *bytes);
int vcard_segments_scatter(struct vcard_queue *queue, const struct vcard_segments *segments, const uint8_t *bytes);

#endif
