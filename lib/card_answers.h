/* SPDX-License-Identifier: Apache-2.0 */
/* What card_answers.c and card_costs.c share: operations of the keeper's, and running them on the card. */
#ifndef GLACIS_LIB_CARD_ANSWERS_H
#define GLACIS_LIB_CARD_ANSWERS_H

#include "aead_session.h"
#include "card.h"

#define ANSWERS_BURST    32u
#define ANSWERS_SIZE_MAX 16384u
#define ANSWERS_STRIDE   (ANSWERS_SIZE_MAX + 64u) /* text, tag, and room to align */

struct card_answers {
	struct glacis_aead_session seal, open;
	struct glacis_aead_op ops[ANSWERS_BURST];
	uint8_t *memory; /* the device's: sources, then outputs, ANSWERS_BURST of each */
	uint8_t aad[13];
	uint8_t expected[ANSWERS_STRIDE]; /* the processor's */
	uint32_t away;                    /* operations that have not come back from the card */
};

static inline uint8_t *answers_source(const struct card_answers *answers, unsigned index)
{
	return answers->memory + (size_t)index * ANSWERS_STRIDE;
}

static inline uint8_t *answers_output(const struct card_answers *answers, unsigned index)
{
	return answers_source(answers, ANSWERS_BURST + index);
}

/* Gives the sessions a key. */
void answers_key(struct card_answers *answers, struct glacis_engine *engine, size_t size);
/* Wipes what the card and the processor have made of it. */
void answers_key_drop(struct card *card);
/* Fills an operation in: text of `size` bytes from the source to the output, the tag behind it. */
void answers_op(struct card_answers *answers, unsigned index, struct glacis_aead_session *session, uint32_t size);
/* Waits for the operations on the card; the worst outcome. CARD_LATE: they do not come back. */
enum card_outcome answers_wait(struct card *card);

#endif
