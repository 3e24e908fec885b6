// SPDX-License-Identifier: Apache-2.0
// The card, without a board: BAR0 as an AXI4-Lite slave, DMA as an AXI4 master of 256 bits, interrupts as pulses with
// their queue. Wrappers for boards are in boards/; what software sees is docs/card-abi.md. No clock but `clk`; `rst` is
// synchronous and held for a cycle at least, after which the card needs about QUEUE_COUNT + 2 KEY_SLOTS + 3000 cycles until
// it is READY.
//
// `busy` says that something is to be done: without it, and without an access on the bus, the clock may stand still.
// The ports `fault_*` and `ask_*` let a simulation misbehave; a board ties the answers to 1 and the rest to 0.
//
// All is in glacis_card_logic.sv, which has more ports for a simulation.
module glacis_card
#(
  parameter int QUEUES_USED = 64,             // beside the admin queue
  parameter int TOWER = 1,                    // S-boxes by arithmetic; 0: by tables
  parameter int JOB_BITS = 4,                 // commands under way, as a power of two, at most 4
  parameter int BUFFER_BITS = 17,             // bytes for results of a pipe; at least 17
  parameter int PIPES = 1,                    // of AES-GCM; more than two wait for the bus
  parameter int RSA_ENGINES = 1,              // 0: a card without RSA
  parameter int KEY_SLOTS = 16,               // of each; a slot is 4 KiB of memory
  parameter logic [63:0] BUILD_ID = 64'd0,
  parameter logic [159:0] GIT_HASH = 160'd0,  // byte 0 lowest
  parameter logic [31:0] BUILD_DATE = 32'd0,  // of the commit: builds reproduce
  parameter logic [31:0] BOARD = 32'd0,
  parameter logic [31:0] CLOCK_KHZ = 32'd0
) (
  input  logic         clk,
  input  logic         rst,
  output logic         busy,
  // AXI4-Lite slave: BAR0
  input  logic         s_awvalid,
  output logic         s_awready,
  input  logic [ 20:0] s_awaddr,
  input  logic         s_wvalid,
  output logic         s_wready,
  input  logic [ 31:0] s_wdata,
  output logic         s_bvalid,
  input  logic         s_bready,
  output logic [  1:0] s_bresp,
  input  logic         s_arvalid,
  output logic         s_arready,
  input  logic [ 20:0] s_araddr,
  output logic         s_rvalid,
  input  logic         s_rready,
  output logic [ 31:0] s_rdata,
  output logic [  1:0] s_rresp,
  // AXI4 master: host memory
  output logic         m_arvalid,
  input  logic         m_arready,
  output logic [  2:0] m_arid,
  output logic [ 63:0] m_araddr,
  output logic [  7:0] m_arlen,
  output logic [  2:0] m_arsize,
  output logic [  1:0] m_arburst,
  output logic [  6:0] m_aruser,  // the queue that it is for
  input  logic         m_rvalid,
  output logic         m_rready,
  input  logic [  2:0] m_rid,
  input  logic [255:0] m_rdata,
  input  logic [  1:0] m_rresp,
  input  logic         m_rlast,
  output logic         m_awvalid,
  input  logic         m_awready,
  output logic [  2:0] m_awid,
  output logic [ 63:0] m_awaddr,
  output logic [  7:0] m_awlen,
  output logic [  2:0] m_awsize,
  output logic [  1:0] m_awburst,
  output logic [  6:0] m_awuser,
  output logic         m_wvalid,
  input  logic         m_wready,
  output logic [255:0] m_wdata,
  output logic [ 31:0] m_wstrb,
  output logic         m_wlast,
  input  logic         m_bvalid,
  output logic         m_bready,
  input  logic [  2:0] m_bid,
  input  logic [  1:0] m_bresp,
  // interrupts
  output logic         irq_valid,
  output logic [  6:0] irq_queue,
  // faults: questions, and answers in a cycle of theirs or later
  output logic         ask_command,
  output logic [  6:0] ask_command_queue,
  input  logic         ask_command_answered,
  input  logic         fault_stall,
  input  logic         fault_stall_clear,
  output logic         ask_tag,
  output logic [  6:0] ask_tag_queue,
  input  logic         ask_tag_answered,
  input  logic         fault_tag_flip,
  input  logic         fault_outside,
  output logic         ask_place,
  output logic [ 79:0] ask_place_what,
  input  logic         ask_place_answered,
  input  logic         fault_drop,
  input  logic         fault_hold,
  input  logic [ 31:0] fault_cookie,
  input  logic         fault_phase,
  input  logic         fault_twice,
  input  logic         extra_valid,
  output logic         extra_ready,
  input  logic [ 79:0] extra_what,
  input  logic         extra_drop
);
  logic rests, rsa_awake, ask_rsa;
  logic [6:0] ask_rsa_queue;

  glacis_card_logic #(
    .QUEUES_USED(QUEUES_USED),
    .TOWER(TOWER),
    .JOB_BITS(JOB_BITS),
    .BUFFER_BITS(BUFFER_BITS),
    .PIPES(PIPES),
    .RSA_ENGINES(RSA_ENGINES),
    .KEY_SLOTS(KEY_SLOTS),
    .BUILD_ID(BUILD_ID),
    .GIT_HASH(GIT_HASH),
    .BUILD_DATE(BUILD_DATE),
    .BOARD(BOARD),
    .CLOCK_KHZ(CLOCK_KHZ)
  ) logic_of_card (
    .rsa_clk(clk),
    .fault_no_rsa(1'b0),
    .ask_rsa_answered(1'b1),
    .fault_rsa_flip(1'b0),
    .fault_rsa_outside(1'b0),
    .*
  );

  logic unused;
  assign unused = &{1'b0, rests, rsa_awake, ask_rsa, ask_rsa_queue};
endmodule
