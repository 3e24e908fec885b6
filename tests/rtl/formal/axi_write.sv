// SPDX-License-Identifier: Apache-2.0
// The write side of the bus: requests and data stay as they are until they are taken; requests stay within 4 KiB; data
// has bytes that count in each beat, and no more beats than a burst may have. With two identifiers.
module axi_write (
  input logic         clk,
  input logic         rst,
  input logic         access_valid,
  input logic [ 63:0] access_address,
  input logic [ 16:0] access_size,
  input logic         access_zeros,
  input logic         access_inline,
  input logic [127:0] access_bytes,
  input logic [ 16:0] access_place,
  input logic         access_source,
  input logic [  6:0] access_queue,
  input logic [  7:0] access_owner,
  input logic         access_last,
  input logic [511:0] buffer_data,
  input logic         awready,
  input logic         wready,
  input logic         bvalid,
  input logic         bid,
  input logic [  1:0] bresp
);
  logic access_ready, buffer_read, buffer_source, retire_valid, retire_error, write_done, write_failed;
  logic [11:0] buffer_word;
  logic [7:0] retire_owner;
  logic [9:0] write_bytes;
  logic [63:0] write_address, awaddr, kept_awaddr, kept_address;
  logic [6:0] write_queue, awuser;
  logic awvalid, wvalid, wlast, kept_wlast, bready;
  logic awid, kept_awid;
  logic [7:0] awlen, kept_awlen;
  logic [255:0] wdata, kept_wdata;
  logic [31:0] wstrb, kept_wstrb;
  logic [16:0] kept_size;
  logic waiting, aw_held = 1'b0, w_held = 1'b0, started = 1'b0;
  logic [1:0] sent;  // identifiers whose data is out
  logic [8:0] beats;

  glacis_dma_write #(.TAG_BITS(1)) dut (.*);

  always_ff @(posedge clk) begin
    started <= 1'b1;
    waiting <= started && !rst && access_valid && !access_ready;
    kept_address <= access_address;
    kept_size <= access_size;
    aw_held <= !rst && awvalid && !awready;
    w_held <= !rst && wvalid && !wready;
    kept_awaddr <= awaddr;
    kept_awid <= awid;
    kept_awlen <= awlen;
    kept_wdata <= wdata;
    kept_wstrb <= wstrb;
    kept_wlast <= wlast;
    if (rst) begin
      sent <= '0;
      beats <= '0;
    end else begin
      if (awvalid && awready) sent[awid] <= 1'b1;
      if (bvalid) sent[bid] <= 1'b0;
      if (wvalid && wready) beats <= wlast ? '0 : beats + 9'd1;
    end
  end

  always_comb begin
    if (!started) assume (rst);
    else assume (!rst);
    assume (access_size <= 17'd65536);
    if (access_inline) assume (access_size <= 17'd16);
    if (started && waiting) assume (access_valid && access_address == kept_address && access_size == kept_size);
    if (bvalid) assume (started && sent[bid]);
    if (started && !rst) begin
      if (aw_held) assert (awvalid && awaddr == kept_awaddr && awid == kept_awid && awlen == kept_awlen);
      if (w_held) assert (wvalid && wdata == kept_wdata && wstrb == kept_wstrb && wlast == kept_wlast);
      if (awvalid) begin
        assert (awaddr[4:0] == 0 && awlen < 8'd16);
        assert ({1'b0, awaddr[11:0]} + {awlen[7:0] + 8'd1, 5'b0} <= 13'd4096);
      end
      if (wvalid) assert (wstrb != 0 && beats < 9'd16);
    end
  end
endmodule
