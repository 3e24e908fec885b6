// SPDX-License-Identifier: Apache-2.0
// From the card's AXI of 256 bits to one of 512 that takes whole beats only, as the AWS shell does. Bursts stay bursts:
// n beats of 32 bytes become (n + 1) / 2 of 64, or one more when they begin in an upper half; none crosses 4 KiB that
// did not. Writes go out with the address of the first 4 bytes that count, for which they wait for their first data:
// the shell makes the header of PCI Express of it. Reads fetch the other half too where they begin or end in the middle.
// Identifiers must be unique among the reads under way, which the card's are.
module glacis_axi_widen #(
  parameter int ID_BITS = 3
) (
  input  logic               clk,
  input  logic               rst,
  // from the card
  input  logic               s_arvalid,
  output logic               s_arready,
  input  logic [ID_BITS-1:0] s_arid,
  input  logic [       63:0] s_araddr,   // a multiple of 32
  input  logic [        7:0] s_arlen,
  output logic               s_rvalid,
  input  logic               s_rready,
  output logic [ID_BITS-1:0] s_rid,
  output logic [      255:0] s_rdata,
  output logic [        1:0] s_rresp,
  output logic               s_rlast,
  input  logic               s_awvalid,
  output logic               s_awready,
  input  logic [ID_BITS-1:0] s_awid,
  input  logic [       63:0] s_awaddr,   // a multiple of 32
  input  logic [        7:0] s_awlen,
  input  logic               s_wvalid,
  output logic               s_wready,
  input  logic [      255:0] s_wdata,
  input  logic [       31:0] s_wstrb,
  input  logic               s_wlast,
  // to the shell
  output logic               m_arvalid,
  input  logic               m_arready,
  output logic [ID_BITS-1:0] m_arid,
  output logic [       63:0] m_araddr,
  output logic [        7:0] m_arlen,
  input  logic               m_rvalid,
  output logic               m_rready,
  input  logic [ID_BITS-1:0] m_rid,
  input  logic [      511:0] m_rdata,
  input  logic [        1:0] m_rresp,
  output logic               m_awvalid,
  input  logic               m_awready,
  output logic [ID_BITS-1:0] m_awid,
  output logic [       63:0] m_awaddr,
  output logic [        7:0] m_awlen,
  output logic               m_wvalid,
  input  logic               m_wready,
  output logic [      511:0] m_wdata,
  output logic [       63:0] m_wstrb,
  output logic               m_wlast
);
  // beats of 64 bytes, less one, that hold `len` + 1 beats of 32 from `upper` on
  function automatic logic [7:0] wide_len(input logic [7:0] len, input logic upper);
    wide_len = {1'b0, len[7:1]} + {7'b0, len[0] && upper};
  endfunction

  // ---- reads: what is left of each identifier's burst, and which half comes next ----
  logic [8:0] left[0:(1<<ID_BITS)-1];
  logic [(1<<ID_BITS)-1:0] upper;

  assign m_arvalid = s_arvalid;
  assign s_arready = m_arready;
  assign m_arid = s_arid;
  assign m_araddr = s_araddr;
  assign m_arlen = wide_len(s_arlen, s_araddr[5]);

  assign s_rvalid = m_rvalid;
  assign s_rid = m_rid;
  assign s_rdata = upper[m_rid] ? m_rdata[511:256] : m_rdata[255:0];
  assign s_rresp = m_rresp;
  assign s_rlast = left[m_rid] == 9'd1;
  assign m_rready = s_rready && (upper[m_rid] || s_rlast);

  always_ff @(posedge clk) begin
    if (s_rvalid && s_rready) begin
      left[m_rid] <= left[m_rid] - 9'd1;
      upper[m_rid] <= !upper[m_rid];
    end
    if (s_arvalid && s_arready) begin
      left[s_arid] <= {1'b0, s_arlen} + 9'd1;
      upper[s_arid] <= s_araddr[5];
    end
  end

  // ---- writes: one burst's address is kept until its data begins, and a lower half until its upper one comes ----
  logic open, begun, is_upper, kept_valid, take;
  logic [ID_BITS-1:0] id;
  logic [63:0] address;
  logic [7:0] len;
  logic [255:0] kept;
  logic [31:0] kept_strb;
  logic [2:0] first_word;

  always_comb begin
    first_word = 3'd0;
    for (int i = 7; i >= 0; i--) if (s_wstrb[4*i+:4] != 0) first_word = 3'(i);
  end

  assign s_wready = open && (!m_wvalid || m_wready) && (begun || !m_awvalid || m_awready);
  assign take = s_wvalid && s_wready;
  assign s_awready = !open || (take && s_wlast);

  always_ff @(posedge clk) begin
    if (m_awready) m_awvalid <= 1'b0;
    if (m_wready) m_wvalid <= 1'b0;
    if (take) begin
      if (!begun) begin
        m_awvalid <= 1'b1;
        m_awid <= id;
        m_awaddr <= {address[63:5], first_word, 2'b00};
        m_awlen <= wide_len(len, address[5]);
      end
      begun <= !s_wlast;
      is_upper <= !is_upper;
      if (is_upper || s_wlast) begin
        m_wvalid <= 1'b1;
        m_wdata <= is_upper ? {s_wdata, kept} : {256'b0, s_wdata};
        m_wstrb <= is_upper ? {s_wstrb, kept_valid ? kept_strb : 32'b0} : {32'b0, s_wstrb};
        m_wlast <= s_wlast;
        kept_valid <= 1'b0;
      end else begin
        kept <= s_wdata;
        kept_strb <= s_wstrb;
        kept_valid <= 1'b1;
      end
      if (s_wlast) open <= 1'b0;
    end
    if (s_awvalid && s_awready) begin
      open <= 1'b1;
      id <= s_awid;
      address <= s_awaddr;
      len <= s_awlen;
      is_upper <= s_awaddr[5];
    end
    if (rst) begin
      open <= 1'b0;
      begun <= 1'b0;
      kept_valid <= 1'b0;
      m_awvalid <= 1'b0;
      m_wvalid <= 1'b0;
    end
  end

  logic unused;
  assign unused = &{1'b0, address[4:0]};
endmodule
