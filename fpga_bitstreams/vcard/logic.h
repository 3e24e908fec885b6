/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand in for the whole of the card behind the socket: registers, queues, DMA and computation. A backend that
 * has this table is no mere computer of operands (backend.h) but a card; the front keeps the socket, the client's
 * memory, the doorbell pages, the MSI-X table and the eventfds.
 *
 * One worker runs it inside the gate; the socket's thread calls the rest with the gate closed.
 */
#ifndef VCARD_LOGIC_H
#define VCARD_LOGIC_H

#include <stdbool.h>
#include <stdint.h>

struct vcard_card;
struct vcard_logic_state; /* the logic's own */

struct vcard_logic {
	/* 0 or a negative errno. */
	int (*open)(struct vcard_logic_state **state, struct vcard_card *card);
	void (*close)(struct vcard_logic_state *state);

	/* As at power-on: whatever was under way is forgotten, and the client's memory not touched any more. */
	void (*power)(struct vcard_logic_state *state);

	/* Registers but those that the front keeps; `offset` is a multiple of 4. */
	uint32_t (*read)(struct vcard_logic_state *state, uint32_t offset);
	void (*write)(struct vcard_logic_state *state, uint32_t offset, uint32_t value);

	/* Faults were armed or cleared. */
	void (*faults_changed)(struct vcard_logic_state *state);

	/*
	 * Runs for a while, and looks at doorbells. True when there is more to do; `enabled` counts the queues that
	 * may get work without anybody calling. May leave the gate while it waits for the client.
	 */
	bool (*run)(struct vcard_logic_state *state, unsigned *enabled);
};

extern const struct vcard_logic vcard_rtl_logic;

#endif
