// SPDX-License-Identifier: Apache-2.0
// Stands in for AMD's QDMA Subsystem for PCI Express (PG302) as glacis_qdma uses it: names and widths of its clocks,
// user interrupts, AXI4-Lite master and slave bridge at 256 bits. It does nothing; ports of groups that the wrapper
// leaves alone are not here.
module qdma_0 (
  input  logic         sys_clk,
  input  logic         sys_clk_gt,
  input  logic         sys_rst_n,
  output logic         user_lnk_up,
  output logic         phy_ready,
  input  logic         soft_reset_n,
  output logic [  7:0] pci_exp_txp,
  output logic [  7:0] pci_exp_txn,
  input  logic [  7:0] pci_exp_rxp,
  input  logic [  7:0] pci_exp_rxn,
  output logic         axi_aclk,
  output logic         axi_aresetn,
  input  logic         usr_irq_in_vld,
  input  logic [ 10:0] usr_irq_in_vec,
  input  logic [  7:0] usr_irq_in_fnc,
  output logic         usr_irq_out_ack,
  output logic         usr_irq_out_fail,
  output logic [ 31:0] m_axil_awaddr,
  output logic [ 54:0] m_axil_awuser,
  output logic [  2:0] m_axil_awprot,
  output logic         m_axil_awvalid,
  input  logic         m_axil_awready,
  output logic [ 31:0] m_axil_wdata,
  output logic [  3:0] m_axil_wstrb,
  output logic         m_axil_wvalid,
  input  logic         m_axil_wready,
  input  logic         m_axil_bvalid,
  input  logic [  1:0] m_axil_bresp,
  output logic         m_axil_bready,
  output logic [ 31:0] m_axil_araddr,
  output logic [ 54:0] m_axil_aruser,
  output logic [  2:0] m_axil_arprot,
  output logic         m_axil_arvalid,
  input  logic         m_axil_arready,
  input  logic [ 31:0] m_axil_rdata,
  input  logic [  1:0] m_axil_rresp,
  input  logic         m_axil_rvalid,
  output logic         m_axil_rready,
  input  logic [  3:0] s_axib_awid,
  input  logic [ 63:0] s_axib_awaddr,
  input  logic [  7:0] s_axib_awlen,
  input  logic [  2:0] s_axib_awsize,
  input  logic [ 11:0] s_axib_awuser,
  input  logic [  1:0] s_axib_awburst,
  input  logic [  3:0] s_axib_awregion,
  input  logic         s_axib_awvalid,
  output logic         s_axib_awready,
  input  logic [255:0] s_axib_wdata,
  input  logic [ 31:0] s_axib_wstrb,
  input  logic [ 31:0] s_axib_wuser,
  input  logic         s_axib_wlast,
  input  logic         s_axib_wvalid,
  output logic         s_axib_wready,
  output logic [  3:0] s_axib_bid,
  output logic [  1:0] s_axib_bresp,
  output logic         s_axib_bvalid,
  input  logic         s_axib_bready,
  input  logic [  3:0] s_axib_arid,
  input  logic [ 63:0] s_axib_araddr,
  input  logic [  7:0] s_axib_arlen,
  input  logic [  2:0] s_axib_arsize,
  input  logic [ 11:0] s_axib_aruser,
  input  logic [  1:0] s_axib_arburst,
  input  logic [  3:0] s_axib_arregion,
  input  logic         s_axib_arvalid,
  output logic         s_axib_arready,
  output logic [  3:0] s_axib_rid,
  output logic [255:0] s_axib_rdata,
  output logic [  1:0] s_axib_rresp,
  output logic [ 31:0] s_axib_ruser,
  output logic         s_axib_rlast,
  output logic         s_axib_rvalid,
  input  logic         s_axib_rready
);
  assign user_lnk_up = '0;
  assign phy_ready = '0;
  assign pci_exp_txp = '0;
  assign pci_exp_txn = '0;
  assign axi_aclk = '0;
  assign axi_aresetn = '0;
  assign usr_irq_out_ack = '0;
  assign usr_irq_out_fail = '0;
  assign m_axil_awaddr = '0;
  assign m_axil_awuser = '0;
  assign m_axil_awprot = '0;
  assign m_axil_awvalid = '0;
  assign m_axil_wdata = '0;
  assign m_axil_wstrb = '0;
  assign m_axil_wvalid = '0;
  assign m_axil_bready = '0;
  assign m_axil_araddr = '0;
  assign m_axil_aruser = '0;
  assign m_axil_arprot = '0;
  assign m_axil_arvalid = '0;
  assign m_axil_rready = '0;
  assign s_axib_awready = '0;
  assign s_axib_wready = '0;
  assign s_axib_bid = '0;
  assign s_axib_bresp = '0;
  assign s_axib_bvalid = '0;
  assign s_axib_arready = '0;
  assign s_axib_rid = '0;
  assign s_axib_rdata = '0;
  assign s_axib_rresp = '0;
  assign s_axib_ruser = '0;
  assign s_axib_rlast = '0;
  assign s_axib_rvalid = '0;

  logic unused;
  assign unused = &{1'b0, sys_clk, sys_clk_gt, sys_rst_n, soft_reset_n, pci_exp_rxp, pci_exp_rxn, usr_irq_in_vld,
                    usr_irq_in_vec, usr_irq_in_fnc, m_axil_awready, m_axil_wready, m_axil_bvalid, m_axil_bresp, m_axil_arready,
                    m_axil_rdata, m_axil_rresp, m_axil_rvalid, s_axib_awid, s_axib_awaddr, s_axib_awlen, s_axib_awsize, s_axib_awuser,
                    s_axib_awburst, s_axib_awregion, s_axib_awvalid, s_axib_wdata, s_axib_wstrb, s_axib_wuser, s_axib_wlast,
                    s_axib_wvalid, s_axib_bready, s_axib_arid, s_axib_araddr, s_axib_arlen, s_axib_arsize, s_axib_aruser, s_axib_arburst,
                    s_axib_arregion, s_axib_arvalid, s_axib_rready};
endmodule
