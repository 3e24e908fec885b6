// SPDX-License-Identifier: Apache-2.0
// Reduces a product of 255 bits in GCM's field. As in GCM the highest bit is the coefficient of x^0 (SP 800-38D, 6.3),
// so nothing is ever turned round: multiplying by x is a shift to the right, x^128 = x^7 + x^2 + x + 1.
module glacis_gf128_reduce (
  input  logic [254:0] product,
  output logic [127:0] y
);
  logic [127:0] high, over;

  // coefficients of x^128.., and what of them passes x^127 when it comes down
  assign high = {product[126:0], 1'b0};
  assign over = {high[6:0] ^ {high[1:0], 5'b0} ^ {high[0], 6'b0}, 121'b0};
  assign y = product[254:127] ^ high ^ (high >> 1) ^ (high >> 2) ^ (high >> 7) ^ over ^ (over >> 1) ^ (over >> 2) ^
             (over >> 7);
endmodule
