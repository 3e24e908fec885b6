/* SPDX-License-Identifier: Apache-2.0 */
/* Seats: the places of queues at the card; see card.h. The keeper has the first, libglacis' queues the others. */
#include <errno.h>
#include <stdlib.h>

#include "card.h"

int card_seat_open(struct card *card, struct card_seat *seat, uint32_t index, card_verify verify, void *context)
{
	const struct card_queue_setup setup = {
		.index = index, .patience = index == 0 ? CARD_PATIENCE : 1, .verify = verify, .context = context
	};
	int error;

	seat->card = card;
	seat->room = card->options.depth + 64u; /* RSA operations have places of their own */
	seat->stash = calloc(seat->room, sizeof(*seat->stash));
	if (seat->stash == NULL)
		return -ENOMEM;
	error = card->module->queue_open(card->device, &setup, &seat->queue);
	if (error != 0) {
		free(seat->stash);
		seat->stash = NULL;
	}
	return error;
}

void card_seat_close(struct card_seat *seat)
{
	if (seat->queue != NULL)
		seat->card->module->queue_close(seat->queue);
	free(seat->stash);
	seat->queue = NULL;
	seat->stash = NULL;
}

struct card_seat *card_seat_take(struct card *card, card_verify verify, void *context)
{
	struct card_seat *seat = aligned_alloc(64, (sizeof(*seat) + 63) / 64 * 64);
	uint32_t index;

	if (seat == NULL)
		return NULL;
	*seat = (struct card_seat){ 0 };
	pthread_mutex_lock(&card->lock);
	/* A place whose last owner has left operations with the device is refused: the next one is tried. */
	for (index = 1; index < card->description.queues && index < CARD_SEATS_MAX; index++)
		if (card->seats[index] == NULL && card_seat_open(card, seat, index, verify, context) == 0)
			break;
	if (index >= card->description.queues || index >= CARD_SEATS_MAX) {
		free(seat);
		seat = NULL;
	} else {
		card->seats[index] = seat;
		atomic_fetch_add(&card->seats_used, 1);
	}
	pthread_mutex_unlock(&card->lock);
	return seat;
}

void card_seat_leave(struct card_seat *seat)
{
	struct card *card = seat->card;

	/* The keeper takes gates under the lock: it is not in this seat once it is off the list. */
	pthread_mutex_lock(&card->lock);
	for (uint32_t index = 1; index < CARD_SEATS_MAX; index++)
		if (card->seats[index] == seat)
			card->seats[index] = NULL;
	atomic_fetch_sub(&card->seats_used, 1);
	card_seat_close(seat);
	pthread_mutex_unlock(&card->lock);
	free(seat);
}

unsigned card_seat_poll(struct card_seat *seat, struct card_result results[], unsigned max)
{
	unsigned done = 0;

	while (seat->taken < seat->stashed && done < max)
		results[done++] = seat->stash[seat->taken++];
	if (seat->taken == seat->stashed)
		seat->taken = seat->stashed = 0;
	if (done < max)
		done += seat->card->module->poll(seat->queue, results + done, max - done, true);
	if (done > 0)
		atomic_fetch_sub_explicit(&seat->live, done, memory_order_relaxed);
	return done;
}

void card_seat_stash(struct card_seat *seat)
{
	while (seat->stashed < seat->room) {
		unsigned done = seat->card->module->poll(seat->queue, seat->stash + seat->stashed,
							 seat->room - seat->stashed, false);

		if (done == 0)
			return;
		seat->stashed += done;
	}
}
