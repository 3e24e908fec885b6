// SPDX-License-Identifier: Apache-2.0
// glacis_ring_cursors, of two queues: one, either, is followed with a ring of any size that is legal. A counter that no ring
// folds says what it has passed since it was cleared. The index is that counter within the ring, so always below its
// size; the phase is 1 in every other pass, from the first on, so it changes exactly where the index begins anew; clearing
// brings both back; and what is done to the other queue changes neither.
module ring_cursor (
  input logic       clk,
  input logic       rst,
  input logic       any_followed,
  input logic [4:0] any_log2,
  input logic       clear_valid,
  input logic       clear_other,
  input logic       step_valid,
  input logic       step_other,
  input logic [4:0] other_log2,
  input logic [2:0] step_count
);
  logic followed, started = 1'b0;
  logic [4:0] log2, step_log2;
  logic [6:0] clear_queue, step_queue, look_queue;
  logic [15:0] look_index, other_index, bus_index, mask;
  logic look_phase, clears, steps, cleared;  // before it was cleared it may stand anywhere
  logic [16:0] passed;  // one bit more than the largest ring needs: the one that tells passes apart

  assign look_queue = {6'd0, followed};
  assign clear_queue = {6'd0, followed ^ clear_other};
  assign step_queue = {6'd0, followed ^ step_other};
  assign step_log2 = step_other ? other_log2 : log2;
  assign mask = 16'((17'd1 << log2) - 17'd1);
  assign clears = clear_valid && !clear_other;
  assign steps = step_valid && !step_other;

  glacis_ring_cursors #(.QUEUE_COUNT(2)) cursors (.other_queue(look_queue), .bus_queue(look_queue), .*);

  always_ff @(posedge clk) begin
    started <= 1'b1;
    if (!started) followed <= any_followed;
    if (!started || clears) log2 <= any_log2;
    if (clears) cleared <= 1'b1;
    if (rst) cleared <= 1'b0;
    if (clears) passed <= '0;
    else if (steps) passed <= passed + {14'b0, step_count};
  end

  always_comb begin
    assume (rst == !started);
    assume (any_log2 >= 5'd1 && any_log2 <= 5'd15);
    // whoever clears waits; none steps over more than a ring
    assume (!(clear_valid && step_valid));
    if (steps) assume ({13'b0, step_count} <= mask + 16'd1);
  end

  always_comb begin
    if (started) assert (log2 >= 5'd1 && log2 <= 5'd15);
    if (started && cleared) begin
      assert (look_index <= mask);
      assert (look_index == (passed[15:0] & mask));
      assert (look_phase == !(1'(passed >> log2)));
      assert (other_index == look_index && bus_index == look_index);
    end
  end
endmodule
