// SPDX-License-Identifier: Apache-2.0
// glacis_deep_fifo keeps order and values, has room while four are not inside, and shows what it has a cycle later. One
// value, any of those that go in, is followed until it comes out.
module deep_fifo_order (
  input logic       clk,
  input logic       rst,
  input logic       in_valid,
  input logic [3:0] in,
  input logic       out_ready,
  input logic       follow
);
  logic in_ready, out_valid;
  logic [3:0] out, value;
  logic [2:0] ahead, inside;
  logic following = 1'b0, started = 1'b0, due = 1'b0;

  glacis_deep_fifo #(.WIDTH(4), .DEPTH_BITS(2)) fifo (.*);

  always_ff @(posedge clk) begin
    started <= 1'b1;
    due <= !rst && inside != 0 && !out_valid;
    if (rst) begin
      inside <= '0;
      following <= 1'b0;
    end else begin
      inside <= inside + {2'b0, in_valid && in_ready} - {2'b0, out_valid && out_ready};
      if (following && out_valid && out_ready) begin
        ahead <= ahead - 1'b1;
        if (ahead == 0) following <= 1'b0;
      end
      if (!following && follow && in_valid && in_ready) begin
        following <= 1'b1;
        value <= in;
        ahead <= inside - {2'b0, out_valid && out_ready};
      end
    end
  end

  always_comb begin
    if (!started) assume (rst);
    if (started) begin
      assert (inside <= 3'd5);
      assert (in_ready || inside >= 3'd4);
      assert (!out_valid || inside != 0);
      assert (!due || out_valid);
      if (following) assert (ahead < inside);
      if (following && ahead == 0 && out_valid) assert (out == value);
    end
  end
endmodule
