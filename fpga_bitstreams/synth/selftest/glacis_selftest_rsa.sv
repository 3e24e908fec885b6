// SPDX-License-Identifier: Apache-2.0
// A known answer through the RSA engine, for ever: a key of 1024 bits is loaded, its private operation run and compared, the
// public one run and compared with what went in, the slot zeroised, and an operation with the empty slot refused. The
// numbers are those of the emulated card's self-test, in a memory (selftest_rsa.hex, made by vectors.py).
module glacis_selftest_rsa (
  input  logic        clk,
  input  logic        rst,
  output logic        failed,  // stays
  output logic [31:0] runs     // rounds that were right
);
  // Words of 32 bits: the key (113, the last one not full), the base (32), the result (32).
  localparam logic [7:0] BASE = 8'd113, RESULT = 8'd145;

  logic [31:0] vectors[0:255];
  initial $readmemh("selftest_rsa.hex", vectors);

  typedef enum logic [2:0] {LOAD, PRIVATE, PUBLIC, EMPTY, REFUSED} step_t;
  step_t step;

  logic command_valid, command_ready, in_valid, in_ready, out_valid, done_valid;
  logic [7:0] opcode, wanted, done_status;
  logic [31:0] out_data, word, answer;
  logic [7:0] at, answer_at;
  logic issued, feeding, right;
  logic [31:0] patience;

  always_comb
    case (step)
      LOAD: opcode = glacis_card_pkg::OPCODE_KEY_LOAD;
      PRIVATE, REFUSED: opcode = glacis_card_pkg::OPCODE_RSA_PRIVATE;
      PUBLIC: opcode = glacis_card_pkg::OPCODE_RSA_PUBLIC;
      default: opcode = glacis_card_pkg::OPCODE_KEY_ZEROISE;
    endcase
  assign wanted = step == REFUSED ? glacis_card_pkg::STATUS_KEY_EMPTY : glacis_card_pkg::STATUS_OK;
  assign command_valid = !issued && !rst;

  logic fetch_valid;

  glacis_rsa_engine #(
    .SLOTS(1)
  ) engine (
    .clk(clk),
    .rst(rst),
    .command_valid(command_valid),
    .command_ready(command_ready),
    .command_opcode(opcode),
    .command_kind(step == LOAD ? glacis_card_pkg::KEY_KIND_RSA_CRT : 8'd0),
    .command_slot(16'd0),
    .command_modulus_size(step == EMPTY ? 32'd0 : 32'd128),
    .command_exponent_size(step == LOAD ? 32'd3 : 32'd0),
    .fetch_valid(fetch_valid),
    .fetch_size(),
    .in_valid(in_valid),
    .in_ready(in_ready),
    .in_error(1'b0),
    .in_data(word),
    .out_valid(out_valid),
    .out_ready(1'b1),
    .out_last(),
    .out_data(out_data),
    .done_valid(done_valid),
    .done_ready(1'b1),
    .done_status(done_status),
    .done_cycles(),
    .cancel(1'b0),
    .zeroise(1'b0),
    .busy()
  );

  // Words go out one every second cycle at most: the memory answers a cycle later.
  logic word_there;
  assign in_valid = feeding && word_there;

  always_ff @(posedge clk) begin
    word <= vectors[at];
    answer <= vectors[answer_at];
    word_there <= feeding && !(in_valid && in_ready);
    if (in_valid && in_ready) at <= at + 1'b1;
    if (fetch_valid) feeding <= 1'b1;
    if (command_valid && command_ready) begin
      issued <= 1'b1;
      at <= step == LOAD ? 8'd0 : step == PUBLIC ? RESULT : BASE;
      answer_at <= step == PUBLIC ? BASE : RESULT;
      right <= 1'b1;
      patience <= '0;
    end else begin
      patience <= patience + 1'b1;
    end
    if (out_valid) begin
      if (out_data != answer) right <= 1'b0;
      answer_at <= answer_at + 1'b1;
    end
    if (issued && done_valid) begin
      if (done_status != wanted || !right) failed <= 1'b1;
      issued <= 1'b0;
      feeding <= 1'b0;
      step <= step == REFUSED ? LOAD : step_t'(step + 1'b1);
      if (step == REFUSED && !failed) runs <= runs + 1'b1;
    end
    if (patience[26]) failed <= 1'b1;  // nothing takes half a second
    if (rst) begin
      step <= LOAD;
      issued <= 1'b0;
      feeding <= 1'b0;
      word_there <= 1'b0;
      failed <= 1'b0;
      runs <= '0;
      patience <= '0;
    end
  end
endmodule
