/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA operations, and the admin queue's commands that fill and empty key slots. The arithmetic takes milliseconds and
 * is done outside the gate.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "command.h"
#include "dma.h"

/* Calculates outside the gate; -ECANCELED when the queue was reset meanwhile. */
static int calculate(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct vcard_slot_key *key,
		     bool private_exponent, uint8_t *result, enum glacis_card_status *status)
{
	struct vcard_card *card = queue->card;
	uint32_t generation = queue->generation;

	vcard_gate_leave(&card->gate);
	*status = card->setup.backend->rsa(card->engine, scratch->thread, key->key, private_exponent, scratch->numbers,
					   result);
	vcard_gate_enter(&card->gate);
	return generation == queue->generation ? 0 : -ECANCELED;
}

static int run_with_key(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct glacis_card_rsa *command,
			const struct vcard_slot_key *key, struct vcard_result *result)
{
	bool private_exponent = command->opcode == GLACIS_CARD_OPCODE_RSA_PRIVATE;
	uint8_t *number = scratch->numbers + GLACIS_CARD_RSA_BYTES_MAX;
	enum glacis_card_status status;
	int error;

	if (private_exponent && !key->has_private)
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_KEY_EMPTY);
	if (command->modulus_size != key->modulus_size)
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_FIELD);
	error = vcard_dma_read(queue, command->base, scratch->numbers, key->modulus_size);
	if (error)
		return vcard_command_end(result, error, GLACIS_CARD_STATUS_DMA_READ);
	error = calculate(queue, scratch, key, private_exponent, number, &status);
	if (error || status != GLACIS_CARD_STATUS_OK)
		return vcard_command_end(result, error, status);
	if (vcard_faults_strike(&queue->card->faults, VCARD_FAULT_CORRUPT_RSA, queue->index))
		number[key->modulus_size / 2] ^= 0x04;
	if (vcard_faults_strike(&queue->card->faults, VCARD_FAULT_DMA_OUTSIDE, queue->index))
		error = vcard_dma_write(queue, vcard_command_nowhere.address, number, vcard_command_nowhere.size);
	else
		error = vcard_dma_write(queue, command->result, number, key->modulus_size);
	if (error)
		return vcard_command_end(result, error, GLACIS_CARD_STATUS_DMA_WRITE);
	vcard_queue_count(queue, VCARD_RSA_OPERATIONS, 1);
	*result = (struct vcard_result){ GLACIS_CARD_STATUS_OK, key->modulus_size };
	return 0;
}

int vcard_command_rsa(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct glacis_card_rsa *command,
		      struct vcard_result *result)
{
	struct vcard_keys *keys = &queue->card->keys;
	struct vcard_slot_key *key;
	int error;

	if (command->slot >= keys->count || command->reserved || command->reserved2 ||
	    !vcard_command_zero(command->reserved3, sizeof(command->reserved3)))
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_FIELD);
	key = vcard_keys_get(keys, command->slot);
	if (!key)
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_KEY_EMPTY);
	error = run_with_key(queue, scratch, command, key, result);
	vcard_keys_put(keys, key);
	explicit_bzero(scratch->numbers, sizeof(scratch->numbers));
	return error;
}

/* Bytes of the numbers of a key, or 0 when a size or the kind is out of bounds. */
static uint32_t numbers_size(const struct vcard_backend *backend, const struct glacis_card_key *command)
{
	uint64_t bits = (uint64_t)command->modulus_size * 8;

	if (bits < backend->rsa_bits_min || bits > backend->rsa_bits_max || command->modulus_size % 2)
		return 0;
	if (!command->exponent_size || command->exponent_size > command->modulus_size)
		return 0;
	switch (command->kind) {
	case GLACIS_CARD_KEY_KIND_RSA_PUBLIC:
		return command->modulus_size + command->exponent_size;
	case GLACIS_CARD_KEY_KIND_RSA_EXPONENT:
		return command->modulus_size * 2 + command->exponent_size;
	case GLACIS_CARD_KEY_KIND_RSA_CRT:
		return command->modulus_size + command->exponent_size + command->modulus_size / 2 * 5;
	default:
		return 0;
	}
}

static enum glacis_card_status load(struct vcard_card *card, const struct glacis_card_key *command,
				    const uint8_t *bytes)
{
	struct vcard_key_numbers numbers = { .kind = command->kind,
					     .modulus_size = command->modulus_size,
					     .exponent_size = command->exponent_size,
					     .bytes = bytes };
	struct vcard_slot_key *key = calloc(1, sizeof(*key));
	enum glacis_card_status status;

	if (!key)
		return GLACIS_CARD_STATUS_INTERNAL;
	key->backend = card->setup.backend;
	key->modulus_size = command->modulus_size;
	key->has_private = command->kind != GLACIS_CARD_KEY_KIND_RSA_PUBLIC;
	status = key->backend->key_make(card->engine, &numbers, &key->key);
	if (status != GLACIS_CARD_STATUS_OK) {
		free(key);
		return status;
	}
	vcard_keys_set(&card->keys, command->slot, key);
	return GLACIS_CARD_STATUS_OK;
}

static int zeroise(struct vcard_card *card, const struct glacis_card_key *command, struct vcard_result *result)
{
	if (command->kind || command->modulus_size || command->exponent_size || command->key)
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_FIELD);
	vcard_keys_set(&card->keys, command->slot, NULL);
	return vcard_command_end(result, 0, GLACIS_CARD_STATUS_OK);
}

int vcard_command_key(struct vcard_queue *queue, struct vcard_scratch *scratch, const struct glacis_card_key *command,
		      struct vcard_result *result)
{
	struct vcard_card *card = queue->card;
	enum glacis_card_status status;
	uint32_t size;
	int error;

	static_assert(sizeof(scratch->numbers) >= 4 * GLACIS_CARD_RSA_BYTES_MAX + GLACIS_CARD_RSA_BYTES_MAX / 2,
		      "all numbers of a CRT key fit");
	if (command->slot >= card->keys.count || !vcard_command_zero(command->reserved, sizeof(command->reserved)))
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_FIELD);
	if (command->opcode == GLACIS_CARD_OPCODE_KEY_ZEROISE)
		return zeroise(card, command, result);
	size = numbers_size(card->setup.backend, command);
	if (!size)
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_FIELD);
	error = vcard_dma_read(queue, command->key, scratch->numbers, size);
	if (error)
		return vcard_command_end(result, error, GLACIS_CARD_STATUS_DMA_READ);
	status = load(card, command, scratch->numbers);
	explicit_bzero(scratch->numbers, sizeof(scratch->numbers));
	return vcard_command_end(result, 0, status);
}
