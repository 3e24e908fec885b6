// SPDX-License-Identifier: Apache-2.0
// Key expansion (FIPS 197, 5.2) into the rounds' memories, two words at a time: 32, 35 and 43 cycles for 128, 192 and
// 256 bits. Words count from the oldest; `window` has the newest Nk of them, the oldest lowest. Of two words only the
// first can need the S-boxes, whose register takes it a cycle more.
module glacis_aes_keys #(
  parameter int TOWER = 0
) (
  input  logic         clk,
  input  logic         rst,
  input  logic         start,      // while not busy
  input  logic [  1:0] size,       // 0, 1, 2: 128, 192, 256 bits; kept by the caller while busy
  input  logic [255:0] key,        // byte k at bits 8k
  output logic         busy,
  output logic         done,       // with the last pair
  output logic         key_write,
  output logic [  3:0] key_round,  // where glacis_aes_pipe has it
  output logic         key_half,
  output logic [ 63:0] key_data
);
  logic [255:0] window;
  logic [4:0] step;      // pairs written
  logic [1:0] phase;     // pairs since the newest multiple of Nk words
  logic [7:0] round_constant;
  logic substituting;    // the S-boxes have been asked

  logic [1:0] last_phase;
  logic [4:0] last_step;
  logic [31:0] newest, sub_in, sub_out, mask;
  logic at_multiple, at_middle, needs_sub, is_raw, advance;
  logic [63:0] pair;
  logic [31:0] next_0, next_1;

  assign last_phase = size == 2'd0 ? 2'd1 : size == 2'd1 ? 2'd2 : 2'd3;
  assign last_step = size == 2'd0 ? 5'd21 : size == 2'd1 ? 5'd25 : 5'd29;
  assign newest = size == 2'd0 ? window[127:96] : size == 2'd1 ? window[191:160] : window[255:224];

  assign is_raw = step <= {3'b0, last_phase};
  assign at_multiple = phase == 2'd0 && !is_raw;
  assign at_middle = size == 2'd2 && phase == 2'd2 && !is_raw;
  assign needs_sub = at_multiple || at_middle;
  assign advance = busy && (!needs_sub || substituting);
  assign sub_in = at_multiple ? {newest[7:0], newest[31:8]} : newest;

  glacis_aes_sub_word #(
    .TOWER(TOWER)
  ) sub_word (
    .clk(clk),
    .enable(busy),
    .x(sub_in),
    .y(sub_out)
  );

  assign mask = at_multiple ? sub_out ^ {24'b0, round_constant} : at_middle ? sub_out : newest;
  assign next_0 = window[31:0] ^ mask;
  assign next_1 = window[63:32] ^ next_0;
  assign pair = is_raw ? window[63:0] : {next_1, next_0};

  always_ff @(posedge clk) begin
    if (rst) begin
      busy <= 1'b0;
      substituting <= 1'b0;
    end else if (start && !busy) begin
      busy <= 1'b1;
      window <= key;
      step <= '0;
      phase <= '0;
      round_constant <= 8'h01;
      substituting <= 1'b0;
    end else if (busy) begin
      substituting <= needs_sub && !substituting;
      if (advance) begin
        case (size)
          2'd0: window <= {128'b0, pair, window[127:64]};
          2'd1: window <= {64'b0, pair, window[191:64]};
          default: window <= {pair, window[255:64]};
        endcase
        step <= step + 1'b1;
        phase <= phase == last_phase ? 2'd0 : phase + 1'b1;
        if (at_multiple) round_constant <= {round_constant[6:0], 1'b0} ^ (round_constant[7] ? 8'h1b : 8'h00);
        if (step == last_step) begin
          busy <= 1'b0;
          window <= '0;
        end
      end
    end
  end

  assign done = advance && step == last_step;
  assign key_write = advance;
  assign key_half = step[0];
  assign key_data = pair;
  // rounds behind the first go to the end of the pipe
  assign key_round = step[4:1] == 4'd0 ? 4'd0 : step[4:1] + (size == 2'd0 ? 4'd4 : size == 2'd1 ? 4'd2 : 4'd0);
endmodule
