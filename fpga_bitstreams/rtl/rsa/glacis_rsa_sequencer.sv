// SPDX-License-Identifier: Apache-2.0
// The engine's two programs, step by step: loading a key, and an operation. A step sets one part of the engine to work
// (a number comes in or goes out, a pass of the serial unit, a multiplication, ...) and says what comes next. Steps that
// `both` is set for run for p and then for q where a key has them. Which steps run, and how long they take, depends on
// sizes only; in public operations also on the exponent. A key's numbers are known to glacis_rsa_numbers, the digits of an
// exponent to glacis_rsa_digits.
//
// Numbers below: R, and "enters" and "leaves" Montgomery form, as in glacis_rsa_multiplier.
module glacis_rsa_sequencer (
`ifdef FORMAL
  output logic [73:0] formal_state,   // all that decides what happens when; proofs in tests/rtl/formal
  output logic [12:0] formal_first,
`endif
  input  logic        clk,
  input  logic        rst,            // also gives up a running program
  // command, steady while busy
  input  logic        start,
  output logic        busy,
  input  logic        is_load,        // KEY_LOAD
  input  logic        is_public,      // exponent e
  input  logic [1:0]  kind,           // of the key: KEY_KIND
  input  logic [9:0]  modulus_size,
  input  logic [9:0]  exponent_size,  // of e
  output logic        bad_key,
  output logic        out_of_range,   // the base is not below the modulus
  // numbers
  output logic        number_start,
  output logic [9:0]  number_size,
  output logic [10:0] number_base,
  output logic        number_is_base, // into the page to work in
  input  logic        number_busy,
  input  logic        number_odd,
  input  logic        number_more,
  input  logic        number_full,
  input  logic [12:0] number_bits,
  output logic        result_start,
  input  logic        result_busy,
  // passes
  output logic        pass_start,
  input  logic        pass_busy,
  input  logic        pass_flag,
  output logic [1:0]  op,
  output logic [8:0]  length,
  output logic        shift,
  output logic [1:0]  a_from,
  output logic [9:0]  a_base,
  output logic [8:0]  a_words,
  output logic [8:0]  constant_index,
  output logic [15:0] constant,
  output logic [1:0]  b_when,
  output logic        b_in_work,      // in the page to work in, not the key's
  output logic [10:0] b_base,
  output logic [8:0]  b_words,
  output logic [15:0] k,
  output logic [2:0]  d_to,
  output logic        d_in_work,
  output logic [9:0]  d_base,
  output logic [10:0] d_key_base,
  output logic [5:0]  d_register,
  output logic [3:0]  first_chunk,
  // multiplications
  output logic        dual,
  output logic [4:0]  chunks,
  output logic [8:0]  words,
  output logic        multiply_start,
  input  logic        multiply_ready,
  input  logic        multiply_idle,
  output logic [5:0]  multiplicand_p,
  output logic [5:0]  multiplicand_q,
  output logic [5:0]  result,
  // words that a step looks at itself
  output logic        look,           // the addresses below count
  output logic [10:0] look_key,       // in the key's page
  input  logic [15:0] look_key_data,
  output logic [9:0]  look_scratch,
  input  logic [15:0] look_scratch_data,
  input  logic [15:0] look_lane_data  // word 0 of the accumulator at `first_chunk`
);
  localparam logic [1:0] KIND_CRT = glacis_card_pkg::KEY_KIND_RSA_CRT[1:0];

  // ---- sizes ----
  logic [8:0] n_words, half_words, s, e_words, exponent_words;
  logic [8:0] lane_words;
  logic [8:0] chunks_dividend;
  logic [16:0] chunks_product;

  assign n_words = modulus_size[9:1];
  assign half_words = 9'(({1'b0, modulus_size[9:1]} + 10'd1) >> 1);
  assign e_words = 9'((exponent_size + 10'd1) >> 1);
  assign dual = !is_public && kind == KIND_CRT;
  assign s = dual ? half_words : n_words;
  assign words = s + 9'd3;
  assign exponent_words = is_public ? e_words : s;
  assign chunks_dividend = words + 9'd16;
  assign lane_words = {chunks, 4'd0} + {4'd0, chunks};
  // divided by 17: times 241 / 4096 is exact up to 275
  assign chunks_product = {chunks_dividend, 8'd0} - {4'd0, chunks_dividend, 4'd0} + {8'd0, chunks_dividend};
  always_ff @(posedge clk) chunks <= 5'(chunks_product >> 12);

  // ---- the number of a key that comes in, or the base ----
  logic [2:0] number, number_next;
  logic number_good, number_is_modulus, number_is_last;
  logic [8:0] number_words, limit_words, power_index;
  logic [10:0] limit_base, power_base;
  logic [12:0] doublings;
  logic [15:0] power_word;

  glacis_rsa_numbers numbers (.*);

  assign number_is_base = !is_load;

  // ---- the exponent's digits ----
  logic [2:0] window;
  logic [10:0] digit_word;
  logic [4:0] digit_p, digit_q;
  logic last_digit, digits_clear, digits_first, digits_next, digits_fetch, digits_done;

  // ---- steps ----
  typedef enum logic [5:0] {
    IDLE,
    // KEY_LOAD, for each number
    L_NUMBER,      // comes in
    L_POWER,       // of a modulus: 2^(bits - 1),
    L_DOUBLE,      //   doubled modulo the modulus, between -modulus and modulus,
    L_KEEP,        //   and made positive
    L_LIMIT,       // of another: less than its modulus?
    L_NEXT,
    // operation
    BASE,          // comes in
    RANGE,         // below n?
    INVERSE,       // -1/m modulo 2^16,
    MODULUS,       //   and N of the multiplier
    START,         // the power of two that was kept,
    SQUARE,        //   squared to R^2
    WEIGHT,        // 2^(16 s),
    WEIGHT_ENTER,  //   entered
    HIGH,          // base / 2^(16 s)
    HIGH_WEIGHT,   //   times that weight, modulo m
    LOW,           //   plus the rest: the base modulo m
    ENTER,         // entered: power 1
    TABLE,         // powers 2 to 31
    ONE,           // power 0
    ONE_ENTER,
    DIGIT,
    POWER,         // times the digit's power
    WINDOW,        // squared as often as a digit has bits
    SIXTEEN,       // 2^16, which REDUCE takes off again
    LEAVE,         // left: less than 2^16 m
    QUOTIENT,      // what makes it divisible by 2^16 again
    REDUCE,        // divided: less than 2 m
    COMPARE,       // less than m?
    CANONICAL,     // or m less
    // Garner
    G_Q,           // base^dq mod q, modulo p
    G_ENTER,
    G_LEAVE,
    G_DIFFERENCE,  // base^dp mod p less that,
    G_WRAP,        //   modulo p,
    G_LOAD,
    G_ENTER_2,
    G_INVERSE,     //   divided by q modulo p: h
    G_TIMES,
    G_ENTER_3,
    G_LEAVE_2,
    G_WORD,        // h q + base^dq mod q, a word of h
    G_ROW,         //   after the other
    RESULT         // goes out
  } step_t;

  typedef enum logic [2:0] {NOTHING, NUMBER, PASS, MULTIPLY, SOLVE, DIGITS, WORD, OUT} part_t;
  typedef enum logic [1:0] {OF_POWER, OF_Q, OF_H} canonical_t;  // what QUOTIENT to CANONICAL are run for

  logic [5:0] step, next, again;  // step_t
  logic [2:0] part;               // part_t
  logic [1:0] canonical;          // canonical_t
  logic both;         // the step, or from `again` to here, for q too
  logic of_q;
  logic issued, finished, part_free, done;
  logic [12:0] count, count_start;
  logic count_set;
  logic [8:0] row;
  logic [10:0] modulus_base, start_base;
  logic skip_power;
  logic [5:0] table_entry;

  assign modulus_base = dual ? (of_q ? glacis_rsa::K_Q : glacis_rsa::K_P) : glacis_rsa::K_N;
  assign start_base = dual ? (of_q ? glacis_rsa::K_START_Q : glacis_rsa::K_START_P) : glacis_rsa::K_START_N;
  assign first_chunk = of_q ? chunks[3:0] : 4'd0;
  assign busy = step != IDLE;
  assign table_entry = glacis_rsa::R_TABLE | count[5:0];
  assign skip_power = is_public && digit_p == 5'd0;

  always_comb begin
    part = NOTHING;
    next = IDLE;
    again = step;
    both = 1'b0;
    count_set = 1'b0;
    count_start = 13'd0;
    op = glacis_rsa::OP_ADD;
    length = lane_words;
    shift = 1'b0;
    a_from = glacis_rsa::A_CONSTANT;
    a_base = glacis_rsa::S_NUMBER;
    a_words = s;
    constant_index = 9'd0;
    constant = 16'd0;
    b_when = glacis_rsa::B_NONE;
    b_in_work = 1'b0;
    b_base = modulus_base;
    b_words = s;
    d_to = glacis_rsa::D_NONE;
    d_in_work = 1'b1;
    d_base = glacis_rsa::S_NUMBER;
    d_key_base = glacis_rsa::K_WORK;
    d_register = glacis_rsa::R_OPERAND;
    multiplicand_p = glacis_rsa::R_LAST;
    multiplicand_q = glacis_rsa::R_LAST;
    result = glacis_rsa::R_LAST;
    case (step)
      L_NUMBER: begin
        part = NUMBER;
        next = !number_good ? L_NEXT : number_is_modulus ? L_POWER : L_LIMIT;
      end
      L_POWER: begin
        part = PASS;
        next = L_DOUBLE;
        length = number_words + 9'd1;
        constant_index = power_index;
        constant = power_word;
        d_to = glacis_rsa::D_SCRATCH;
        d_base = glacis_rsa::S_POWER;
        count_set = 1'b1;
        count_start = doublings;
      end
      L_DOUBLE: begin
        part = PASS;
        next = count == 13'd1 ? L_KEEP : L_DOUBLE;
        op = glacis_rsa::OP_DOUBLE;
        length = number_words + 9'd1;
        a_from = glacis_rsa::A_SCRATCH;
        a_base = glacis_rsa::S_POWER;
        a_words = number_words + 9'd1;
        b_when = glacis_rsa::B_ALWAYS;
        b_base = number_base;
        b_words = number_words;
        d_to = glacis_rsa::D_SCRATCH;
        d_base = glacis_rsa::S_POWER;
      end
      L_KEEP: begin
        part = PASS;
        next = L_NEXT;
        length = number_words;
        a_from = glacis_rsa::A_SCRATCH;
        a_base = glacis_rsa::S_POWER;
        a_words = number_words;
        b_when = glacis_rsa::B_FLAG;
        b_base = number_base;
        b_words = number_words;
        d_to = glacis_rsa::D_KEY;
        d_in_work = 1'b0;
        d_key_base = power_base;
      end
      L_LIMIT: begin
        part = PASS;
        next = L_NEXT;
        op = glacis_rsa::OP_SUB;
        length = limit_words;
        a_from = glacis_rsa::A_SCRATCH;
        a_words = number_words;
        b_when = glacis_rsa::B_ALWAYS;
        b_base = limit_base;
        b_words = limit_words;
      end
      L_NEXT: next = number_is_last ? IDLE : L_NUMBER;

      BASE: begin
        part = NUMBER;
        next = RANGE;
      end
      RANGE: begin
        part = PASS;
        next = pass_flag ? INVERSE : IDLE;
        op = glacis_rsa::OP_SUB;
        length = n_words;
        a_from = glacis_rsa::A_SCRATCH;
        a_words = n_words;
        b_when = glacis_rsa::B_ALWAYS;
        b_base = glacis_rsa::K_N;
        b_words = n_words;
      end
      INVERSE: begin
        part = SOLVE;
        next = MODULUS;
      end
      MODULUS: begin
        part = PASS;
        next = START;
        both = 1'b1;
        again = INVERSE;
        op = glacis_rsa::OP_MAC;
        length = lane_words + 9'd1;
        shift = 1'b1;
        constant = 16'd1;
        b_when = glacis_rsa::B_ALWAYS;
        d_to = glacis_rsa::D_MODULUS;
      end
      START: begin
        part = PASS;
        next = SQUARE;
        both = 1'b1;
        b_when = glacis_rsa::B_ALWAYS;
        b_base = start_base;
        d_to = glacis_rsa::D_LANES;
        count_set = 1'b1;
        count_start = 13'd4;
      end
      SQUARE: begin
        part = MULTIPLY;
        result = count == 13'd1 ? glacis_rsa::R_SQUARE : glacis_rsa::R_LAST;
        next = count != 13'd1 ? SQUARE : dual ? WEIGHT : LOW;
      end
      WEIGHT: begin
        part = PASS;
        next = WEIGHT_ENTER;
        both = 1'b1;
        constant_index = s;
        constant = 16'd1;
        d_to = glacis_rsa::D_REGISTER;
      end
      WEIGHT_ENTER: begin
        part = MULTIPLY;
        next = HIGH;
        multiplicand_p = glacis_rsa::R_OPERAND;
        multiplicand_q = glacis_rsa::R_OPERAND;
      end
      HIGH: begin
        part = PASS;
        next = HIGH_WEIGHT;
        both = 1'b1;
        b_when = glacis_rsa::B_ALWAYS;
        b_in_work = 1'b1;
        b_base = glacis_rsa::K_WORK + {2'd0, s};
        b_words = n_words - s;
        d_to = glacis_rsa::D_REGISTER;
      end
      HIGH_WEIGHT: begin
        part = MULTIPLY;
        next = LOW;
        multiplicand_p = glacis_rsa::R_OPERAND;
        multiplicand_q = glacis_rsa::R_OPERAND;
      end
      LOW: begin
        part = PASS;
        next = ENTER;
        both = 1'b1;
        a_from = dual ? glacis_rsa::A_LANES : glacis_rsa::A_CONSTANT;
        a_words = lane_words;
        b_when = glacis_rsa::B_ALWAYS;
        b_in_work = 1'b1;
        b_base = glacis_rsa::K_WORK;
        d_to = glacis_rsa::D_LANES;
      end
      ENTER: begin
        part = MULTIPLY;
        next = is_public ? ONE : TABLE;
        multiplicand_p = glacis_rsa::R_SQUARE;
        multiplicand_q = glacis_rsa::R_SQUARE;
        result = glacis_rsa::R_TABLE | 6'd1;
        count_set = 1'b1;
        count_start = 13'd2;
      end
      TABLE: begin
        part = MULTIPLY;
        next = count == 13'd31 ? ONE : TABLE;
        multiplicand_p = glacis_rsa::R_TABLE | 6'd1;
        multiplicand_q = glacis_rsa::R_TABLE | 6'd1;
        result = table_entry;
      end
      ONE: begin
        part = PASS;
        next = ONE_ENTER;
        both = 1'b1;
        constant = 16'd1;
        d_to = glacis_rsa::D_LANES;
      end
      ONE_ENTER: begin
        part = MULTIPLY;
        next = DIGIT;
        multiplicand_p = glacis_rsa::R_SQUARE;
        multiplicand_q = glacis_rsa::R_SQUARE;
        result = is_public ? glacis_rsa::R_LAST : glacis_rsa::R_TABLE;
      end
      DIGIT: begin
        part = DIGITS;
        next = POWER;
        count_set = 1'b1;
        count_start = {10'd0, window};
      end
      POWER: begin
        part = skip_power ? NOTHING : MULTIPLY;
        next = last_digit ? SIXTEEN : WINDOW;
        multiplicand_p = glacis_rsa::R_TABLE | {1'b0, digit_p};
        multiplicand_q = glacis_rsa::R_TABLE | {1'b0, digit_q};
      end
      WINDOW: begin
        part = MULTIPLY;
        next = count == 13'd1 ? DIGIT : WINDOW;
      end
      SIXTEEN: begin
        part = PASS;
        next = LEAVE;
        both = 1'b1;
        constant_index = 9'd1;
        constant = 16'd1;
        d_to = glacis_rsa::D_REGISTER;
      end
      LEAVE: begin
        part = MULTIPLY;
        next = QUOTIENT;
        multiplicand_p = glacis_rsa::R_OPERAND;
        multiplicand_q = glacis_rsa::R_OPERAND;
      end
      QUOTIENT: begin
        part = SOLVE;
        next = REDUCE;
      end
      REDUCE: begin
        part = PASS;
        next = COMPARE;
        op = glacis_rsa::OP_MAC;
        length = s + 9'd2;
        shift = 1'b1;
        a_from = glacis_rsa::A_LANES;
        a_words = s + 9'd2;
        b_when = glacis_rsa::B_ALWAYS;
        d_to = glacis_rsa::D_SCRATCH;
      end
      COMPARE: begin
        part = PASS;
        next = CANONICAL;
        op = glacis_rsa::OP_SUB;
        length = s + 9'd1;
        a_from = glacis_rsa::A_SCRATCH;
        a_words = s + 9'd1;
        b_when = glacis_rsa::B_ALWAYS;
      end
      CANONICAL: begin
        part = PASS;
        both = canonical == OF_POWER;
        again = QUOTIENT;
        op = glacis_rsa::OP_SUB;
        length = s;
        a_from = glacis_rsa::A_SCRATCH;
        b_when = glacis_rsa::B_NO_FLAG;
        d_to = canonical == OF_Q ? glacis_rsa::D_KEY : glacis_rsa::D_SCRATCH;
        d_base = canonical == OF_H ? glacis_rsa::S_H : dual && !of_q ? glacis_rsa::S_MOD_P : glacis_rsa::S_RESULT;
        next = canonical == OF_Q ? G_DIFFERENCE : canonical == OF_H ? G_WORD : dual ? G_Q : RESULT;
      end

      G_Q: begin
        part = PASS;
        next = G_ENTER;
        a_from = glacis_rsa::A_SCRATCH;
        a_base = glacis_rsa::S_RESULT;
        d_to = glacis_rsa::D_LANES;
      end
      G_ENTER: begin
        part = MULTIPLY;
        next = G_LEAVE;
        multiplicand_p = glacis_rsa::R_SQUARE;
        multiplicand_q = glacis_rsa::R_SQUARE;
      end
      G_LEAVE: begin
        part = MULTIPLY;
        next = QUOTIENT;
        multiplicand_p = glacis_rsa::R_OPERAND;
        multiplicand_q = glacis_rsa::R_OPERAND;
      end
      G_DIFFERENCE: begin
        part = PASS;
        next = G_WRAP;
        op = glacis_rsa::OP_SUB;
        length = s;
        a_from = glacis_rsa::A_SCRATCH;
        a_base = glacis_rsa::S_MOD_P;
        b_when = glacis_rsa::B_ALWAYS;
        b_in_work = 1'b1;
        b_base = glacis_rsa::K_WORK;
        d_to = glacis_rsa::D_SCRATCH;
      end
      G_WRAP: begin
        part = PASS;
        next = G_LOAD;
        length = s;
        a_from = glacis_rsa::A_SCRATCH;
        b_when = glacis_rsa::B_FLAG;
        d_to = glacis_rsa::D_SCRATCH;
      end
      G_LOAD: begin
        part = PASS;
        next = G_ENTER_2;
        a_from = glacis_rsa::A_SCRATCH;
        d_to = glacis_rsa::D_LANES;
      end
      G_ENTER_2: begin
        part = MULTIPLY;
        next = G_INVERSE;
        multiplicand_p = glacis_rsa::R_SQUARE;
        multiplicand_q = glacis_rsa::R_SQUARE;
      end
      G_INVERSE: begin
        part = PASS;
        next = G_TIMES;
        b_when = glacis_rsa::B_ALWAYS;
        b_base = glacis_rsa::K_QINV;
        d_to = glacis_rsa::D_REGISTER;
        d_register = glacis_rsa::R_INVERSE;
      end
      G_TIMES: begin
        part = MULTIPLY;
        next = G_ENTER_3;
        multiplicand_p = glacis_rsa::R_INVERSE;
        multiplicand_q = glacis_rsa::R_INVERSE;
      end
      G_ENTER_3: begin
        part = MULTIPLY;
        next = G_LEAVE_2;
        multiplicand_p = glacis_rsa::R_SQUARE;
        multiplicand_q = glacis_rsa::R_SQUARE;
      end
      G_LEAVE_2: begin
        part = MULTIPLY;
        next = QUOTIENT;
        multiplicand_p = glacis_rsa::R_OPERAND;
        multiplicand_q = glacis_rsa::R_OPERAND;
      end
      G_WORD: begin
        part = WORD;
        next = G_ROW;
      end
      G_ROW: begin
        part = PASS;
        next = row + 9'd1 == s ? RESULT : G_WORD;
        op = glacis_rsa::OP_MAC;
        length = s + 9'd1;
        a_from = glacis_rsa::A_SCRATCH;
        a_base = glacis_rsa::S_RESULT + {1'b0, row};
        b_when = glacis_rsa::B_ALWAYS;
        b_base = glacis_rsa::K_Q;
        d_to = glacis_rsa::D_SCRATCH;
        d_base = glacis_rsa::S_RESULT + {1'b0, row};
      end
      RESULT: begin
        part = OUT;
        next = IDLE;
      end
      default: next = IDLE;
    endcase
  end

  // ---- a step: issue its part when it is free, wait for the end of what later steps rely on ----
  logic solve_start, solve_busy;
  logic [15:0] solve_k, solve_z;
  logic [1:0] wait_count;  // for words a step looks at
  logic step_done;

  assign number_start = part == NUMBER && !issued;
  assign result_start = part == OUT && !issued;
  assign pass_start = part == PASS && !issued && part_free;
  assign multiply_start = part == MULTIPLY && part_free;
  assign solve_start = part == SOLVE && !issued && wait_count == 2'd3;
  assign part_free = part == MULTIPLY ? multiply_ready : part == PASS || part == SOLVE ? multiply_idle : 1'b1;
  assign solve_z = step == INVERSE ? 16'd1 : look_lane_data;

  assign finished = part == NUMBER ? issued && !number_busy :
      part == PASS ? issued && !pass_busy :
      part == MULTIPLY ? multiply_ready :
      part == SOLVE ? issued && !solve_busy :
      part == DIGITS ? digits_done :
      part == WORD ? wait_count == 2'd1 :
      part == OUT ? issued && !result_busy : 1'b1;
  assign done = busy && finished;
  assign step_done = done && !(both && dual && !of_q);

  always_ff @(posedge clk) begin
    if (step == IDLE) begin
      if (start) step <= is_load ? L_NUMBER : BASE;
    end else if (done) step <= step_done ? next : again;
    if (rst) step <= IDLE;

    issued <= !done && (issued || number_start || result_start || pass_start || solve_start);
    wait_count <= done || !part_free ? 2'd0 : wait_count == 2'd3 ? 2'd3 : wait_count + 2'd1;
    if (rst || step == IDLE) begin
      issued <= 1'b0;
      wait_count <= 2'd0;
    end

    if (step == IDLE) of_q <= 1'b0;
    else if (done && both && dual) of_q <= !of_q;

    if (step == IDLE) begin
      bad_key <= 1'b0;
      out_of_range <= 1'b0;
      number <= 3'd0;
      canonical <= OF_POWER;
      row <= 9'd0;
    end else if (step_done) begin
      case (step)
        L_NUMBER: if (!number_good) bad_key <= 1'b1;
        L_LIMIT: if (!pass_flag) bad_key <= 1'b1;
        L_NEXT: number <= number_next;
        RANGE: out_of_range <= !pass_flag;
        G_LEAVE: canonical <= OF_Q;
        G_LEAVE_2: canonical <= OF_H;
        G_ROW: row <= row + 9'd1;
        default: ;
      endcase
    end

    if (step == IDLE) count <= 13'd0;
    else if (step_done) begin
      if (count_set) count <= count_start;
      else if (step == TABLE) count <= count + 13'd1;
      else if (step == L_DOUBLE || step == SQUARE || step == WINDOW) count <= count - 13'd1;
    end

    if (part == SOLVE && done) k <= solve_k;
    if (part == WORD) k <= look_scratch_data;
  end

  // A word of the key comes a cycle after its address, one of the lanes two.
  assign look = part == SOLVE || part == DIGITS || part == WORD;
  assign look_key = part == SOLVE ? modulus_base : digit_word;
  assign look_scratch = glacis_rsa::S_H + {1'b0, row};

`ifdef FORMAL
  logic [15:0] formal_one;
  logic [12:0] formal_position;
  logic [2:0] formal_digit_step;
  assign formal_state = {formal_one, solve_busy, number, formal_position, canonical, row, count, of_q, formal_digit_step, wait_count,
                         step == RANGE || step == L_LIMIT, issued, part, step};
`endif

  assign digits_clear = step == IDLE;
  assign digits_first = step == ONE;
  assign digits_next = step == POWER && step_done && !last_digit;
  assign digits_fetch = part == DIGITS;

  glacis_rsa_digits digits (
`ifdef FORMAL
    .formal_first(formal_first),
    .formal_position(formal_position),
    .formal_step(formal_digit_step),
`endif
    .clear(digits_clear),
    .first(digits_first),
    .next(digits_next),
    .fetch(digits_fetch),
    .fetched(digits_done),
    .*
  );

  glacis_rsa_solve solver (
`ifdef FORMAL
    .formal_one(formal_one),
`endif
    .clk(clk),
    .rst(rst),
    .start(solve_start),
    .z(solve_z),
    .m(look_key_data),
    .busy(solve_busy),
    .k(solve_k)
  );
endmodule
