/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing and failover; see backend_card.h. Each operation takes one way at a time. What the card was given comes back
 * through its seat with an outcome; with any but a good one the operation is run again on the CPU backend, from its
 * input, which the card has not touched, and the caller sees that completion only.
 *
 * That an operation runs twice is safe: the same text under the same nonce gives the same bytes. An open that the card
 * finds forged is decided by the processor, so that a faulty card ends no connection.
 */
#include "backend_card.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aead_session.h"
#include "backend_cpu.h"
#include "card.h"
#include "card_rsa.h"
#include "engine.h"

#define RUN_MAX 64u /* as queue.c hands them over */

/* How busy this thread is: looked at anew after so many submits, and believed after so long a time. */
#define BUSY_CALLS     64u
#define BUSY_WINDOW_NS 2000000u
#define BUSY_PERCENT   85u

struct busy_meter {
	uint64_t wall_ns, thread_ns; /* at the start of the window */
	uint32_t calls;
	bool busy;
};

struct card_route {
	struct backend_queue_setup setup;
	void *cpu;
	struct card *card;
	struct card_seat *seat; /* NULL: no place was free */
	struct card_counters counters;
	struct busy_meter meter;
	struct card_rsa *rsa; /* NULL until the first RSA operation */
	uint32_t sample;      /* results since one was checked */
	uint32_t suspicion;   /* results to be checked, all of them */
	bool verify_opens;    /* opens in pieces cannot be checked, and take the processor then */
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void meter_look(struct busy_meter *meter)
{
	uint64_t wall_ns = clock_ns(CLOCK_MONOTONIC), thread_ns;

	meter->calls = 0;
	if (wall_ns - meter->wall_ns < BUSY_WINDOW_NS)
		return;
	thread_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	meter->busy = (thread_ns - meter->thread_ns) * 100 > (wall_ns - meter->wall_ns) * BUSY_PERCENT;
	meter->wall_ns = wall_ns;
	meter->thread_ns = thread_ns;
}

/* ---- checks of what the card gives ---- */

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

static bool verify(void *route_, const struct glacis_aead_op *op, const uint8_t *output, const uint8_t *tag)
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

/* ---- to the card ---- */

/* From which size on the card is taken now; UINT32_MAX: not at all. */
static uint32_t size_from(struct card_route *route)
{
	const struct card *card = route->card;

	if (card->options.policy == GLACIS_CARD_NEVER)
		return UINT32_MAX;
	if (card->options.policy == GLACIS_CARD_FIRST)
		return 1;
	if (++route->meter.calls >= BUSY_CALLS)
		meter_look(&route->meter);
	return atomic_load_explicit(route->meter.busy ? &card->size_from_busy : &card->size_from, memory_order_relaxed);
}

static inline bool fits(const struct card_route *route, const struct glacis_aead_op *op)
{
	return op->length > 0 && op->length <= route->card->description.length_max &&
	       (op->segment_count == 0 || op->session->direction == GLACIS_SEAL || !route->verify_opens);
}

/* Operations on their way to one side. */
struct run {
	struct glacis_aead_op *ops[RUN_MAX];
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

static void card_aead_submit(void *state, struct glacis_aead_op *const ops[], unsigned count)
{
	struct card_route *route = state;
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

/* ---- back from the card ---- */

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
	struct card_result results[RUN_MAX], bad[RUN_MAX];
	struct tally tally = { 0 };
	unsigned count, bad_count = 0;

	if (!card_seat_enter(route->seat))
		return 0;
	count = card_seat_poll(route->seat, results, RUN_MAX);
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

static bool card_has_some(const struct card_route *route)
{
	return route->seat != NULL && atomic_load_explicit(&route->seat->live, memory_order_relaxed) > 0;
}

static void card_poll(void *state)
{
	struct card_route *route = state;
	unsigned passes = route->setup.depth / RUN_MAX + 1;

	while (card_has_some(route) && passes-- > 0 && collect(route) == RUN_MAX)
		;
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
	meter_look(&route->meter);
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
	route->seat = card_seat_take(card, checks ? verify : NULL, route);
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

	return card_has_some(route) ? CARD_WAIT_US : -1;
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
