/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known answers: what a card must get right before it gets traffic, and again and again while it has some. The right
 * answers are the processor's, whose code has vectors of its own as tests. Run by the keeper, through its seat.
 */
#include "card_answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend_cpu.h"
#include "engine.h"
#include "key_cache.h"

/* A driver gives everything back in the end; a reset may take seconds. */
#define WAIT_US 10000000u

static const struct {
	uint32_t size, key_size;
} questions[] = { { 64, 16 }, { 1, 16 }, { 1350, 32 }, { 16384, 16 }, { 16384, 32 }, { 15, 24 } };

int card_answers_open(struct card *card)
{
	struct card_answers *answers = calloc(1, sizeof(*answers));

	if (answers == NULL)
		return -ENOMEM;
	answers->memory = card->module->memory_alloc(card->device, (size_t)2 * ANSWERS_BURST * ANSWERS_STRIDE);
	if (answers->memory == NULL) {
		free(answers);
		return -ENOMEM;
	}
	card->answers = answers;
	return 0;
}

void card_answers_close(struct card *card)
{
	if (card->answers == NULL)
		return;
	card->module->memory_free(card->device, card->answers->memory, (size_t)2 * ANSWERS_BURST * ANSWERS_STRIDE);
	free(card->answers);
	card->answers = NULL;
}

static void key_set(struct glacis_aead_session *session, struct glacis_engine *engine, enum glacis_direction direction,
		    size_t size)
{
	*session = (struct glacis_aead_session){ .engine = engine,
						 .direction = (uint8_t)direction,
						 .key_size = (uint8_t)size,
						 .key_index = (uint8_t)((size - 16) / 8) };
	for (size_t i = 0; i < size; i++)
		session->key[i] = (uint8_t)(0x9d + 7 * i); /* no secret */
}

void answers_key(struct card_answers *answers, struct glacis_engine *engine, size_t size)
{
	key_set(&answers->seal, engine, GLACIS_SEAL, size);
	key_set(&answers->open, engine, GLACIS_OPEN, size);
}

static void session_drop(struct card *card, struct glacis_aead_session *session)
{
	card->module->session_release(card->device, session);
	key_cache_release(session);
}

void answers_key_drop(struct card *card)
{
	session_drop(card, &card->answers->seal);
	session_drop(card, &card->answers->open);
}

void answers_op(struct card_answers *answers, unsigned index, struct glacis_aead_session *session, uint32_t size)
{
	struct glacis_aead_op *op = &answers->ops[index];

	memset(op, 0, sizeof(*op));
	op->session = session;
	op->source = answers_source(answers, index);
	op->destination = answers_output(answers, index);
	op->length = size;
	op->tag = (session->direction == GLACIS_SEAL ? op->destination : answers_source(answers, index)) + size;
	op->aad = answers->aad;
	op->aad_size = sizeof(answers->aad);
	memset(op->nonce, (int)(size + index), sizeof(op->nonce));
}

enum card_outcome answers_wait(struct card *card)
{
	uint64_t until = card_now_us() + WAIT_US;
	enum card_outcome worst = CARD_DONE;
	struct card_result results[ANSWERS_BURST];

	while (card->answers->away > 0) {
		unsigned count = card_seat_poll(&card->own_seat, results, ANSWERS_BURST);

		for (unsigned i = 0; i < count; i++)
			if (results[i].outcome > worst)
				worst = (enum card_outcome)results[i].outcome;
		card->answers->away -= count;
		if (count == 0 && (card_now_us() > until || atomic_load(&card->stopping)))
			return CARD_LATE;
		if (count == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
	return worst;
}

/* Runs the first operation on the card. */
static enum card_outcome ask(struct card *card)
{
	struct glacis_aead_op *op = &card->answers->ops[0];
	bool unfit;

	if (card->module->submit(card->own_seat.queue, &op, 1, &unfit) != 1)
		return CARD_ERROR;
	card->answers->away++;
	atomic_fetch_add(&card->own_seat.live, 1);
	return answers_wait(card);
}

/* What the processor makes of the first operation, in `expected`. */
static bool processor_answer(struct card *card, uint32_t size)
{
	struct glacis_aead_op op = card->answers->ops[0], *list = &op;

	op.destination = card->answers->expected;
	op.tag = op.destination + size;
	op.op.state = GLACIS_OP_QUEUED;
	backend_cpu.aead_submit(card->cpu, &list, 1);
	card->cpu_done.head = card->cpu_done.tail;
	return op.op.status == GLACIS_STATUS_OK;
}

/* Seals, opens, and opens what was tampered with. */
static bool question_right(struct card *card, uint32_t size)
{
	struct card_answers *answers = card->answers;
	uint8_t *source = answers_source(answers, 0), *output = answers_output(answers, 0);

	for (uint32_t i = 0; i < size; i++)
		source[i] = (uint8_t)(i * 31 + size);
	answers_op(answers, 0, &answers->seal, size);
	memset(output, 0, size + GLACIS_AEAD_TAG_SIZE);
	if (!processor_answer(card, size) || ask(card) != CARD_DONE ||
	    memcmp(output, answers->expected, size + GLACIS_AEAD_TAG_SIZE) != 0)
		return false;
	memcpy(source, answers->expected, size + GLACIS_AEAD_TAG_SIZE);
	answers_op(answers, 0, &answers->open, size);
	memset(answers->ops[0].nonce, (int)size, sizeof(answers->ops[0].nonce));
	if (ask(card) != CARD_DONE)
		return false;
	for (uint32_t i = 0; i < size; i++)
		if (output[i] != (uint8_t)(i * 31 + size))
			return false;
	source[size / 2] ^= 1;
	return ask(card) == CARD_AUTH_FAILED;
}

bool card_answers_right(struct card *card, bool quick)
{
	unsigned count = quick ? 1 : sizeof(questions) / sizeof(questions[0]);
	bool right = true;

	/* Of an earlier question: nothing else can be asked while its memory is the card's. */
	if (card->answers->away > 0 && (answers_wait(card), card->answers->away > 0))
		return false;
	for (unsigned i = 0; i < count && right; i++) {
		answers_key(card->answers, card->engine, questions[i].key_size);
		right = question_right(card, questions[i].size);
		answers_key_drop(card);
	}
	return right;
}
