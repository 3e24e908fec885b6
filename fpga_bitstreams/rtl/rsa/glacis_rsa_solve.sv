// SPDX-License-Identifier: Apache-2.0
// The word k with z + k m = 0 modulo 2^16, for odd m: bit after bit, whatever is left over is taken away. With z = 1 it is
// -1/m; with z a number's last word, what makes it divisible. Sixteen cycles after start.
module glacis_rsa_solve (
`ifdef FORMAL
  output logic [15:0] formal_one,
`endif
  input  logic        clk,
  input  logic        rst,
  input  logic        start,
  input  logic [15:0] z,
  input  logic [15:0] m,
  output logic        busy,
  output logic [15:0] k
);
  logic [15:0] rest, shifted, one;
`ifdef FORMAL
  assign formal_one = busy ? one : 16'd0;
`endif

  always_ff @(posedge clk) begin
    if (start) begin
      busy <= 1'b1;
      rest <= z;
      shifted <= m;
      one <= 16'd1;
      k <= 16'd0;
    end else if (busy) begin
      if ((rest & one) != 16'd0) begin
        rest <= rest + shifted;
        k <= k | one;
      end
      shifted <= shifted << 1;
      one <= one << 1;
      if (one[15]) busy <= 1'b0;
    end
    if (rst) busy <= 1'b0;
  end
endmodule
