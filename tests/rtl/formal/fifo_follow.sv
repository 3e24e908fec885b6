// SPDX-License-Identifier: Apache-2.0
// A queue of values seen from outside, for fifo_order and deep_fifo_order: one value, any of those that go in, is followed until
// it comes out, in its turn and unchanged. Told besides: how many are inside, and that the first reset is over.
module fifo_follow #(
  parameter int MOST = 4  // values that the queue holds, 7 at most
) (
  input  logic       clk,
  input  logic       rst,
  input  logic       in_valid,
  input  logic       in_ready,
  input  logic [3:0] in,
  input  logic       out_valid,
  input  logic       out_ready,
  input  logic [3:0] out,
  input  logic       follow,
  output logic       started,
  output logic [2:0] held
);
  logic following = 1'b0, begun = 1'b0;
  logic [3:0] value;
  logic [2:0] ahead;

  assign started = begun;

  always_ff @(posedge clk) begin
    begun <= 1'b1;
    if (rst) begin
      held <= '0;
      following <= 1'b0;
    end else begin
      held <= held + {2'b0, in_valid && in_ready} - {2'b0, out_valid && out_ready};
      if (following && out_valid && out_ready) begin
        ahead <= ahead - 1'b1;
        if (ahead == 0) following <= 1'b0;
      end
      if (!following && follow && in_valid && in_ready) begin
        following <= 1'b1;
        value <= in;
        ahead <= held - {2'b0, out_valid && out_ready};
      end
    end
  end

  always_comb begin
    if (!begun) assume (rst);
    if (begun) begin
      assert (held <= 3'(MOST));
      assert (!out_valid || held != 0);
      if (following) assert (ahead < held);
      if (following && ahead == 0 && out_valid) assert (out == value);
    end
  end
endmodule
