/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back from the card: results are checked, counted and released, and what failed is run again on the processor.
 *
 * That an operation runs twice is safe: the same text under the same nonce gives the same bytes. An open that the card
 * finds forged is decided by the processor, so that a faulty card ends no connection.
 */
#include "card_route.h"

#include "aead_session.h"
#include "backend_cpu.h"

static bool wants_check(struct card_route *route)
{
	if (route->card->options.verify == GLACIS_CARD_VERIFY_ALL)
		return true;
	if (route->suspicion > 0) {
		route->suspicion--;
		return true;
	}
	if (++route->sample < CARD_SAMPLE_EVERY)
		return false;
	route->sample = 0;
	return true;
}

bool card_return_verify(void *route_, const struct glacis_aead_op *op, const uint8_t *output, const uint8_t *tag)
{
	struct card_route *route = route_;
	bool seal = op->session->direction == GLACIS_SEAL;

	if (!wants_check(route))
		return true;
	counter_add(&route->counters.verified, 1);
	if (backend_cpu_tag_right(route->cpu, op, seal ? output : op->source, tag))
		return true;
	route->suspicion = CARD_SUSPICION;
	return false;
}

/* What the results of one poll add up to. */
struct tally {
	uint64_t completed, bytes;
};

static void good(struct card_route *route, struct glacis_aead_op *op, struct tally *tally)
{
	tally->completed++;
	tally->bytes += op->length;
	op->op.status = GLACIS_STATUS_OK;
	op->op.path = GLACIS_PATH_CARD;
	op->op.state = GLACIS_OP_DONE;
	completion_push(route->setup.completions, &op->op);
}

static void tell(struct card_route *route, enum card_outcome outcome)
{
	struct card_counters *counters = &route->counters;

	switch (outcome) {
	case CARD_AUTH_FAILED:
		counter_add(&counters->again_auth, 1);
		break;
	case CARD_LATE:
		counter_add(&counters->again_late, 1);
		card_failed(route->card, "an operation did not come back in time");
		break;
	case CARD_WRONG:
		counter_add(&counters->again_wrong, 1);
		card_failed(route->card, "a result had a wrong tag");
		break;
	case CARD_RETURNED: /* the keeper took it back, after a failure that was told of already */
		counter_add(&counters->again_error, 1);
		break;
	default:
		counter_add(&counters->again_error, 1);
		card_failed(route->card, "an operation ended with an error");
		break;
	}
}

/* Runs one again on the processor. */
static void again(struct card_route *route, struct glacis_aead_op *op, enum card_outcome outcome)
{
	op->op.state = GLACIS_OP_QUEUED;
	backend_cpu.aead_submit(route->cpu, &op, 1);
	if (outcome == CARD_AUTH_FAILED && op->op.status == GLACIS_STATUS_OK) {
		counter_add(&route->counters.auth_wrong, 1);
		card_failed(route->card, "a right tag was called wrong");
	}
}

/* One burst of results. Returns how many there were. */
static unsigned collect(struct card_route *route)
{
	struct card_result results[CARD_RUN_MAX], bad[CARD_RUN_MAX];
	struct tally tally = { 0 };
	unsigned count, bad_count = 0;

	if (!card_seat_enter(route->seat))
		return 0;
	count = card_seat_poll(route->seat, results, CARD_RUN_MAX);
	card_seat_exit(route->seat);
	for (unsigned i = 0; i < count; i++) {
		if (results[i].rsa)
			card_rsa_back(route->rsa, &results[i]);
		else if (results[i].outcome == CARD_DONE)
			good(route, results[i].owner, &tally);
		else
			bad[bad_count++] = results[i];
	}
	if (tally.completed > 0) {
		counter_add(&route->counters.completed, tally.completed);
		counter_add(&route->setup.counters->completed[GLACIS_PATH_CARD], tally.completed);
		counter_add(&route->setup.counters->bytes[GLACIS_PATH_CARD], tally.bytes);
	}
	for (unsigned i = 0; i < bad_count; i++) {
		tell(route, (enum card_outcome)bad[i].outcome);
		again(route, bad[i].owner, (enum card_outcome)bad[i].outcome);
	}
	return count;
}

void card_return_poll(struct card_route *route)
{
	unsigned passes = route->setup.depth / CARD_RUN_MAX + 1, count = CARD_RUN_MAX, back = 0;

	while (count == CARD_RUN_MAX && card_route_waits(route) && passes-- > 0) {
		count = collect(route);
		back += count;
	}
	route->polls_in_vain = back > 0 || !card_route_waits(route) ? 0 : route->polls_in_vain + 1;
}
