/* SPDX-License-Identifier: Apache-2.0 */
/* A card told to misbehave, with a queue and some memory: what the tests of faults and of their control share. */
#ifndef CARD_FAULT_BED_H
#define CARD_FAULT_BED_H

#include "ring.h"

struct fault_bed {
	struct rig rig;
	struct ring ring;
	uint8_t *source, *destination, *tag; /* 4096, 4096 and 16 bytes */
};

/* A card with this fault from the start, or without one (NULL), and a queue. */
bool fault_bed_open(struct fault_bed *bed, const char *fault);
void fault_bed_close(struct fault_bed *bed);

/* `glacis-vcard ctl COMMAND TEXT`; true when the card took it. */
bool fault_bed_control(struct fault_bed *bed, const char *command, const char *text);

/* So many commands that do nothing, with cookies from `first` on. */
void fault_bed_put_nops(struct fault_bed *bed, uint32_t first, unsigned count);

/* The next completion is that of `cookie`. */
bool fault_bed_comes(struct fault_bed *bed, uint32_t cookie);

#endif
