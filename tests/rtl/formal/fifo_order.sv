// SPDX-License-Identifier: Apache-2.0
// A FIFO keeps order and values, refuses when it is full, and is never in doubt about what it holds. One value, any of
// those that go in, is followed until it comes out.
module fifo_order (
  input logic       clk,
  input logic       rst,
  input logic       in_valid,
  input logic [3:0] in,
  input logic       out_ready,
  input logic       follow
);
  logic in_ready, out_valid;
  logic [3:0] out, value;
  logic [2:0] count, ahead, expected;
  logic following = 1'b0, started = 1'b0;

  glacis_fifo #(.WIDTH(4), .DEPTH_BITS(2)) fifo (.*);

  always_ff @(posedge clk) begin
    started <= 1'b1;
    if (rst) begin
      expected <= '0;
      following <= 1'b0;
    end else begin
      expected <= expected + {2'b0, in_valid && in_ready} - {2'b0, out_valid && out_ready};
      if (following && out_valid && out_ready) begin
        ahead <= ahead - 1'b1;
        if (ahead == 0) following <= 1'b0;
      end
      if (!following && follow && in_valid && in_ready) begin
        following <= 1'b1;
        value <= in;
        ahead <= expected - {2'b0, out_valid && out_ready};
      end
    end
  end

  always_comb begin
    if (!started) assume (rst);
    if (started) begin
      assert (expected <= 3'd4);
      assert (count == expected);
      assert (in_ready == (expected != 3'd4));
      assert (out_valid == (expected != 3'd0));
      if (following) assert (ahead < expected);
      if (following && ahead == 0) assert (out == value);
    end
  end
endmodule
