// SPDX-License-Identifier: Apache-2.0
// The card for a LiteX design with LitePCIe, which takes it as an Instance: BAR0 as LiteX's AXI-Lite of 32 bits, under
// the names that AXILiteInterface.get_ios() gives, host memory as LiteX's AXI of 256 bits with 3 bits of identifiers,
// under the names of its channels, and one line for each of up to 32 interrupts of LitePCIeMSIX. LitePCIe's own slave
// for host memory, LitePCIeAXISlave, writes whole beats whatever the strobes say: it must not stand behind these ports
// as it is. Not tried on hardware; see boards/README.md.
module glacis_litepcie #(
  parameter int IRQ_BITS = 5,
  parameter logic [63:0] BUILD_ID = 64'd0,
  parameter logic [159:0] GIT_HASH = 160'd0,
  parameter logic [31:0] BUILD_DATE = 32'd0,
  parameter logic [31:0] BOARD = 32'd0,
  parameter logic [31:0] CLOCK_KHZ = 32'd125000
) (
  input  logic                     clk,  // of LitePCIe's "sys" domain
  input  logic                     rst,
  // mmap: the card's BAR0
  input  logic                     mmap_axi_lite_awvalid,
  output logic                     mmap_axi_lite_awready,
  input  logic [             31:0] mmap_axi_lite_awaddr,
  input  logic                     mmap_axi_lite_wvalid,
  output logic                     mmap_axi_lite_wready,
  input  logic [              3:0] mmap_axi_lite_wstrb,
  input  logic [             31:0] mmap_axi_lite_wdata,
  output logic                     mmap_axi_lite_bvalid,
  input  logic                     mmap_axi_lite_bready,
  output logic [              1:0] mmap_axi_lite_bresp,
  input  logic                     mmap_axi_lite_arvalid,
  output logic                     mmap_axi_lite_arready,
  input  logic [             31:0] mmap_axi_lite_araddr,
  output logic                     mmap_axi_lite_rvalid,
  input  logic                     mmap_axi_lite_rready,
  output logic [              1:0] mmap_axi_lite_rresp,
  output logic [             31:0] mmap_axi_lite_rdata,
  // host memory
  output logic                     host_aw_valid,
  input  logic                     host_aw_ready,
  output logic [             63:0] host_aw_addr,
  output logic [              1:0] host_aw_burst,
  output logic [              7:0] host_aw_len,
  output logic [              2:0] host_aw_size,
  output logic [              2:0] host_aw_id,
  output logic                     host_w_valid,
  input  logic                     host_w_ready,
  output logic                     host_w_last,
  output logic [            255:0] host_w_data,
  output logic [             31:0] host_w_strb,
  input  logic                     host_b_valid,
  output logic                     host_b_ready,
  input  logic [              1:0] host_b_resp,
  input  logic [              2:0] host_b_id,
  output logic                     host_ar_valid,
  input  logic                     host_ar_ready,
  output logic [             63:0] host_ar_addr,
  output logic [              1:0] host_ar_burst,
  output logic [              7:0] host_ar_len,
  output logic [              2:0] host_ar_size,
  output logic [              2:0] host_ar_id,
  input  logic                     host_r_valid,
  output logic                     host_r_ready,
  input  logic                     host_r_last,
  input  logic [              1:0] host_r_resp,
  input  logic [            255:0] host_r_data,
  input  logic [              2:0] host_r_id,
  // LitePCIeMSIX.irqs: pulses, which it keeps until they are told
  output logic [(1<<IRQ_BITS)-1:0] msi_irqs
);
  logic card_rst, irq_valid;
  logic [6:0] irq_queue;

  glacis_board #(
    .BUILD_ID(BUILD_ID),
    .GIT_HASH(GIT_HASH),
    .BUILD_DATE(BUILD_DATE),
    .BOARD(BOARD),
    .CLOCK_KHZ(CLOCK_KHZ)
  ) board (
    .clk(clk),
    .rst_n(!rst),
    .rst(card_rst),
    .s_awvalid(mmap_axi_lite_awvalid),
    .s_awready(mmap_axi_lite_awready),
    .s_awaddr(mmap_axi_lite_awaddr),
    .s_wvalid(mmap_axi_lite_wvalid),
    .s_wready(mmap_axi_lite_wready),
    .s_wdata(mmap_axi_lite_wdata),
    .s_wstrb(mmap_axi_lite_wstrb),
    .s_bvalid(mmap_axi_lite_bvalid),
    .s_bready(mmap_axi_lite_bready),
    .s_bresp(mmap_axi_lite_bresp),
    .s_arvalid(mmap_axi_lite_arvalid),
    .s_arready(mmap_axi_lite_arready),
    .s_araddr(mmap_axi_lite_araddr),
    .s_rvalid(mmap_axi_lite_rvalid),
    .s_rready(mmap_axi_lite_rready),
    .s_rdata(mmap_axi_lite_rdata),
    .s_rresp(mmap_axi_lite_rresp),
    .m_arvalid(host_ar_valid),
    .m_arready(host_ar_ready),
    .m_arid(host_ar_id),
    .m_araddr(host_ar_addr),
    .m_arlen(host_ar_len),
    .m_arsize(host_ar_size),
    .m_arburst(host_ar_burst),
    .m_rvalid(host_r_valid),
    .m_rready(host_r_ready),
    .m_rid(host_r_id),
    .m_rdata(host_r_data),
    .m_rresp(host_r_resp),
    .m_rlast(host_r_last),
    .m_awvalid(host_aw_valid),
    .m_awready(host_aw_ready),
    .m_awid(host_aw_id),
    .m_awaddr(host_aw_addr),
    .m_awlen(host_aw_len),
    .m_awsize(host_aw_size),
    .m_awburst(host_aw_burst),
    .m_wvalid(host_w_valid),
    .m_wready(host_w_ready),
    .m_wdata(host_w_data),
    .m_wstrb(host_w_strb),
    .m_wlast(host_w_last),
    .m_bvalid(host_b_valid),
    .m_bready(host_b_ready),
    .m_bid(host_b_id),
    .m_bresp(host_b_resp),
    .irq_valid(irq_valid),
    .irq_queue(irq_queue)
  );

  assign msi_irqs = {{(1 << IRQ_BITS) - 1{1'b0}}, irq_valid} << irq_queue[IRQ_BITS-1:0];

  logic unused;
  assign unused = &{1'b0, card_rst, irq_queue[6:IRQ_BITS]};
endmodule
