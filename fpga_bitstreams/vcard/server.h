/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's loop: waits on the sockets and signals, takes clients one at a time, ends on SIGTERM and SIGINT.
 */
#ifndef VCARD_SERVER_H
#define VCARD_SERVER_H

#include "card.h"

/* Serves until the process is told to end. `in_slot`: a card that goes away and comes back keeps its client. 0, or 1
 * after a message about what failed. */
int vcard_server_run(struct vcard_card *card, const char *socket_path, const char *control_path, bool in_slot);

#endif
