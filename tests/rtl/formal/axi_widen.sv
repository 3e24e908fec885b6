// SPDX-License-Identifier: Apache-2.0
// The bus converter, with two identifiers: what it asks of the wide bus and answers to the card stays as it is until it
// is taken; bursts stay within 4 KiB and hold the beats that they announce; each read has as many beats as were asked
// for; and every beat of a write has bytes that count, the first at the address that was told.
module axi_widen (
  input logic         clk,
  input logic         rst,
  input logic         s_arvalid,
  input logic         s_arid,
  input logic [ 63:0] s_araddr,
  input logic [  7:0] s_arlen,
  input logic         s_rready,
  input logic         s_awvalid,
  input logic         s_awid,
  input logic [ 63:0] s_awaddr,
  input logic [  7:0] s_awlen,
  input logic         s_wvalid,
  input logic [255:0] s_wdata,
  input logic [ 31:0] s_wstrb,
  input logic         s_wlast,
  input logic         m_arready,
  input logic         m_rvalid,
  input logic         m_rid,
  input logic [511:0] m_rdata,
  input logic [  1:0] m_rresp,
  input logic         m_awready,
  input logic         m_wready
);
  logic s_arready, s_rvalid, s_rid, s_rlast, s_awready, s_wready, m_arvalid, m_arid, m_rready, m_awvalid, m_awid;
  logic m_wvalid, m_wlast;
  logic [255:0] s_rdata;
  logic [1:0] s_rresp;
  logic [63:0] m_araddr, m_awaddr, m_wstrb;
  logic [7:0] m_arlen, m_awlen;
  logic [511:0] m_wdata;

  glacis_axi_widen #(.ID_BITS(1)) dut (.*);

  logic started = 1'b0;
  // the card's side, as it was a cycle ago
  logic s_ar_held, s_aw_held, s_w_held, k_s_arid, k_s_awid, k_s_wlast, m_r_held, k_m_rid;
  logic [63:0] k_s_araddr, k_s_awaddr;
  logic [7:0] k_s_arlen, k_s_awlen;
  logic [255:0] k_s_wdata;
  logic [31:0] k_s_wstrb;
  logic [511:0] k_m_rdata;
  logic [1:0] k_m_rresp;
  // the converter's
  logic ar_held, aw_held, w_held, r_held, k_arid, k_awid, k_wlast, k_rid, k_rlast;
  logic [63:0] k_araddr, k_awaddr, k_wstrb;
  logic [7:0] k_arlen, k_awlen;
  logic [511:0] k_wdata;
  logic [255:0] k_rdata;
  // writes: beats that the card still has to send of the burst whose address was taken; those to come out of the one
  // whose address shows or has gone, and whether its first one has
  logic [8:0] card_left, out_left, left_now;
  logic out_first, first_now, announced;
  logic [3:0] out_word, word_now;
  // reads: narrow beats to come, wide ones to come
  logic [8:0] narrow_left[0:1], wide_left[0:1];

  assign announced = m_awvalid && !aw_held;
  assign left_now = announced ? {1'b0, m_awlen} + 9'd1 : out_left;
  assign first_now = announced || out_first;
  assign word_now = announced ? m_awaddr[5:2] : out_word;

  always_ff @(posedge clk) begin
    started <= 1'b1;
    s_ar_held <= !rst && s_arvalid && !s_arready;
    s_aw_held <= !rst && s_awvalid && !s_awready;
    s_w_held <= !rst && s_wvalid && !s_wready;
    m_r_held <= !rst && m_rvalid && !m_rready;
    k_s_arid <= s_arid;
    k_s_araddr <= s_araddr;
    k_s_arlen <= s_arlen;
    k_s_awid <= s_awid;
    k_s_awaddr <= s_awaddr;
    k_s_awlen <= s_awlen;
    k_s_wdata <= s_wdata;
    k_s_wstrb <= s_wstrb;
    k_s_wlast <= s_wlast;
    k_m_rid <= m_rid;
    k_m_rdata <= m_rdata;
    k_m_rresp <= m_rresp;
    ar_held <= !rst && m_arvalid && !m_arready;
    aw_held <= !rst && m_awvalid && !m_awready;
    w_held <= !rst && m_wvalid && !m_wready;
    r_held <= !rst && s_rvalid && !s_rready;
    k_arid <= m_arid;
    k_araddr <= m_araddr;
    k_arlen <= m_arlen;
    k_awid <= m_awid;
    k_awaddr <= m_awaddr;
    k_awlen <= m_awlen;
    k_wdata <= m_wdata;
    k_wstrb <= m_wstrb;
    k_wlast <= m_wlast;
    k_rid <= s_rid;
    k_rdata <= s_rdata;
    k_rlast <= s_rlast;
    if (rst) begin
      card_left <= '0;
      out_left <= '0;
      out_first <= 1'b0;
      narrow_left[0] <= '0;
      narrow_left[1] <= '0;
      wide_left[0] <= '0;
      wide_left[1] <= '0;
    end else begin
      if (s_wvalid && s_wready) card_left <= card_left - 9'd1;
      if (s_awvalid && s_awready) card_left <= {1'b0, s_awlen} + 9'd1;
      out_left <= m_wvalid && m_wready ? left_now - 9'd1 : left_now;
      out_first <= first_now && !(m_wvalid && m_wready);
      out_word <= word_now;
      if (s_rvalid && s_rready) narrow_left[s_rid] <= narrow_left[s_rid] - 9'd1;
      if (m_rvalid && m_rready) wide_left[m_rid] <= wide_left[m_rid] - 9'd1;
      if (m_arvalid && m_arready) begin
        narrow_left[s_arid] <= {1'b0, s_arlen} + 9'd1;
        wide_left[m_arid] <= {1'b0, m_arlen} + 9'd1;
      end
    end
  end

  always_comb begin
    if (!started) assume (rst);
    else assume (!rst);
    // the card: aligned bursts of 16 beats at most within 4 KiB, one read per identifier, data as announced
    assume (s_araddr[4:0] == 0 && s_awaddr[4:0] == 0);
    assume (s_arlen < 8'd16 && s_awlen < 8'd16);
    assume ({1'b0, s_araddr[11:0]} + {s_arlen[6:0] + 7'd1, 5'b0} <= 13'd4096);
    assume ({1'b0, s_awaddr[11:0]} + {s_awlen[6:0] + 7'd1, 5'b0} <= 13'd4096);
    if (s_arvalid) assume (narrow_left[s_arid] == 0 && wide_left[s_arid] == 0);
    if (s_wvalid) assume (s_wstrb != 0);
    if (s_wvalid && card_left != 0) assume (s_wlast == (card_left == 9'd1));
    if (started && s_ar_held) assume (s_arvalid && s_arid == k_s_arid && s_araddr == k_s_araddr && s_arlen == k_s_arlen);
    if (started && s_aw_held) assume (s_awvalid && s_awid == k_s_awid && s_awaddr == k_s_awaddr && s_awlen == k_s_awlen);
    if (started && s_w_held && card_left != 0) assume (s_wvalid && s_wdata == k_s_wdata && s_wstrb == k_s_wstrb && s_wlast == k_s_wlast);
    // the wide bus: answers to what was asked
    if (m_rvalid) assume (started && wide_left[m_rid] != 0);
    if (started && m_r_held) assume (m_rvalid && m_rid == k_m_rid && m_rdata == k_m_rdata && m_rresp == k_m_rresp);
    if (started && !rst) begin
      if (ar_held) assert (m_arvalid && m_arid == k_arid && m_araddr == k_araddr && m_arlen == k_arlen);
      if (aw_held) assert (m_awvalid && m_awid == k_awid && m_awaddr == k_awaddr && m_awlen == k_awlen);
      if (w_held) assert (m_wvalid && m_wdata == k_wdata && m_wstrb == k_wstrb && m_wlast == k_wlast);
      if (r_held) assert (s_rvalid && s_rid == k_rid && s_rdata == k_rdata && s_rlast == k_rlast);
      if (m_arvalid) assert ({1'b0, m_araddr[11:6], 6'b0} + {m_arlen[5:0] + 6'd1, 6'b0} <= 13'd4096);
      if (m_awvalid) assert ({1'b0, m_awaddr[11:6], 6'b0} + {m_awlen[5:0] + 6'd1, 6'b0} <= 13'd4096);
      // reads: the last narrow beat is the last of what was asked, and takes the last wide one
      if (s_rvalid) begin
        assert (narrow_left[s_rid] != 0);
        assert (s_rlast == (narrow_left[s_rid] == 9'd1));
        if (s_rready && s_rlast) assert (m_rready && wide_left[m_rid] == 9'd1);
      end
      assert ((narrow_left[0] == 0) == (wide_left[0] == 0));
      assert ((narrow_left[1] == 0) == (wide_left[1] == 0));
      // writes: data out only with or behind its address, as much as was told, in beats that count
      if (announced) assert (out_left == 0);
      if (m_wvalid) begin
        assert (m_wstrb != 0);
        assert (left_now != 0);
        assert (m_wlast == (left_now == 9'd1));
        if (first_now) assert (m_wstrb[{word_now, 2'b00}+:4] != 0);
      end
    end
  end
endmodule
