// SPDX-License-Identifier: Apache-2.0
// Bursts cover an access without gap or overlap; none crosses 512 bytes, let alone 4 KiB, nor has more beats than AXI
// allows; and what passes 2^64 is refused.
module split_bounds (
  input logic        clk,
  input logic        rst,
  input logic        access_valid,
  input logic [63:0] access_address,
  input logic [16:0] access_size,
  input logic        burst_ready
);
  logic access_ready, burst_valid, burst_last, burst_refused;
  logic [63:0] burst_address, kept_address;
  logic [9:0] burst_bytes;
  logic [4:0] burst_beats;
  logic [16:0] kept_size, sum;
  logic waiting = 1'b0, started = 1'b0;
  logic [64:0] behind;
  logic [10:0] reach;

  glacis_dma_split split (.*);

  assign behind = {1'b0, access_address} + {48'b0, access_size};
  assign reach = {6'b0, burst_address[4:0]} + {1'b0, burst_bytes};

  always_ff @(posedge clk) begin
    started <= 1'b1;
    waiting <= !rst && access_valid && !access_ready;
    kept_address <= access_address;
    kept_size <= access_size;
    if (rst || (access_valid && access_ready)) sum <= '0;
    else if (burst_valid && burst_ready) sum <= sum + {7'b0, burst_bytes};
  end

  always_comb begin
    if (!started) assume (rst);
    assume (access_size <= 17'd65536);
    // as the logic that asks does: what was asked for stays until it is done
    if (waiting) assume (access_valid && access_address == kept_address && access_size == kept_size);
    if (started && !rst && burst_valid) begin
      assert (burst_address == access_address + {47'b0, sum});
      assert (sum + {7'b0, burst_bytes} <= access_size);
      assert (burst_last == (sum + {7'b0, burst_bytes} == access_size));
      assert (burst_bytes != 0 || access_size == 0);
      assert ({1'b0, burst_address[8:0]} + burst_bytes <= 10'd512);
      assert ({1'b0, burst_address[11:0]} + {3'b0, burst_bytes} <= 13'd4096);
      assert (burst_beats <= 5'd16);
      assert (burst_bytes == 0 || {1'b0, burst_beats, 5'b0} >= reach);
      assert (burst_bytes == 0 || {1'b0, burst_beats, 5'b0} < reach + 11'd32);
      assert (burst_refused == (behind > 65'h1_0000_0000_0000_0000));
    end
  end
endmodule
