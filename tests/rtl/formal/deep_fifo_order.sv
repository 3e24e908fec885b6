// SPDX-License-Identifier: Apache-2.0
// glacis_deep_fifo keeps order and values, has room while four are not inside, and shows what it has a cycle later.
module deep_fifo_order (
  input logic       clk,
  input logic       rst,
  input logic       in_valid,
  input logic [3:0] in,
  input logic       out_ready,
  input logic       follow
);
  logic in_ready, out_valid, started, due = 1'b0;
  logic [3:0] out;
  logic [2:0] held;

  glacis_deep_fifo #(.WIDTH(4), .DEPTH_BITS(2)) fifo (.*);
  fifo_follow #(.MOST(5)) order (.*);

  always_ff @(posedge clk) due <= !rst && held != 0 && !out_valid;

  always_comb
    if (started) begin
      assert (in_ready || held >= 3'd4);
      assert (!due || out_valid);
    end
endmodule
