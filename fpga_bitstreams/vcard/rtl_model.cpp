// SPDX-License-Identifier: Apache-2.0
// The verilated card; see rtl_model.h.
#include "rtl_model.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "Vglacis_card_logic.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

struct vcard_rtl_model {
	VerilatedContext context;
	std::unique_ptr<Vglacis_card_logic> card;
	uint64_t cycle = 0;
#if VM_TRACE
	std::unique_ptr<VerilatedFstC> waves;
	std::string trace;
	uint64_t trace_cycles = 0, trace_since = 0;
#endif
};

#if VM_TRACE
// Two files, of which the older one is given up each time the newer one is full.
static void trace_turn(struct vcard_rtl_model *model)
{
	if (model->cycle - model->trace_since < model->trace_cycles)
		return;
	model->waves->close();
	rename(model->trace.c_str(), (model->trace + ".before").c_str());
	model->waves->open(model->trace.c_str());
	model->trace_since = model->cycle;
}
#endif

struct vcard_rtl_model *vcard_rtl_model_create(const char *trace, uint64_t trace_cycles)
{
	auto *model = new (std::nothrow) vcard_rtl_model;

	if (!model)
		return nullptr;
	model->context.threads(1);
#if VM_TRACE
	if (trace)
		model->context.traceEverOn(true);
#endif
	model->card.reset(new (std::nothrow) Vglacis_card_logic(&model->context));
	if (!model->card) {
		delete model;
		return nullptr;
	}
#if VM_TRACE
	if (trace) {
		model->waves.reset(new VerilatedFstC);
		model->card->trace(model->waves.get(), 99);
		model->waves->open(trace);
		model->trace = trace;
		model->trace_cycles = trace_cycles;
	}
#endif
	return model;
}

void vcard_rtl_model_destroy(struct vcard_rtl_model *model)
{
	if (!model)
		return;
#if VM_TRACE
	if (model->waves)
		model->waves->close();
#endif
	model->card->final();
	delete model;
}

void vcard_rtl_model_settle(struct vcard_rtl_model *model, const struct vcard_rtl_in *in, struct vcard_rtl_out *out)
{
	Vglacis_card_logic &card = *model->card;

	card.clk = 0;
	card.rsa_clk = 0;
	card.rst = in->rst;
	card.s_awvalid = in->awvalid;
	card.s_awaddr = in->awaddr;
	card.s_wvalid = in->wvalid;
	card.s_wdata = in->wdata;
	card.s_bready = in->bready;
	card.s_arvalid = in->arvalid;
	card.s_araddr = in->araddr;
	card.s_rready = in->rready;
	card.m_arready = in->m_arready;
	card.m_rvalid = in->m_rvalid;
	if (in->m_rvalid) {
		card.m_rid = in->m_rid;
		card.m_rresp = in->m_rresp;
		card.m_rlast = in->m_rlast;
		memcpy(&card.m_rdata[0], in->m_rdata, VCARD_RTL_BEAT);
	}
	card.m_awready = in->m_awready;
	card.m_wready = in->m_wready;
	card.m_bvalid = in->m_bvalid;
	card.m_bid = in->m_bid;
	card.m_bresp = in->m_bresp;
	card.ask_command_answered = in->command_answered;
	card.fault_stall = in->stall;
	card.fault_stall_clear = in->stall_clear;
	card.ask_tag_answered = in->tag_answered;
	card.fault_tag_flip = in->tag_flip;
	card.fault_outside = in->outside;
	card.ask_place_answered = in->place_answered;
	card.fault_drop = in->drop;
	card.fault_hold = in->hold;
	card.fault_phase = in->phase;
	card.fault_twice = in->twice;
	card.fault_cookie = in->cookie;
	card.extra_valid = in->extra_valid;
	card.extra_drop = in->extra_drop;
	for (int i = 0; i < 3; i++)
		card.extra_what[i] = in->extra_what[i];
	card.fault_no_rsa = in->no_rsa;
	card.ask_rsa_answered = in->rsa_answered;
	card.fault_rsa_flip = in->rsa_flip;
	card.fault_rsa_outside = in->rsa_outside;
	card.eval();

	out->busy = card.busy;
	out->rests = card.rests;
	out->awready = card.s_awready;
	out->wready = card.s_wready;
	out->bvalid = card.s_bvalid;
	out->arready = card.s_arready;
	out->rvalid = card.s_rvalid;
	out->rdata = card.s_rdata;
	out->m_arvalid = card.m_arvalid;
	out->m_arid = card.m_arid;
	out->m_araddr = card.m_araddr;
	out->m_arlen = card.m_arlen;
	out->m_aruser = card.m_aruser;
	out->m_rready = card.m_rready;
	out->m_awvalid = card.m_awvalid;
	out->m_awid = card.m_awid;
	out->m_awaddr = card.m_awaddr;
	out->m_awlen = card.m_awlen;
	out->m_awuser = card.m_awuser;
	out->m_wvalid = card.m_wvalid;
	if (card.m_wvalid) {
		memcpy(out->m_wdata, &card.m_wdata[0], VCARD_RTL_BEAT);
		out->m_wstrb = card.m_wstrb;
		out->m_wlast = card.m_wlast;
	}
	out->m_bready = card.m_bready;
	out->irq_valid = card.irq_valid;
	out->irq_queue = card.irq_queue;
	out->ask_command = card.ask_command;
	out->ask_command_queue = card.ask_command_queue;
	out->ask_tag = card.ask_tag;
	out->ask_tag_queue = card.ask_tag_queue;
	out->ask_place = card.ask_place;
	for (int i = 0; i < 3; i++)
		out->ask_place_what[i] = card.ask_place_what[i];
	out->extra_ready = card.extra_ready;
	out->ask_rsa = card.ask_rsa;
	out->ask_rsa_queue = card.ask_rsa_queue;
#if VM_TRACE
	if (model->waves)
		model->waves->dump(2 * model->cycle);
#endif
}

void vcard_rtl_model_edge(struct vcard_rtl_model *model)
{
	/* engines that have nothing to do need no clock */
	model->card->rsa_clk = model->card->rsa_awake;
	model->card->clk = 1;
	model->card->eval();
	model->cycle++;
#if VM_TRACE
	if (model->waves) {
		model->waves->dump(2 * model->cycle - 1);
		trace_turn(model);
	}
#endif
}

uint32_t vcard_rtl_model_engines(struct vcard_rtl_model *model, uint32_t edges)
{
	Vglacis_card_logic &card = *model->card;
	uint32_t done = 0;

	while (done < edges && card.rests) {
		card.rsa_clk = 0;
		card.eval();
		card.rsa_clk = 1;
		card.eval();
		model->cycle++;
		done++;
#if VM_TRACE
		if (model->waves) {
			model->waves->dump(2 * model->cycle - 1);
			trace_turn(model);
		}
#endif
	}
	return done;
}
