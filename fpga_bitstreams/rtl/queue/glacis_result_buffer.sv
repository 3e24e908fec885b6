// SPDX-License-Identifier: Apache-2.0
// Where results wait until they are complete and, for an open, authenticated: 2^BYTE_BITS bytes, written in blocks of 16
// and read in pieces of 64 bytes that begin at any multiple of 32, a cycle later. A result begins at such a multiple too.
module glacis_result_buffer #(
  parameter int BYTE_BITS = 17
) (
  input  logic                 clk,
  input  logic                 write,
  input  logic [BYTE_BITS-5:0] write_block,
  input  logic [        127:0] write_data,
  input  logic                 read,
  input  logic [BYTE_BITS-6:0] read_word,    // in 32 bytes
  output logic [        511:0] read_data
);
  localparam int ROW_BITS = BYTE_BITS - 6;

  // block b lies in memory b mod 4
  logic [127:0] memory_0[0:(1<<ROW_BITS)-1];
  logic [127:0] memory_1[0:(1<<ROW_BITS)-1];
  logic [127:0] memory_2[0:(1<<ROW_BITS)-1];
  logic [127:0] memory_3[0:(1<<ROW_BITS)-1];
  logic [ROW_BITS-1:0] write_row, row, row_behind;
  logic [255:0] front, back;
  logic odd;

  assign write_row = write_block[BYTE_BITS-5:2];
  assign row = read_word[BYTE_BITS-6:1];
  assign row_behind = row + {{(ROW_BITS - 1) {1'b0}}, read_word[0]};
  assign read_data = odd ? {front, back} : {back, front};

  always_ff @(posedge clk) begin
    if (write && write_block[1:0] == 2'd0) memory_0[write_row] <= write_data;
    if (write && write_block[1:0] == 2'd1) memory_1[write_row] <= write_data;
    if (write && write_block[1:0] == 2'd2) memory_2[write_row] <= write_data;
    if (write && write_block[1:0] == 2'd3) memory_3[write_row] <= write_data;
    if (read) begin
      front <= {memory_1[row_behind], memory_0[row_behind]};
      back <= {memory_3[row], memory_2[row]};
      odd <= read_word[0];
    end
  end
endmodule
