/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA: from a DPDK transform to a key in a slot of the card, from an operation to a descriptor, and from the card's
 * number to what the operation asked for.
 */
#ifndef GLACIS_DRIVER_ASYM_H
#define GLACIS_DRIVER_ASYM_H

#include <cryptodev_pmd.h>

#include "glacis_qp.h"

/* Operations of struct rte_cryptodev_ops. */
unsigned int glacis_asym_session_size(struct rte_cryptodev *cryptodev);
int glacis_asym_session_configure(struct rte_cryptodev *cryptodev, struct rte_crypto_asym_xform *xform,
				  struct rte_cryptodev_asym_session *session);
void glacis_asym_session_clear(struct rte_cryptodev *cryptodev, struct rte_cryptodev_asym_session *session);

/* As glacis_sym_describe. */
enum rte_crypto_op_status glacis_asym_describe(const struct glacis_device *device, const struct rte_crypto_op *op,
					       struct glacis_card_rsa *descriptor, struct glacis_slot *slot,
					       uint8_t *scratch);
/* Gives an operation that succeeded on the card its result and its status. */
void glacis_asym_collect(struct rte_crypto_op *op, uint8_t *scratch);

#endif
