/* SPDX-License-Identifier: Apache-2.0 */
/* From opcode to the part that runs it; see command.h. */
#include <errno.h>
#include <string.h>

#include "card.h"
#include "command.h"

/* Reaches over 2^64, which no region does. */
const struct glacis_card_segment vcard_command_nowhere = { .address = UINT64_MAX, .size = 2 };

bool vcard_command_zero(const void *bytes, uint32_t size)
{
	const uint8_t *byte = bytes;
	uint8_t any = 0;

	for (uint32_t i = 0; i < size; i++)
		any |= byte[i];
	return !any;
}

int vcard_command_end(struct vcard_result *result, int error, enum glacis_card_status status)
{
	if (error == -ECANCELED)
		return error;
	*result = (struct vcard_result){ .status = status };
	return 0;
}

static bool can(const struct vcard_queue *queue, uint32_t capability)
{
	return queue->card->capabilities & capability;
}

static int run_aead(struct vcard_queue *queue, struct vcard_scratch *scratch, const uint8_t *descriptor,
		    struct vcard_result *result)
{
	struct glacis_card_aead command;
	int error;

	if (!can(queue, GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK))
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_UNSUPPORTED);
	memcpy(&command, descriptor, sizeof(command));
	error = vcard_command_aead(queue, scratch, &command, result);
	explicit_bzero(&command, sizeof(command));
	return error;
}

static int run_rsa(struct vcard_queue *queue, struct vcard_scratch *scratch, const uint8_t *descriptor,
		   struct vcard_result *result)
{
	struct glacis_card_rsa command;

	if (!can(queue, GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK))
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_UNSUPPORTED);
	memcpy(&command, descriptor, sizeof(command));
	return vcard_command_rsa(queue, scratch, &command, result);
}

static int run_key(struct vcard_queue *queue, struct vcard_scratch *scratch, const uint8_t *descriptor,
		   struct vcard_result *result)
{
	struct glacis_card_key command;

	if (!can(queue, GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK))
		return vcard_command_end(result, 0, GLACIS_CARD_STATUS_UNSUPPORTED);
	memcpy(&command, descriptor, sizeof(command));
	return vcard_command_key(queue, scratch, &command, result);
}

static int run_nop(struct vcard_queue *queue, struct vcard_scratch *scratch, const uint8_t *descriptor,
		   struct vcard_result *result)
{
	return vcard_command_end(result, 0, GLACIS_CARD_STATUS_OK);
}

static const struct {
	enum glacis_card_opcode opcode;
	bool admin;
	int (*run)(struct vcard_queue *queue, struct vcard_scratch *scratch, const uint8_t *descriptor,
		   struct vcard_result *result);
} commands[] = {
	{ GLACIS_CARD_OPCODE_NOP, false, run_nop },        { GLACIS_CARD_OPCODE_SEAL, false, run_aead },
	{ GLACIS_CARD_OPCODE_OPEN, false, run_aead },      { GLACIS_CARD_OPCODE_RSA_PRIVATE, false, run_rsa },
	{ GLACIS_CARD_OPCODE_RSA_PUBLIC, false, run_rsa }, { GLACIS_CARD_OPCODE_KEY_LOAD, true, run_key },
	{ GLACIS_CARD_OPCODE_KEY_ZEROISE, true, run_key },
};

int vcard_command_run(struct vcard_queue *queue, struct vcard_scratch *scratch, const uint8_t *descriptor,
		      struct vcard_result *result)
{
	bool admin = queue->index == 0;

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].opcode == descriptor[0] && commands[i].admin == admin)
			return commands[i].run(queue, scratch, descriptor, result);
	}
	return vcard_command_end(result, 0, GLACIS_CARD_STATUS_BAD_OPCODE);
}
