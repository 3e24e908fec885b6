// SPDX-License-Identifier: Apache-2.0
// What every board's wrapper has inside: the card with its fault ports at rest, its reset in step with the clock, and a
// bus for BAR0 as hosts use it. Writes of less than a word, and addresses past the 2 MiB of BAR0, are led to where
// nothing is: the card knows neither strobes nor more address bits, and would take them for something else.
module glacis_board #(
  parameter int QUEUES_USED = 64,
  parameter logic [63:0] BUILD_ID = 64'd0,
  parameter logic [159:0] GIT_HASH = 160'd0,
  parameter logic [31:0] BUILD_DATE = 32'd0,
  parameter logic [31:0] BOARD = 32'd0,
  parameter logic [31:0] CLOCK_KHZ = 32'd0
) (
  input  logic         clk,
  input  logic         rst_n,       // may come from another clock
  output logic         rst,         // as the card sees it
  // AXI4-Lite slave: BAR0
  input  logic         s_awvalid,
  output logic         s_awready,
  input  logic [ 31:0] s_awaddr,
  input  logic         s_wvalid,
  output logic         s_wready,
  input  logic [ 31:0] s_wdata,
  input  logic [  3:0] s_wstrb,
  output logic         s_bvalid,
  input  logic         s_bready,
  output logic [  1:0] s_bresp,
  input  logic         s_arvalid,
  output logic         s_arready,
  input  logic [ 31:0] s_araddr,
  output logic         s_rvalid,
  input  logic         s_rready,
  output logic [ 31:0] s_rdata,
  output logic [  1:0] s_rresp,
  // AXI4 master: host memory, beats of 32 bytes, identifiers unique among what is under way
  output logic         m_arvalid,
  input  logic         m_arready,
  output logic [  2:0] m_arid,
  output logic [ 63:0] m_araddr,
  output logic [  7:0] m_arlen,
  output logic [  2:0] m_arsize,
  output logic [  1:0] m_arburst,
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
  output logic         m_wvalid,
  input  logic         m_wready,
  output logic [255:0] m_wdata,
  output logic [ 31:0] m_wstrb,
  output logic         m_wlast,
  input  logic         m_bvalid,
  output logic         m_bready,
  input  logic [  2:0] m_bid,
  input  logic [  1:0] m_bresp,
  // interrupts: a pulse and its queue
  output logic         irq_valid,
  output logic [  6:0] irq_queue
);
  // Below the doorbells and in no block of registers: reads as zero and ignores writes (docs/card-abi.md).
  localparam logic [20:0] NOWHERE = 21'h07fffc;

  logic rst_early;
  logic [20:0] awaddr, araddr;

  always_ff @(posedge clk) begin
    rst_early <= !rst_n;
    rst <= rst_early;
  end

  // the card takes address and data of a write in the same cycle
  assign awaddr = s_wstrb == 4'b1111 && s_awaddr[31:21] == 0 ? s_awaddr[20:0] : NOWHERE;
  assign araddr = s_araddr[31:21] == 0 ? s_araddr[20:0] : NOWHERE;

  logic busy, ask_command, ask_tag, ask_place, extra_ready;
  logic [6:0] ask_command_queue, ask_tag_queue, aruser, awuser;
  logic [79:0] ask_place_what;

  glacis_card #(
    .QUEUES_USED(QUEUES_USED),
    .BUILD_ID(BUILD_ID),
    .GIT_HASH(GIT_HASH),
    .BUILD_DATE(BUILD_DATE),
    .BOARD(BOARD),
    .CLOCK_KHZ(CLOCK_KHZ)
  ) card (
    .s_awaddr(awaddr),
    .s_araddr(araddr),
    .m_aruser(aruser),
    .m_awuser(awuser),
    .ask_command_answered(1'b1),
    .fault_stall(1'b0),
    .fault_stall_clear(1'b0),
    .ask_tag_answered(1'b1),
    .fault_tag_flip(1'b0),
    .fault_outside(1'b0),
    .ask_place_answered(1'b1),
    .fault_drop(1'b0),
    .fault_hold(1'b0),
    .fault_cookie(32'b0),
    .fault_phase(1'b0),
    .fault_twice(1'b0),
    .extra_valid(1'b0),
    .extra_what(80'b0),
    .extra_drop(1'b0),
    .*
  );

  logic unused;
  assign unused = &{1'b0, busy, ask_command, ask_command_queue, ask_tag, ask_tag_queue, ask_place, ask_place_what,
                    extra_ready, aruser, awuser};
endmodule
