// SPDX-License-Identifier: Apache-2.0
// A queue of a card with two: set up by the first writes, then left to whatever software and the rest of the card do.
// Completions go round the ring, with the phase of the pass; a reset is acknowledged when nothing is under way any more,
// not before, and then at once; and a queue that is not enabled asks for nothing. The search is bounded: of the ring it
// sees the first pass. For rings of every size and all passes see
// ring_cursor.sv and ring_phase.sv.
module queue_rules (
  input logic        clk,
  input logic        rst,
  input logic        any_write,
  input logic        any_doorbell,
  input logic [11:0] any_offset,
  input logic [31:0] any_data,
  input logic        fetch_ready,
  input logic        fetched_valid,
  input logic        place_valid,
  input logic        landed_valid,
  input logic        dropped_valid,
  input logic        fail_valid,
  input logic [ 4:0] jobs_free,
  input logic        any_crowded,
  input logic        relieved_valid
);
  localparam logic [6:0] QUEUE = 7'd1;

  logic bus_write, bus_ready, bus_doorbell, function_busy, function_clear, busy, still, zeroise, fetch_valid, fetch_poison;
  logic [11:0] bus_offset;
  logic [31:0] bus_data;
  logic [63:0] bus_value, fetch_address, place_address;
  logic [16:0] fetch_size;
  logic [6:0] fetch_queue;
  logic [2:0] fetch_count;
  logic [127:0] alive;
  logic place_phase, place_room, landed_interrupt, refused_valid;
  logic [15:0] place_sq_head, under_way;
  logic [4:0] step = '0;  // of the set-up
  logic set_up;
  logic [31:0] status;

  assign set_up = step == 5'd9;
  assign bus_write = set_up ? any_write : step > 5'd4;
  assign bus_doorbell = set_up ? any_write && any_doorbell : step == 5'd8;
  assign bus_offset = set_up ? (any_write ? any_offset : glacis_card_pkg::QUEUE_STATUS) :
                      step == 5'd5 ? glacis_card_pkg::QUEUE_SIZE : step == 5'd6 || step == 5'd7 ? glacis_card_pkg::QUEUE_CONTROL : glacis_card_pkg::DOORBELL_SQ_TAIL;
  assign bus_data = set_up ? any_data : step == 5'd5 ? 32'h0101 : 32'd1;

  glacis_queues #(.QUEUE_COUNT(2)) queues (
    .bus_queue(QUEUE),
    .function_enable(1'b1),
    .function_reset(1'b0),
    .zeroising(1'b0),
    .crowded({126'd0, any_crowded, 1'b0}),
    .relieved_queue(QUEUE),
    .fetched_queue(QUEUE),
    .fetched_count(3'd1),
    .stall_valid(1'b0),
    .stall_queue(QUEUE),
    .stall_clear(1'b0),
    .place_queue(QUEUE),
    .landed_queue(QUEUE),
    .dropped_queue(QUEUE),
    .dropped_back(1'b0),
    .counted_valid(1'b0),
    .counted_queue(QUEUE),
    .counted_bytes(17'd0),
    .counted_error(1'b0),
    .fail_queue(QUEUE),
    .fail_status(8'd1),
    .*
  );

  logic started = 1'b0, tail = 1'b0, phase = 1'b1, status_known = 1'b0, ended = 1'b0;
  logic [7:0] issued, placed, landed, dropped;
  logic [2:0] quiet;  // cycles in which the queue was being reset and had nothing under way

  assign status = bus_value[31:0];

  always_ff @(posedge clk) begin
    started <= 1'b1;
    if (rst) begin
      step <= '0;
      issued <= '0;
      placed <= '0;
      landed <= '0;
      dropped <= '0;
      quiet <= '0;
    end else begin
      if (!set_up && bus_ready) step <= step + 5'd1;
      if (fetch_valid && fetch_ready) issued <= issued + {5'b0, fetch_count};
      if (place_valid) placed <= placed + 8'd1;
      if (landed_valid) landed <= landed + 8'd1;
      if (dropped_valid) dropped <= dropped + 8'd1;
      // CONTROL.ENABLE begins anew
      if (bus_write && !bus_doorbell && bus_offset == glacis_card_pkg::QUEUE_CONTROL) begin
        tail <= 1'b0;
        phase <= 1'b1;
      end else if (place_valid) begin
        tail <= !tail;
        if (tail) phase <= !phase;
      end
      // a second reset begins the wait anew; behind a doorbell's write the state is not seen
      if (any_write) quiet <= any_doorbell ? quiet : '0;
      else if (set_up && status[3:0] == glacis_card_pkg::STATE_RESETTING[3:0] && issued == landed + dropped && !fetch_valid)
        quiet <= quiet + 3'd1;
      else quiet <= '0;
    end
  end

  always_comb begin
    if (!started) assume (rst);
    else assume (!rst);
    assume (jobs_free <= 5'd16);
    // software: registers that it may write, rings of two entries
    if (set_up && any_write) begin
      assume (any_doorbell || any_offset == glacis_card_pkg::QUEUE_CONTROL);
      if (!any_doorbell) assume (any_data[31:3] == 0);
      // enabling while it is enabled changes nothing, and is left out here, for the pass begins anew with it
      if (!any_doorbell) assume (any_data[1]);
    end
    // the rest of the card: a completion for each command at most, written after it was placed
    if (place_valid) assume (placed + dropped < issued && alive[QUEUE] && !bus_write);
    if (landed_valid) assume (landed < placed);
    if (dropped_valid) assume (placed + dropped + {7'b0, place_valid} < issued);
    if (fetched_valid) assume (issued != 0);
    if (started) begin
      if (fetch_valid) assert (fetch_queue == QUEUE && fetch_count != 0 && fetch_count <= 3'd4);
      if (fetch_valid && !fetch_poison) assert (fetch_address[63:8] == 0 && fetch_size[16:7] == {7'b0, fetch_count});
      if (place_valid) begin
        assert (place_address == {59'b0, tail, 4'b0});
        assert (place_phase == phase);
      end
      if (set_up && !any_write) begin
        if (status[3:0] == glacis_card_pkg::STATE_DISABLED[3:0]) assert (issued == landed + dropped && !fetch_valid);
        assert (quiet <= 3'd3);
      end
    end
  end
endmodule
