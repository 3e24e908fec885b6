/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a card write into memory of this program, past the driver: a queue is set up by registers and told to do
 * nothing, of which the card writes a completion if it can.
 */
#ifndef GLACIS_TESTS_DRIVER_LURE_H
#define GLACIS_TESTS_DRIVER_LURE_H

#include <stdint.h>

#include <rte_memzone.h>

/* The way to the card's registers. */
struct lure_way {
	uint32_t (*read)(void *card, uint32_t offset);
	void (*write)(void *card, uint32_t offset, uint32_t value);
	void *card;
};

enum lure_result {
	LURE_WROTE,   /* the completion is there */
	LURE_REFUSED, /* the queue has failed because it could not read, and the memory is as it was */
	LURE_NOTHING, /* neither, in LURE_MS */
};

#define LURE_MS 5000u

/* Memory for it, at an address that the card can be told; made once, before the card is given its memory. */
const struct rte_memzone *lure_memory(void);

enum lure_result lure_card(const struct lure_way *way, const struct rte_memzone *memory);

#endif
