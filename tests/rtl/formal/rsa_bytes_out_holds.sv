// SPDX-License-Identifier: Apache-2.0
// A beat of glacis_rsa_bytes_out stays as it is until it is taken, there are as many beats as a number's bytes need, and the
// last of them is marked.
module rsa_bytes_out_holds (
  input logic        clk,
  input logic        start_wish,
  input logic        ready,
  input logic [15:0] word
);
  (* anyconst *) logic [9:0] size;
  logic start, busy, valid, last, held, held_last;
  logic [31:0] data, held_data;
  logic [9:0] beats;  // still to come, of the number that is going out
  logic begun = 1'b0;

  glacis_rsa_bytes_out #(
    .STREAM_BYTES(4)
  ) bytes_out (
    .clk(clk), .rst(!begun), .start(start), .size(size), .busy(busy), .read_data(word), .out_valid(valid),
    .out_ready(ready), .out_last(last), .out_data(data)
  );
  assign start = start_wish && begun && !busy;

  always_ff @(posedge clk) begin
    begun <= 1'b1;
    held <= begun && valid && !ready;
    held_data <= data;
    held_last <= last;
    if (start) beats <= (size + 10'd3) >> 2;
    else if (valid && ready) beats <= beats - 10'd1;
    if (!begun) held <= 1'b0;
  end

  always_comb begin
    assume (size != 10'd0 && size <= 10'd8);
    if (begun && held) begin
      assert (valid);
      assert (data == held_data);
      assert (last == held_last);
    end
    if (begun && valid) assert (last == (beats == 10'd1));
  end
endmodule
