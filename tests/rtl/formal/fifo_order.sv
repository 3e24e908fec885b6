// SPDX-License-Identifier: Apache-2.0
// A FIFO keeps order and values, refuses when it is full, and is never in doubt about what it holds.
module fifo_order (
  input logic       clk,
  input logic       rst,
  input logic       in_valid,
  input logic [3:0] in,
  input logic       out_ready,
  input logic       follow
);
  logic in_ready, out_valid, started;
  logic [3:0] out;
  logic [2:0] count, held;

  glacis_fifo #(.WIDTH(4), .DEPTH_BITS(2)) fifo (.*);
  fifo_follow #(.MOST(4)) order (.*);

  always_comb
    if (started) begin
      assert (count == held);
      assert (in_ready == (held != 3'd4));
      assert (out_valid == (held != 3'd0));
    end
endmodule
