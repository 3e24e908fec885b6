// SPDX-License-Identifier: Apache-2.0
// Memory with one port to write and one to read, whose word comes a cycle after its address. Reading the word that is
// being written gives the old one.
module glacis_rsa_ram #(
  parameter int WIDTH = 16,
  parameter int DEPTH = 1024,
  parameter int BITS = $clog2(DEPTH)
) (
  input  logic             clk,
  input  logic             write,
  input  logic [BITS-1:0]  write_address,
  input  logic [WIDTH-1:0] write_data,
  input  logic [BITS-1:0]  read_address,
  output logic [WIDTH-1:0] read_data
);
  logic [WIDTH-1:0] memory[0:DEPTH-1];

  always_ff @(posedge clk) begin
    if (write) memory[write_address] <= write_data;
    read_data <= memory[read_address];
  end
endmodule
