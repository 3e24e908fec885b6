/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card inside the test's own process, behind the driver's table of transports: registers, doorbells, rings. It does
 * nothing by itself but reset and load keys; completions are written by the test, so each can be wrong in its own way.
 */
#ifndef GLACIS_TESTS_DRIVER_FAKE_CARD_H
#define GLACIS_TESTS_DRIVER_FAKE_CARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "glacis_card_abi.h"
#include "glacis_transport.h"

#define FAKE_QUEUES GLACIS_CARD_QUEUES_MAX

struct fake_queue {
	uint32_t words[6]; /* addresses, sizes, control: as written */
	uint32_t state;
	uint32_t taken; /* descriptors */
	uint32_t given; /* completions */
	bool reset_stuck;
};

struct fake_card {
	pthread_mutex_t lock; /* of registers and rings; not of the test's own switches */
	uint32_t abi, magic, capabilities, limits, key_slots, rsa_bits;
	uint32_t resets; /* of the function */
	bool gone;       /* reads give all ones */
	bool fatal;
	bool reset_stuck;  /* of the function */
	bool admin_silent; /* key commands are not answered */
	bool unmapped;     /* doorbells are written by register */
	unsigned cuts, reopens, closes, served;
	struct fake_queue queues[FAKE_QUEUES];
	uint32_t doorbells[FAKE_QUEUES * GLACIS_CARD_PAGE / 4];
};

extern const struct glacis_transport fake_transport;

/* A healthy card with all capabilities. */
void fake_card_init(struct fake_card *card);
/* Completes all that was put on a queue, but for each `drop`th command; for a thread of its own. */
void fake_card_serve(struct fake_card *card, uint32_t queue, unsigned drop);
/* The next descriptor of a queue; NULL: there is none. */
const struct glacis_card_aead *fake_card_take(struct fake_card *card, uint32_t queue);
/* Writes a completion where the next one belongs. The phase is added; `queue` and `sq_head` are as given. */
void fake_card_give(struct fake_card *card, uint32_t queue, struct glacis_card_completion completion);
/* As fake_card_give, with a phase of the test's. */
void fake_card_give_phase(struct fake_card *card, uint32_t queue, struct glacis_card_completion completion,
			  uint16_t phase);
/* A good completion of a descriptor. */
struct glacis_card_completion fake_card_good(uint32_t queue, const struct glacis_card_aead *descriptor);

#endif
