// SPDX-License-Identifier: Apache-2.0
// The powers of a hash key, H to H^5, one behind the other: each is the one before times H, DIGIT bits a cycle (Horner's
// rule from the coefficient of x^127). 5 + 4 * 128 / DIGIT cycles.
module glacis_gf128_powers #(
  parameter int DIGIT = 16
) (
  input  logic         clk,
  input  logic         rst,
  input  logic         start,        // while not busy
  input  logic [127:0] h,
  output logic         busy,
  output logic         done,         // with the last power
  output logic         power_write,
  output logic [  2:0] power_index,
  output logic [127:0] power_data
);
  localparam int DIGITS = 128 / DIGIT;
  localparam int COUNT_BITS = $clog2(DIGITS);

  logic [127:0] key, multiplier, sum, next;
  logic [COUNT_BITS-1:0] count;
  logic [2:0] index;
  logic finished;  // `sum` is the power `index`

  function automatic logic [127:0] step(input logic [127:0] z, input logic [127:0] factor, input logic [DIGIT-1:0] digit);
    step = z;
    for (int i = 0; i < DIGIT; i++) begin
      // times x, and one coefficient's share
      step = (step >> 1) ^ (step[0] ? {8'he1, 120'b0} : 128'b0) ^ (digit[i] ? factor : 128'b0);
    end
  endfunction

  assign next = step(sum, key, multiplier[DIGIT-1:0]);
  assign power_write = busy && finished;
  assign power_index = index;
  assign power_data = sum;
  assign done = power_write && index == 3'd5;

  always_ff @(posedge clk) begin
    if (rst) begin
      busy <= 1'b0;
    end else if (start && !busy) begin
      busy <= 1'b1;
      key <= h;
      sum <= h;
      index <= 3'd1;
      finished <= 1'b1;
    end else if (busy && finished) begin
      multiplier <= sum;
      sum <= '0;
      count <= '0;
      index <= index + 1'b1;
      finished <= 1'b0;
      if (index == 3'd5) begin
        busy <= 1'b0;
        key <= '0;
      end
    end else if (busy) begin
      sum <= next;
      multiplier <= multiplier >> DIGIT;
      count <= count + 1'b1;
      finished <= count == COUNT_BITS'(DIGITS - 1);
    end
  end
endmodule
