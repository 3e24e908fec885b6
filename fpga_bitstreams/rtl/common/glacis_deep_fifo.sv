// SPDX-License-Identifier: Apache-2.0
// A queue of 2^DEPTH_BITS values and one more, in memory that is read with the clock: what glacis_fifo is for few values.
// What is in front shows at `out` as long as `out_valid`, two cycles after it came at the earliest.
module glacis_deep_fifo #(
  parameter int WIDTH = 256,
  parameter int DEPTH_BITS = 9
) (
  input  logic             clk,
  input  logic             rst,
  input  logic             in_valid,
  output logic             in_ready,
  input  logic [WIDTH-1:0] in,
  output logic             out_valid,
  input  logic             out_ready,
  output logic [WIDTH-1:0] out
);
  logic [WIDTH-1:0] memory[0:(1<<DEPTH_BITS)-1];
  logic [DEPTH_BITS:0] written, read, count;
  logic fetch;

  assign count = written - read;
  assign in_ready = !count[DEPTH_BITS];
  assign fetch = count != '0 && (!out_valid || out_ready);

  always_ff @(posedge clk) begin
    if (in_valid && in_ready) memory[written[DEPTH_BITS-1:0]] <= in;
    if (fetch) out <= memory[read[DEPTH_BITS-1:0]];
    if (rst) begin
      written <= '0;
      read <= '0;
      out_valid <= 1'b0;
    end else begin
      if (in_valid && in_ready) written <= written + 1'b1;
      if (fetch) read <= read + 1'b1;
      out_valid <= fetch || (out_valid && !out_ready);
    end
  end
endmodule
