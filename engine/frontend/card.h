/* SPDX-License-Identifier: Apache-2.0 */
/* The card of the configuration: opened by main, told of in the log. */
#ifndef GLACISD_CARD_H
#define GLACISD_CARD_H

#include <stdint.h>

#include <glacis/glacis.h>

#include "config.h"

/* Gives the engine the card, if one is configured; privileges are gone by then, since the card may have to be reached
 * again later. Returns 0 or a negative errno that the log has told of. */
int glacisd_card_open(struct glacis_engine *engine, const struct glacisd_config *config);

/* How many I/O blocks of `size` bytes a worker may have: with a card they lie in its memory. */
uint32_t glacisd_card_blocks(const struct glacis_engine *engine, const struct glacisd_config *config, uint32_t count,
			     uint32_t size);

#endif
