// SPDX-License-Identifier: Apache-2.0
// What KEY_LOAD has to know of a number of a key: which size it has, where it goes, whether it is good, and what is to be made of
// it. Numbers come in this order: N, E, then D of a key with its exponent alone, or P, Q, DP, DQ, QINV. In an operation there is
// one number, the base.
module glacis_rsa_numbers (
  input  logic        is_load,           // else the base
  input  logic [ 1:0] kind,              // of the key: KEY_KIND
  input  logic [ 9:0] modulus_size,
  input  logic [ 9:0] exponent_size,
  input  logic [ 8:0] n_words,           // sizes of n, a prime and e
  input  logic [ 8:0] half_words,
  input  logic [ 8:0] e_words,
  input  logic [ 2:0] number,            // which: 0 is N
  output logic [ 2:0] number_next,       // of a key that has one more
  output logic [ 9:0] number_size,       // in bytes
  output logic [ 8:0] number_words,
  output logic [10:0] number_base,
  output logic        number_is_last,
  // when it is in: what was seen of it
  input  logic        number_odd,
  input  logic        number_more,
  input  logic        number_full,
  input  logic [12:0] number_bits,
  output logic        number_good,
  // a modulus: the power of two to begin with, how often it is doubled, and where it goes; another: below which one it has to be
  output logic        number_is_modulus,
  output logic [ 8:0] power_index,
  output logic [15:0] power_word,
  output logic [12:0] doublings,
  output logic [10:0] power_base,
  output logic [10:0] limit_base,
  output logic [ 8:0] limit_words
);
  localparam logic [1:0] KIND_EXPONENT = glacis_card_pkg::KEY_KIND_RSA_EXPONENT[1:0];
  localparam logic [1:0] KIND_CRT = glacis_card_pkg::KEY_KIND_RSA_CRT[1:0];
  typedef enum logic [2:0] {N, E, D, P, Q, DP, DQ, QINV} number_t;

  logic [9:0] half;

  assign half = {1'b0, modulus_size[9:1]};
  assign number_next = number == E && kind == KIND_CRT ? 3'(P) : number + 3'd1;

  always_comb begin
    number_size = half;
    number_words = half_words;
    limit_words = half_words;
    limit_base = glacis_rsa::K_P;
    power_base = glacis_rsa::K_START_P;
    number_base = glacis_rsa::K_N;
    number_good = number_bits != 13'd0;
    number_is_modulus = 1'b0;
    number_is_last = 1'b0;
    case (number)
      N: begin
        number_size = modulus_size;
        number_words = n_words;
        limit_words = n_words;
        limit_base = glacis_rsa::K_N;
        power_base = glacis_rsa::K_START_N;
        number_good = number_odd && number_full;
        number_is_modulus = 1'b1;
      end
      E: begin
        number_size = exponent_size;
        number_words = e_words;
        limit_words = n_words;
        limit_base = glacis_rsa::K_N;
        number_base = glacis_rsa::K_E;
        number_good = number_odd;
        number_is_last = kind != KIND_EXPONENT && kind != KIND_CRT;
      end
      D: begin
        number_size = modulus_size;
        number_words = n_words;
        limit_words = n_words;
        limit_base = glacis_rsa::K_N;
        number_base = glacis_rsa::K_D;
        number_is_last = 1'b1;
      end
      P: begin
        number_base = glacis_rsa::K_P;
        number_good = number_odd && number_more;
        number_is_modulus = 1'b1;
      end
      Q: begin
        number_base = glacis_rsa::K_Q;
        limit_base = glacis_rsa::K_Q;
        power_base = glacis_rsa::K_START_Q;
        number_good = number_odd && number_more;
        number_is_modulus = 1'b1;
      end
      DP: number_base = glacis_rsa::K_DP;
      DQ: begin
        number_base = glacis_rsa::K_DQ;
        limit_base = glacis_rsa::K_Q;
      end
      default: begin
        number_base = glacis_rsa::K_QINV;
        number_is_last = 1'b1;
      end
    endcase
    if (!is_load) number_size = modulus_size;
    if (!is_load) number_base = glacis_rsa::K_WORK;
  end

  // 2^(17 (s + 2)) mod m is where R^2 starts from: squared four times. It is doubled out of 2^(bits - 1).
  logic [12:0] power_bit, power_target;
  logic [8:0] power_words;

  assign power_bit = number_bits - 13'd1;
  assign power_words = number_words + 9'd2;
  assign power_target = {power_words, 4'd0} + {4'd0, power_words};
  assign doublings = power_target - power_bit;
  assign power_index = power_bit[12:4];
  assign power_word = 16'd1 << power_bit[3:0];
endmodule
