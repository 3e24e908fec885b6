// SPDX-License-Identifier: Apache-2.0
// RSA operations and key slots of the card: one command at a time, from operands to result. Numbers come and go as they
// lie in host memory: big-endian, byte k of a stream at bits 8 (k mod STREAM_BYTES) of beat k / STREAM_BYTES. Statuses,
// kinds and opcodes are those of the ABI (glacis_card_pkg), and so is the order in which a command is checked.
//
// A command is taken when valid and ready. It is answered
// - by `done` at once, when slot, sizes or kind are out of bounds or the slot has no such key; or
// - by a pulse of `fetch_valid`: then `fetch_size` bytes are taken from `in` (the base, modulus_size bytes; or the numbers
//   of KEY_LOAD as KEY_KIND says), the result of an operation with status OK comes out of `out` in modulus_size bytes,
//   and `done` follows its last beat. Every byte is taken even if the first already is wrong.
// `in_error` in place of a beat ends the command with DMA_READ. `cancel` ends what runs with INTERNAL, in less than 5000
// cycles; what has been decided already ends as it would have. After either, a beat that waits at `out` is withdrawn, and
// whoever feeds `in` drops what is left. A KEY_LOAD that does not end with OK leaves the slot as it was. After `zeroise`
// and `rst` no `done` follows; the engine is busy until everything is empty.
//
// The cycles of an operation depend on opcode, kind and sizes, never on the numbers; with RSA_PUBLIC also on e. Those of
// KEY_LOAD also depend on how long p and q are and on whether the slot held a key.
module glacis_rsa_engine #(
  parameter int SLOTS = 16,        // key slots, 1 to 1024; a slot is 4 KiB of memory
  parameter int STREAM_BYTES = 4   // bytes of a beat of `in` and `out`: 1, 2, 4, ... 64
) (
  input  logic                      clk,
  input  logic                      rst,                    // synchronous; zeroises all slots as `zeroise` does
  input  logic                      command_valid,
  output logic                      command_ready,
  input  logic [7:0]                command_opcode,         // RSA_PRIVATE, RSA_PUBLIC, KEY_LOAD or KEY_ZEROISE
  input  logic [7:0]                command_kind,           // KEY_LOAD: enumeration KEY_KIND; KEY_ZEROISE: zero
  input  logic [15:0]               command_slot,
  input  logic [31:0]               command_modulus_size,   // bytes; KEY_ZEROISE: zero
  input  logic [31:0]               command_exponent_size,  // KEY_LOAD: bytes; KEY_ZEROISE: zero
  output logic                      fetch_valid,            // for one cycle
  output logic [15:0]               fetch_size,             // bytes, until `done`
  input  logic                      in_valid,
  output logic                      in_ready,
  input  logic                      in_error,               // with in_valid: host memory could not be read
  input  logic [8*STREAM_BYTES-1:0] in_data,                // bytes behind the last one are ignored
  output logic                      out_valid,
  input  logic                      out_ready,
  output logic                      out_last,
  output logic [8*STREAM_BYTES-1:0] out_data,               // zeros behind the last byte
  output logic                      done_valid,
  input  logic                      done_ready,
  output logic [7:0]                done_status,            // enumeration STATUS
  output logic [31:0]               done_cycles,            // from command to done, without waits for streams
  input  logic                      cancel,
  input  logic                      zeroise,                // pulse: cancels, then empties all slots and working memory
  output logic                      busy                    // something runs; clock and evaluation may stop otherwise
);
  localparam int SLOT_BITS = SLOTS > 1 ? $clog2(SLOTS) : 1;
  localparam int PAGES = SLOTS + 2;  // one to load into, one to work in
  localparam int NUMBER_BITS = $clog2(PAGES);
  localparam int KEY_BITS = NUMBER_BITS + glacis_rsa::PAGE_BITS;
  localparam logic [NUMBER_BITS-1:0] WORK_PAGE = NUMBER_BITS'(SLOTS + 1);
  localparam logic [NUMBER_BITS-1:0] FIRST_SPARE = NUMBER_BITS'(SLOTS);

  localparam logic [7:0] KIND_PUBLIC = glacis_card_pkg::KEY_KIND_RSA_PUBLIC;
  localparam logic [7:0] KIND_EXPONENT = glacis_card_pkg::KEY_KIND_RSA_EXPONENT;
  localparam logic [7:0] KIND_CRT = glacis_card_pkg::KEY_KIND_RSA_CRT;
  localparam logic [7:0] OK = glacis_card_pkg::STATUS_OK;
  localparam logic [7:0] BAD_FIELD = glacis_card_pkg::STATUS_BAD_FIELD;

  typedef enum logic [3:0] {
    EMPTY_SLOT,   // zeroise: a slot forgets its page,
    EMPTY_PAGE,   //   which is overwritten if it was used;
    EMPTY_SPARE,  //   the page to load into,
    EMPTY_WORK,   //   the page to work in, scratch memory and lanes,
    EMPTY_SUM,    //   and the multiplier's sums, by a product of zeros
    IDLE,
    CHECK,
    RUN,
    EMPTY_OLD,    // the page that a key was in, or one that did not become a key
    DONE
  } state_t;
  state_t state;

  // ---- the command, and what its slot holds ----
  logic [7:0] opcode, kind, status;
  logic [15:0] slot;
  logic [31:0] modulus_size, exponent_size;
  logic slot_exists, is_load, is_zeroise, is_public, is_operation;

  always_ff @(posedge clk)
    if (state == IDLE) begin
      opcode <= command_opcode;
      kind <= command_kind;
      slot <= command_slot;
      modulus_size <= command_modulus_size;
      exponent_size <= command_exponent_size;
    end
  assign slot_exists = {16'd0, slot} < SLOTS;
  assign is_load = opcode == glacis_card_pkg::OPCODE_KEY_LOAD;
  assign is_zeroise = opcode == glacis_card_pkg::OPCODE_KEY_ZEROISE;
  assign is_public = opcode == glacis_card_pkg::OPCODE_RSA_PUBLIC;
  assign is_operation = opcode == glacis_card_pkg::OPCODE_RSA_PRIVATE || is_public;

  // {there, kind, bytes of n, bytes of e, page}
  localparam int SLOT_WIDTH = 23 + NUMBER_BITS;
  logic [SLOT_WIDTH-1:0] slots[0:SLOTS-1];
  logic [SLOT_WIDTH-1:0] slot_now, slot_new;
  logic slot_write, slot_there;
  logic [1:0] slot_kind;
  logic [9:0] slot_modulus_size, slot_exponent_size;
  logic [NUMBER_BITS-1:0] slot_page, spare, page;
  logic [SLOT_BITS-1:0] slot_index, sweep;

  assign slot_index = state == EMPTY_SLOT || state == EMPTY_PAGE ? sweep : slot[SLOT_BITS-1:0];
  assign slot_now = slots[slot_index];
  assign {slot_there, slot_kind, slot_modulus_size, slot_exponent_size, slot_page} = slot_now;
  always_ff @(posedge clk) if (slot_write) slots[slot_index] <= slot_new;

  // ---- checks, in the order of the ABI ----
  logic sizes_good, kind_good, zeros;
  logic [7:0] verdict;
  assign sizes_good = modulus_size >= 32'd128 && modulus_size <= glacis_card_pkg::RSA_BYTES_MAX && !modulus_size[0] &&
      exponent_size != 32'd0 && exponent_size <= modulus_size;
  assign kind_good = kind == KIND_PUBLIC || kind == KIND_EXPONENT || kind == KIND_CRT;
  assign zeros = kind == 8'd0 && modulus_size == 32'd0 && exponent_size == 32'd0;

  always_comb begin
    verdict = OK;
    if (!is_load && !is_zeroise && !is_operation) verdict = glacis_card_pkg::STATUS_BAD_OPCODE;
    else if (!slot_exists) verdict = BAD_FIELD;
    else if (is_load) verdict = sizes_good && kind_good ? OK : BAD_FIELD;
    else if (is_zeroise) verdict = zeros ? OK : BAD_FIELD;
    else if (!slot_there || (!is_public && slot_kind == KIND_PUBLIC[1:0])) verdict = glacis_card_pkg::STATUS_KEY_EMPTY;
    else if (modulus_size != {22'd0, slot_modulus_size}) verdict = BAD_FIELD;
  end

  logic [15:0] size, half, load_size;
  assign size = modulus_size[15:0];
  assign half = {1'b0, size[15:1]};
  assign load_size = size + exponent_size[15:0] +
      (kind == KIND_CRT ? {half[13:0], 2'd0} + half : kind == KIND_EXPONENT ? size : 16'd0);

  // ---- life of a command ----
  logic sequencer_start, sequencer_busy, started, bad_key, out_of_range, waits;
  logic halt;             // everything but this
  logic failed_input;
  logic [NUMBER_BITS-1:0] retired;  // page whose key goes
  logic [10:0] word;      // of a page that is overwritten
  logic page_used, last_word;
  logic [PAGES-1:0] used; // pages that may hold something
  logic multiply_ready, multiply_idle, sum_started;

  assign failed_input = state == RUN && in_valid && in_error;
  assign halt = rst || zeroise || (state == RUN && (cancel || failed_input));
  assign page = is_load ? spare : slot_page;
  assign retired = state == EMPTY_SPARE || (state == EMPTY_OLD && is_load) ? spare :
      state == EMPTY_WORK ? WORK_PAGE : slot_page;
  assign page_used = used[retired];
  assign last_word = word == 11'h7ff;
  assign command_ready = state == IDLE && !zeroise;
  assign fetch_valid = state == CHECK && verdict == OK && !is_zeroise && !cancel;
  assign fetch_size = is_load ? load_size : size;
  assign sequencer_start = fetch_valid;
  assign done_valid = state == DONE;
  assign done_status = status;
  assign busy = state != IDLE;

  // A key that was loaded changes places with what was in the slot.
  logic loaded;
  assign loaded = state == RUN && started && !sequencer_busy && is_load && !bad_key && !halt;
  assign slot_write = loaded || state == EMPTY_SLOT || (state == CHECK && is_zeroise && verdict == OK);
  assign slot_new = loaded ? {1'b1, kind[1:0], modulus_size[9:0], exponent_size[9:0], spare} :
      state == EMPTY_SLOT ? {23'd0, NUMBER_BITS'(sweep)} : {23'd0, slot_page};

  initial used = '0;  // memories are zeros after configuration

  always_ff @(posedge clk) begin
    case (state)
      EMPTY_SLOT: begin
        word <= 11'd0;
        spare <= FIRST_SPARE;
        sum_started <= 1'b0;
        state <= EMPTY_PAGE;
      end
      EMPTY_PAGE: begin
        word <= word + 11'd1;
        if (last_word) used[retired] <= 1'b0;
        if (!page_used || last_word) begin
          word <= 11'd0;
          sweep <= sweep + 1'b1;
          state <= sweep == SLOT_BITS'(SLOTS - 1) ? EMPTY_SPARE : EMPTY_SLOT;
        end
      end
      EMPTY_SPARE: begin
        word <= word + 11'd1;
        if (last_word) used[retired] <= 1'b0;
        if (!page_used || last_word) begin
          word <= 11'd0;
          state <= EMPTY_WORK;
        end
      end
      EMPTY_WORK: begin
        word <= word + 11'd1;
        if (last_word) state <= EMPTY_SUM;
      end
      EMPTY_SUM: begin
        sum_started <= 1'b1;
        if (sum_started && multiply_idle) state <= IDLE;
      end
      IDLE: begin
        word <= 11'd0;
        started <= 1'b0;
        if (command_valid) state <= CHECK;
      end
      CHECK: begin
        status <= cancel ? glacis_card_pkg::STATUS_INTERNAL : verdict;
        if (cancel || verdict != OK) state <= DONE;
        else if (is_zeroise) state <= EMPTY_OLD;
        else begin
          state <= RUN;
          if (is_load) used[spare] <= 1'b1;
        end
      end
      RUN: begin
        started <= 1'b1;
        if (halt) begin
          status <= cancel ? glacis_card_pkg::STATUS_INTERNAL : glacis_card_pkg::STATUS_DMA_READ;
          state <= is_load ? EMPTY_OLD : DONE;
        end else if (started && !sequencer_busy) begin
          status <= bad_key ? glacis_card_pkg::STATUS_KEY_BAD :
              out_of_range ? glacis_card_pkg::STATUS_VALUE_RANGE : OK;
          state <= is_load ? EMPTY_OLD : DONE;
          if (loaded) spare <= slot_page;
        end
      end
      EMPTY_OLD: begin
        word <= word + 11'd1;
        if (last_word) used[retired] <= 1'b0;
        if (!page_used || last_word) state <= DONE;
      end
      default: if (done_ready) state <= IDLE;
    endcase
    if (rst || zeroise) begin
      state <= EMPTY_SLOT;
      sweep <= '0;
    end
  end

  always_ff @(posedge clk)
    if (state == IDLE) done_cycles <= 32'd0;
    else if (state != DONE && !waits) done_cycles <= done_cycles + 32'd1;

  // ---- memories: written by what comes in, by passes, and with zeros ----
  logic empties, number_write, key_write, scratch_write, number_is_base, d_in_work, b_in_work, look, pass_busy;
  logic pass_key_write, pass_scratch_write, out_busy;
  logic [8:0] number_index, d_index, b_index, out_index;
  logic [9:0] d_address, a_address, look_scratch, scratch_write_address, scratch_read_address;
  logic [10:0] number_base, d_key_base, b_base, look_key, key_write_word, key_read_word;
  logic [15:0] number_data, pass_data, key_data, scratch_data, write_data;
  logic [NUMBER_BITS-1:0] key_write_page, key_read_page;

  assign empties = (state == EMPTY_PAGE || state == EMPTY_SPARE || state == EMPTY_OLD) ? page_used : state == EMPTY_WORK;
  assign write_data = empties ? 16'd0 : number_write ? number_data : pass_data;
  assign key_write = empties || number_write || pass_key_write;
  assign key_write_page = empties ? retired : (number_write ? number_is_base : d_in_work) ? WORK_PAGE : page;
  assign key_write_word = empties ? word :
      number_write ? number_base + {2'd0, number_index} : d_key_base + {2'd0, d_index};
  assign key_read_page = b_in_work && !look ? WORK_PAGE : page;
  assign key_read_word = look ? look_key : b_base + {2'd0, b_index};
  assign scratch_write = state == EMPTY_WORK || number_write || pass_scratch_write;
  assign scratch_write_address = state == EMPTY_WORK ? word[9:0] :
      number_write ? glacis_rsa::S_NUMBER + {1'b0, number_index} : d_address;
  assign scratch_read_address = out_busy ? glacis_rsa::S_RESULT + {1'b0, out_index} :
      pass_busy ? a_address : look_scratch;

  glacis_rsa_ram #(
    .WIDTH(16),
    .DEPTH(PAGES << glacis_rsa::PAGE_BITS),
    .BITS(KEY_BITS)
  ) keys (
    .clk(clk),
    .write(key_write),
    .write_address({key_write_page, key_write_word}),
    .write_data(write_data),
    .read_address({key_read_page, key_read_word}),
    .read_data(key_data)
  );

  glacis_rsa_ram #(
    .WIDTH(16),
    .DEPTH(1024)
  ) scratch (
    .clk(clk),
    .write(scratch_write),
    .write_address(scratch_write_address),
    .write_data(write_data),
    .read_address(scratch_read_address),
    .read_data(scratch_data)
  );

  // ---- parts ----
  logic number_start, number_busy, number_waits, number_odd, number_more, number_full;
  logic [9:0] number_size;
  logic [12:0] number_bits;

  logic bytes_in_rst;
  assign bytes_in_rst = halt || state == IDLE;
  glacis_rsa_bytes_in #(
    .STREAM_BYTES(STREAM_BYTES)
  ) bytes_in (
    .clk(clk),
    .rst(bytes_in_rst),
    .start(number_start),
    .size(number_size),
    .busy(number_busy),
    .waits(number_waits),
    .in_valid(in_valid && !in_error),
    .in_ready(in_ready),
    .in_data(in_data),
    .write(number_write),
    .write_index(number_index),
    .write_data(number_data),
    .odd(number_odd),
    .more(number_more),
    .full(number_full),
    .bits(number_bits)
  );

  logic out_start, out_waits;
  glacis_rsa_bytes_out #(
    .STREAM_BYTES(STREAM_BYTES)
  ) bytes_out (
    .clk(clk),
    .rst(halt),
    .start(out_start),
    .size(slot_modulus_size),
    .busy(out_busy),
    .waits(out_waits),
    .read_index(out_index),
    .read_data(scratch_data),
    .out_valid(out_valid),
    .out_ready(out_ready),
    .out_last(out_last),
    .out_data(out_data)
  );
  assign waits = number_waits || out_waits;

  logic pass_start, pass_flag, shift, dual, multiply_start, x_write, n_write, w_write, x_is_written;
  logic [1:0] op, a_from, b_when;
  logic [2:0] d_to;
  logic [3:0] first_chunk, d_chunk, pass_read_chunk, read_chunk;
  logic [4:0] chunks, d_lane, read_lane, pass_read_lane;
  logic [5:0] d_register, multiplicand_p, multiplicand_q, result;
  logic [8:0] length, a_words, b_words, constant_index, words;
  logic [9:0] a_base, d_base;
  logic [15:0] constant, k;
  logic [16:0] lane_data;

  glacis_rsa_sequencer sequencer (
    .clk(clk),
    .rst(halt),
    .start(sequencer_start),
    .busy(sequencer_busy),
    .is_load(is_load),
    .is_public(is_public),
    .kind(is_load ? kind[1:0] : slot_kind),
    .modulus_size(modulus_size[9:0]),
    .exponent_size(is_load ? exponent_size[9:0] : slot_exponent_size),
    .bad_key(bad_key),
    .out_of_range(out_of_range),
    .number_start(number_start),
    .number_size(number_size),
    .number_base(number_base),
    .number_is_base(number_is_base),
    .number_busy(number_busy),
    .number_odd(number_odd),
    .number_more(number_more),
    .number_full(number_full),
    .number_bits(number_bits),
    .result_start(out_start),
    .result_busy(out_busy),
    .pass_start(pass_start),
    .pass_busy(pass_busy),
    .pass_flag(pass_flag),
    .op(op),
    .length(length),
    .shift(shift),
    .a_from(a_from),
    .a_base(a_base),
    .a_words(a_words),
    .constant_index(constant_index),
    .constant(constant),
    .b_when(b_when),
    .b_in_work(b_in_work),
    .b_base(b_base),
    .b_words(b_words),
    .k(k),
    .d_to(d_to),
    .d_in_work(d_in_work),
    .d_base(d_base),
    .d_key_base(d_key_base),
    .d_register(d_register),
    .first_chunk(first_chunk),
    .dual(dual),
    .chunks(chunks),
    .words(words),
    .multiply_start(multiply_start),
    .multiply_ready(multiply_ready),
    .multiply_idle(multiply_idle),
    .multiplicand_p(multiplicand_p),
    .multiplicand_q(multiplicand_q),
    .result(result),
    .look(look),
    .look_key(look_key),
    .look_key_data(key_data),
    .look_scratch(look_scratch),
    .look_scratch_data(scratch_data),
    .look_lane_data(lane_data[15:0])
  );

  glacis_rsa_serial serial (
    .clk(clk),
    .rst(halt),
    .start(pass_start),
    .busy(pass_busy),
    .op(op),
    .length(length),
    .shift(shift),
    .a_from(a_from),
    .a_base(a_base),
    .a_words(a_words),
    .constant_index(constant_index),
    .constant(constant),
    .b_when(b_when),
    .b_words(b_words),
    .k(k),
    .d_to(d_to),
    .d_base(d_base),
    .first_chunk(first_chunk),
    .flag(pass_flag),
    .b_index(b_index),
    .b_data(key_data),
    .a_address(a_address),
    .a_data(scratch_data),
    .read_lane(pass_read_lane),
    .read_chunk(pass_read_chunk),
    .lane_data(lane_data),
    .scratch_write(pass_scratch_write),
    .key_write(pass_key_write),
    .x_write(x_write),
    .n_write(n_write),
    .w_write(w_write),
    .x_is_written(x_is_written),
    .d_address(d_address),
    .d_index(d_index),
    .d_lane(d_lane),
    .d_chunk(d_chunk),
    .d_data(pass_data)
  );

  // Zeros go to all lanes at once; a product of zeros then overwrites sums and what is on its way.
  logic empties_work, empties_sum;
  logic [5:0] load_register;
  assign load_register = empties_work ? word[9:4] : x_is_written ? glacis_rsa::R_LAST : d_register;
  assign empties_work = state == EMPTY_WORK;
  assign empties_sum = state == EMPTY_SUM;
  assign read_lane = pass_busy ? pass_read_lane : 5'd0;
  assign read_chunk = pass_busy ? pass_read_chunk : first_chunk;

  glacis_rsa_multiplier multiplier (
    .clk(clk),
    .rst(halt),
    .dual(dual && !empties_sum),
    .chunks(empties_sum ? 5'd16 : chunks),
    .words(empties_sum ? 9'd3 : words),
    .start(multiply_start || (empties_sum && !sum_started)),
    .ready(multiply_ready),
    .idle(multiply_idle),
    .multiplicand_p(multiplicand_p),
    .multiplicand_q(multiplicand_q),
    .result(result),
    .load_x(empties_work || x_write),
    .load_n(empties_work || n_write),
    .load_w(empties_work || w_write),
    .load_all(empties_work),
    .load_lane(d_lane),
    .load_chunk(empties_work ? word[3:0] : d_chunk),
    .load_register(load_register),
    .load_data(empties_work ? 16'd0 : pass_data),
    .read_lane(read_lane),
    .read_chunk(read_chunk),
    .read_data(lane_data)
  );
endmodule
