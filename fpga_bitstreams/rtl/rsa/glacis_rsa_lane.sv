// SPDX-License-Identifier: Apache-2.0
// One of the multiplier's lanes: word `lane` of every chunk of accumulator, modulus and partial sum, its registers, and
// the two products of a step. Control and timing are glacis_rsa_multiplier's, and so are the stages' numbers.
//
// Words of the accumulator have 17 bits (at most 2^16 + 2), those of the partial sum 18, so that carries travel one word
// a row and never further.
module glacis_rsa_lane (
  input  logic        clk,
  // stage 0: operands of a step
  input  logic [3:0]  chunk,
  input  logic [16:0] a,           // word of the multiplicand
  input  logic [15:0] q,           // word of the quotient
  output logic [16:0] x,           // stage 1: word of the accumulator
  // stage 2: the partial sum
  input  logic [3:0]  sum_chunk,
  input  logic        sum_zero,
  // stage 4
  output logic [15:0] low,
  output logic [17:0] high,
  input  logic [17:0] carry,       // `high` of the word below
  // stage 5
  output logic [17:0] sum,
  input  logic        sum_write,
  input  logic [3:0]  sum_write_chunk,
  input  logic [17:0] sum_above,   // `sum` of the word above: the step divides by 2^16
  input  logic [16:0] sum_below,   // `sum` of the word below, where the division is taken back
  input  logic        x_write,
  input  logic [3:0]  x_write_chunk,
  input  logic        n_write,
  input  logic        w_write,
  input  logic [9:0]  w_write_address,
  input  logic        load,        // x, n and registers take `load_data` in place of the sum
  input  logic [16:0] load_data,
  // registers
  input  logic [9:0]  w_address,
  output logic [16:0] w            // a cycle later
);
  logic [16:0] x_words[0:15];
  logic [15:0] n_words[0:15];
  logic [17:0] t_words[0:15];
  logic [16:0] a1, result;
  logic [15:0] q1, n1;
  logic [33:0] ax2, ax3, s4;
  logic [31:0] qn2, qn3;
  logic [17:0] t3;

  assign result = load ? load_data : sum_below;
  assign low = s4[15:0];
  assign high = s4[33:16];

  always_ff @(posedge clk) begin
    a1 <= a;
    q1 <= q;
    x <= x_words[chunk];
    n1 <= n_words[chunk];
    ax2 <= {17'd0, a1} * {17'd0, x};
    qn2 <= {16'd0, q1} * {16'd0, n1};
    ax3 <= ax2;
    qn3 <= qn2;
    t3 <= sum_zero ? 18'd0 : t_words[sum_chunk];
    s4 <= ax3 + {2'd0, qn3} + {16'd0, t3};
    sum <= {2'd0, low} + carry;
    if (sum_write) t_words[sum_write_chunk] <= sum_above;
    if (x_write) x_words[x_write_chunk] <= result;
    if (n_write) n_words[x_write_chunk] <= load_data[15:0];
  end

  glacis_rsa_ram #(
    .WIDTH(17),
    .DEPTH(1024)
  ) registers (
    .clk(clk),
    .write(w_write),
    .write_address(w_write_address),
    .write_data(result),
    .read_address(w_address),
    .read_data(w)
  );
endmodule
