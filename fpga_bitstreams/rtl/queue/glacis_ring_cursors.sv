// SPDX-License-Identifier: Apache-2.0
// Where each queue stands in its ring: the index of the entry that is next, and the phase of the pass, which is 1 in the
// first pass and changes with each. glacis_queues has one of these for each index that goes round.
//
// One place is written a cycle, so that this can be a memory: clearing and stepping at once would lose the step, and
// whoever clears waits until nothing steps. A step may end behind the last entry, and begins a pass then; it never passes
// over more than a ring. What is proved of it: tests/rtl/formal/ring_cursor.sv and ring_phase.sv.
module glacis_ring_cursors #(
  parameter int QUEUE_COUNT = 65
) (
  input  logic        clk,
  input  logic        clear_valid,  // to the first entry, first pass
  input  logic [ 6:0] clear_queue,
  input  logic        step_valid,
  input  logic [ 6:0] step_queue,
  input  logic [ 4:0] step_log2,    // entries of that ring, as a power of two: 1 to 15
  input  logic [ 2:0] step_count,
  input  logic [ 6:0] look_queue,
  output logic [15:0] look_index,
  output logic        look_phase,
  input  logic [ 6:0] other_queue,  // two more that are looked at
  output logic [15:0] other_index,
  input  logic [ 6:0] bus_queue,
  output logic [15:0] bus_index
);
  logic [16:0] cursors[0:QUEUE_COUNT-1];  // phase and index
  logic [15:0] mask, index, next_index;
  logic [16:0] sum;
  logic phase, next_phase;

  assign mask = 16'((17'd1 << step_log2) - 17'd1);
  assign {phase, index} = cursors[step_queue];
  assign sum = {1'b0, index} + {14'b0, step_count};
  assign next_index = sum[15:0] & mask;
  assign next_phase = phase ^ (sum > {1'b0, mask});

  always_ff @(posedge clk) begin
    if (clear_valid) cursors[clear_queue] <= {1'b1, 16'd0};
    else if (step_valid) cursors[step_queue] <= {next_phase, next_index};
  end

  assign {look_phase, look_index} = cursors[look_queue];
  assign other_index = cursors[other_queue][15:0];
  assign bus_index = cursors[bus_queue][15:0];
endmodule
