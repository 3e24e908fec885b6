/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verilated glacis_card behind a C interface: its pins as a structure, and a function that lets a clock cycle pass.
 * rtl_model.cpp is the only C++ of the card; it is compiled with what Verilator makes of the logic. One thread at a
 * time.
 */
#ifndef VCARD_RTL_MODEL_H
#define VCARD_RTL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VCARD_RTL_BEAT 32u /* bytes of the bus to memory */

/* What goes into the card, as of the next rising edge. */
struct vcard_rtl_in {
	bool rst;
	bool awvalid, wvalid, bready, arvalid, rready; /* registers */
	uint32_t awaddr, wdata, araddr;
	bool m_arready, m_rvalid, m_rlast, m_awready, m_wready, m_bvalid; /* memory */
	uint8_t m_rid, m_rresp, m_bid, m_bresp;
	uint8_t m_rdata[VCARD_RTL_BEAT];
	bool command_answered, stall, stall_clear; /* faults; see glacis_card.sv */
	bool tag_answered, tag_flip, outside;
	bool place_answered, drop, hold, phase, twice;
	uint32_t cookie;
	bool extra_valid, extra_drop;
	uint32_t extra_what[3];
	bool no_rsa, rsa_answered, rsa_flip, rsa_outside;
};

/* What comes out, before that edge and with those inputs. */
struct vcard_rtl_out {
	bool busy;
	bool rests; /* but for its RSA engines, if nobody asks anything of it */
	bool awready, wready, bvalid, arready, rvalid;
	uint32_t rdata;
	bool m_arvalid, m_rready, m_awvalid, m_wvalid, m_wlast, m_bready;
	uint8_t m_arid, m_arlen, m_aruser, m_awid, m_awlen, m_awuser;
	uint64_t m_araddr, m_awaddr;
	uint32_t m_wstrb;
	uint8_t m_wdata[VCARD_RTL_BEAT]; /* when m_wvalid */
	bool irq_valid;
	uint8_t irq_queue;
	bool ask_command, ask_tag, ask_place, extra_ready;
	uint8_t ask_command_queue, ask_tag_queue;
	uint32_t ask_place_what[3]; /* cookie; size; status and queue, 8 bits each */
	bool ask_rsa;
	uint8_t ask_rsa_queue;
};

struct vcard_rtl_model;

/* NULL without memory. `trace`: a file for waveforms, or NULL; it has the last `trace_cycles` to twice as many. */
struct vcard_rtl_model *vcard_rtl_model_create(const char *trace, uint64_t trace_cycles);
void vcard_rtl_model_destroy(struct vcard_rtl_model *model);

/*
 * Half a cycle each: settle() gives the outputs that belong to these inputs, edge() is the rising edge. Between them
 * the caller sees which handshakes take place.
 */
void vcard_rtl_model_settle(struct vcard_rtl_model *model, const struct vcard_rtl_in *in, struct vcard_rtl_out *out);
void vcard_rtl_model_edge(struct vcard_rtl_model *model);

/*
 * The RSA engines alone, behind an edge of a card that rests: so many edges at most, until it does not rest any more.
 * How many there were.
 */
uint32_t vcard_rtl_model_engines(struct vcard_rtl_model *model, uint32_t edges);

#ifdef __cplusplus
}
#endif

#endif
