// SPDX-License-Identifier: Apache-2.0
// A sum for each queue, which begins at zero when the queue does: of its commands, completions, bytes or errors.
// One place is written a cycle, so that this can be a memory: clearing and adding at once would lose what is added, and
// whoever clears waits until nothing is.
module glacis_queue_counters #(
  parameter int QUEUE_COUNT = 65,
  parameter int AMOUNT_BITS = 17   // up to 64, by which its bench comes to sums that no simulation counts to
) (
  input  logic                   clk,
  input  logic                   clear_valid,
  input  logic [            6:0] clear_queue,
  input  logic                   add_valid,
  input  logic [            6:0] add_queue,
  input  logic [AMOUNT_BITS-1:0] add_amount,
  input  logic [            6:0] bus_queue,
  output logic [           63:0] bus_sum
);
  logic [63:0] sums[0:QUEUE_COUNT-1];

  always_ff @(posedge clk) begin
    if (clear_valid) sums[clear_queue] <= '0;
    else if (add_valid) sums[add_queue] <= sums[add_queue] + 64'(add_amount);
  end

  assign bus_sum = sums[bus_queue];
endmodule
