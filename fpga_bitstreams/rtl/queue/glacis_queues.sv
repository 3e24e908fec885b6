// SPDX-License-Identifier: Apache-2.0
// Queue pairs: their set-up by registers, their states, and the indices of their rings. Fetches descriptors, in turn
// from each queue that has some, room for their completions and a free job; says where completions go; drains a queue
// that is reset.
//
// Each queue counts its commands by free-running counters: `issued` when a fetch begins, `placed` when a completion is
// given an entry of the ring, `landed` when it is written, `dropped` for commands that end without. A queue has drained
// when issued = landed + dropped. Every array has one place that writes it, so each can be a memory.
module glacis_queues
  import glacis_card_pkg::*;
#(
  parameter int QUEUE_COUNT = 65  // with the admin queue
) (
  input  logic         clk,
  input  logic         rst,
  // registers: one access at a time, held until bus_ready
  input  logic         bus_write,
  output logic         bus_ready,
  input  logic         bus_doorbell,      // the page of doorbells, else that of set-up
  input  logic [  6:0] bus_queue,
  input  logic [ 11:0] bus_offset,
  input  logic [ 31:0] bus_data,
  output logic [ 63:0] bus_value,         // of the register of 64 bits that the offset lies in
  // the function
  input  logic         function_enable,
  input  logic         function_reset,    // a pulse
  output logic         function_busy,     // being reset
  output logic         function_clear,    // its end: counters too
  output logic         busy,              // something is to be done or under way
  output logic         still,             // nothing changes by itself
  output logic [ 15:0] under_way,         // commands that were fetched and have no completion yet
  output logic         zeroise,           // a pulse while the function is reset: key slots too,
  input  logic         zeroising,         //   which is over when this is 0 again
  input  logic [127:0] crowded,           // no more of these queues
  input  logic         relieved_valid,    // one that may go on
  input  logic [  6:0] relieved_queue,
  // fetches
  input  logic [  4:0] jobs_free,
  output logic         fetch_valid,
  input  logic         fetch_ready,
  output logic [ 63:0] fetch_address,
  output logic [ 16:0] fetch_size,
  output logic [  6:0] fetch_queue,
  output logic [  2:0] fetch_count,
  output logic         fetch_poison,      // no read: the queue fails when what is ahead is done
  input  logic         fetched_valid,     // descriptors are there
  input  logic [  6:0] fetched_queue,
  input  logic [  2:0] fetched_count,
  // commands under way may touch host memory
  output logic [127:0] alive,
  input  logic         stall_valid,       // fault: the queue stands still
  input  logic [  6:0] stall_queue,
  input  logic         stall_clear,
  // completions
  input  logic [  6:0] place_queue,
  output logic [ 63:0] place_address,
  output logic         place_phase,
  output logic [ 15:0] place_sq_head,
  output logic         place_room,        // fault: for the second completion of a command
  input  logic         place_valid,
  input  logic         landed_valid,
  input  logic [  6:0] landed_queue,
  output logic         landed_interrupt,  // the queue of `landed_queue` wants interrupts
  input  logic         dropped_valid,
  input  logic [  6:0] dropped_queue,
  input  logic         dropped_back,      // fault: with a completion that is to come a second time
  input  logic         counted_valid,     // with the end of a command
  input  logic [  6:0] counted_queue,
  input  logic [ 16:0] counted_bytes,
  input  logic         counted_error,
  input  logic         fail_valid,
  input  logic [  6:0] fail_queue,
  input  logic [  7:0] fail_status,
  output logic         refused_valid      // the queue of the bus was not enabled
);
  localparam int BURST = 4;  // descriptors of a fetch

  typedef logic [6:0] queue_t;

  logic [63:0] sq_base[0:QUEUE_COUNT-1];
  logic [63:0] cq_base[0:QUEUE_COUNT-1];
  logic [15:0] sizes[0:QUEUE_COUNT-1];
  logic [31:0] sq_tail[0:QUEUE_COUNT-1];
  logic [31:0] cq_head[0:QUEUE_COUNT-1];
  logic [15:0] issued[0:QUEUE_COUNT-1];
  logic [15:0] placed[0:QUEUE_COUNT-1];
  logic [15:0] landed[0:QUEUE_COUNT-1];
  logic [15:0] dropped[0:QUEUE_COUNT-1];
  logic [7:0] error_code[0:QUEUE_COUNT-1];
  logic [127:0] enabled, resetting, failed, stalled, interrupts;
  logic [127:0] pending;  // may have descriptors to fetch

  // The function is reset: everything drains, then the arrays are swept.
  logic draining, sweeping, emptying, fetching, checking, was_enabled;
  logic [6:0] sweep;

  assign function_busy = draining || sweeping || emptying;
  assign function_clear = sweeping && sweep == queue_t'(QUEUE_COUNT - 1);
  // key slots are emptied by their engines alone
  assign still = (!function_busy || (emptying && !sweeping && zeroising)) && (!function_enable || was_enabled) &&
                 pending == 0 && !checking && !fetching && resetting == 0;
  assign busy = !still || function_busy || under_way != 0;
  assign zeroise = draining && under_way == 0 && !fetching;
  assign alive = draining ? '0 : enabled & ~stalled;

  // ---- registers ----
  logic is_set_up, disabled, do_control, do_reset, do_enable, enable_good, quiet;
  logic [7:0] sq_log2, cq_log2;
  logic [64:0] sq_end, cq_end;
  logic [63:0] bus_sq_base, bus_cq_base;
  logic [63:0] commands, completions, bytes, errors;  // of the queue of the bus
  logic [31:0] control, status;
  logic [15:0] bus_sq_head, bus_cq_tail;

  assign is_set_up = bus_write && !bus_doorbell && !function_busy;
  assign disabled = !enabled[bus_queue] && !resetting[bus_queue] && !failed[bus_queue];
  assign do_control = is_set_up && bus_offset == QUEUE_CONTROL;
  assign do_reset = do_control && bus_data[QUEUE_CONTROL_RESET_LSB];
  assign do_enable = do_control && !do_reset && bus_data[QUEUE_CONTROL_ENABLE_LSB] && disabled;
  // clearing indices and counters shares their one write port, with a fetch that begins in another queue too; so does a refusal
  assign quiet = !fetched_valid && !landed_valid && !counted_valid && !place_valid && !fail_valid && !(fetch_valid && fetch_ready);
  assign bus_ready = !do_enable || quiet;

  assign bus_sq_base = sq_base[bus_queue];
  assign bus_cq_base = cq_base[bus_queue];
  assign {cq_log2, sq_log2} = sizes[bus_queue];
  assign sq_end = {1'b0, bus_sq_base} + (65'd128 << sq_log2[4:0]) - 65'd1;
  assign cq_end = {1'b0, bus_cq_base} + (65'd16 << cq_log2[4:0]) - 65'd1;
  assign enable_good = sq_log2 >= 8'(RING_LOG2_MIN) && sq_log2 <= cq_log2 && cq_log2 <= 8'(RING_LOG2_MAX) &&
                       bus_sq_base[11:0] == 0 && bus_cq_base[11:0] == 0 && !sq_end[64] && !cq_end[64];

  assign control = {29'b0, interrupts[bus_queue], resetting[bus_queue] || function_busy, enabled[bus_queue]};
  assign status = {16'b0, failed[bus_queue] ? error_code[bus_queue] : STATUS_OK, 4'b0,
                   failed[bus_queue] ? STATE_ERROR[3:0] : resetting[bus_queue] ? STATE_RESETTING[3:0] :
                   enabled[bus_queue] ? STATE_ENABLED[3:0] : STATE_DISABLED[3:0]};

  logic [12:0] which;
  assign which = {bus_doorbell, bus_offset[11:3], 3'b000};
  assign bus_value = which == {1'b1, DOORBELL_SQ_TAIL} ? {32'b0, sq_tail[bus_queue]} :
                     which == {1'b1, DOORBELL_CQ_HEAD} ? {32'b0, cq_head[bus_queue]} :
                     which == {1'b0, QUEUE_SQ_BASE} ? bus_sq_base :
                     which == {1'b0, QUEUE_CQ_BASE} ? bus_cq_base :
                     which == {1'b0, QUEUE_SIZE} ? {control, 16'b0, sizes[bus_queue]} :
                     which == {1'b0, QUEUE_STATUS} ? {16'b0, bus_sq_head, status} :
                     which == {1'b0, QUEUE_CQ_TAIL} ? {48'b0, bus_cq_tail} :
                     which == {1'b0, QUEUE_COMMANDS} ? commands :
                     which == {1'b0, QUEUE_COMPLETIONS} ? completions :
                     which == {1'b0, QUEUE_BYTES} ? bytes :
                     which == {1'b0, QUEUE_ERRORS} ? errors : 64'd0;

  // Set-up and doorbells, one write port each: the sweep, the bus, or the end of CONTROL.ENABLE.
  logic start;
  assign refused_valid = do_enable && quiet && !enable_good;
  assign start = do_enable && quiet && enable_good;

  always_ff @(posedge clk) begin
    if (sweeping) begin
      sq_base[sweep] <= '0;
      cq_base[sweep] <= '0;
      sizes[sweep] <= '0;
    end else if (is_set_up && disabled) begin
      case (bus_offset)
        QUEUE_SQ_BASE: sq_base[bus_queue] <= {bus_sq_base[63:32], bus_data};
        QUEUE_SQ_BASE + 12'd4: sq_base[bus_queue] <= {bus_data, bus_sq_base[31:0]};
        QUEUE_CQ_BASE: cq_base[bus_queue] <= {bus_cq_base[63:32], bus_data};
        QUEUE_CQ_BASE + 12'd4: cq_base[bus_queue] <= {bus_data, bus_cq_base[31:0]};
        QUEUE_SIZE: sizes[bus_queue] <= bus_data[15:0];
        default: ;
      endcase
    end
    if (sweeping) sq_tail[sweep] <= '0;
    else if (start) sq_tail[bus_queue] <= '0;
    else if (bus_write && bus_doorbell && bus_offset == DOORBELL_SQ_TAIL) sq_tail[bus_queue] <= bus_data;
    if (sweeping) cq_head[sweep] <= '0;
    else if (start) cq_head[bus_queue] <= '0;
    else if (bus_write && bus_doorbell && bus_offset == DOORBELL_CQ_HEAD) cq_head[bus_queue] <= bus_data;
  end

  // ---- which queue next ----
  queue_t chosen, turn;
  logic [15:0] cursor, chosen_cq_tail, left;
  logic [2:0] count;
  logic out_of_bounds, wanted, may_fetch, issue;

  glacis_ring_space space (
    .log2(sizes[chosen][12:8]),
    .head(cq_head[chosen][15:0]),
    .tail(chosen_cq_tail),
    .issued(issued[chosen]),
    .placed(placed[chosen]),
    .dropped(dropped[chosen]),
    .*
  );

  glacis_ring_take #(
    .BURST(BURST)
  ) take (
    .sq_log2(sizes[chosen][4:0]),
    .cq_log2(sizes[chosen][12:8]),
    .sq_tail(sq_tail[chosen]),
    .cq_head(cq_head[chosen]),
    .*
  );

  assign may_fetch = alive[chosen] && function_enable && !crowded[chosen] && wanted;
  assign issue = fetch_valid && fetch_ready;
  assign fetch_valid = fetching;
  assign fetch_address = sq_base[chosen] + {41'b0, cursor, 7'b0};
  assign fetch_size = {7'b0, fetch_count, 7'b0};
  assign fetch_queue = chosen;

  // Where rings stand: what is fetched next, what was fetched, what is completed next.
  queue_t clear_queue;
  logic clear_valid;
  logic [15:0] place_cq_tail, unused_fetch_other, unused_fetch_bus, unused_head_other;
  logic unused_fetch_phase, unused_head_phase;

  assign clear_valid = sweeping || start;
  assign clear_queue = sweeping ? sweep : bus_queue;

  glacis_ring_cursors #(
    .QUEUE_COUNT(QUEUE_COUNT)
  ) sq_cursors (
    .step_valid(issue && !fetch_poison),
    .step_queue(chosen),
    .step_log2(sizes[chosen][4:0]),
    .step_count(fetch_count),
    .look_queue(chosen),
    .look_index(cursor),
    .look_phase(unused_fetch_phase),
    .other_queue(chosen),
    .other_index(unused_fetch_other),
    .bus_index(unused_fetch_bus),
    .*
  );

  glacis_ring_cursors #(
    .QUEUE_COUNT(QUEUE_COUNT)
  ) sq_heads (
    .step_valid(fetched_valid),
    .step_queue(fetched_queue),
    .step_log2(sizes[fetched_queue][4:0]),
    .step_count(fetched_count),
    .look_queue(place_queue),
    .look_index(place_sq_head),
    .look_phase(unused_head_phase),
    .other_queue(place_queue),
    .other_index(unused_head_other),
    .bus_index(bus_sq_head),
    .*
  );

  glacis_ring_cursors #(
    .QUEUE_COUNT(QUEUE_COUNT)
  ) cq_tails (
    .step_valid(place_valid),
    .step_queue(place_queue),
    .step_log2(sizes[place_queue][12:8]),
    .step_count(3'd1),
    .look_queue(place_queue),
    .look_index(place_cq_tail),
    .look_phase(place_phase),
    .other_queue(chosen),
    .other_index(chosen_cq_tail),
    .bus_index(bus_cq_tail),
    .*
  );

  always_ff @(posedge clk) begin
    if (sweeping) issued[sweep] <= '0;
    else if (issue) issued[chosen] <= issued[chosen] + {13'b0, fetch_count};
    if (sweeping) landed[sweep] <= '0;
    else if (landed_valid) landed[landed_queue] <= landed[landed_queue] + 1'b1;
    if (sweeping) placed[sweep] <= '0;
    else if (place_valid) placed[place_queue] <= placed[place_queue] + 1'b1;
    if (sweeping) dropped[sweep] <= '0;
    else if (dropped_valid) dropped[dropped_queue] <= dropped[dropped_queue] + (dropped_back ? 16'hffff : 16'd1);
  end

  // Round robin: the next one behind the last.
  always_ff @(posedge clk) begin
    if (fetching) begin
      if (issue) fetching <= 1'b0;
    end else if (checking) begin
      // what is asked for is fixed here: a read that has begun does not change any more
      fetch_count <= count;
      fetch_poison <= out_of_bounds;
      fetching <= may_fetch && jobs_free != 0;
      checking <= may_fetch && jobs_free == 0;
    end else if (pending != 0) begin
      checking <= 1'b1;
      for (int i = QUEUE_COUNT - 1; i >= 0; i--) if (pending[i]) chosen <= queue_t'(i);
      for (int i = QUEUE_COUNT - 1; i >= 0; i--) if (pending[i] && queue_t'(i) >= turn) chosen <= queue_t'(i);
    end
    if (issue) turn <= chosen + 1'b1;
    if (checking && !may_fetch) pending[chosen] <= 1'b0;
    // what may have changed that
    if (bus_write && bus_doorbell) pending[bus_queue] <= 1'b1;
    if (relieved_valid && alive[relieved_queue]) pending[relieved_queue] <= 1'b1;
    if ((function_enable && !was_enabled) || stall_clear) pending <= enabled;
    if (issue && fetch_poison) pending[chosen] <= 1'b0;
    was_enabled <= function_enable;
    if (rst) fetching <= 1'b0;
    if (rst || function_busy) begin
      pending <= '0;
      checking <= 1'b0;
      turn <= '0;
      was_enabled <= 1'b0;
    end
  end

  // ---- completions ----
  logic [15:0] place_left;
  assign place_address = cq_base[place_queue] + {44'b0, place_cq_tail, 4'b0};
  assign place_room = place_left != 16'd0;
  assign landed_interrupt = interrupts[landed_queue];

  // Beside all others that are owed one, and those that a fetch is made ready for.
  glacis_ring_space place_space (
    .log2(sizes[place_queue][12:8]),
    .head(cq_head[place_queue][15:0]),
    .tail(place_cq_tail),
    .issued(issued[place_queue] + (fetching && chosen == place_queue ? {13'b0, fetch_count} : 16'd0)),
    .placed(placed[place_queue] + 16'd1),
    .dropped(dropped[place_queue]),
    .left(place_left)
  );

  // ---- counters ----
  glacis_queue_counters #(
    .QUEUE_COUNT(QUEUE_COUNT),
    .AMOUNT_BITS(3)
  ) of_commands (
    .add_valid(fetched_valid),
    .add_queue(fetched_queue),
    .add_amount(fetched_count),
    .bus_sum(commands),
    .*
  );

  glacis_queue_counters #(
    .QUEUE_COUNT(QUEUE_COUNT),
    .AMOUNT_BITS(1)
  ) of_completions (
    .add_valid(landed_valid),
    .add_queue(landed_queue),
    .add_amount(1'b1),
    .bus_sum(completions),
    .*
  );

  glacis_queue_counters #(
    .QUEUE_COUNT(QUEUE_COUNT),
    .AMOUNT_BITS(17)
  ) of_bytes (
    .add_valid(counted_valid),
    .add_queue(counted_queue),
    .add_amount(counted_bytes),
    .bus_sum(bytes),
    .*
  );

  glacis_queue_counters #(
    .QUEUE_COUNT(QUEUE_COUNT),
    .AMOUNT_BITS(1)
  ) of_errors (
    .add_valid(counted_valid && counted_error),
    .add_queue(counted_queue),
    .add_amount(1'b1),
    .bus_sum(errors),
    .*
  );

  // ---- states ----
  queue_t scan;

  always_ff @(posedge clk) begin
    if (do_control) interrupts[bus_queue] <= bus_data[QUEUE_CONTROL_IRQ_LSB];
    if (start) begin
      enabled[bus_queue] <= 1'b1;
      stalled[bus_queue] <= 1'b0;
    end
    if (refused_valid) failed[bus_queue] <= 1'b1;
    if (stall_valid) stalled[stall_queue] <= 1'b1;
    if (stall_clear) stalled <= '0;
    if (fail_valid && enabled[fail_queue]) begin
      enabled[fail_queue] <= 1'b0;
      failed[fail_queue] <= 1'b1;
    end
    // one of those that are reset is looked at each cycle
    if (resetting != 0) begin
      scan <= scan == queue_t'(QUEUE_COUNT - 1) ? '0 : scan + 1'b1;
      if (resetting[scan] && issued[scan] == landed[scan] + dropped[scan] && !(fetching && chosen == scan))
        resetting[scan] <= 1'b0;
    end
    if (do_reset) begin
      enabled[bus_queue] <= 1'b0;
      failed[bus_queue] <= 1'b0;
      resetting[bus_queue] <= 1'b1;
    end

    under_way <= under_way + (issue ? {13'b0, fetch_count} : 16'd0) - {15'b0, landed_valid} -
                 (dropped_valid ? (dropped_back ? 16'hffff : 16'd1) : 16'd0);
    if (function_reset && !function_busy) draining <= 1'b1;
    if (emptying && !sweeping && !zeroising) emptying <= 1'b0;
    if (zeroise) begin
      draining <= 1'b0;
      sweeping <= 1'b1;
      emptying <= 1'b1;
      enabled <= '0;
      resetting <= '0;
      failed <= '0;
      stalled <= '0;
      interrupts <= '0;
      sweep <= '0;
    end
    if (sweeping) begin
      sweep <= sweep + 1'b1;
      if (sweep == queue_t'(QUEUE_COUNT - 1)) sweeping <= 1'b0;
    end
    if (rst) begin
      enabled <= '0;
      resetting <= '0;
      failed <= '0;
      stalled <= '0;
      interrupts <= '0;
      scan <= '0;
      under_way <= '0;
      draining <= 1'b1;
      sweeping <= 1'b0;
      emptying <= 1'b0;
      sweep <= '0;
    end
  end

  always_ff @(posedge clk) begin
    if (refused_valid) error_code[bus_queue] <= STATUS_BAD_RING;
    else if (fail_valid) error_code[fail_queue] <= fail_status;
  end

  logic unused;
  assign unused = &{1'b0, sq_end, cq_end, unused_fetch_phase, unused_head_phase, unused_fetch_other, unused_fetch_bus,
                    unused_head_other};
endmodule
