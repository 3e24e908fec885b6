/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a card can do, as DPDK describes it: made of the card's capability bits and limits when it is probed.
 */
#include <string.h>

#include <rte_cryptodev.h>

#include "glacis_pmd.h"

static const struct rte_cryptodev_capabilities aes_gcm = {
	.op = RTE_CRYPTO_OP_TYPE_SYMMETRIC,
	.sym = {
		.xform_type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {
			.algo = RTE_CRYPTO_AEAD_AES_GCM,
			.block_size = 16,
			.key_size = { .min = 16, .max = 32, .increment = 8 },
			.digest_size = { .min = 16, .max = 16, .increment = 0 },
			.aad_size = { .min = 0, .max = GLACIS_CARD_AAD_MAX, .increment = 1 },
			.iv_size = { .min = 12, .max = 12, .increment = 0 },
		},
	},
};

static const struct rte_cryptodev_capabilities rsa = {
	.op = RTE_CRYPTO_OP_TYPE_ASYMMETRIC,
	.asym.xform_capa = {
		.xform_type = RTE_CRYPTO_ASYM_XFORM_RSA,
		.op_types = 1u << RTE_CRYPTO_ASYM_OP_SIGN | 1u << RTE_CRYPTO_ASYM_OP_VERIFY |
			    1u << RTE_CRYPTO_ASYM_OP_ENCRYPT | 1u << RTE_CRYPTO_ASYM_OP_DECRYPT,
	},
};

#define MODULUS_STEP 128u /* bytes: 1024, 2048, 3072 and 4096 bits */

uint64_t glacis_capabilities_fill(struct glacis_device *device)
{
	const struct glacis_identity *identity = &device->identity;
	struct rte_cryptodev_capabilities *next = device->capabilities;
	uint64_t flags = RTE_CRYPTODEV_FF_HW_ACCELERATED;

	memset(device->capabilities, 0, sizeof(device->capabilities));
	if (glacis_device_has(device, GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK)) {
		*next++ = aes_gcm;
		flags |= RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO | RTE_CRYPTODEV_FF_SYM_SESSIONLESS |
			 RTE_CRYPTODEV_FF_OOP_LB_IN_LB_OUT;
		if (identity->segments > 1)
			flags |= RTE_CRYPTODEV_FF_IN_PLACE_SGL | RTE_CRYPTODEV_FF_OOP_SGL_IN_SGL_OUT |
				 RTE_CRYPTODEV_FF_OOP_SGL_IN_LB_OUT | RTE_CRYPTODEV_FF_OOP_LB_IN_SGL_OUT;
	}
	if (glacis_device_has(device, GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK)) {
		*next = rsa;
		next->asym.xform_capa.modlen.min = (uint16_t)((identity->rsa_bits_min + 7) / 8);
		next->asym.xform_capa.modlen.max = (uint16_t)(identity->rsa_bits_max / 8);
		next->asym.xform_capa.modlen.increment = MODULUS_STEP;
		next++;
		flags |= RTE_CRYPTODEV_FF_ASYMMETRIC_CRYPTO | RTE_CRYPTODEV_FF_RSA_PRIV_OP_KEY_EXP |
			 RTE_CRYPTODEV_FF_RSA_PRIV_OP_KEY_QT;
	}
	next->op = RTE_CRYPTO_OP_TYPE_UNDEFINED; /* the end of the list */
	return flags;
}
