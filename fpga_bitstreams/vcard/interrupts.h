/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSI-X towards the client: one eventfd for each vector, that is for each queue pair. Set by the socket's thread with
 * the gate closed, signalled by workers inside it.
 */
#ifndef VCARD_INTERRUPTS_H
#define VCARD_INTERRUPTS_H

#include "glacis_card_abi.h"

struct vcard_interrupts {
	int fds[GLACIS_CARD_QUEUES_MAX]; /* -1: none */
};

void vcard_interrupts_init(struct vcard_interrupts *interrupts);
void vcard_interrupts_clear(struct vcard_interrupts *interrupts);

/* Takes over `fd`, which must be an eventfd (-EINVAL, and it is still the caller's), or -1 for none. */
int vcard_interrupts_set(struct vcard_interrupts *interrupts, unsigned vector, int fd);

void vcard_interrupts_raise(const struct vcard_interrupts *interrupts, unsigned vector);

#endif
