/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: whoever may connect arms and clears faults, asks for the status, ends the card. A request and its
 * answer are one line of JSON each:
 *
 *     {"command": "fault", "text": "drop-completion:count=1"}     {"ok": true}
 *     {"command": "clear"} or {"command": "clear", "text": NAME}
 *     {"command": "status"}                                       {"ok": true, "status": {...}}
 *     {"command": "stop"}                                         {"ok": false, "error": "..."}
 *
 * One connection at a time, one request for each; by the socket's thread.
 */
#ifndef VCARD_CONTROL_H
#define VCARD_CONTROL_H

#include "card.h"

#define CONTROL_LINE_MAX    4096u
#define CONTROL_DEADLINE_MS 2000

struct vcard_control {
	struct vcard_card *card;
	int listener;
	int fd; /* connection, or -1 */
	uint64_t deadline_ns;
	size_t used;
	char line[CONTROL_LINE_MAX];
};

/* Ends the connection and the listener. */
void vcard_control_close(struct vcard_control *control, const char *path);

/* The listener, or the connection, is readable. */
void vcard_control_accept(struct vcard_control *control);

/* True when the card is to end. */
bool vcard_control_run(struct vcard_control *control);

/* Drops a connection that takes too long. */
void vcard_control_expire(struct vcard_control *control);

/* Answers one request, a new object; `*stop` when the card is to end. */
json_t *vcard_control_answer(struct vcard_card *card, const char *line, size_t size, bool *stop);

#endif
