// SPDX-License-Identifier: Apache-2.0
// Montgomery multiplication, radix 2^16, of one number or of two at a time, one modulo p and one modulo q. Seventeen lanes
// work on a chunk of a number, 17 words, each cycle; chunks of p and q follow each other.
//
// For each word of the multiplicand, least significant first, a row of steps computes
//     T = (T - T mod 2^16) / 2^16 + (T mod 2^16) N + word X
// where N = (m m' + 1) / 2^16 and m' = -1/m mod 2^16 (Orup's form: the quotient's word is T's own last one, and nothing
// is multiplied to find it). Words of T carry into the next word in the next row. A last row without multiplicand takes
// the last carries, and its words are the accumulator's new ones, X.
//
// For m < 2^(16 s) there are s + 3 rows, R = 2^(16 (s + 2)), and numbers below B = 2^(16 s + 17): if X and the
// multiplicand are below B, so is the result, which is X multiplicand / R modulo m. Chunks must hold s + 3 words.
//
// Beats of a row: chunks 0 to `total` - 1, p's before q's, then idle ones up to `beats`. A step passes stages 0 (operands)
// to 5 (sum); the quotient's word of a row is known five cycles after its first step, so a row has at least six beats.
// Row 0 fetches the first words of the multiplicand only.
module glacis_rsa_multiplier (
  input  logic        clk,
  input  logic        rst,
  // of the command; steady while it runs
  input  logic        dual,          // two numbers
  input  logic [4:0]  chunks,        // of a number: 3 to 8, or 4 to 16 of a single one
  input  logic [8:0]  words,         // s + 3
  // one multiplication
  input  logic        start,         // when ready
  output logic        ready,
  output logic        idle,          // and nothing is on its way to the accumulator any more
  input  logic [5:0]  multiplicand_p,  // register
  input  logic [5:0]  multiplicand_q,
  input  logic [5:0]  result,        // register that takes the result, as the accumulator does
  // word by word, while idle
  input  logic        load_x,        // accumulator
  input  logic        load_n,        // N
  input  logic        load_w,        // register `load_register`
  input  logic        load_all,      // in every lane
  input  logic [4:0]  load_lane,
  input  logic [3:0]  load_chunk,
  input  logic [5:0]  load_register,
  input  logic [15:0] load_data,
  input  logic [4:0]  read_lane,
  input  logic [3:0]  read_chunk,
  output logic [16:0] read_data      // word of the accumulator, two cycles later
);

  // ---- rows and beats ----
  logic running;
  logic [4:0] beat, total, beats;
  logic [8:0] row, row_next;
  logic last_beat, row_multiplies, next_multiplies;

  assign total = dual ? chunks << 1 : chunks;
  assign beats = total < 5'd6 ? 5'd6 : total;
  assign last_beat = beat == beats - 5'd1;
  assign row_next = row + 9'd1;
  assign row_multiplies = row != 9'd0 && row <= words;
  assign next_multiplies = row < words;
  assign ready = !running;

  always_ff @(posedge clk) begin
    if (rst) running <= 1'b0;
    else if (!running) begin
      running <= start;
      beat <= 5'd0;
      row <= 9'd0;
    end else begin
      beat <= last_beat ? 5'd0 : beat + 5'd1;
      if (last_beat) begin
        row <= row_next;
        if (row == words + 9'd1) running <= 1'b0;
      end
    end
  end

  logic [5:0] register_p, register_q, register_result, register_written;
  always_ff @(posedge clk) begin
    if (ready && start) begin
      register_p <= multiplicand_p;
      register_q <= multiplicand_q;
      register_result <= result;
    end
    if (row == words) register_written <= register_result;
  end

  // ---- stages: what a step needs to know further down ----
  // {multiplies, normalises, first row, first chunk, last chunk, of q, chunk}
  /* verilator lint_off UNUSEDSIGNAL */  // the later a stage, the fewer of the bits matter
  logic [9:0] step0, step1, step2, step3, step4, step5;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [1:0] left6;
  logic [3:0] chunk6;
  logic first_chunk, last_chunk, of_q, in_use, steps_left;

  assign of_q = dual && beat >= chunks;
  assign first_chunk = beat == 5'd0 || (dual && beat == chunks);
  assign last_chunk = beat == chunks - 5'd1 || beat == total - 5'd1;
  assign in_use = running && beat < total;
  assign step0 = {in_use && row_multiplies, in_use && row > words, row == 9'd1, first_chunk, last_chunk, of_q, beat[3:0]};

  always_ff @(posedge clk) begin
    step1 <= step0;
    step2 <= step1;
    step3 <= step2;
    step4 <= step3;
    step5 <= step4;
    left6 <= step5[9:8];
    chunk6 <= chunk5;
    if (rst) {step1[9:8], step2[9:8], step3[9:8], step4[9:8], step5[9:8], left6} <= '0;
  end
  assign steps_left = |{step1[9:8], step2[9:8], step3[9:8], step4[9:8], step5[9:8], left6};
  assign idle = !running && !steps_left;

  logic first_row2, last_chunk2, first_chunk4, first_chunk5, of_q5, multiplies5, normalises5;
  logic [3:0] chunk2, chunk5;
  assign first_row2 = step2[7];
  assign last_chunk2 = step2[5];
  assign chunk2 = step2[3:0];
  assign first_chunk4 = step4[6];
  assign multiplies5 = step5[9];
  assign normalises5 = step5[8];
  assign first_chunk5 = step5[6];
  assign of_q5 = step5[4];
  assign chunk5 = step5[3:0];

  // ---- multiplicand: 17 words of each number from its register, then one a row ----
  logic [glacis_rsa::LANES*17-1:0] w_lanes, multiplicand_words_p, multiplicand_words_q;
  logic [4:0] word_in_chunk;  // of the row that comes next
  logic [3:0] fetch_chunk;
  logic fetch_p, fetch_q, fetched_p, fetched_q, take_p, take_q, refill;
  logic [9:0] w_address;

  assign refill = word_in_chunk == 5'd0;
  assign fetch_p = running && refill && beat == beats - 5'd4;
  assign fetch_q = running && refill && beat == beats - 5'd3;
  assign w_address = fetch_q ? {register_q, fetch_chunk + chunks[3:0]} : {register_p, fetch_chunk};
  assign take_p = running && last_beat;
  assign take_q = running && dual && beat == chunks - 5'd1;

  always_ff @(posedge clk) begin
    fetched_p <= fetch_p;
    fetched_q <= fetch_q;
    if (!running) begin
      word_in_chunk <= 5'd0;
      fetch_chunk <= 4'd0;
    end else if (last_beat) begin
      word_in_chunk <= word_in_chunk == 5'(glacis_rsa::LANES - 1) ? 5'd0 : word_in_chunk + 5'd1;
      if (refill) fetch_chunk <= fetch_chunk + 4'd1;
    end
    if (fetched_p) multiplicand_words_p <= w_lanes;
    else if (take_p) multiplicand_words_p <= multiplicand_words_p >> 17;
    if (fetched_q) multiplicand_words_q <= w_lanes;
    else if (take_q) multiplicand_words_q <= multiplicand_words_q >> 17;
  end

  // ---- what all lanes multiply by, taken a cycle before a number's first chunk ----
  logic [15:0] quotient_p, quotient_q, q;
  logic [16:0] a;

  always_ff @(posedge clk) begin
    if (take_p) begin
      a <= next_multiplies ? multiplicand_words_p[16:0] : 17'd0;
      q <= next_multiplies && row != 9'd0 ? quotient_p : 16'd0;
    end else if (take_q) begin
      a <= row_multiplies ? multiplicand_words_q[16:0] : 17'd0;
      q <= row_multiplies && row != 9'd1 ? quotient_q : 16'd0;
    end
  end

  // ---- lanes ----
  logic [glacis_rsa::LANES*17-1:0] x_lanes;
  logic [glacis_rsa::LANES*18-1:0] high_lanes, sum_lanes;
  logic [17:0] high_before;   // of the last lane, in the chunk before
  logic [16:0] sum_before;
  logic [15:0] low_of_lane_0;
  logic [15:0] lowest;        // word 0 of T, which no lane holds
  logic [3:0] chunk0, x_write_chunk;
  logic [9:0] w_write_address;
  logic loads;

  assign loads = load_x || load_n || load_w;
  assign chunk0 = running ? beat[3:0] : read_chunk;
  assign x_write_chunk = loads ? load_chunk : chunk5;
  assign w_write_address = loads ? {load_register, load_chunk} : {register_written, chunk5};
  assign lowest = of_q5 ? quotient_q : quotient_p;

  always_ff @(posedge clk) begin
    high_before <= high_lanes[18*(glacis_rsa::LANES-1)+:18];
    sum_before <= sum_lanes[18*(glacis_rsa::LANES-1)+:17];
    if (step4[9] && first_chunk4) begin
      if (step4[4]) quotient_q <= low_of_lane_0;
      else quotient_p <= low_of_lane_0;
    end
  end

  genvar k;
  generate
    for (k = 0; k < glacis_rsa::LANES; k = k + 1) begin : g_lane
      logic [17:0] carry, sum_above;
      logic [16:0] sum_below;
      /* verilator lint_off UNUSEDSIGNAL */  // only lane 0's is of use outside
      logic [15:0] low;
      /* verilator lint_on UNUSEDSIGNAL */
      logic chosen, sum_write, sum_zero;
      logic [3:0] sum_chunk;

      assign chosen = load_all || load_lane == 5'(k);
      if (k == 0) begin : g_lowest
        assign low_of_lane_0 = low;
        assign carry = first_chunk4 ? 18'd0 : high_before;
        assign sum_below = first_chunk5 ? {1'b0, lowest} : sum_before;
      end else begin : g_above
        assign carry = high_lanes[18*(k-1)+:18];
        assign sum_below = sum_lanes[18*(k-1)+:17];
      end
      // The word above the last lane's is lane 0's of the next chunk: it comes a cycle later, and not at all in the end.
      if (k == glacis_rsa::LANES - 1) begin : g_highest
        assign sum_above = sum_lanes[17:0];
        assign sum_write = multiplies5 && !first_chunk5;
        assign sum_chunk = chunk6;
        assign sum_zero = first_row2 || last_chunk2;
      end else begin : g_below
        assign sum_above = sum_lanes[18*(k+1)+:18];
        assign sum_write = multiplies5;
        assign sum_chunk = chunk5;
        assign sum_zero = first_row2;
      end

      glacis_rsa_lane lane (
        .clk(clk),
        .chunk(chunk0),
        .a(a),
        .q(q),
        .x(x_lanes[17*k+:17]),
        .sum_chunk(chunk2),
        .sum_zero(sum_zero),
        .low(low),
        .high(high_lanes[18*k+:18]),
        .carry(carry),
        .sum(sum_lanes[18*k+:18]),
        .sum_write(sum_write),
        .sum_write_chunk(sum_chunk),
        .sum_above(sum_above),
        .sum_below(sum_below),
        .x_write(normalises5 || (load_x && chosen)),
        .x_write_chunk(x_write_chunk),
        .n_write(load_n && chosen),
        .w_write(normalises5 || (load_w && chosen)),
        .w_write_address(w_write_address),
        .load(loads),
        .load_data({1'b0, load_data}),
        .w_address(w_address),
        .w(w_lanes[17*k+:17])
      );
    end
  endgenerate

  // ---- a word of the accumulator for who asks ----
  logic [4:0] lane1;
  always_ff @(posedge clk) begin
    lane1 <= read_lane;
    read_data <= x_lanes[17*lane1+:17];
  end
endmodule
