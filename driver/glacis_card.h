/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's registers as operations: identity, reset of the function, set-up and reset of a queue pair. Control path
 * only. Each function returns 0 or -errno; -ENODEV: the card is gone. No wait is longer than GLACIS_RESET_MS.
 */
#ifndef GLACIS_DRIVER_CARD_H
#define GLACIS_DRIVER_CARD_H

#include "glacis_device.h"

struct glacis_queue_setup {
	uint64_t sq_base;
	uint64_t cq_base;
	uint32_t sq_log2;
	uint32_t cq_log2;
};

/* Reads a register. All ones, which no register of a living card has, is -ENODEV. */
int glacis_card_read32(const struct glacis_device *device, uint32_t offset, uint32_t *value);
int glacis_card_read64(const struct glacis_device *device, uint32_t offset, uint64_t *value);
int glacis_card_write32(const struct glacis_device *device, uint32_t offset, uint32_t value);

/* Reads and checks who the card is; -ENOTSUP: another version of the ABI, or no Glacis card. Says so in the log. */
int glacis_card_identify(struct glacis_device *device);
/* Resets the function, waits until DMA has ended, and enables it. Key slots are empty then: a new epoch. */
int glacis_card_reset(struct glacis_device *device);

/* -EIO: the card refuses the rings. */
int glacis_card_queue_enable(const struct glacis_device *device, uint32_t queue,
			     const struct glacis_queue_setup *setup);
/* Asks a queue to reset, and does not wait for it. */
int glacis_card_queue_reset_begin(const struct glacis_device *device, uint32_t queue);
/* Has it? 0: yes, and the card touches no memory of the queue any more; -EAGAIN: not yet. */
int glacis_card_queue_reset_ended(const struct glacis_device *device, uint32_t queue);
/* Both, for those who may wait. After 0 the card touches no memory of the queue any more. */
int glacis_card_queue_reset(const struct glacis_device *device, uint32_t queue);

/* The card is gone, or does not obey: no DMA any more, as far as the transport can see to it. */
void glacis_card_cut(struct glacis_device *device, const char *why);

#endif
