// SPDX-License-Identifier: Apache-2.0
// The card in the custom logic of an AWS F2 instance, under the shell's names for what it uses: BAR0 of the application
// function (ocl_cl, cl_ocl), PCIM to host memory, user interrupts, identity and function-level reset. It stands in the
// custom logic's top in place of the templates that tie these groups off; the other groups stay tied off. Everything is
// in step with clk_main_a0. Not tried on hardware; see boards/README.md.
module glacis_f2 #(
  parameter logic [31:0] CL_SH_ID0 = 32'hf000_1d0f,  // device, vendor
  parameter logic [31:0] CL_SH_ID1 = 32'h1d51_fedd,  // subsystem, its vendor
  parameter logic [63:0] BUILD_ID = 64'd0,
  parameter logic [159:0] GIT_HASH = 160'd0,
  parameter logic [31:0] BUILD_DATE = 32'd0,
  parameter logic [31:0] BOARD = 32'd0,
  parameter logic [31:0] CLOCK_KHZ = 32'd250000
) (
  input  logic         clk_main_a0,
  input  logic         rst_main_n,
  input  logic         sh_cl_flr_assert,
  output logic         cl_sh_flr_done,
  output logic [ 31:0] cl_sh_id0,
  output logic [ 31:0] cl_sh_id1,
  // PCIM
  output logic [ 15:0] cl_sh_pcim_awid,
  output logic [ 63:0] cl_sh_pcim_awaddr,
  output logic [  7:0] cl_sh_pcim_awlen,
  output logic [  2:0] cl_sh_pcim_awsize,
  output logic [  1:0] cl_sh_pcim_awburst,
  output logic [  3:0] cl_sh_pcim_awcache,
  output logic         cl_sh_pcim_awlock,
  output logic [  2:0] cl_sh_pcim_awprot,
  output logic [  3:0] cl_sh_pcim_awqos,
  output logic [ 54:0] cl_sh_pcim_awuser,
  output logic         cl_sh_pcim_awvalid,
  input  logic         sh_cl_pcim_awready,
  output logic [ 15:0] cl_sh_pcim_wid,
  output logic [511:0] cl_sh_pcim_wdata,
  output logic [ 63:0] cl_sh_pcim_wstrb,
  output logic         cl_sh_pcim_wlast,
  output logic [ 63:0] cl_sh_pcim_wuser,
  output logic         cl_sh_pcim_wvalid,
  input  logic         sh_cl_pcim_wready,
  input  logic [ 15:0] sh_cl_pcim_bid,
  input  logic [  1:0] sh_cl_pcim_bresp,
  input  logic         sh_cl_pcim_bvalid,
  output logic         cl_sh_pcim_bready,
  output logic [ 15:0] cl_sh_pcim_arid,
  output logic [ 63:0] cl_sh_pcim_araddr,
  output logic [  7:0] cl_sh_pcim_arlen,
  output logic [  2:0] cl_sh_pcim_arsize,
  output logic [  1:0] cl_sh_pcim_arburst,
  output logic [  3:0] cl_sh_pcim_arcache,
  output logic         cl_sh_pcim_arlock,
  output logic [  2:0] cl_sh_pcim_arprot,
  output logic [  3:0] cl_sh_pcim_arqos,
  output logic [ 54:0] cl_sh_pcim_aruser,
  output logic         cl_sh_pcim_arvalid,
  input  logic         sh_cl_pcim_arready,
  input  logic [ 15:0] sh_cl_pcim_rid,
  input  logic [511:0] sh_cl_pcim_rdata,
  input  logic [  1:0] sh_cl_pcim_rresp,
  input  logic         sh_cl_pcim_rlast,
  input  logic [ 63:0] sh_cl_pcim_ruser,
  input  logic         sh_cl_pcim_rvalid,
  output logic         cl_sh_pcim_rready,
  // OCL
  input  logic [ 31:0] ocl_cl_awaddr,
  input  logic [ 54:0] ocl_cl_awuser,
  input  logic         ocl_cl_awvalid,
  output logic         cl_ocl_awready,
  input  logic [ 31:0] ocl_cl_wdata,
  input  logic [  3:0] ocl_cl_wstrb,
  input  logic         ocl_cl_wvalid,
  output logic         cl_ocl_wready,
  output logic [  1:0] cl_ocl_bresp,
  output logic         cl_ocl_bvalid,
  input  logic         ocl_cl_bready,
  input  logic [ 31:0] ocl_cl_araddr,
  input  logic [ 54:0] ocl_cl_aruser,
  input  logic         ocl_cl_arvalid,
  output logic         cl_ocl_arready,
  output logic [ 31:0] cl_ocl_rdata,
  output logic [  1:0] cl_ocl_rresp,
  output logic         cl_ocl_rvalid,
  input  logic         ocl_cl_rready,
  // interrupts: a pulse, and no other of its vector before its answer
  output logic [ 15:0] cl_sh_apppf_irq_req,
  input  logic [ 15:0] sh_cl_apppf_irq_ack
);
  logic rst, irq_valid, request, first;
  logic [6:0] irq_queue;
  logic [3:0] vector;

  logic m_arvalid, m_arready, m_rvalid, m_rready, m_rlast, m_awvalid, m_awready, m_wvalid, m_wready, m_wlast;
  logic [2:0] m_arid, m_rid, m_awid, m_arsize, m_awsize, wide_arid, wide_awid;
  logic [63:0] m_araddr, m_awaddr;
  logic [7:0] m_arlen, m_awlen;
  logic [1:0] m_arburst, m_awburst, m_rresp;
  logic [255:0] m_rdata, m_wdata;
  logic [31:0] m_wstrb;

  glacis_board #(
    .BUILD_ID(BUILD_ID),
    .GIT_HASH(GIT_HASH),
    .BUILD_DATE(BUILD_DATE),
    .BOARD(BOARD),
    .CLOCK_KHZ(CLOCK_KHZ)
  ) board (
    .clk(clk_main_a0),
    .rst_n(rst_main_n),
    .s_awvalid(ocl_cl_awvalid),
    .s_awready(cl_ocl_awready),
    .s_awaddr(ocl_cl_awaddr),
    .s_wvalid(ocl_cl_wvalid),
    .s_wready(cl_ocl_wready),
    .s_wdata(ocl_cl_wdata),
    .s_wstrb(ocl_cl_wstrb),
    .s_bvalid(cl_ocl_bvalid),
    .s_bready(ocl_cl_bready),
    .s_bresp(cl_ocl_bresp),
    .s_arvalid(ocl_cl_arvalid),
    .s_arready(cl_ocl_arready),
    .s_araddr(ocl_cl_araddr),
    .s_rvalid(cl_ocl_rvalid),
    .s_rready(ocl_cl_rready),
    .s_rdata(cl_ocl_rdata),
    .s_rresp(cl_ocl_rresp),
    .m_bvalid(sh_cl_pcim_bvalid),
    .m_bready(cl_sh_pcim_bready),
    .m_bid(sh_cl_pcim_bid[2:0]),
    .m_bresp(sh_cl_pcim_bresp),
    .*
  );

  glacis_axi_widen #(
    .ID_BITS(3)
  ) widen (
    .clk(clk_main_a0),
    .rst(rst),
    .s_arvalid(m_arvalid),
    .s_arready(m_arready),
    .s_arid(m_arid),
    .s_araddr(m_araddr),
    .s_arlen(m_arlen),
    .s_rvalid(m_rvalid),
    .s_rready(m_rready),
    .s_rid(m_rid),
    .s_rdata(m_rdata),
    .s_rresp(m_rresp),
    .s_rlast(m_rlast),
    .s_awvalid(m_awvalid),
    .s_awready(m_awready),
    .s_awid(m_awid),
    .s_awaddr(m_awaddr),
    .s_awlen(m_awlen),
    .s_wvalid(m_wvalid),
    .s_wready(m_wready),
    .s_wdata(m_wdata),
    .s_wstrb(m_wstrb),
    .s_wlast(m_wlast),
    .m_arvalid(cl_sh_pcim_arvalid),
    .m_arready(sh_cl_pcim_arready),
    .m_arid(wide_arid),
    .m_araddr(cl_sh_pcim_araddr),
    .m_arlen(cl_sh_pcim_arlen),
    .m_rvalid(sh_cl_pcim_rvalid),
    .m_rready(cl_sh_pcim_rready),
    .m_rid(sh_cl_pcim_rid[2:0]),
    .m_rdata(sh_cl_pcim_rdata),
    .m_rresp(sh_cl_pcim_rresp),
    .m_awvalid(cl_sh_pcim_awvalid),
    .m_awready(sh_cl_pcim_awready),
    .m_awid(wide_awid),
    .m_awaddr(cl_sh_pcim_awaddr),
    .m_awlen(cl_sh_pcim_awlen),
    .m_wvalid(cl_sh_pcim_wvalid),
    .m_wready(sh_cl_pcim_wready),
    .m_wdata(cl_sh_pcim_wdata),
    .m_wstrb(cl_sh_pcim_wstrb),
    .m_wlast(cl_sh_pcim_wlast)
  );

  glacis_irq_serial #(
    .VECTOR_BITS(4)
  ) interrupts (
    .clk(clk_main_a0),
    .rst(rst),
    .irq_valid(irq_valid),
    .irq_queue(irq_queue),
    .request(request),
    .first(first),
    .which(vector),
    .done(sh_cl_apppf_irq_ack[vector])
  );

  assign cl_sh_apppf_irq_req = first ? 16'd1 << vector : 16'd0;
  assign cl_sh_id0 = CL_SH_ID0;
  assign cl_sh_id1 = CL_SH_ID1;

  // acknowledged, no more: software resets the card by CONTROL.RESET, which lets bursts end
  always_ff @(posedge clk_main_a0) cl_sh_flr_done <= sh_cl_flr_assert && !rst;

  assign cl_sh_pcim_awid = {13'b0, wide_awid};
  assign cl_sh_pcim_awsize = 3'd6;  // the shell takes no other
  assign cl_sh_pcim_awburst = 2'b01;
  assign cl_sh_pcim_awcache = 4'd0;
  assign cl_sh_pcim_awlock = 1'b0;
  assign cl_sh_pcim_awprot = 3'd0;
  assign cl_sh_pcim_awqos = 4'd0;
  assign cl_sh_pcim_awuser = 55'd0;
  assign cl_sh_pcim_wid = 16'd0;
  assign cl_sh_pcim_wuser = 64'd0;
  assign cl_sh_pcim_arid = {13'b0, wide_arid};
  assign cl_sh_pcim_arsize = 3'd6;
  assign cl_sh_pcim_arburst = 2'b01;
  assign cl_sh_pcim_arcache = 4'd0;
  assign cl_sh_pcim_arlock = 1'b0;
  assign cl_sh_pcim_arprot = 3'd0;
  assign cl_sh_pcim_arqos = 4'd0;
  assign cl_sh_pcim_aruser = 55'd0;

  logic unused;
  assign unused = &{1'b0, request, m_arsize, m_arburst, m_awsize, m_awburst, sh_cl_pcim_bid[15:3],
                    sh_cl_pcim_rid[15:3], sh_cl_pcim_rlast, sh_cl_pcim_ruser, ocl_cl_awuser, ocl_cl_aruser};
endmodule
