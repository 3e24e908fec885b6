/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Glacis in the AEAD benchmark: one session per key, one queue, bursts through submit and poll.
 * Filling in the operation is part of the timed work, as it is in a program.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <glacis/glacis.h>

#include "aead.h"

struct glacis_state {
	struct glacis_engine *engine;
	struct glacis_queue *queue;
	struct glacis_aead_session *session[AEAD_RECORDS];
	struct glacis_aead_op op[AEAD_BURST_MAX];
	struct glacis_aead_op *burst[AEAD_BURST_MAX];
};

static void glacis_finish(void *opaque)
{
	struct glacis_state *state = opaque;

	for (unsigned i = 0; i < AEAD_RECORDS; i++)
		glacis_aead_session_destroy(state->session[i]);
	glacis_queue_destroy(state->queue);
	glacis_engine_destroy(state->engine);
	free(state);
}

static int glacis_prepare(struct aead_bed *bed, void **opaque)
{
	enum glacis_direction direction = bed->shape.open ? GLACIS_OPEN : GLACIS_SEAL;
	struct glacis_state *state = calloc(1, sizeof(*state));
	int status;

	if (!state)
		return -ENOMEM;
	status = glacis_engine_create(NULL, &state->engine);
	if (!status)
		status = glacis_queue_create(state->engine, NULL, &state->queue);
	for (unsigned i = 0; i < bed->shape.keys && !status; i++)
		status = glacis_aead_session_create(state->engine, direction, bed->key[i], bed->shape.key_size,
						    &state->session[i]);
	if (status) {
		fprintf(stderr, "glacis-bench: libglacis: engine, queue or session: %s\n", strerror(-status));
		glacis_finish(state);
		return status;
	}
	for (unsigned i = 0; i < AEAD_BURST_MAX; i++) {
		state->op[i].aad = bed->aad;
		state->op[i].aad_size = AEAD_AAD_SIZE;
		state->op[i].length = bed->shape.size;
		state->burst[i] = &state->op[i];
	}
	*opaque = state;
	return 0;
}

static void fill_op(struct glacis_state *state, struct aead_bed *bed, struct glacis_aead_op *op, uint64_t number)
{
	unsigned slot = number % AEAD_SLOTS;

	op->session = state->session[number & (bed->shape.keys - 1)];
	op->source = bed->source[slot];
	op->destination = bed->destination[slot];
	op->tag = bed->shape.open ? bed->record_tag[number % AEAD_RECORDS] : bed->tag[slot];
	aead_nonce(bed, number, op->nonce);
}

static int glacis_run(void *opaque, struct aead_bed *bed, uint64_t first, unsigned bursts)
{
	struct glacis_state *state = opaque;
	struct glacis_op *done[AEAD_BURST_MAX];
	const unsigned burst = bed->shape.burst;

	while (bursts-- > 0) {
		unsigned completed = 0;

		for (unsigned i = 0; i < burst; i++)
			fill_op(state, bed, &state->op[i], first++);
		if (glacis_queue_submit(state->queue, state->burst, burst) != (int)burst)
			return -EBADMSG;
		glacis_queue_flush(state->queue);
		while (completed < burst) {
			unsigned count = glacis_queue_poll(state->queue, done, AEAD_BURST_MAX);

			for (unsigned i = 0; i < count; i++)
				if (done[i]->status != GLACIS_STATUS_OK)
					return -EBADMSG;
			completed += count;
		}
	}
	return 0;
}

const struct aead_contender aead_glacis = {
	.name = "glacis",
	.prepare = glacis_prepare,
	.run = glacis_run,
	.finish = glacis_finish,
};
