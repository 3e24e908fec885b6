// SPDX-License-Identifier: Apache-2.0
// Two sequencers of the RSA engine run the same private operation with different numbers: whatever they read from keys,
// scratch memory and lanes, and whatever passes say of signs, they do the same in every cycle. They begin in any one
// state, so a single step stands for all. Only whether the base is below n may decide.
//
// The first one's manners too: parts are started when they are free and what they need is, one at a time; an idle sequencer
// has forgotten all of its command.
module rsa_sequencer_twice (
  input logic        clk,
  input logic        rst,
  input logic        start,
  input logic [3:0]  over,            // number, result, pass, multiplication are at their ends
  input logic        idle_too,
  input logic        flag_1, flag_2,
  input logic [15:0] key_1, key_2, scratch_1, scratch_2, lane_1, lane_2,
  input logic [15:0] number_1, number_2
);
  (* anyconst *) logic [1:0] kind;
  (* anyconst *) logic [9:0] modulus_size, exponent_size;
  (* anyconst *) logic is_load, is_public;

  logic number_busy, result_busy, pass_busy, multiply_ready, multiply_idle;
  logic [73:0] state_1, state_2;
  logic [12:0] first_1, first_2;
  logic busy_1, busy_2, number_start_1, number_start_2, result_start_1, result_start_2, pass_start_1, pass_start_2;
  logic multiply_start_1, multiply_start_2, shift_1, shift_2, dual_1, dual_2;
  logic [9:0] number_size_1, number_size_2;
  logic [8:0] length_1, length_2, words_1, words_2;
  logic [4:0] chunks_1, chunks_2;
  logic [3:0] chunk_1, chunk_2;
  logic [1:0] op_1, op_2;
  logic [2:0] to_1, to_2;

  glacis_rsa_sequencer first (
    .formal_state(state_1), .formal_first(first_1), .clk(clk), .rst(rst), .start(start), .busy(busy_1), .is_load(is_load),
    .is_public(is_public), .kind(kind), .modulus_size(modulus_size), .exponent_size(exponent_size),
    .number_start(number_start_1), .number_size(number_size_1), .number_busy(number_busy), .number_odd(number_1[0]),
    .number_more(number_1[1]), .number_full(number_1[2]), .number_bits(number_1[15:3]), .result_start(result_start_1),
    .result_busy(result_busy), .pass_start(pass_start_1), .pass_busy(pass_busy), .pass_flag(flag_1), .op(op_1),
    .length(length_1), .shift(shift_1), .d_to(to_1), .first_chunk(chunk_1), .dual(dual_1), .chunks(chunks_1), .words(words_1),
    .multiply_start(multiply_start_1), .multiply_ready(multiply_ready), .multiply_idle(multiply_idle),
    .look_key_data(key_1), .look_scratch_data(scratch_1), .look_lane_data(lane_1)
  );
  glacis_rsa_sequencer second (
    .formal_state(state_2), .formal_first(first_2), .clk(clk), .rst(rst), .start(start), .busy(busy_2), .is_load(is_load),
    .is_public(is_public), .kind(kind), .modulus_size(modulus_size), .exponent_size(exponent_size),
    .number_start(number_start_2), .number_size(number_size_2), .number_busy(number_busy), .number_odd(number_2[0]),
    .number_more(number_2[1]), .number_full(number_2[2]), .number_bits(number_2[15:3]), .result_start(result_start_2),
    .result_busy(result_busy), .pass_start(pass_start_2), .pass_busy(pass_busy), .pass_flag(flag_2), .op(op_2),
    .length(length_2), .shift(shift_2), .d_to(to_2), .first_chunk(chunk_2), .dual(dual_2), .chunks(chunks_2), .words(words_2),
    .multiply_start(multiply_start_2), .multiply_ready(multiply_ready), .multiply_idle(multiply_idle),
    .look_key_data(key_2), .look_scratch_data(scratch_2), .look_lane_data(lane_2)
  );

  // What the parts do: busy from the cycle after their start until they please.
  logic begun = 1'b0;
  logic was_idle = 1'b0;
  always_ff @(posedge clk) begin
    begun <= 1'b1;
    was_idle <= !busy_1 && !start;
    number_busy <= !rst && (number_start_1 || (number_busy && !over[0]));
    result_busy <= !rst && (result_start_1 || (result_busy && !over[1]));
    pass_busy <= !rst && (pass_start_1 || (pass_busy && !over[2]));
    multiply_ready <= rst || (!multiply_start_1 && (multiply_ready || over[3]));
    multiply_idle <= rst || (!multiply_start_1 && (multiply_idle || (multiply_ready && idle_too)));
  end

  logic [5:0] step;
  logic [2:0] part;
  logic issued, decides;
  assign {decides, issued, part, step} = state_1[10:0];

  logic same;
  // and a step of an operation: the first six are KEY_LOAD's
  assign same = state_1 == state_2 && first_1 == first_2 && chunks_1 == chunks_2 && (step == 6'd0 || step > 6'd6);
  logic mannered;  // parts 1, 2, 4 and 7: a number comes in, a pass, a word is solved, a number goes out
  logic solve_busy;
  assign solve_busy = state_1[57];
  assign mannered = (!number_busy || (part == 3'd1 && issued)) && (!pass_busy || (part == 3'd2 && issued)) &&
      (!solve_busy || (part == 3'd4 && issued)) &&
      (!result_busy || (part == 3'd7 && issued)) && (!multiply_idle || multiply_ready);

  always_comb begin
    if (!begun) assume (same && mannered);
    if (decides) assume (flag_1 == flag_2);
    assume (!is_load && !is_public);
    if (begun) begin
      assert (same);
      assert (busy_1 == busy_2 && number_start_1 == number_start_2 && result_start_1 == result_start_2);
      assert (pass_start_1 == pass_start_2 && multiply_start_1 == multiply_start_2);
      assert (length_1 == length_2 && shift_1 == shift_2 && op_1 == op_2 && to_1 == to_2 && chunk_1 == chunk_2);
      assert (dual_1 == dual_2 && words_1 == words_2 && number_size_1 == number_size_2);

      assert (mannered);
      if (pass_start_1) assert (!pass_busy && multiply_idle);
      if (multiply_start_1) assert (multiply_ready && !pass_busy);
      if (number_start_1) assert (!number_busy);
      if (result_start_1) assert (!result_busy);
      if (!busy_1) assert (!(pass_start_1 || multiply_start_1 || number_start_1 || result_start_1));
      if (was_idle && !busy_1) assert (state_1 == 74'd0);
    end
  end
endmodule
