// SPDX-License-Identifier: Apache-2.0
// One round of AES in three stages, a block each cycle: into the S-boxes, out of them, then ShiftRows, MixColumns (but
// in the LAST round) and AddRoundKey. Byte k of the state is at bits 8k, as in memory, so that a column is a word with
// row 0 lowest (FIPS 197, 3.4). The round has its key for each context in a memory of its own, which is read beside
// the second stage. Stages without a block keep what they have.
module glacis_aes_round #(
  parameter int TOWER = 0,
  parameter int LAST = 0,
  parameter int CONTEXT_BITS = 3
) (
  input  logic                    clk,
  // a block; `context_second` is that of the block that came a cycle ago
  input  logic                    valid,
  input  logic                    valid_second,
  input  logic                    valid_third,
  input  logic [CONTEXT_BITS-1:0] context_second,
  input  logic [           127:0] in,
  output logic [           127:0] out,
  // half a round key
  input  logic                    key_write,
  input  logic                    key_half,
  input  logic [CONTEXT_BITS-1:0] key_context,
  input  logic [            63:0] key_data
);
  logic [127:0] substituted, sub, shifted, mixed;
  logic [63:0] keys_low[0:(1<<CONTEXT_BITS)-1];
  logic [63:0] keys_high[0:(1<<CONTEXT_BITS)-1];
  logic [127:0] key;

  always_ff @(posedge clk) if (key_write && !key_half) keys_low[key_context] <= key_data;
  always_ff @(posedge clk) if (key_write && key_half) keys_high[key_context] <= key_data;
  always_ff @(posedge clk) if (valid_second) key <= {keys_high[context_second], keys_low[context_second]};

  // all four bytes at once: times x, by shifts within bytes
  function automatic logic [31:0] double(input logic [31:0] w);
    logic [31:0] carry;
    carry = (w >> 7) & 32'h01010101;
    double = ((w & 32'h7f7f7f7f) << 1) ^ carry ^ (carry << 1) ^ (carry << 3) ^ (carry << 4);
  endfunction

  function automatic logic [31:0] mix(input logic [31:0] w);
    logic [31:0] w1;
    w1 = {w[7:0], w[31:8]};
    mix = double(w ^ w1) ^ w1 ^ {w[15:0], w[31:16]} ^ {w[23:0], w[31:24]};
  endfunction

  genvar i;
  generate
    for (i = 0; i < 4; i = i + 1) begin : g_column
      glacis_aes_sub_word #(
        .TOWER(TOWER)
      ) sub_word (
        .clk(clk),
        .enable(valid),
        .x(in[32*i+:32]),
        .y(substituted[32*i+:32])
      );
      assign shifted[32*i+:32] = (sub[32*i+:32] & 32'h000000ff) | (sub[32*((i+1)%4)+:32] & 32'h0000ff00) |
                                 (sub[32*((i+2)%4)+:32] & 32'h00ff0000) | (sub[32*((i+3)%4)+:32] & 32'hff000000);
      assign mixed[32*i+:32] = LAST != 0 ? shifted[32*i+:32] : mix(shifted[32*i+:32]);
    end
  endgenerate

  always_ff @(posedge clk) begin
    if (valid_second) sub <= substituted;
    if (valid_third) out <= mixed ^ key;
  end
endmodule
