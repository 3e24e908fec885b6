/* SPDX-License-Identifier: Apache-2.0 */
/* How a test tells the card of fake_card.c what to do wrong. The module exports one such object, `fake_card`. */
#ifndef FAKE_CARD_H
#define FAKE_CARD_H

#include <stdatomic.h>
#include <stdint.h>

#define FAKE_CARD_QUEUES 4u
#define FAKE_CARD_DEPTH  64u   /* operations of a queue */
#define FAKE_CARD_FAR_US 2000u /* from the newest submit until all are back */

enum fake_card_mode {
	FAKE_CARD_GOOD,
	FAKE_CARD_ERROR,     /* every operation ends with an error */
	FAKE_CARD_LATE,      /* ... is given back as late */
	FAKE_CARD_WRONG_TAG, /* a seal's tag has a wrong bit */
	FAKE_CARD_FORGED,    /* every open is called forged */
	FAKE_CARD_FAR,       /* costs the host next to nothing, computes nothing, and takes a while */
	FAKE_CARD_SILENT,    /* nothing comes back until the mode changes; then it comes back with an error */
};

struct fake_card_control {
	_Atomic int mode;
	_Atomic int restarts_to_fail; /* so many restarts fail */
	_Atomic unsigned restarts, submitted, sessions_released;
	_Atomic int live; /* operations that are with the module now */
};

#endif
