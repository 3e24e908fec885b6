// SPDX-License-Identifier: Apache-2.0
// A queue of 2^DEPTH_BITS values. What is in front shows at `out` as long as `out_valid`; `in_ready` says that there is
// room, whatever `out_ready` says. `count` are the values inside.
module glacis_fifo #(
  parameter int WIDTH = 8,
  parameter int DEPTH_BITS = 2
) (
  input  logic                  clk,
  input  logic                  rst,
  input  logic                  in_valid,
  output logic                  in_ready,
  input  logic [     WIDTH-1:0] in,
  output logic                  out_valid,
  input  logic                  out_ready,
  output logic [     WIDTH-1:0] out,
  output logic [DEPTH_BITS : 0] count
);
  logic [WIDTH-1:0] memory[0:(1<<DEPTH_BITS)-1];
  logic [DEPTH_BITS:0] written, read;

  assign count = written - read;
  assign in_ready = !count[DEPTH_BITS];
  assign out_valid = count != '0;
  assign out = memory[read[DEPTH_BITS-1:0]];

  always_ff @(posedge clk) begin
    if (rst) begin
      written <= '0;
      read <= '0;
    end else begin
      if (in_valid && in_ready) written <= written + 1'b1;
      if (out_valid && out_ready) read <= read + 1'b1;
    end
    if (in_valid && in_ready) memory[written[DEPTH_BITS-1:0]] <= in;
  end
endmodule
