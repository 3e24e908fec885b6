/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DMA of a queue: reads and writes of host memory, by workers inside the gate. An access may span regions; parts that
 * are not mapped go by messages to the client, and the gate is left while one is under way.
 *
 * All return 0; -EFAULT when host memory could not be reached, which is noted in the card's error registers; -ECANCELED
 * when the queue was reset meanwhile, after which the caller must not touch it.
 */
#ifndef VCARD_DMA_H
#define VCARD_DMA_H

#include <stdint.h>

#include "queue.h"

int vcard_dma_read(struct vcard_queue *queue, uint64_t address, void *to, uint32_t size);
int vcard_dma_write(struct vcard_queue *queue, uint64_t address, const void *from, uint32_t size);

/* `size` bytes where they lie, without copying, or NULL: then read them. Valid until the gate is left. */
const void *vcard_dma_view(struct vcard_queue *queue, uint64_t address, uint32_t size);

#endif
