// SPDX-License-Identifier: Apache-2.0
// How many descriptors the next fetch of a queue takes: no more than software has put in, than completions have entries
// for, than lie in one piece before the ring's end, than jobs are free, than a fetch may have. What software says is
// believed only as far as it is within the rings. What is proved of it: tests/rtl/formal/ring_phase.sv.
module glacis_ring_take #(
  parameter int BURST = 4
) (
  input  logic [ 4:0] sq_log2,
  input  logic [ 4:0] cq_log2,
  input  logic [15:0] cursor,
  input  logic [31:0] sq_tail,
  input  logic [31:0] cq_head,
  input  logic [15:0] left,           // of glacis_ring_space
  input  logic [ 4:0] jobs_free,
  output logic        out_of_bounds,  // a doorbell was: the queue is to fail, for which it takes one job
  output logic        wanted,         // there is something to take, when a job is free
  output logic [ 2:0] count
);
  logic [15:0] sq_mask, cq_mask, available, to_wrap, most;

  function automatic logic [15:0] least(input logic [15:0] a, input logic [15:0] b);
    least = a < b ? a : b;
  endfunction

  assign sq_mask = 16'((17'd1 << sq_log2) - 17'd1);
  assign cq_mask = 16'((17'd1 << cq_log2) - 17'd1);
  assign out_of_bounds = sq_tail > {16'b0, sq_mask} || cq_head > {16'b0, cq_mask};
  assign wanted = sq_tail != {16'b0, cursor} && (out_of_bounds || left != 16'd0);
  assign available = (sq_tail[15:0] - cursor) & sq_mask;
  assign to_wrap = sq_mask - cursor + 16'd1;
  assign most = least(least(available, left), least(to_wrap, {11'b0, jobs_free}));
  assign count = out_of_bounds ? 3'd1 : most > 16'(BURST) ? 3'(BURST) : most[2:0];
endmodule
