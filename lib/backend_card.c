/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend of an engine with a card: its table, the life of a queue, RSA's way, and what is counted. Records: see
 * card_route.h.
 */
#include "backend_card.h"

#include <errno.h>
#include <stdlib.h>

#include "backend_cpu.h"
#include "card_route.h"
#include "engine.h"

static void card_aead_submit(void *state, struct glacis_aead_op *const ops[], unsigned count)
{
	card_route_submit(state, ops, count);
}

static void card_poll(void *state)
{
	struct card_route *route = state;

	card_return_poll(route);
	backend_cpu.poll(route->cpu);
}

static void card_flush(void *state)
{
	struct card_route *route = state;

	backend_cpu.flush(route->cpu);
}

/* ---- RSA ---- */

static int card_rsa_open_(void *state)
{
	struct card_route *route = state;
	int error = backend_cpu.rsa_open(route->cpu);

	if (error == 0 && route->rsa == NULL && route->seat != NULL && route->card->description.rsa)
		error = card_rsa_open(&route->setup, route->seat, &route->counters, route->cpu, &route->rsa);
	return error;
}

/* An RSA operation costs the host least on any card, so only its delay speaks against it while there is time to spare.
 */
static bool rsa_wanted(struct card_route *route)
{
	if (route->card->options.policy != GLACIS_CARD_AUTO)
		return route->card->options.policy == GLACIS_CARD_FIRST;
	card_meter_look(&route->meter);
	return route->meter.busy || route->setup.engine->rsa.lanes == NULL;
}

static void card_rsa_submit_(void *state, struct glacis_rsa_op *const ops[], unsigned count)
{
	struct card_route *route = state;

	if (route->rsa != NULL) {
		card_rsa_submit(route->rsa, ops, count, rsa_wanted(route));
		return;
	}
	counter_add(route->seat != NULL ? &route->counters.to_cpu_unfit : &route->counters.to_cpu_down, count);
	backend_cpu.rsa_submit(route->cpu, ops, count);
}

unsigned backend_card_rsa_room(void *state)
{
	struct card_route *route = state;

	if (route->seat == NULL || !card_is_up(route->card) || !card_rsa_allowed(route->card) || !rsa_wanted(route))
		return 0;
	return card_rsa_room(route->rsa);
}

/* Of those that wait for company here; for the card's there is backend_card_wait_us. */
static int64_t card_rsa_wait(const void *state)
{
	const struct card_route *route = state;

	return backend_cpu.rsa_wait_us(route->cpu);
}

/* ---- life ---- */

static int card_queue_open(const struct backend_queue_setup *setup, void **state)
{
	struct card_route *route = aligned_alloc(64, (sizeof(*route) + 63) / 64 * 64);
	struct card *card = setup->engine->card;
	bool checks = card->options.verify != GLACIS_CARD_VERIFY_NONE;
	int error;

	if (route == NULL)
		return -ENOMEM;
	*route = (struct card_route){ .setup = *setup, .card = card, .verify_opens = checks };
	error = backend_cpu.queue_open(setup, &route->cpu);
	if (error != 0) {
		free(route);
		return error;
	}
	route->seat = card_seat_take(card, checks ? card_return_verify : NULL, route);
	if (route->seat == NULL)
		card_log(card, GLACIS_CARD_LOG_WARNING,
			 "card %s: all %u queues are taken; another queue runs on the processor",
			 card->description.device, card->description.queues - 1);
	*state = route;
	return 0;
}

static void card_queue_close(void *state)
{
	struct card_route *route = state;

	/* In a child the device is the parent's. */
	if (!engine_is_foreign(route->setup.engine)) {
		card_rsa_close(route->rsa);
		if (route->seat != NULL)
			card_seat_leave(route->seat);
	}
	backend_cpu.queue_close(route->cpu);
	free(route);
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void backend_card_counters(const void *state, struct glacis_card_counters *counters)
{
	const struct card_route *route = state;
	const struct card_counters *own = &route->counters;
	struct card_queue_state module = { 0 };

	if (route->seat != NULL)
		route->card->module->state(route->seat->queue, &module);
	*counters = (struct glacis_card_counters){
		.submitted = read_counter(&own->submitted),
		.completed = read_counter(&own->completed),
		.copied = module.copied,
		.verified = read_counter(&own->verified),
		.to_cpu_policy = read_counter(&own->to_cpu_policy),
		.to_cpu_unfit = read_counter(&own->to_cpu_unfit),
		.to_cpu_full = read_counter(&own->to_cpu_full),
		.to_cpu_down = read_counter(&own->to_cpu_down),
		.again_error = read_counter(&own->again_error),
		.again_late = read_counter(&own->again_late),
		.again_auth = read_counter(&own->again_auth),
		.again_wrong = read_counter(&own->again_wrong),
		.auth_wrong = read_counter(&own->auth_wrong),
		.quarantined = module.quarantined,
	};
}

int64_t backend_card_wait_us(const void *state)
{
	const struct card_route *route = state;
	uint32_t doublings = route->polls_in_vain / CARD_WAIT_POLLS;

	if (!card_route_waits(route))
		return -1;
	/* A slow card is not worth a wake-up each time. */
	return CARD_WAIT_US << (doublings < CARD_WAIT_DOUBLINGS ? doublings : CARD_WAIT_DOUBLINGS);
}

const struct backend backend_card = {
	.name = "card",
	.path = GLACIS_PATH_CARD,
	.capabilities = BACKEND_AEAD | BACKEND_IN_PLACE | BACKEND_SEGMENTS | BACKEND_RSA,
	.length_max = GLACIS_AEAD_LENGTH_MAX,
	.aad_max = GLACIS_AEAD_AAD_SIZE_MAX,
	.segments_max = GLACIS_AEAD_SEGMENTS_MAX,
	.queue_open = card_queue_open,
	.queue_close = card_queue_close,
	.aead_submit = card_aead_submit,
	.rsa_open = card_rsa_open_,
	.rsa_submit = card_rsa_submit_,
	.rsa_wait_us = card_rsa_wait,
	.poll = card_poll,
	.flush = card_flush,
};
