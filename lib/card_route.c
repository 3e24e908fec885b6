/* SPDX-License-Identifier: Apache-2.0 */
/* The router: which operations of a burst the card gets, and handing them over; see card_route.h. */
#include "card_route.h"

#include "aead_session.h"
#include "backend_cpu.h"

/* From which size on the card is taken now; UINT32_MAX: not at all. */
static uint32_t size_from(struct card_route *route)
{
	const struct card *card = route->card;

	if (card->options.policy == GLACIS_CARD_NEVER)
		return UINT32_MAX;
	if (card->options.policy == GLACIS_CARD_FIRST)
		return 1;
	return atomic_load_explicit(card_meter_busy(&route->meter) ? &card->size_from_busy : &card->size_from,
				    memory_order_relaxed);
}

static inline bool fits(const struct card_route *route, const struct glacis_aead_op *op)
{
	return op->length > 0 && op->length <= route->card->description.length_max &&
	       (op->segment_count == 0 || op->session->direction == GLACIS_SEAL || !route->verify_opens);
}

/* Operations on their way to one side. */
struct run {
	struct glacis_aead_op *ops[CARD_RUN_MAX];
	unsigned count;
};

static inline void run_add(struct run *run, struct glacis_aead_op *op)
{
	run->ops[run->count++] = op;
}

/* Parts a burst. */
static void part(struct card_route *route, struct glacis_aead_op *const ops[], unsigned count, struct run *to_card,
		 struct run *to_cpu)
{
	uint32_t from = size_from(route);
	unsigned unfit = 0, unwanted = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!fits(route, ops[i])) {
			unfit++;
			run_add(to_cpu, ops[i]);
		} else if (ops[i]->length < from) {
			unwanted++;
			run_add(to_cpu, ops[i]);
		} else {
			run_add(to_card, ops[i]);
		}
	}
	if (unfit > 0)
		counter_add(&route->counters.to_cpu_unfit, unfit);
	if (unwanted > 0)
		counter_add(&route->counters.to_cpu_policy, unwanted);
}

/* Hands a run to the card; what it does not take is added to the other run. The caller has the gate. */
static void hand_over(struct card_route *route, const struct run *to_card, struct run *to_cpu)
{
	const struct card_module *module = route->card->module;
	unsigned done = 0, given = 0;

	for (unsigned i = 0; i < to_card->count; i++)
		to_card->ops[i]->op.state = GLACIS_OP_INFLIGHT;
	while (done < to_card->count) {
		bool unfit;
		unsigned taken = module->submit(route->seat->queue, to_card->ops + done, to_card->count - done, &unfit);

		done += taken;
		given += taken;
		if (done == to_card->count)
			break;
		if (unfit) {
			counter_add(&route->counters.to_cpu_unfit, 1);
			to_card->ops[done]->op.state = GLACIS_OP_QUEUED;
			run_add(to_cpu, to_card->ops[done++]);
		} else if (taken == 0) {
			counter_add(&route->counters.to_cpu_full, to_card->count - done);
			for (; done < to_card->count; done++) {
				to_card->ops[done]->op.state = GLACIS_OP_QUEUED;
				run_add(to_cpu, to_card->ops[done]);
			}
		}
	}
	if (given > 0) {
		atomic_fetch_add_explicit(&route->seat->live, given, memory_order_relaxed);
		counter_add(&route->counters.submitted, given);
	}
}

void card_route_submit(struct card_route *route, struct glacis_aead_op *const ops[], unsigned count)
{
	struct run to_card, to_cpu;

	if (route->seat == NULL || !card_is_up(route->card) || !card_seat_enter(route->seat)) {
		counter_add(&route->counters.to_cpu_down, count);
		backend_cpu.aead_submit(route->cpu, ops, count);
		return;
	}
	to_card.count = to_cpu.count = 0;
	part(route, ops, count, &to_card, &to_cpu);
	if (to_card.count > 0)
		hand_over(route, &to_card, &to_cpu);
	card_seat_exit(route->seat);
	if (to_cpu.count > 0)
		backend_cpu.aead_submit(route->cpu, to_cpu.ops, to_cpu.count);
}
