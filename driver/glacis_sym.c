/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM. A session is the first half of the descriptor, ready to be copied: opcode, sizes, key. An operation adds
 * nonce, additional data and addresses. Text of one piece is named directly; text in several mbufs by a segment list
 * in the slot's scratch memory. Nothing is copied but additional data of up to 32 bytes.
 */
#include "glacis_sym.h"

#include <errno.h>
#include <string.h>

#include <cryptodev_pmd.h>
#include <rte_mbuf.h>

#include "glacis_pmd.h"

#define NONCE_SIZE 12u
#define TAG_SIZE   16u
#define HALF       offsetof(struct glacis_card_aead, aad)

struct sym_session {
	union {
		struct glacis_card_aead aead;
		uint8_t bytes[HALF]; /* all that is used of it */
	} head;
	uint16_t iv_offset;
	uint8_t kind; /* enum glacis_slot_kind */
};

static int session_fill(const struct glacis_device *device, const struct rte_crypto_sym_xform *xform,
			struct sym_session *session)
{
	const struct rte_crypto_aead_xform *aead = &xform->aead;
	bool seal = aead->op == RTE_CRYPTO_AEAD_OP_ENCRYPT;

	if (!glacis_device_has(device, GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK) || xform->next != NULL ||
	    xform->type != RTE_CRYPTO_SYM_XFORM_AEAD || aead->algo != RTE_CRYPTO_AEAD_AES_GCM)
		return -ENOTSUP;
	if ((aead->key.length != 16 && aead->key.length != 24 && aead->key.length != 32) || aead->key.data == NULL ||
	    aead->iv.length != NONCE_SIZE || aead->digest_length != TAG_SIZE || aead->aad_length > GLACIS_CARD_AAD_MAX)
		return -EINVAL;
	memset(session, 0, sizeof(*session));
	session->head.aead.opcode = seal ? GLACIS_CARD_OPCODE_SEAL : GLACIS_CARD_OPCODE_OPEN;
	session->head.aead.key_size = (uint8_t)aead->key.length;
	session->head.aead.aad_size = (uint8_t)aead->aad_length;
	memcpy(session->head.aead.key, aead->key.data, aead->key.length);
	session->iv_offset = aead->iv.offset;
	session->kind = seal ? GLACIS_SLOT_SEAL : GLACIS_SLOT_OPEN;
	return 0;
}

unsigned int glacis_sym_session_size(struct rte_cryptodev *cryptodev)
{
	(void)cryptodev;
	return sizeof(struct sym_session);
}

int glacis_sym_session_configure(struct rte_cryptodev *cryptodev, struct rte_crypto_sym_xform *xform,
				 struct rte_cryptodev_sym_session *session)
{
	return session_fill(cryptodev->data->dev_private, xform, CRYPTODEV_GET_SYM_SESS_PRIV(session));
}

void glacis_sym_session_clear(struct rte_cryptodev *cryptodev, struct rte_cryptodev_sym_session *session)
{
	(void)cryptodev;
	explicit_bzero(CRYPTODEV_GET_SYM_SESS_PRIV(session), sizeof(struct sym_session));
}

/* Where `size` bytes from `offset` of a packet lie. */
struct place {
	uint64_t address; /* of the bytes, or of the segment list */
	uint8_t count;
};

/* Writes the segment list. False: the packet is shorter than that, or in too many pieces. */
static bool segments_list(const struct rte_mbuf *packet, uint32_t offset, uint32_t size, uint32_t limit,
			  struct glacis_card_segment *list, struct place *place)
{
	uint32_t count = 0;

	for (; packet != NULL && offset >= packet->data_len; packet = packet->next)
		offset -= packet->data_len;
	for (; packet != NULL && size > 0; packet = packet->next, offset = 0) {
		uint32_t piece = RTE_MIN(packet->data_len - offset, size);

		if (piece == 0)
			continue;
		if (count == limit)
			return false;
		list[count++] = (struct glacis_card_segment){
			.address = rte_pktmbuf_iova_offset(packet, offset),
			.size = piece,
		};
		size -= piece;
	}
	place->count = (uint8_t)count;
	if (count == 1)
		place->address = list[0].address;
	return size == 0;
}

/* `list_address` is that of `list` for the card. */
static inline bool text_place(const struct rte_mbuf *packet, uint32_t offset, uint32_t size, uint32_t limit,
			      struct glacis_card_segment *list, uint64_t list_address, struct place *place)
{
	if (likely(offset <= packet->data_len && size <= packet->data_len - offset)) {
		place->address = rte_pktmbuf_iova_offset(packet, offset);
		place->count = 1;
		return true;
	}
	place->address = list_address;
	return segments_list(packet, offset, size, limit, list, place);
}

/* The session of an operation; made on the spot in `own` when it brings only a transform. */
static inline const struct sym_session *session_of(const struct glacis_device *device, const struct rte_crypto_op *op,
						   struct sym_session *own)
{
	if (likely(op->sess_type == RTE_CRYPTO_OP_WITH_SESSION)) {
		const struct rte_cryptodev_sym_session *session = (const void *)op->sym->session;

		if (unlikely(session == NULL || session->driver_id != glacis_driver_id))
			return NULL;
		return (const void *)session->driver_priv_data;
	}
	if (op->sess_type != RTE_CRYPTO_OP_SESSIONLESS || op->sym->xform == NULL ||
	    session_fill(device, op->sym->xform, own) != 0)
		return NULL;
	return own;
}

static enum rte_crypto_op_status describe(const struct glacis_device *device, const struct rte_crypto_op *op,
					  const struct sym_session *session, struct glacis_card_aead *descriptor,
					  struct glacis_slot *slot, uint8_t *scratch)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	struct glacis_card_segment *lists = (struct glacis_card_segment *)(void *)scratch;
	uint32_t offset = sym->aead.data.offset, size = sym->aead.data.length, limit = device->identity.segments;
	uint64_t lists_address = slot->scratch_iova;
	uint8_t aad_size = session->head.aead.aad_size;
	struct place source, destination;

	if (unlikely(size > GLACIS_CARD_TEXT_MAX || sym->m_src == NULL || sym->aead.digest.phys_addr == 0 ||
		     (aad_size > 0 && sym->aead.aad.data == NULL) ||
		     !text_place(sym->m_src, offset, size, limit, lists, lists_address, &source)))
		return RTE_CRYPTO_OP_STATUS_INVALID_ARGS;
	destination = source;
	if (sym->m_dst != NULL && sym->m_dst != sym->m_src &&
	    unlikely(!text_place(sym->m_dst, offset, size, limit, lists + GLACIS_CARD_SEGMENTS_MAX,
				 lists_address + GLACIS_CARD_SEGMENTS_MAX * sizeof(*lists), &destination)))
		return RTE_CRYPTO_OP_STATUS_INVALID_ARGS;

	memcpy(descriptor, session->head.bytes, HALF);
	descriptor->text_size = size;
	descriptor->source_count = source.count;
	descriptor->destination_count = destination.count;
	memcpy(descriptor->nonce,
	       rte_crypto_op_ctod_offset((struct rte_crypto_op *)(uintptr_t)op, const uint8_t *, session->iv_offset),
	       NONCE_SIZE);
	descriptor->source = source.address;
	descriptor->destination = destination.address;
	descriptor->tag = sym->aead.digest.phys_addr;
	descriptor->aad_address = 0;
	if (unlikely(aad_size > GLACIS_CARD_AAD_INLINE_MAX))
		descriptor->aad_address = sym->aead.aad.phys_addr;
	else if (aad_size > 0)
		memcpy(descriptor->aad, sym->aead.aad.data, aad_size);
	slot->kind = session->kind;
	slot->expected = size;
	return RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
}

enum rte_crypto_op_status glacis_sym_describe(const struct glacis_device *device, const struct rte_crypto_op *op,
					      struct glacis_card_aead *descriptor, struct glacis_slot *slot,
					      uint8_t *scratch)
{
	const struct sym_session *session;
	enum rte_crypto_op_status status;
	struct sym_session own;

	session = session_of(device, op, &own);
	if (unlikely(session == NULL))
		return RTE_CRYPTO_OP_STATUS_INVALID_SESSION;
	status = describe(device, op, session, descriptor, slot, scratch);
	if (unlikely(session == &own))
		explicit_bzero(&own, sizeof(own));
	return status;
}
