// SPDX-License-Identifier: Apache-2.0
// A number of words in scratch memory as a stream of bytes, most significant first. Two cycles a byte.
module glacis_rsa_bytes_out #(
  parameter int STREAM_BYTES = 4
) (
  input  logic                      clk,
  input  logic                      rst,
  input  logic                      start,       // when not busy: `size` bytes, at least 1
  input  logic [9:0]                size,
  output logic                      busy,
  output logic                      waits,       // for who takes the stream
  output logic [8:0]                read_index,  // the word comes a cycle later
  input  logic [15:0]               read_data,
  output logic                      out_valid,
  input  logic                      out_ready,
  output logic                      out_last,
  output logic [8*STREAM_BYTES-1:0] out_data
);
  localparam int FILL_BITS = $clog2(STREAM_BYTES + 1);

  logic [FILL_BITS-1:0] fill;  // bytes in the beat
  logic [9:0] position;
  logic there;                 // the word at `position` is at hand
  logic [7:0] taken;
  logic last;

  assign read_index = position[9:1];
  assign taken = position[0] ? read_data[15:8] : read_data[7:0];
  assign out_valid = busy && (fill == FILL_BITS'(STREAM_BYTES) || last);
  assign out_last = last;
  assign waits = out_valid && !out_ready;

  genvar i;
  generate
    for (i = 0; i < STREAM_BYTES; i = i + 1) begin : g_byte
      always_ff @(posedge clk) begin
        if (!busy || (out_valid && out_ready)) out_data[8*i+:8] <= 8'd0;
        else if (there && !out_valid && fill == FILL_BITS'(i)) out_data[8*i+:8] <= taken;
      end
    end
  endgenerate

  always_ff @(posedge clk) begin
    if (!busy) begin
      busy <= start;
      position <= size - 10'd1;
      there <= 1'b0;
      fill <= '0;
      last <= 1'b0;
    end else if (out_valid) begin
      if (out_ready) begin
        fill <= '0;
        if (last) busy <= 1'b0;
      end
    end else if (there) begin
      there <= 1'b0;
      fill <= fill + 1'b1;
      position <= position - 10'd1;
      if (position == 10'd0) last <= 1'b1;
    end else there <= 1'b1;
    if (rst) busy <= 1'b0;
  end
endmodule
