// SPDX-License-Identifier: Apache-2.0
// A value some CYCLES later, kept in a memory instead of a row of registers. CYCLES is at least 3.
module glacis_delay #(
  parameter int WIDTH = 8,
  parameter int CYCLES = 8
) (
  input  logic             clk,
  input  logic             rst,
  input  logic [WIDTH-1:0] in,
  output logic [WIDTH-1:0] out
);
  localparam int BITS = $clog2(CYCLES);
  localparam int DEPTH = 1 << BITS;

  logic [WIDTH-1:0] memory[0:DEPTH-1];
  logic [BITS-1:0] write, read;

  always_ff @(posedge clk) begin
    if (rst) begin
      write <= '0;
      read <= BITS'(DEPTH - CYCLES + 1);
    end else begin
      write <= write + 1'b1;
      read <= read + 1'b1;
    end
    memory[write] <= in;
    out <= memory[read];
  end
endmodule
