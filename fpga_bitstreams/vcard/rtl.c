/* SPDX-License-Identifier: Apache-2.0 */
/* The verilated logic as the card: clock, registers, doorbells, interrupts; see rtl.h and logic.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "rtl.h"

#define RESET_CYCLES    4u
#define REGISTER_CYCLES 10000u   /* until an access is answered; it takes five */
#define POWER_ON_CYCLES 1000000u /* until the card is ready: key slots that were used are overwritten */
#define ABI_MINOR_MASK  0xffffu

void vcard_rtl_tick(struct vcard_logic_state *state)
{
	struct vcard_rtl_in *in = &state->in;
	bool answered;

	if (state->restless)
		state->restless--;
	vcard_rtl_bus_drive(&state->bus, in);
	in->stall_clear = state->clear_stalls;
	in->no_rsa = !(state->card->capabilities & GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK);
	state->clear_stalls = false;
	vcard_rtl_model_settle(state->model, in, &state->out);
	answered = vcard_rtl_faults_answer(state);
	if (answered)
		vcard_rtl_model_settle(state->model, in, &state->out);
	vcard_rtl_bus_sample(&state->bus, in, &state->out);
	if (state->out.irq_valid) {
		state->interrupts[state->out.irq_queue] = true;
		state->any_interrupt = true;
	}
	vcard_rtl_model_edge(state->model);
	if (answered)
		vcard_rtl_faults_calm(in);
	if (state->held_count || in->extra_valid)
		vcard_rtl_faults_put(state);
}

/* ---- registers ---- */

/* An access that is not answered is a defect of the logic; the card then looks gone. */
static bool access_register(struct vcard_logic_state *state, bool write, uint32_t offset, uint32_t *value)
{
	struct vcard_rtl_in *in = &state->in;
	bool accepted = false;

	in->awaddr = in->araddr = offset;
	in->wdata = *value;
	in->bready = in->rready = true;
	state->restless = RTL_RESTLESS + REGISTER_CYCLES;
	for (unsigned i = 0; i < REGISTER_CYCLES; i++) {
		in->awvalid = in->wvalid = write && !accepted;
		in->arvalid = !write && !accepted;
		vcard_rtl_tick(state);
		accepted = accepted || (write ? state->out.awready : state->out.arready);
		if (write ? state->out.bvalid : state->out.rvalid) {
			*value = state->out.rdata;
			in->awvalid = in->wvalid = in->arvalid = false;
			state->restless = RTL_RESTLESS;
			return true;
		}
	}
	in->awvalid = in->wvalid = in->arvalid = false;
	fprintf(stderr,
		"glacis-vcard: register %#x was not answered; this is a defect of the logic, please report it\n",
		offset);
	*value = UINT32_MAX;
	return false;
}

static uint32_t read_register(struct vcard_logic_state *state, uint32_t offset)
{
	uint32_t value = 0;

	access_register(state, false, offset, &value);
	return value;
}

/* CYCLES counts the engines' too. Its high half was kept by the logic when the low one was read. */
static uint32_t read_cycles(struct vcard_logic_state *state, uint32_t offset)
{
	uint64_t cycles;

	if (offset != GLACIS_CARD_CONTROL_CYCLES)
		return state->cycles_high;
	cycles = read_register(state, offset);
	cycles |= (uint64_t)read_register(state, offset + 4) << 32;
	cycles += state->rested;
	state->cycles_high = (uint32_t)(cycles >> 32);
	return (uint32_t)cycles;
}

static void write_register(struct vcard_logic_state *state, uint32_t offset, uint32_t value)
{
	access_register(state, true, offset, &value);
}

static uint32_t queue_state(struct vcard_logic_state *state, unsigned queue)
{
	return read_register(state, glacis_card_queue(queue, GLACIS_CARD_QUEUE_STATUS)) &
	       GLACIS_CARD_QUEUE_STATUS_STATE_MASK;
}

/*
 * Who the image is: what depends on the build of this program, on --queues or on a fault comes from the front, as a
 * board's wrapper would give it.
 */
static uint32_t read_identity(struct vcard_logic_state *state, uint32_t offset)
{
	struct vcard_card *card = state->card;
	uint32_t value = read_register(state, offset);

	if (offset == GLACIS_CARD_IDENTITY_ABI)
		return card->abi_major << GLACIS_CARD_IDENTITY_ABI_MAJOR_SHIFT | (value & ABI_MINOR_MASK);
	if (offset >= GLACIS_CARD_IDENTITY_BUILD_ID && offset <= GLACIS_CARD_IDENTITY_BUILD_DATE)
		return offset == GLACIS_CARD_IDENTITY_BUILD_ID + 4
			       ? (uint32_t)(vcard_identity_read(card, GLACIS_CARD_IDENTITY_BUILD_ID) >> 32)
			       : (uint32_t)vcard_identity_read(card, offset);
	if (offset == GLACIS_CARD_IDENTITY_LIMITS)
		return (uint32_t)vcard_identity_read(card, offset);
	return value;
}

static bool is_beyond(const struct vcard_logic_state *state, uint32_t offset)
{
	return offset >= GLACIS_CARD_QUEUES &&
	       (offset - GLACIS_CARD_QUEUES) / GLACIS_CARD_PAGE >= vcard_card_queue_count(state->card);
}

static uint32_t rtl_read(struct vcard_logic_state *state, uint32_t offset)
{
	if (is_beyond(state, offset))
		return 0;
	if (offset < GLACIS_CARD_CONTROL_BLOCK)
		return read_identity(state, offset);
	if (offset == GLACIS_CARD_CONTROL_CYCLES || offset == GLACIS_CARD_CONTROL_CYCLES + 4)
		return read_cycles(state, offset);
	return read_register(state, offset);
}

/* The doorbell pages are the client's memory: the logic zeroes its own, and here are theirs. */
static void zero_doorbells(struct vcard_logic_state *state, unsigned queue)
{
	struct vcard_card *card = state->card;

	state->sq_tail[queue] = 0;
	state->cq_head[queue] = 0;
	if (!card->doorbells)
		return;
	atomic_store_explicit(vcard_card_doorbell(card, queue, GLACIS_CARD_DOORBELL_SQ_TAIL), 0, memory_order_relaxed);
	atomic_store_explicit(vcard_card_doorbell(card, queue, GLACIS_CARD_DOORBELL_CQ_HEAD), 0, memory_order_relaxed);
}

static void write_queue_control(struct vcard_logic_state *state, uint32_t offset, uint32_t value)
{
	unsigned queue = (offset - GLACIS_CARD_QUEUES) / GLACIS_CARD_PAGE;
	bool was_enabled = queue_state(state, queue) == GLACIS_CARD_STATE_ENABLED;

	write_register(state, offset, value);
	if (value & GLACIS_CARD_QUEUE_CONTROL_RESET_MASK) {
		vcard_rtl_faults_drop(state, queue);
		vcard_rtl_bus_abandon(&state->bus, queue);
	}
	state->enabled[queue] = queue_state(state, queue) == GLACIS_CARD_STATE_ENABLED;
	if (state->enabled[queue] && !was_enabled)
		zero_doorbells(state, queue);
}

static void write_function_control(struct vcard_logic_state *state, uint32_t value)
{
	struct vcard_card *card = state->card;

	write_register(state, GLACIS_CARD_CONTROL_CONTROL, value);
	if (value & GLACIS_CARD_CONTROL_CONTROL_RESET_MASK) {
		for (unsigned i = 0; i < vcard_card_queue_count(card); i++) {
			vcard_rtl_faults_drop(state, i);
			vcard_rtl_bus_abandon(&state->bus, i);
			state->enabled[i] = false;
			zero_doorbells(state, i);
		}
		state->rested = 0;
		memset(card->msix_table, 0, sizeof(card->msix_table));
	}
	card->enabled = value == GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK;
}

static void rtl_write(struct vcard_logic_state *state, uint32_t offset, uint32_t value)
{
	if (is_beyond(state, offset))
		return;
	if (offset == GLACIS_CARD_CONTROL_CONTROL)
		write_function_control(state, value);
	else if (offset >= GLACIS_CARD_QUEUES && offset % GLACIS_CARD_PAGE == GLACIS_CARD_QUEUE_CONTROL)
		write_queue_control(state, offset, value);
	else
		write_register(state, offset, value);
}

/* ---- running ---- */

static void forward_doorbell(struct vcard_logic_state *state, unsigned queue, uint32_t reg, uint32_t *known)
{
	uint32_t value = atomic_load_explicit(vcard_card_doorbell(state->card, queue, reg), memory_order_acquire);

	if (value == *known)
		return;
	*known = value;
	write_register(state, GLACIS_CARD_DOORBELLS + queue * GLACIS_CARD_PAGE + reg, value);
}

static unsigned forward_doorbells(struct vcard_logic_state *state)
{
	unsigned enabled = 0;

	for (unsigned i = 0; i < vcard_card_queue_count(state->card); i++) {
		if (!state->enabled[i])
			continue;
		enabled++;
		/* free entries first: work is fetched only when there are some */
		forward_doorbell(state, i, GLACIS_CARD_DOORBELL_CQ_HEAD, &state->cq_head[i]);
		forward_doorbell(state, i, GLACIS_CARD_DOORBELL_SQ_TAIL, &state->sq_tail[i]);
	}
	return enabled;
}

static void raise_interrupts(struct vcard_logic_state *state)
{
	if (!state->any_interrupt)
		return;
	state->any_interrupt = false;
	for (unsigned i = 0; i < GLACIS_CARD_QUEUES_MAX; i++) {
		if (state->interrupts[i])
			vcard_card_interrupt(state->card, i);
		state->interrupts[i] = false;
	}
}

static bool is_busy(const struct vcard_logic_state *state)
{
	return state->out.busy || vcard_rtl_bus_is_busy(&state->bus) || state->restless;
}

/* Nothing comes in but what the logic's own engines bring. */
static bool may_rest(const struct vcard_logic_state *state)
{
	return state->out.rests && state->out.busy && !vcard_rtl_bus_is_busy(&state->bus) && !state->restless &&
	       !state->held_count && !state->in.extra_valid && !state->clear_stalls;
}

static void run_engines(struct vcard_logic_state *state)
{
	state->rested += vcard_rtl_model_engines(state->model, RTL_BATCH_ENGINE);
}

static bool rtl_run(struct vcard_logic_state *state, unsigned *enabled)
{
	bool busy;

	*enabled = state->card->doorbells ? forward_doorbells(state) : 0;
	busy = is_busy(state) || state->held_count;
	for (unsigned i = 0; i < RTL_BATCH_CYCLES && (is_busy(state) || state->held_count); i++) {
		if (may_rest(state))
			run_engines(state);
		vcard_rtl_tick(state);
		if (state->bus.far)
			vcard_rtl_bus_far(&state->bus);
	}
	raise_interrupts(state);
	return busy;
}

/* ---- life ---- */

static void rtl_power(struct vcard_logic_state *state)
{
	vcard_rtl_bus_clear(&state->bus);
	memset(state->enabled, 0, sizeof(state->enabled));
	memset(state->sq_tail, 0, sizeof(state->sq_tail));
	memset(state->cq_head, 0, sizeof(state->cq_head));
	memset(state->interrupts, 0, sizeof(state->interrupts));
	state->any_interrupt = false;
	state->held_count = 0;
	state->rested = 0;
	state->in = (struct vcard_rtl_in){ .rst = true };
	vcard_rtl_faults_calm(&state->in);
	for (unsigned i = 0; i < RESET_CYCLES; i++)
		vcard_rtl_tick(state);
	vcard_rtl_bus_clear(&state->bus); /* of what was asked for in the first of them */
	state->in.rst = false;
	for (unsigned i = 0; i < POWER_ON_CYCLES && (i == 0 || state->out.busy); i++) {
		vcard_rtl_tick(state);
		if (state->out.rests)
			run_engines(state);
	}
}

static void rtl_close(struct vcard_logic_state *state)
{
	vcard_rtl_model_destroy(state->model);
	free(state);
}

static int rtl_open(struct vcard_logic_state **state, struct vcard_card *card)
{
	struct vcard_logic_state *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->card = card;
	made->model = vcard_rtl_model_create(card->setup.trace, card->setup.trace_cycles);
	if (!made->model) {
		free(made);
		return -ENOMEM;
	}
	vcard_rtl_bus_init(&made->bus, card, made->enabled, card->setup.seed);
	rtl_power(made);
	*state = made;
	return 0;
}

static void rtl_faults_changed(struct vcard_logic_state *state)
{
	state->clear_stalls = !vcard_faults_is_armed(&state->card->faults, VCARD_FAULT_STALL_QUEUE);
	state->restless = RTL_RESTLESS;
}

const struct vcard_logic vcard_rtl_logic = {
	.open = rtl_open,
	.close = rtl_close,
	.power = rtl_power,
	.read = rtl_read,
	.write = rtl_write,
	.faults_changed = rtl_faults_changed,
	.run = rtl_run,
};

const struct vcard_backend vcard_rtl = {
	.name = "rtl",
	.logic = &vcard_rtl_logic,
	.board = GLACIS_CARD_BOARD_SIMULATION,
	.capabilities = GLACIS_CARD_IDENTITY_CAPABILITIES_AES_GCM_MASK | GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK,
	.clock_khz = RTL_CLOCK_KHZ,
};
