/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vfio-user client attached to the card: each message it sends is checked and answered here. Commands are in a table
 * in session.c, those that only tell about the device in session_info.c. One client at a time; the object is used again
 * for the next.
 */
#ifndef VCARD_SESSION_H
#define VCARD_SESSION_H

#include "card.h"
#include "channel.h"
#include "pci_config.h"

struct vcard_session {
	struct vcard_card *card;
	struct vcard_channel channel;
	struct vcard_host host;
	struct vcard_pci_config config;
	bool negotiated; /* VERSION has been exchanged */
	uint8_t *answer; /* where long answers are made */
};

int vcard_session_init(struct vcard_session *session, struct vcard_card *card);
void vcard_session_destroy(struct vcard_session *session);

/* Takes over `fd`, a connected socket, also when it fails. */
int vcard_session_open(struct vcard_session *session, int fd);
void vcard_session_close(struct vcard_session *session);

/* The function as after power-on: everything reset, the configuration space too. Whoever is attached stays. */
void vcard_session_power(struct vcard_session *session);

static inline bool vcard_session_is_open(const struct vcard_session *session)
{
	return session->channel.fd >= 0;
}

/*
 * The socket is readable: answers up to SESSION_TURN messages. An error, as from vcard_channel_receive(), means that
 * the session must be closed.
 */
#define SESSION_TURN 64u
int vcard_session_run(struct vcard_session *session);

/* Commands of session_info.c: 0 when they have answered, or the error to answer with. */
int vcard_session_version(struct vcard_session *session);
int vcard_session_info(struct vcard_session *session);
int vcard_session_region_info(struct vcard_session *session);
int vcard_session_irq_info(struct vcard_session *session);

#endif
