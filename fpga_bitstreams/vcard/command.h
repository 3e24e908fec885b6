/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command: its descriptor checked, its operands fetched, computed, its results written. Nothing of a descriptor or a
 * segment list is looked at twice in host memory, which may change at any time.
 */
#ifndef VCARD_COMMAND_H
#define VCARD_COMMAND_H

#include "queue.h"
#include "worker.h"

/* What a command's completion says. */
struct vcard_result {
	enum glacis_card_status status;
	uint32_t size; /* bytes of text or number written; 0 unless OK */
};

/*
 * Runs the command in `descriptor`, VCARD_DESCRIPTOR bytes in memory of ours. 0, or -ECANCELED when the queue was reset
 * meanwhile: then there is nothing to complete.
 */
int vcard_command_run(struct vcard_queue *queue, struct vcard_scratch *scratch, const uint8_t *descriptor,
		      struct vcard_result *result);

/* The parts, by kind of command. */
int vcard_command_aead(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct glacis_card_aead *command,
		       struct vcard_result *result);
int vcard_command_rsa(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct glacis_card_rsa *command,
		      struct vcard_result *result);
int vcard_command_key(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct glacis_card_key *command,
		      struct vcard_result *result);

/* An address that no host has memory at, for the fault "dma-outside". */
extern const struct glacis_card_segment vcard_command_nowhere;

/* True when `size` bytes are zero, as reserved fields must be. */
bool vcard_command_zero(const void *bytes, uint32_t size);

/* Ends a command: `status`, or what `error` of a DMA access means. 0 or -ECANCELED. */
int vcard_command_end(struct vcard_result *result, int error, enum glacis_card_status status);

#endif
