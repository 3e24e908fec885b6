// SPDX-License-Identifier: Apache-2.0
// Two queues of a card: each descriptor of one is fetched once and in order, whatever moment the other is enabled in. The
// first writes set up queue 0 with a ring of four and put in what `any_tail` says; then queue 1 is set up, and its enabling
// waits for any length of time. The search is bounded, and ends behind the fourth fetch.
module queue_beside (
  input logic       clk,
  input logic       rst,
  input logic       go,        // the next write of the set-up
  input logic       fetch_ready,
  input logic [4:0] jobs_free,
  input logic [1:0] any_tail
);
  logic bus_write, bus_ready, bus_doorbell, function_busy, function_clear, busy, still, zeroise, fetch_valid, fetch_poison;
  logic [6:0] bus_queue, fetch_queue;
  logic [11:0] bus_offset;
  logic [31:0] bus_data;
  logic [63:0] bus_value, fetch_address, place_address;
  logic [16:0] fetch_size;
  logic [2:0] fetch_count;
  logic [127:0] alive;
  logic place_phase, place_room, landed_interrupt, refused_valid, started = 1'b0, held;
  logic [15:0] place_sq_head, under_way, fetched;
  logic [2:0] step;

  // a write, once begun, is held until it is taken
  assign bus_write = step != 3'd5 && !function_busy && (go || held);
  assign bus_doorbell = step == 3'd2;
  assign bus_queue = {6'd0, step >= 3'd3};
  assign bus_offset = step == 3'd2 ? glacis_card_pkg::DOORBELL_SQ_TAIL :
                      step == 3'd0 || step == 3'd3 ? glacis_card_pkg::QUEUE_SIZE : glacis_card_pkg::QUEUE_CONTROL;
  assign bus_data = step == 3'd2 ? {30'd0, any_tail} : step == 3'd0 || step == 3'd3 ? 32'h0202 : 32'd1;

  glacis_queues #(.QUEUE_COUNT(2)) queues (
    .function_enable(1'b1),
    .function_reset(1'b0),
    .zeroising(1'b0),
    .crowded(128'd0),
    .relieved_valid(1'b0),
    .relieved_queue(7'd0),
    .fetched_valid(1'b0),
    .fetched_queue(7'd0),
    .fetched_count(3'd1),
    .stall_valid(1'b0),
    .stall_queue(7'd0),
    .stall_clear(1'b0),
    .place_queue(7'd0),
    .place_valid(1'b0),
    .landed_valid(1'b0),
    .landed_queue(7'd0),
    .dropped_valid(1'b0),
    .dropped_queue(7'd0),
    .dropped_back(1'b0),
    .counted_valid(1'b0),
    .counted_queue(7'd0),
    .counted_bytes(17'd0),
    .counted_error(1'b0),
    .fail_valid(1'b0),
    .fail_queue(7'd0),
    .fail_status(8'd1),
    .*
  );

  always_ff @(posedge clk) begin
    started <= 1'b1;
    held <= bus_write && !bus_ready;
    if (bus_write && bus_ready) step <= step + 3'd1;
    if (fetch_valid && fetch_ready) fetched <= fetched + {13'd0, fetch_count};
    if (rst) begin
      step <= '0;
      held <= 1'b0;
      fetched <= '0;
    end
  end

  always_comb begin
    assume (rst == !started);
    assume (jobs_free <= 5'd16);
    if (started && fetch_valid) begin
      assert (fetch_queue == 7'd0 && fetch_address == {41'd0, fetched, 7'd0});
      assert (fetched + {13'd0, fetch_count} <= 16'd3);
    end
  end
endmodule
