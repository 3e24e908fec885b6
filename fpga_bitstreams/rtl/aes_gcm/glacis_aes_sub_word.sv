// SPDX-License-Identifier: Apache-2.0
// SubBytes for a word of four bytes, by the S-box that was chosen: TOWER = 0 a table, 1 arithmetic. `y` belongs to the
// `x` of the cycle before.
module glacis_aes_sub_word #(
  parameter int TOWER = 0
) (
  input  logic        clk,
  input  logic        enable,
  input  logic [31:0] x,
  output logic [31:0] y
);
  generate
    if (TOWER != 0) begin : g_tower
      glacis_aes_sbox_tower sbox (.*);
    end else begin : g_rom
      glacis_aes_sbox_rom sbox (.*);
    end
  endgenerate
endmodule
