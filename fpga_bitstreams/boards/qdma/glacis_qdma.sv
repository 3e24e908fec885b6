// SPDX-License-Identifier: Apache-2.0
// The card behind AMD's QDMA Subsystem for PCI Express on an UltraScale+ board, Gen3 x8 with a bus of 256 bits. Of the
// subsystem only its bridge is used: BAR0 comes as AXI4-Lite (m_axil), host memory is its slave bridge (s_axib),
// interrupts are its user interrupts. Not tried on hardware; what the subsystem must be set to is in boards/README.md.
module glacis_qdma #(
  parameter logic [63:0] BUILD_ID = 64'd0,
  parameter logic [159:0] GIT_HASH = 160'd0,
  parameter logic [31:0] BUILD_DATE = 32'd0,
  parameter logic [31:0] BOARD = 32'd0,
  parameter logic [31:0] CLOCK_KHZ = 32'd250000
) (
  input  logic       pcie_sys_clk,     // behind IBUFDS_GTE4: ODIV2
  input  logic       pcie_sys_clk_gt,  // and O
  input  logic       pcie_rst_n,
  output logic [7:0] pci_exp_txp,
  output logic [7:0] pci_exp_txn,
  input  logic [7:0] pci_exp_rxp,
  input  logic [7:0] pci_exp_rxn
);
  logic clk, rst_n, rst, irq_valid, usr_irq, usr_irq_first, usr_irq_ack, usr_irq_fail;
  logic [6:0] irq_queue;
  logic [2:0] usr_irq_vector;

  logic s_awvalid, s_awready, s_wvalid, s_wready, s_bvalid, s_bready, s_arvalid, s_arready, s_rvalid, s_rready;
  logic [31:0] s_awaddr, s_wdata, s_araddr, s_rdata;
  logic [3:0] s_wstrb;
  logic [1:0] s_bresp, s_rresp;

  logic m_arvalid, m_arready, m_rvalid, m_rready, m_rlast, m_awvalid, m_awready, m_wvalid, m_wready, m_wlast;
  logic m_bvalid, m_bready;
  logic [2:0] m_arid, m_awid, m_arsize, m_awsize;
  logic [3:0] bid, rid;
  logic [63:0] m_araddr, m_awaddr;
  logic [7:0] m_arlen, m_awlen;
  logic [1:0] m_arburst, m_awburst, m_rresp, m_bresp;
  logic [255:0] m_rdata, m_wdata;
  logic [31:0] m_wstrb;

  glacis_board #(
    .BUILD_ID(BUILD_ID),
    .GIT_HASH(GIT_HASH),
    .BUILD_DATE(BUILD_DATE),
    .BOARD(BOARD),
    .CLOCK_KHZ(CLOCK_KHZ)
  ) board (
    .m_rid(rid[2:0]),
    .m_bid(bid[2:0]),
    .*
  );

  // 8 vectors are what a function has; one that fails, because it is masked, is not repeated
  glacis_irq_serial #(
    .VECTOR_BITS(3)
  ) interrupts (
    .clk(clk),
    .rst(rst),
    .irq_valid(irq_valid),
    .irq_queue(irq_queue),
    .request(usr_irq),
    .first(usr_irq_first),
    .which(usr_irq_vector),
    .done(usr_irq_ack || usr_irq_fail)
  );

  logic [54:0] axil_awuser, axil_aruser;
  logic [2:0] axil_awprot, axil_arprot;
  logic [31:0] ruser;
  logic user_lnk_up, phy_ready;

  qdma_0 qdma (
    .sys_clk(pcie_sys_clk),
    .sys_clk_gt(pcie_sys_clk_gt),
    .sys_rst_n(pcie_rst_n),
    .user_lnk_up(user_lnk_up),
    .phy_ready(phy_ready),
    .soft_reset_n(1'b1),
    .pci_exp_txp(pci_exp_txp),
    .pci_exp_txn(pci_exp_txn),
    .pci_exp_rxp(pci_exp_rxp),
    .pci_exp_rxn(pci_exp_rxn),
    .axi_aclk(clk),
    .axi_aresetn(rst_n),
    .usr_irq_in_vld(usr_irq),
    .usr_irq_in_vec({8'b0, usr_irq_vector}),
    .usr_irq_in_fnc(8'd0),
    .usr_irq_out_ack(usr_irq_ack),
    .usr_irq_out_fail(usr_irq_fail),
    .m_axil_awaddr(s_awaddr),
    .m_axil_awuser(axil_awuser),
    .m_axil_awprot(axil_awprot),
    .m_axil_awvalid(s_awvalid),
    .m_axil_awready(s_awready),
    .m_axil_wdata(s_wdata),
    .m_axil_wstrb(s_wstrb),
    .m_axil_wvalid(s_wvalid),
    .m_axil_wready(s_wready),
    .m_axil_bvalid(s_bvalid),
    .m_axil_bresp(s_bresp),
    .m_axil_bready(s_bready),
    .m_axil_araddr(s_araddr),
    .m_axil_aruser(axil_aruser),
    .m_axil_arprot(axil_arprot),
    .m_axil_arvalid(s_arvalid),
    .m_axil_arready(s_arready),
    .m_axil_rdata(s_rdata),
    .m_axil_rresp(s_rresp),
    .m_axil_rvalid(s_rvalid),
    .m_axil_rready(s_rready),
    .s_axib_awid({1'b0, m_awid}),
    .s_axib_awaddr(m_awaddr),
    .s_axib_awlen(m_awlen),
    .s_axib_awsize(m_awsize),
    .s_axib_awuser(12'd0),  // function 0
    .s_axib_awburst(m_awburst),
    .s_axib_awregion(4'd0),
    .s_axib_awvalid(m_awvalid),
    .s_axib_awready(m_awready),
    .s_axib_wdata(m_wdata),
    .s_axib_wstrb(m_wstrb),
    .s_axib_wuser(32'd0),   // parity, with data protection only
    .s_axib_wlast(m_wlast),
    .s_axib_wvalid(m_wvalid),
    .s_axib_wready(m_wready),
    .s_axib_bid(bid),
    .s_axib_bresp(m_bresp),
    .s_axib_bvalid(m_bvalid),
    .s_axib_bready(m_bready),
    .s_axib_arid({1'b0, m_arid}),
    .s_axib_araddr(m_araddr),
    .s_axib_arlen(m_arlen),
    .s_axib_arsize(m_arsize),
    .s_axib_aruser(12'd0),
    .s_axib_arburst(m_arburst),
    .s_axib_arregion(4'd0),
    .s_axib_arvalid(m_arvalid),
    .s_axib_arready(m_arready),
    .s_axib_rid(rid),
    .s_axib_rdata(m_rdata),
    .s_axib_rresp(m_rresp),
    .s_axib_ruser(ruser),
    .s_axib_rlast(m_rlast),
    .s_axib_rvalid(m_rvalid),
    .s_axib_rready(m_rready)
  );

  logic unused;
  assign unused = &{1'b0, axil_awuser, axil_aruser, axil_awprot, axil_arprot, ruser, user_lnk_up, phy_ready, rid[3],
                    bid[3], usr_irq_first};
endmodule
