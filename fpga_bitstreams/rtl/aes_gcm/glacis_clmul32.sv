// SPDX-License-Identifier: Apache-2.0
// Carry-less product of 32 by 32 bits, by one step of Karatsuba's. No register.
module glacis_clmul32 (
  input  logic [31:0] a,
  input  logic [31:0] b,
  output logic [62:0] y
);
  function automatic logic [30:0] times(input logic [15:0] u, input logic [15:0] v);
    times = '0;
    for (int i = 0; i < 16; i++) times = times ^ ({15'b0, u & {16{v[i]}}} << i);
  endfunction

  logic [30:0] low, high, middle;

  assign low = times(a[15:0], b[15:0]);
  assign high = times(a[31:16], b[31:16]);
  assign middle = times(a[15:0] ^ a[31:16], b[15:0] ^ b[31:16]) ^ low ^ high;
  assign y = {32'b0, low} ^ {16'b0, middle, 16'b0} ^ {high, 32'b0};
endmodule
