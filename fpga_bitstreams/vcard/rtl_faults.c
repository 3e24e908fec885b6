/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of the logic. It asks at a command, at a tag and at a completion, and waits for the answer; completions that
 * are held back or doubled come in by a port of their own, and the logic writes them as any other. A cycle's questions
 * are answered in that cycle, so a card without faults loses none.
 */
#include <string.h>

#include "clock.h"
#include "rtl.h"

#define REORDER_LIMIT_NS (VCARD_SECOND / 100) /* when no other completion comes to overtake */
#define COOKIE_FLIP      0x5a5a5a5au

static bool strikes(struct vcard_logic_state *state, enum vcard_fault fault, unsigned queue)
{
	return vcard_faults_strike(&state->card->faults, fault, queue);
}

static void answer_command(struct vcard_logic_state *state)
{
	struct vcard_faults *faults = &state->card->faults;
	unsigned queue = state->out.ask_command_queue;

	if (strikes(state, VCARD_FAULT_DIE, queue))
		vcard_faults_die();
	state->in.stall = strikes(state, VCARD_FAULT_STALL_QUEUE, queue);
	if (strikes(state, VCARD_FAULT_RESTART, queue)) {
		state->in.stall = true;
		vcard_faults_restart(faults);
	}
}

static void answer_tag(struct vcard_logic_state *state)
{
	state->in.tag_flip = strikes(state, VCARD_FAULT_CORRUPT_TAG, state->out.ask_tag_queue);
	state->in.outside = strikes(state, VCARD_FAULT_DMA_OUTSIDE, state->out.ask_tag_queue);
}

static void answer_rsa(struct vcard_logic_state *state)
{
	state->in.rsa_flip = strikes(state, VCARD_FAULT_CORRUPT_RSA, state->out.ask_rsa_queue);
	state->in.rsa_outside = strikes(state, VCARD_FAULT_DMA_OUTSIDE, state->out.ask_rsa_queue);
}

static unsigned queue_of(const uint32_t *what)
{
	return what[2] >> 8 & 0x7f;
}

static bool hold(struct vcard_logic_state *state, uint64_t ns, bool overtake)
{
	struct rtl_held *held = &state->held[state->held_count];

	if (state->held_count == RTL_HELD_MAX)
		return false;
	*held = (struct rtl_held){ .due_ns = vcard_clock_ns() + ns, .overtake = overtake };
	memcpy(held->what, state->out.ask_place_what, sizeof(held->what));
	state->held_count++;
	return true;
}

/* Those that wait to be overtaken are due once something was written. */
static void mark_overtaken(struct vcard_logic_state *state, unsigned queue)
{
	for (unsigned i = 0; i < state->held_count; i++) {
		if (state->held[i].overtake && queue_of(state->held[i].what) == queue)
			state->held[i].due_ns = 0;
	}
}

static void answer_place(struct vcard_logic_state *state)
{
	struct vcard_faults *faults = &state->card->faults;
	unsigned queue = queue_of(state->out.ask_place_what);

	state->in.drop = strikes(state, VCARD_FAULT_DROP, queue);
	if (state->in.drop)
		return;
	if (strikes(state, VCARD_FAULT_UNKNOWN_COOKIE, queue))
		state->in.cookie = COOKIE_FLIP;
	if (strikes(state, VCARD_FAULT_DELAY, queue) &&
	    hold(state, vcard_faults_ns(faults, VCARD_FAULT_DELAY), false)) {
		state->in.hold = true;
		return;
	}
	if (strikes(state, VCARD_FAULT_REORDER, queue) && hold(state, REORDER_LIMIT_NS, true)) {
		state->in.hold = true;
		return;
	}
	state->in.phase = strikes(state, VCARD_FAULT_WRONG_PHASE, queue);
	mark_overtaken(state, queue);
	state->in.twice = strikes(state, VCARD_FAULT_DUPLICATE, queue);
}

void vcard_rtl_faults_drop(struct vcard_logic_state *state, unsigned queue)
{
	/* The logic counts them as under way: it takes them, and drops what is of a queue that is reset. */
	for (unsigned i = 0; i < state->held_count; i++) {
		if (queue_of(state->held[i].what) == queue)
			state->held[i].due_ns = 0;
	}
}

void vcard_rtl_faults_calm(struct vcard_rtl_in *in)
{
	in->command_answered = in->tag_answered = in->place_answered = in->rsa_answered = true;
	in->rsa_flip = in->rsa_outside = false;
	in->stall = in->stall_clear = in->tag_flip = in->outside = in->drop = in->hold = in->phase = in->twice = false;
	in->cookie = 0;
}

bool vcard_rtl_faults_answer(struct vcard_logic_state *state)
{
	const struct vcard_rtl_out *out = &state->out;

	if (!atomic_load_explicit(&state->card->faults.armed, memory_order_relaxed) ||
	    !(out->ask_command || out->ask_tag || out->ask_place || out->ask_rsa))
		return false;
	if (out->ask_command)
		answer_command(state);
	if (out->ask_tag)
		answer_tag(state);
	if (out->ask_place)
		answer_place(state);
	if (out->ask_rsa)
		answer_rsa(state);
	return true;
}

void vcard_rtl_faults_put(struct vcard_logic_state *state)
{
	struct vcard_rtl_in *in = &state->in;

	if (in->extra_valid && state->out.extra_ready)
		in->extra_valid = false;
	if (in->extra_valid)
		return;
	for (unsigned i = 0; i < state->held_count; i++) {
		const struct rtl_held held = state->held[i];

		if (held.due_ns && held.due_ns > vcard_clock_ns())
			continue;
		memmove(&state->held[i], &state->held[i + 1], (--state->held_count - i) * sizeof(held));
		memcpy(in->extra_what, held.what, sizeof(in->extra_what));
		in->extra_valid = true;
		return;
	}
}
