/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM: from a DPDK transform to a session, from an operation to a descriptor.
 */
#ifndef GLACIS_DRIVER_SYM_H
#define GLACIS_DRIVER_SYM_H

#include <cryptodev_pmd.h>

#include "glacis_qp.h"

/* Operations of struct rte_cryptodev_ops. */
unsigned int glacis_sym_session_size(struct rte_cryptodev *cryptodev);
int glacis_sym_session_configure(struct rte_cryptodev *cryptodev, struct rte_crypto_sym_xform *xform,
				 struct rte_cryptodev_sym_session *session);
void glacis_sym_session_clear(struct rte_cryptodev *cryptodev, struct rte_cryptodev_sym_session *session);

/*
 * Fills in all of the descriptor but the cookie, and the slot's kind and size. NOT_PROCESSED: the card can be asked;
 * anything else is the operation's final status.
 */
enum rte_crypto_op_status glacis_sym_describe(const struct glacis_device *device, const struct rte_crypto_op *op,
					      struct glacis_card_aead *descriptor, struct glacis_slot *slot,
					      uint8_t *scratch);

#endif
