// SPDX-License-Identifier: Apache-2.0
// The read side of the bus: a request stays as it is until it is taken, and stays within 4 KiB; an identifier that is
// under way is not used again. With two identifiers.
module axi_read (
  input logic         clk,
  input logic         rst,
  input logic         access_valid,
  input logic [ 63:0] access_address,
  input logic [ 16:0] access_size,
  input logic [  1:0] access_kind,
  input logic [  6:0] access_queue,
  input logic         access_flush,
  input logic         word_ready,
  input logic         arready,
  input logic         rvalid,
  input logic         rid,
  input logic [255:0] rdata,
  input logic [  1:0] rresp
);
  logic access_ready, word_valid, word_last, word_error, read_done, read_failed, arvalid, rready;
  logic [255:0] word;
  logic [5:0] word_bytes;
  logic [1:0] word_kind;
  logic [9:0] read_bytes;
  logic [63:0] read_address, araddr, kept_araddr, kept_address;
  logic [6:0] read_queue, aruser;
  logic arid, kept_arid;
  logic [7:0] arlen, kept_arlen;
  logic [16:0] kept_size;
  logic [1:0] under_way;  // identifiers
  logic [8:0] left[0:1];  // beats to come
  logic waiting, held = 1'b0, started = 1'b0;

  glacis_dma_read #(.TAG_BITS(1)) dut (.*);

  always_ff @(posedge clk) begin
    started <= 1'b1;
    waiting <= started && !rst && access_valid && !access_ready;
    kept_address <= access_address;
    kept_size <= access_size;
    held <= !rst && arvalid && !arready;
    kept_araddr <= araddr;
    kept_arid <= arid;
    kept_arlen <= arlen;
    if (rst) under_way <= '0;
    else begin
      if (rvalid) begin
        left[rid] <= left[rid] - 9'd1;
        if (left[rid] == 9'd1) under_way[rid] <= 1'b0;
      end
      if (arvalid && arready) begin
        under_way[arid] <= 1'b1;
        left[arid] <= {1'b0, arlen} + 9'd1;
      end
    end
  end

  always_comb begin
    if (!started) assume (rst);
    else assume (!rst);
    assume (access_size != 0 && access_size <= 17'd65536);
    // who asks waits without changing his mind; the bus answers what it was asked
    if (started && waiting) assume (access_valid && access_address == kept_address && access_size == kept_size);
    if (rvalid) assume (started && under_way[rid]);
    if (started && !rst) begin
      if (held) assert (arvalid && araddr == kept_araddr && arid == kept_arid && arlen == kept_arlen);
      if (arvalid) begin
        assert (araddr[4:0] == 0 && arlen < 8'd16);
        assert ({1'b0, araddr[11:0]} + {arlen[7:0] + 8'd1, 5'b0} <= 13'd4096);
        assert (!under_way[arid]);
      end
    end
  end
endmodule
