// SPDX-License-Identifier: Apache-2.0
// Arithmetic on whole numbers a word a cycle, least significant first: what an operation needs few times, and what must
// be exact. A pass runs `length` words of
//     d = a + b,  a - b,  2a - b or 2a + b as the flag says,  or a + k b
// with a from scratch memory, lanes or a constant, b from key memory, and d to scratch memory, key memory or lanes; with
// `shift` the lowest word of d is dropped. A number ends after its words and has zeros above. The time of a pass depends
// on its length only.
module glacis_rsa_serial (
  input  logic        clk,
  input  logic        rst,
  input  logic        start,          // when not busy; what follows is steady until the end
  output logic        busy,
  input  logic [1:0]  op,             // OP_*
  input  logic [8:0]  length,         // at least 1
  input  logic        shift,
  input  logic [1:0]  a_from,         // A_*
  input  logic [9:0]  a_base,
  input  logic [8:0]  a_words,
  input  logic [8:0]  constant_index, // of the word that is not zero
  input  logic [15:0] constant,
  input  logic [1:0]  b_when,         // B_*
  input  logic [8:0]  b_words,
  input  logic [15:0] k,
  input  logic [2:0]  d_to,           // D_*
  input  logic [9:0]  d_base,
  input  logic [3:0]  first_chunk,    // of the number in the lanes
  output logic        flag,
  // memories: a word comes a cycle after its address, one of the lanes two
  output logic [8:0]  b_index,
  input  logic [15:0] b_data,
  output logic [9:0]  a_address,
  input  logic [15:0] a_data,
  output logic [4:0]  read_lane,
  output logic [3:0]  read_chunk,
  input  logic [16:0] lane_data,
  output logic        scratch_write,
  output logic        key_write,
  output logic        x_write,
  output logic        n_write,
  output logic        w_write,
  output logic        x_is_written,   // for the register's number: R_LAST goes with the accumulator
  output logic [9:0]  d_address,      // in scratch memory
  output logic [8:0]  d_index,        // in key memory
  output logic [4:0]  d_lane,
  output logic [3:0]  d_chunk,
  output logic [15:0] d_data
);

  // ---- stage 0: addresses ----
  logic reading;
  logic [8:0] index;
  logic last0;
  assign last0 = index == length - 9'd1;
  assign b_index = index;
  assign a_address = a_base + {1'b0, index};

  always_ff @(posedge clk) begin
    if (rst) reading <= 1'b0;
    else if (start) begin
      reading <= 1'b1;
      index <= 9'd0;
      read_lane <= 5'd0;
      read_chunk <= first_chunk;
    end else if (reading) begin
      index <= index + 9'd1;
      if (last0) reading <= 1'b0;
      read_lane <= read_lane == 5'(glacis_rsa::LANES - 1) ? 5'd0 : read_lane + 5'd1;
      if (read_lane == 5'(glacis_rsa::LANES - 1)) read_chunk <= read_chunk + 4'd1;
    end
  end

  // ---- stages 1 to 4: which word, and whether it is one ----
  // {a is within its words, the constant's word, first word, last word}
  logic [3:0] about0, about1, about2;
  logic [1:0] first_last3, first_last4;
  logic b_counts1, first5;
  logic valid1, valid2, valid3, valid4, valid5;
  logic b_taken;
  assign about0 = {index < a_words, index == constant_index, index == 9'd0, last0};
  assign b_taken = b_when == glacis_rsa::B_ALWAYS || (b_when == glacis_rsa::B_FLAG && flag) ||
      (b_when == glacis_rsa::B_NO_FLAG && !flag);
  assign busy = reading || valid1 || valid2 || valid3 || valid4 || valid5;

  always_ff @(posedge clk) begin
    about1 <= about0;
    about2 <= about1;
    first_last3 <= about2[1:0];
    first_last4 <= first_last3;
    first5 <= first_last4[1];
    b_counts1 <= index < b_words && b_taken;
    valid1 <= reading;
    valid2 <= valid1;
    valid3 <= valid2;
    valid4 <= valid3;
    valid5 <= valid4;
    if (rst) {valid1, valid2, valid3, valid4, valid5} <= '0;
  end

  // ---- stage 2: operands; 3 and 4: the product ----
  logic [15:0] a_data2, b2;
  logic [16:0] a2, a3, a4;
  logic [31:0] product3, term4;
  logic [15:0] b3;
  logic top_bit, subtracts;

  assign subtracts = op == glacis_rsa::OP_SUB || (op == glacis_rsa::OP_DOUBLE && !flag_before);
  assign a2 = !about2[3] && a_from != glacis_rsa::A_CONSTANT ? 17'd0 :
      a_from == glacis_rsa::A_LANES ? lane_data :
      a_from == glacis_rsa::A_SCRATCH ? {1'b0, a_data2} : about2[2] ? {1'b0, constant} : 17'd0;

  always_ff @(posedge clk) begin
    a_data2 <= a_data;
    b2 <= b_counts1 ? b_data : 16'd0;
    if (valid2) top_bit <= a2[15];
    a3 <= op == glacis_rsa::OP_DOUBLE ? {1'b0, a2[14:0], top_bit && !about2[1]} : a2;
    a4 <= a3;
    product3 <= {16'd0, k} * {16'd0, b2};
    b3 <= subtracts ? ~b2 : b2;
    term4 <= op == glacis_rsa::OP_MAC ? product3 : {16'd0, b3};
  end

  // ---- stage 5: the sum ----
  logic [16:0] carry;
  logic [32:0] sum;
  logic flag_before;  // of the pass before: the pass's own changes only `flag`

  assign sum = {16'd0, a4} + {1'b0, term4} + {16'd0, first_last4[1] ? {16'd0, subtracts} : carry};

  always_ff @(posedge clk) begin
    if (start) flag_before <= flag;
    if (valid4) begin
      carry <= sum[32:16];
      d_data <= sum[15:0];
      if (first_last4[0]) flag <= op == glacis_rsa::OP_DOUBLE ? sum[15] : op == glacis_rsa::OP_SUB && !sum[16];
    end
    if (rst) flag <= 1'b0;
  end

  // ---- where it goes ----
  logic writes;
  logic [8:0] to_index;
  assign writes = valid5 && !(shift && first5);
  assign d_index = to_index;
  assign d_address = d_base + {1'b0, to_index};
  assign scratch_write = writes && d_to == glacis_rsa::D_SCRATCH;
  assign key_write = writes && d_to == glacis_rsa::D_KEY;
  assign x_write = writes && d_to == glacis_rsa::D_LANES;
  assign n_write = writes && d_to == glacis_rsa::D_MODULUS;
  assign w_write = writes && (d_to == glacis_rsa::D_LANES || d_to == glacis_rsa::D_REGISTER);
  assign x_is_written = d_to == glacis_rsa::D_LANES;

  always_ff @(posedge clk) begin
    if (start) begin
      to_index <= 9'd0;
      d_lane <= 5'd0;
      d_chunk <= first_chunk;
    end else if (writes) begin
      to_index <= to_index + 9'd1;
      d_lane <= d_lane == 5'(glacis_rsa::LANES - 1) ? 5'd0 : d_lane + 5'd1;
      if (d_lane == 5'(glacis_rsa::LANES - 1)) d_chunk <= d_chunk + 4'd1;
    end
  end
endmodule
