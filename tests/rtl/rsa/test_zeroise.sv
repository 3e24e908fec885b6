// SPDX-License-Identifier: Apache-2.0
// What zeroise must leave behind: nothing. A key is loaded and an operation begun, so that every memory of the RSA engine
// holds something; then each word of each is looked at. Run by Icarus Verilog, which sees into memories and knows words
// that were never written.
module test_zeroise;
  localparam int SLOTS = 2;
  logic clk, rst, command_valid, command_ready, fetch_valid, in_valid, in_ready, done_valid, zeroise, busy;
  logic [7:0] command_opcode, command_kind, done_status;
  logic [31:0] command_modulus_size, command_exponent_size, in_data;
  integer failures, held, i, bytes_left;

  // Not looked at.
  logic [15:0] fetch_size;
  logic [31:0] out_data, done_cycles;
  logic out_valid, out_last;

  glacis_rsa_engine #(
    .SLOTS(SLOTS)
  ) engine (
    .clk(clk), .rst(rst), .command_valid(command_valid), .command_ready(command_ready), .command_opcode(command_opcode),
    .command_kind(command_kind), .command_slot(16'd1), .command_modulus_size(command_modulus_size),
    .command_exponent_size(command_exponent_size), .fetch_valid(fetch_valid), .fetch_size(fetch_size),
    .in_valid(in_valid), .in_ready(in_ready), .in_error(1'b0), .in_data(in_data), .out_valid(out_valid),
    .out_ready(1'b1), .out_last(out_last), .out_data(out_data), .done_valid(done_valid), .done_ready(1'b1),
    .done_status(done_status), .done_cycles(done_cycles), .cancel(1'b0), .zeroise(zeroise), .busy(busy)
  );

  initial clk = 1'b0;
  always #5 clk = !clk;

  task check(input logic good, input [8*40-1:0] what);
    if (!good) begin
      failures = failures + 1;
      $display("# failed: %0s", what);
    end
  endtask

  // A CRT key with e of one byte: numbers within their bounds, and no word of them is zero. Or a base.
  function [7:0] key_byte(input integer at, input logic is_key);
    key_byte = !is_key ? 8'h33 : at < 128 ? 8'h55 : at == 128 ? 8'h03 : at < 257 ? 8'h77 : 8'h33;
  endfunction

  // Feeds a command until it is done or `cycles` are over.
  task feed(input logic [7:0] opcode, input integer cycles);
    integer at;
    begin
      @(negedge clk);
      command_valid = 1'b1;
      command_opcode = opcode;
      @(negedge clk);
      command_valid = 1'b0;
      at = 0;
      for (i = 0; i < cycles && !done_valid; i = i + 1) begin
        in_valid = 1'b1;
        in_data = {key_byte(at + 3, opcode == 8'h40), key_byte(at + 2, opcode == 8'h40),
                   key_byte(at + 1, opcode == 8'h40), key_byte(at, opcode == 8'h40)};
        #1 if (in_ready) at = at + 4;
        @(negedge clk);
      end
      in_valid = 1'b0;
    end
  endtask

  integer words_held[0:4];  // keys, scratch, registers, accumulators and moduli, sums: words that are not zero

  genvar k;
  generate
    for (k = 0; k < 17; k = k + 1) begin : g_count
      integer j, registers_held, operands_held, sums_held;
      task count;
        begin
          registers_held = 0;
          operands_held = 0;
          sums_held = 0;
          for (j = 0; j < 1024; j = j + 1)
            if (engine.multiplier.g_lane[k].lane.registers.memory[j] !== 17'd0) registers_held = registers_held + 1;
          for (j = 0; j < 16; j = j + 1) begin
            if (engine.multiplier.g_lane[k].lane.x_words[j] !== 17'd0) operands_held = operands_held + 1;
            if (engine.multiplier.g_lane[k].lane.n_words[j] !== 16'd0) operands_held = operands_held + 1;
            // the last lane never writes its last sum
            if (!(k == 16 && j == 15) && engine.multiplier.g_lane[k].lane.t_words[j] !== 18'd0) sums_held = sums_held + 1;
          end
        end
      endtask
    end
  endgenerate

  `define LANE(N) g_count[N].count; words_held[2] = words_held[2] + g_count[N].registers_held; \
    words_held[3] = words_held[3] + g_count[N].operands_held; words_held[4] = words_held[4] + g_count[N].sums_held;

  task count_all;
    begin
      for (i = 0; i < 5; i = i + 1) words_held[i] = 0;
      for (i = 0; i < (SLOTS + 2) * 2048; i = i + 1)
        if (engine.keys.memory[i] !== 16'd0) words_held[0] = words_held[0] + 1;
      for (i = 0; i < 1024; i = i + 1) if (engine.scratch.memory[i] !== 16'd0) words_held[1] = words_held[1] + 1;
      `LANE(0) `LANE(1) `LANE(2) `LANE(3) `LANE(4) `LANE(5) `LANE(6) `LANE(7) `LANE(8) `LANE(9) `LANE(10) `LANE(11)
      `LANE(12) `LANE(13) `LANE(14) `LANE(15) `LANE(16)
    end
  endtask

  task check_empty(input [8*40-1:0] what);
    begin
      count_all;
      for (i = 0; i < 5; i = i + 1)
        if (words_held[i] != 0) begin
          check(1'b0, what);
          $display("# %0d words of memory %0d are not zero", words_held[i], i);
        end
    end
  endtask

  initial begin
    failures = 0;
    rst = 1'b1;
    command_valid = 1'b0;
    in_valid = 1'b0;
    zeroise = 1'b0;
    command_kind = 8'd3;
    command_modulus_size = 32'd128;
    command_exponent_size = 32'd1;
    // memories of an FPGA are zeros after configuration
    for (i = 0; i < (SLOTS + 2) * 2048; i = i + 1) engine.keys.memory[i] = 16'd0;
    repeat (4) @(negedge clk);
    rst = 1'b0;
    while (busy) @(negedge clk);
    check_empty("something is there after reset");

    feed(8'h40, 40000);
    check(done_valid && done_status == 8'd0, "the key is not taken");
    while (busy) @(negedge clk);
    count_all;
    check(words_held[0] > 64 + 5 * 32, "the key is not in its memory");
    feed(8'h10, 6000);
    count_all;
    for (i = 0; i < 5; i = i + 1) check(words_held[i] > 30, "a memory was not used: nothing is tested");

    zeroise = 1'b1;
    @(negedge clk);
    zeroise = 1'b0;
    #1 while (busy) @(negedge clk);
    check_empty("something is there after zeroise");

    // one slot: its page, and no other; the page to work in keeps the base
    feed(8'h40, 40000);
    #1 while (busy) @(negedge clk);
    command_kind = 8'd0;
    command_modulus_size = 32'd0;
    command_exponent_size = 32'd0;
    feed(8'h41, 40000);
    check(done_status == 8'd0, "KEY_ZEROISE fails");
    #1 while (busy) @(negedge clk);
    count_all;
    check(words_held[0] == 0, "a key is there after KEY_ZEROISE");

    $display("1..1");
    $display("%0sok 1 - no memory holds anything after zeroise", failures == 0 ? "" : "not ");
    $finish;
  end
endmodule
