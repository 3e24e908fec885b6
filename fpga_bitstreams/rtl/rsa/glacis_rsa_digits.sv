// SPDX-License-Identifier: Apache-2.0
// The exponent's digits, the highest first: windows of 5 bits, of 1 in public operations; where a key has its primes, of two
// exponents at a time. A digit is fetched in as many cycles whatever it is.
module glacis_rsa_digits (
`ifdef FORMAL
  output logic [12:0] formal_first,
  output logic [12:0] formal_position,
  output logic [ 2:0] formal_step,
`endif
  input  logic        clk,
  // command, steady while busy
  input  logic        is_public,
  input  logic [ 1:0] kind,            // of the key: KEY_KIND
  input  logic [ 8:0] exponent_words,
  output logic [ 2:0] window,          // bits of a digit
  // which digit
  input  logic        clear,
  input  logic        first,
  input  logic        next,
  output logic        last_digit,
  // held until it is `fetched`: the words come a cycle after their address
  input  logic        fetch,
  output logic        fetched,
  output logic [10:0] digit_word,      // in the key's page
  input  logic [15:0] look_key_data,
  output logic [ 4:0] digit_p,
  output logic [ 4:0] digit_q
);
  localparam logic [1:0] KIND_CRT = glacis_card_pkg::KEY_KIND_RSA_CRT[1:0];

  logic [12:0] bit_position, first_position, exponent_bits, exponent_bits_4;
  logic [10:0] windows, exponent_base;
  logic [8:0] digit_index;
  logic [2:0] digit_step;
  logic [15:0] digit_low;
  logic [3:0] digit_high;
  logic [4:0] digit_bits, digit;

  assign exponent_bits_4 = exponent_bits + 13'd4;
  assign window = is_public ? 3'd1 : 3'd5;
  assign exponent_base = is_public ? glacis_rsa::K_E : kind != KIND_CRT ? glacis_rsa::K_D :
      digit_step[1] ? glacis_rsa::K_DQ : glacis_rsa::K_DP;
  assign digit_index = bit_position[12:4];
  assign digit_word = exponent_base + {2'd0, digit_index} + {10'd0, digit_step[0]};
  assign digit_high = digit_index + 9'd1 < exponent_words ? look_key_data[3:0] : 4'd0;
  assign digit_bits = 5'({digit_high, digit_low} >> bit_position[3:0]);
  assign digit = is_public ? {4'd0, digit_bits[0]} : digit_bits;

  // In three cycles, long before ONE: the sizes stay the same for a whole command.
  always_ff @(posedge clk) begin
    exponent_bits <= {exponent_words, 4'd0};
    windows <= 11'(({13'd0, exponent_bits_4} * 26'd3277) >> 14);  // divided by 5, exact up to 4,100
    first_position <= is_public ? exponent_bits - 13'd1 : {windows, 2'd0} + {2'd0, windows} - 13'd5;
  end

  assign last_digit = bit_position == 13'd0;
  assign fetched = digit_step == 3'd4;

  always_ff @(posedge clk) begin
    digit_step <= fetched || !fetch ? 3'd0 : digit_step + 3'd1;
    if (clear) bit_position <= 13'd0;
    else if (first) bit_position <= first_position;
    else if (next) bit_position <= bit_position - {10'd0, window};
    if (fetch) begin
      case (digit_step)
        3'd1, 3'd3: digit_low <= look_key_data;
        3'd2: digit_p <= digit;
        3'd4: digit_q <= digit;
        default: ;
      endcase
    end
  end

`ifdef FORMAL
  assign formal_first = first_position;
  assign formal_position = bit_position;
  assign formal_step = digit_step;
`endif
endmodule
