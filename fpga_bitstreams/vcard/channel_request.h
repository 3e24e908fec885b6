/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the channel share: sending a message, and giving a reply to the request that waits for it. */
#ifndef VCARD_CHANNEL_REQUEST_H
#define VCARD_CHANNEL_REQUEST_H

#include <sys/uio.h>

#include "channel.h"

/*
 * Header and two pieces of body, either of which may be empty. Any thread. -EACCES: a request, and the card may not
 * master the bus. After any other error the connection is at its end.
 */
int vcard_channel_send(struct vcard_channel *channel, const struct vcard_wire_header *header, const struct iovec *body,
		       int fd);

/* Takes the reply that was received. False when no request waits for it. */
bool vcard_channel_deliver(struct vcard_channel *channel);

#endif
