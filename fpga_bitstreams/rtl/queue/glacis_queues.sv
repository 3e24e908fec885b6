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
  output logic         place_room,        // fault: for one that no command has reserved
  input  logic         place_valid,
  input  logic         landed_valid,
  input  logic [  6:0] landed_queue,
  output logic         landed_interrupt,  // the queue of `landed_queue` wants interrupts
  input  logic         dropped_valid,
  input  logic [  6:0] dropped_queue,
  input  logic         dropped_back,      // fault: one more comes than was issued
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
  logic [15:0] cursor[0:QUEUE_COUNT-1];   // of fetches
  logic [15:0] sq_head[0:QUEUE_COUNT-1];
  logic [15:0] cq_tail[0:QUEUE_COUNT-1];
  logic [15:0] issued[0:QUEUE_COUNT-1];
  logic [15:0] placed[0:QUEUE_COUNT-1];
  logic [15:0] landed[0:QUEUE_COUNT-1];
  logic [15:0] dropped[0:QUEUE_COUNT-1];
  logic [7:0] error_code[0:QUEUE_COUNT-1];
  logic [63:0] commands[0:QUEUE_COUNT-1];
  logic [63:0] completions[0:QUEUE_COUNT-1];
  logic [63:0] bytes[0:QUEUE_COUNT-1];
  logic [63:0] errors[0:QUEUE_COUNT-1];
  logic [127:0] enabled, resetting, failed, stalled, interrupts, phases;
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
  logic [31:0] control, status;

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
                     which == {1'b0, QUEUE_STATUS} ? {16'b0, sq_head[bus_queue], status} :
                     which == {1'b0, QUEUE_CQ_TAIL} ? {48'b0, cq_tail[bus_queue]} :
                     which == {1'b0, QUEUE_COMMANDS} ? commands[bus_queue] :
                     which == {1'b0, QUEUE_COMPLETIONS} ? completions[bus_queue] :
                     which == {1'b0, QUEUE_BYTES} ? bytes[bus_queue] :
                     which == {1'b0, QUEUE_ERRORS} ? errors[bus_queue] : 64'd0;

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
  logic [15:0] sq_mask, cq_mask, available, space, owed, to_wrap, room;
  logic [2:0] count;
  logic out_of_bounds, is_empty, may_fetch, issue;

  assign sq_mask = 16'((17'd1 << sizes[chosen][4:0]) - 17'd1);
  assign cq_mask = 16'((17'd1 << sizes[chosen][12:8]) - 17'd1);
  assign is_empty = sq_tail[chosen] == {16'b0, cursor[chosen]};
  assign out_of_bounds = sq_tail[chosen] > {16'b0, sq_mask} || cq_head[chosen] > {16'b0, cq_mask};
  assign available = (sq_tail[chosen][15:0] - cursor[chosen]) & sq_mask;
  assign owed = issued[chosen] - placed[chosen] - dropped[chosen];
  assign space = (cq_head[chosen][15:0] - cq_tail[chosen] - 16'd1) & cq_mask;
  assign to_wrap = sq_mask - cursor[chosen] + 16'd1;
  assign may_fetch = alive[chosen] && function_enable && !is_empty && !crowded[chosen] && (out_of_bounds || space > owed);

  function automatic logic [15:0] least(input logic [15:0] a, input logic [15:0] b);
    least = a < b ? a : b;
  endfunction

  assign room = least(least(available, space - owed), least(to_wrap, {11'b0, jobs_free}));
  assign count = out_of_bounds ? 3'd1 : room > 16'(BURST) ? 3'(BURST) : room[2:0];

  assign issue = fetch_valid && fetch_ready;
  assign fetch_valid = fetching;
  assign fetch_address = sq_base[chosen] + {41'b0, cursor[chosen], 7'b0};
  assign fetch_size = {7'b0, fetch_count, 7'b0};
  assign fetch_queue = chosen;

  always_ff @(posedge clk) begin
    if (sweeping) cursor[sweep] <= '0;
    else if (start) cursor[bus_queue] <= '0;
    else if (issue && !fetch_poison) cursor[chosen] <= (cursor[chosen] + {13'b0, fetch_count}) & sq_mask;
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
  logic [15:0] place_mask;
  assign place_mask = 16'((17'd1 << sizes[place_queue][12:8]) - 17'd1);
  assign place_address = cq_base[place_queue] + {44'b0, cq_tail[place_queue], 4'b0};
  assign place_phase = phases[place_queue];
  assign place_sq_head = sq_head[place_queue];
  assign place_room = ((cq_head[place_queue][15:0] - cq_tail[place_queue] - 16'd1) & place_mask) >
                      16'(issued[place_queue] - placed[place_queue] - dropped[place_queue]);
  assign landed_interrupt = interrupts[landed_queue];

  logic [15:0] fetched_mask;
  assign fetched_mask = 16'((17'd1 << sizes[fetched_queue][4:0]) - 17'd1);

  always_ff @(posedge clk) begin
    if (sweeping) cq_tail[sweep] <= '0;
    else if (start) cq_tail[bus_queue] <= '0;
    else if (place_valid) cq_tail[place_queue] <= (cq_tail[place_queue] + 16'd1) & place_mask;
    if (sweeping) sq_head[sweep] <= '0;
    else if (start) sq_head[bus_queue] <= '0;
    else if (fetched_valid) sq_head[fetched_queue] <= (sq_head[fetched_queue] + {13'b0, fetched_count}) & fetched_mask;
    if (place_valid && cq_tail[place_queue] == place_mask) phases[place_queue] <= !phases[place_queue];
    if (start) phases[bus_queue] <= 1'b1;

    if (sweeping) commands[sweep] <= '0;
    else if (start) commands[bus_queue] <= '0;
    else if (fetched_valid) commands[fetched_queue] <= commands[fetched_queue] + {61'b0, fetched_count};
    if (sweeping) completions[sweep] <= '0;
    else if (start) completions[bus_queue] <= '0;
    else if (landed_valid) completions[landed_queue] <= completions[landed_queue] + 64'd1;
    if (sweeping) bytes[sweep] <= '0;
    else if (start) bytes[bus_queue] <= '0;
    else if (counted_valid) bytes[counted_queue] <= bytes[counted_queue] + {47'b0, counted_bytes};
    if (sweeping) errors[sweep] <= '0;
    else if (start) errors[bus_queue] <= '0;
    else if (counted_valid && counted_error) errors[counted_queue] <= errors[counted_queue] + 64'd1;
  end

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
  assign unused = &{1'b0, sq_end, cq_end};
endmodule
