// SPDX-License-Identifier: Apache-2.0
// Numbers out of a stream of bytes, most significant first, one behind the other without gaps: words of 16 bits with their
// index, and what can be said of a number in passing. A byte a cycle.
module glacis_rsa_bytes_in #(
  parameter int STREAM_BYTES = 4
) (
  input  logic                      clk,
  input  logic                      rst,        // also: the stream begins with a new beat
  input  logic                      start,      // when not busy: a number of `size` bytes, at least 1
  input  logic [9:0]                size,
  output logic                      busy,
  output logic                      waits,      // for the stream
  input  logic                      in_valid,
  output logic                      in_ready,
  input  logic [8*STREAM_BYTES-1:0] in_data,
  output logic                      write,
  output logic [8:0]                write_index,
  output logic [15:0]               write_data,
  // of the number, once it is there
  output logic                      odd,
  output logic                      more,       // than 1
  output logic                      full,       // its first byte is not zero
  output logic [12:0]               bits        // its length, 0 when it is 0
);
  localparam int LEFT_BITS = $clog2(STREAM_BYTES + 1);

  logic [8*STREAM_BYTES-1:0] beat;
  logic [LEFT_BITS-1:0] left;
  logic [9:0] position;   // weight of the next byte
  logic first, take;
  logic [7:0] next_byte, upper;
  logic [3:0] byte_bits;

  assign in_ready = busy && left == '0;
  assign waits = in_ready && !in_valid;
  assign take = busy && left != '0;
  assign next_byte = beat[7:0];
  assign byte_bits = next_byte[7] ? 4'd8 : next_byte[6] ? 4'd7 : next_byte[5] ? 4'd6 : next_byte[4] ? 4'd5 :
      next_byte[3] ? 4'd4 : next_byte[2] ? 4'd3 : next_byte[1] ? 4'd2 : {3'd0, next_byte[0]};
  assign write = take && !position[0];
  assign write_index = position[9:1];
  assign write_data = {upper, next_byte};

  always_ff @(posedge clk) begin
    if (in_ready && in_valid) begin
      beat <= in_data;
      left <= LEFT_BITS'(STREAM_BYTES);
    end else if (take) begin
      beat <= beat >> 8;
      left <= left - 1'b1;
    end
    if (start) begin
      busy <= 1'b1;
      position <= size - 10'd1;
      first <= 1'b1;
      upper <= 8'd0;
      more <= 1'b0;
      bits <= 13'd0;
    end else if (take) begin
      first <= 1'b0;
      position <= position - 10'd1;
      upper <= position[0] ? next_byte : 8'd0;
      if (first) full <= next_byte != 8'd0;
      odd <= next_byte[0];
      if (position == 10'd0 ? next_byte[7:1] != 7'd0 : next_byte != 8'd0) more <= 1'b1;
      if (bits == 13'd0 && next_byte != 8'd0) bits <= {position, 3'd0} + {9'd0, byte_bits};
      if (position == 10'd0) busy <= 1'b0;
    end
    if (rst) begin
      busy <= 1'b0;
      left <= '0;
    end
  end
endmodule
