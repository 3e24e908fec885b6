/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA. The card raises numbers to the exponents of a key slot; padding is done here. Messages and results go through
 * the slot's scratch memory, so a program's own buffers may lie anywhere: DPDK's RSA interface does not promise that a
 * device can reach them.
 */
#include "glacis_asym.h"

#include <errno.h>
#include <string.h>

#include <cryptodev_pmd.h>

#include "glacis_compat.h"
#include "glacis_keys.h"
#include "glacis_pmd.h"
#include "glacis_rsa_padding.h"

struct asym_session {
	struct glacis_device *device;
	struct glacis_key key;
	struct rte_crypto_rsa_padding padding; /* see glacis_compat.h */
};

static inline struct asym_session *session_of(struct rte_cryptodev_asym_session *session)
{
	return (struct asym_session *)(void *)session->sess_private_data;
}

static inline uint8_t *result_of(uint8_t *scratch)
{
	return scratch + GLACIS_CARD_RSA_BYTES_MAX;
}

unsigned int glacis_asym_session_size(struct rte_cryptodev *cryptodev)
{
	(void)cryptodev;
	return sizeof(struct asym_session);
}

int glacis_asym_session_configure(struct rte_cryptodev *cryptodev, struct rte_crypto_asym_xform *xform,
				  struct rte_cryptodev_asym_session *session)
{
	struct asym_session *own = session_of(session);
	int status;

	if (xform->xform_type != RTE_CRYPTO_ASYM_XFORM_RSA || xform->next != NULL)
		return -ENOTSUP;
	memset(own, 0, sizeof(*own));
	status = glacis_key_load(cryptodev->data->dev_private, &xform->rsa, &own->key);
	if (status != 0)
		return status;
	own->device = cryptodev->data->dev_private;
	own->padding = glacis_compat_session_padding(&xform->rsa);
	return 0;
}

void glacis_asym_session_clear(struct rte_cryptodev *cryptodev, struct rte_cryptodev_asym_session *session)
{
	struct asym_session *own = session_of(session);

	if (own->device == cryptodev->data->dev_private)
		glacis_key_unload(own->device, &own->key);
	memset(own, 0, sizeof(*own));
}

static inline bool private_operation(const struct rte_crypto_rsa_op_param *rsa)
{
	return rsa->op_type == RTE_CRYPTO_ASYM_OP_SIGN || rsa->op_type == RTE_CRYPTO_ASYM_OP_DECRYPT;
}

/* The number the card starts from. */
static int base_write(const struct rte_crypto_rsa_op_param *rsa, const struct rte_crypto_rsa_padding *padding,
		      uint8_t *base, size_t size)
{
	bool padded = padding->type == RTE_CRYPTO_RSA_PADDING_PKCS1_5;
	const rte_crypto_param *message = &rsa->message;

	switch (rsa->op_type) {
	case RTE_CRYPTO_ASYM_OP_SIGN:
		return padded ? glacis_rsa_pad_signature(base, size, message->data, message->length, padding->hash)
			      : glacis_rsa_place(base, size, message->data, message->length);
	case RTE_CRYPTO_ASYM_OP_ENCRYPT:
		return padded ? glacis_rsa_pad_encryption(base, size, message->data, message->length)
			      : glacis_rsa_place(base, size, message->data, message->length);
	case RTE_CRYPTO_ASYM_OP_DECRYPT:
		return glacis_rsa_place(base, size, rsa->cipher.data, rsa->cipher.length);
	case RTE_CRYPTO_ASYM_OP_VERIFY:
		return glacis_rsa_place(base, size, rsa->sign.data, rsa->sign.length);
	default:
		return -EINVAL;
	}
}

/* Are the buffers there that this kind of operation reads and writes? */
static bool buffers_given(const struct rte_crypto_rsa_op_param *rsa)
{
	bool message = rsa->message.data != NULL, sign = rsa->sign.data != NULL, cipher = rsa->cipher.data != NULL;

	switch (rsa->op_type) {
	case RTE_CRYPTO_ASYM_OP_SIGN:
		return message && sign;
	case RTE_CRYPTO_ASYM_OP_VERIFY:
		return sign && (message || cipher);
	case RTE_CRYPTO_ASYM_OP_ENCRYPT:
	case RTE_CRYPTO_ASYM_OP_DECRYPT:
		return message && cipher;
	default:
		return false;
	}
}

enum rte_crypto_op_status glacis_asym_describe(const struct glacis_device *device, const struct rte_crypto_op *op,
					       struct glacis_card_rsa *descriptor, struct glacis_slot *slot,
					       uint8_t *scratch)
{
	const struct rte_crypto_rsa_op_param *rsa = &op->asym->rsa;
	const struct rte_crypto_rsa_padding *padding;
	const struct asym_session *session;

	if (op->sess_type != RTE_CRYPTO_OP_WITH_SESSION || op->asym->session == NULL ||
	    op->asym->session->driver_id != glacis_driver_id)
		return RTE_CRYPTO_OP_STATUS_INVALID_SESSION;
	session = session_of(op->asym->session);
	if (session->device != device || session->key.epoch != __atomic_load_n(&device->epoch, __ATOMIC_ACQUIRE) ||
	    (private_operation(rsa) && !session->key.private_half))
		return RTE_CRYPTO_OP_STATUS_INVALID_SESSION;
	padding = glacis_compat_padding(rsa, &session->padding);
	if (padding->type != RTE_CRYPTO_RSA_PADDING_NONE && padding->type != RTE_CRYPTO_RSA_PADDING_PKCS1_5)
		return RTE_CRYPTO_OP_STATUS_INVALID_ARGS;
	if (!buffers_given(rsa) || base_write(rsa, padding, scratch, session->key.modulus_size) != 0)
		return RTE_CRYPTO_OP_STATUS_INVALID_ARGS;
	memset(descriptor, 0, sizeof(*descriptor));
	descriptor->opcode = private_operation(rsa) ? GLACIS_CARD_OPCODE_RSA_PRIVATE : GLACIS_CARD_OPCODE_RSA_PUBLIC;
	descriptor->slot = session->key.slot;
	descriptor->modulus_size = session->key.modulus_size;
	descriptor->base = slot->scratch_iova;
	descriptor->result = slot->scratch_iova + GLACIS_CARD_RSA_BYTES_MAX;
	slot->kind = GLACIS_SLOT_RSA;
	slot->expected = session->key.modulus_size;
	return RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
}

static void number_give(rte_crypto_param *to, const uint8_t *number, size_t size)
{
	memcpy(to->data, number, size);
	to->length = size;
}

/* The number a signature gives must be the block that would have been signed. */
static bool signature_matches(struct rte_crypto_rsa_op_param *rsa, const struct rte_crypto_rsa_padding *padding,
			      const uint8_t *number, size_t size)
{
	uint8_t wanted[GLACIS_CARD_RSA_BYTES_MAX];
	int status;

	if (padding->type == RTE_CRYPTO_RSA_PADDING_NONE) {
		if (rsa->cipher.data != NULL)
			number_give(&rsa->cipher, number, size);
		if (rsa->message.data == NULL)
			return true;
		status = glacis_rsa_place(wanted, size, rsa->message.data, rsa->message.length);
	} else if (rsa->message.data == NULL) {
		return false;
	} else {
		status = glacis_rsa_pad_signature(wanted, size, rsa->message.data, rsa->message.length, padding->hash);
	}
	return status == 0 && memcmp(wanted, number, size) == 0;
}

void glacis_asym_collect(struct rte_crypto_op *op, uint8_t *scratch)
{
	const struct asym_session *session = session_of(op->asym->session);
	struct rte_crypto_rsa_op_param *rsa = &op->asym->rsa;
	const struct rte_crypto_rsa_padding *padding = glacis_compat_padding(rsa, &session->padding);
	size_t size = session->key.modulus_size;
	uint8_t *number = result_of(scratch);
	bool good = true;

	switch (rsa->op_type) {
	case RTE_CRYPTO_ASYM_OP_SIGN:
		number_give(&rsa->sign, number, size);
		break;
	case RTE_CRYPTO_ASYM_OP_ENCRYPT:
		number_give(&rsa->cipher, number, size);
		break;
	case RTE_CRYPTO_ASYM_OP_DECRYPT:
		if (padding->type == RTE_CRYPTO_RSA_PADDING_NONE)
			number_give(&rsa->message, number, size);
		else
			good = glacis_rsa_unpad_encryption(number, size, rsa->message.data, &rsa->message.length) == 0;
		explicit_bzero(number, size);
		break;
	default:
		good = signature_matches(rsa, padding, number, size);
		break;
	}
	op->status = good ? RTE_CRYPTO_OP_STATUS_SUCCESS : RTE_CRYPTO_OP_STATUS_ERROR;
}
