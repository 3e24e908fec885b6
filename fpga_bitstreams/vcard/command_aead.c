/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEAL and OPEN. The result is computed into memory of the card and written to the host when it is complete: text that
 * failed authentication is never there, and source and destination may be the same.
 */
#include <errno.h>
#include <string.h>

#include "card.h"
#include "command.h"
#include "dma.h"
#include "segments.h"

struct operands {
	struct vcard_segments source;
	struct vcard_segments destination;
	uint8_t aad[GLACIS_CARD_AAD_MAX];
	uint8_t tag[VCARD_TAG];
};

static bool fields_are_good(const struct glacis_card_aead *command)
{
	bool far_aad = command->aad_size > GLACIS_CARD_AAD_INLINE_MAX;

	return (command->key_size == 16 || command->key_size == 24 || command->key_size == 32) &&
	       command->aad_size <= GLACIS_CARD_AAD_MAX && command->text_size <= GLACIS_CARD_TEXT_MAX &&
	       vcard_command_zero(command->reserved, sizeof(command->reserved)) && !command->reserved2 &&
	       (far_aad || !command->aad_address);
}

/* Fetches all but the text. */
static int fetch(struct vcard_queue *queue, const struct glacis_card_aead *command, struct operands *operands)
{
	int error = vcard_segments_fetch(queue, &operands->source, command->source_count, command->source,
					 command->text_size);

	if (!error)
		error = vcard_segments_fetch(queue, &operands->destination, command->destination_count,
					     command->destination, command->text_size);
	if (!error && command->aad_size > GLACIS_CARD_AAD_INLINE_MAX)
		error = vcard_dma_read(queue, command->aad_address, operands->aad, command->aad_size);
	else if (!error)
		memcpy(operands->aad, command->aad, command->aad_size);
	if (!error && command->opcode == GLACIS_CARD_OPCODE_OPEN)
		error = vcard_dma_read(queue, command->tag, operands->tag, VCARD_TAG);
	return error;
}

/* The text: where it lies, or copied. */
static int fetch_text(struct vcard_queue *queue, const struct vcard_segments *source, struct vcard_scratch *scratch,
		      const uint8_t **text)
{
	*text = scratch->source;
	if (source->count == 1) {
		const uint8_t *view = vcard_dma_view(queue, source->list[0].address, source->list[0].size);

		if (view) {
			*text = view;
			return 0;
		}
	}
	return vcard_segments_gather(queue, source, scratch->source);
}

static int write_back(struct vcard_queue *queue, const struct glacis_card_aead *command, struct operands *operands,
		      const struct vcard_scratch *scratch)
{
	int error = vcard_segments_scatter(queue, &operands->destination, scratch->destination);

	if (!error && command->opcode == GLACIS_CARD_OPCODE_SEAL)
		error = vcard_dma_write(queue, command->tag, operands->tag, VCARD_TAG);
	return error;
}

/* Faults: in a seal's tag when it is made, in an open's before it is compared. */
static void strike(struct vcard_queue *queue, struct operands *operands)
{
	struct vcard_faults *faults = &queue->card->faults;

	if (queue->card->wrong || vcard_faults_strike(faults, VCARD_FAULT_CORRUPT_TAG, queue->index))
		operands->tag[5] ^= 0x10;
	if (vcard_faults_strike(faults, VCARD_FAULT_DMA_OUTSIDE, queue->index)) {
		operands->destination.count = 1;
		operands->destination.list[0] = vcard_command_nowhere;
	}
}

static void count(struct vcard_queue *queue, uint32_t size, enum glacis_card_status status)
{
	vcard_queue_count(queue, VCARD_AEAD_OPERATIONS, 1);
	vcard_queue_count(queue, VCARD_AEAD_BYTES, size);
	if (status == GLACIS_CARD_STATUS_AUTH_FAILED)
		vcard_queue_count(queue, VCARD_AUTH_FAILED, 1);
}

int vcard_command_aead(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct glacis_card_aead *command,
		       struct vcard_result *result)
{
	const struct vcard_setup *setup = &queue->card->setup;
	enum glacis_card_status status;
	struct operands operands;
	struct vcard_aead op = { .seal = command->opcode == GLACIS_CARD_OPCODE_SEAL,
				 .key_size = command->key_size,
				 .aad_size = command->aad_size,
				 .size = command->text_size,
				 .key = command->key,
				 .nonce = command->nonce,
				 .aad = operands.aad,
				 .destination = scratch->destination,
				 .tag = operands.tag };
	int error;

	if (!fields_are_good(command))
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_FIELD);
	error = fetch(queue, command, &operands);
	if (error == -EBADMSG)
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_FIELD);
	if (!error)
		error = fetch_text(queue, &operands.source, scratch, &op.source);
	if (error)
		return vcard_command_end(result, error, GLACIS_CARD_STATUS_DMA_READ);
	if (!op.seal)
		strike(queue, &operands);
	status = setup->backend->aead(queue->card->engine, scratch->thread, &op);
	if (status != GLACIS_CARD_STATUS_OK && status != GLACIS_CARD_STATUS_AUTH_FAILED)
		return vcard_command_end(result, 0, status);
	if (op.seal)
		strike(queue, &operands);
	error = write_back(queue, command, &operands, scratch);
	if (error)
		return vcard_command_end(result, error, GLACIS_CARD_STATUS_DMA_WRITE);
	count(queue, command->text_size, status);
	*result = (struct vcard_result){ status, status == GLACIS_CARD_STATUS_OK ? command->text_size : 0 };
	return 0;
}
