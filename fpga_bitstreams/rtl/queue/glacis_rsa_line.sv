// SPDX-License-Identifier: Apache-2.0
// RSA commands wait here for an engine, outside of the line of jobs: key commands of the admin queue, which go first,
// and operations in the order in which they came. There is always room: no more is fetched of a queue that has LIMIT of
// them here (`crowded`), and of one that has less no more come than the line of jobs holds.
//
// When a queue is no longer alive, what waits of it is handed out at `drop_*`: the operations go round once, so that those
// of other queues keep their order, and none comes meanwhile (`room`).
module glacis_rsa_line #(
  parameter int QUEUE_COUNT = 65,
  parameter int KEY_WIDTH = 141,
  parameter int OPERATION_WIDTH = 187,
  parameter int LIMIT = 16,            // and as many again in the line of jobs
  parameter int DEPTH_BITS = $clog2((2 * LIMIT - 1) * (QUEUE_COUNT - 1))
) (
  input  logic                       clk,
  input  logic                       rst,
  input  logic [              127:0] alive,
  output logic                       room,
  input  logic                       key_push,        // one of both, when there is room
  input  logic [      KEY_WIDTH-1:0] key_in,
  input  logic                       push,
  input  logic [                6:0] push_queue,
  input  logic [OPERATION_WIDTH-1:0] push_what,
  // the next command; of a queue that is alive
  output logic                       key_valid,
  output logic [      KEY_WIDTH-1:0] key,
  input  logic                       key_taken,
  output logic                       valid,
  output logic [                6:0] queue,
  output logic [OPERATION_WIDTH-1:0] what,
  input  logic                       taken,
  // one whose queue is not
  output logic                       drop_valid,
  output logic [                6:0] drop_queue,
  input  logic                       drop_taken,
  output logic [              127:0] crowded,
  output logic                       relieved_valid,  // a queue is not crowded any more
  output logic [                6:0] relieved_queue,
  output logic                       settled,         // nothing changes by itself
  output logic [     DEPTH_BITS : 0] waiting          // commands
);
  localparam int COUNT_BITS = $clog2(2 * LIMIT);
  localparam int ENTRY = 7 + OPERATION_WIDTH;
  localparam int KEYS_BITS = $clog2(2 * LIMIT);

  // ---- key commands ----
  logic keys_valid, keys_room, pop_key;
  logic [KEYS_BITS:0] keys_count;

  glacis_fifo #(
    .WIDTH(KEY_WIDTH),
    .DEPTH_BITS(KEYS_BITS)
  ) keys (
    .clk(clk),
    .rst(rst),
    .in_valid(key_push),
    .in_ready(keys_room),
    .in(key_in),
    .out_valid(keys_valid),
    .out_ready(pop_key),
    .out(key),
    .count(keys_count)
  );

  assign key_valid = keys_valid && alive[0];
  assign pop_key = key_taken || (drop_taken && drop_queue == 7'd0);

  // ---- operations: a ring in memory, the oldest at hand ----
  typedef enum logic [1:0] {
    EMPTY,
    READ,
    FULL
  } state_t;

  state_t state;
  logic [DEPTH_BITS-1:0] first, behind;
  logic [DEPTH_BITS:0] count, round;       // entries; those that have yet to go round
  logic [ENTRY-1:0] entry;
  logic [6:0] head_queue;
  logic [127:0] present;                   // queues that have some
  logic any_dead, head_dead, moves, pop, leaves;

  glacis_rsa_ram #(
    .WIDTH(ENTRY),
    .DEPTH(1 << DEPTH_BITS)
  ) ring (
    .clk(clk),
    .write(push || moves),
    .write_address(behind),
    .write_data(push ? {push_queue, push_what} : entry),
    .read_address(first),
    .read_data(entry)
  );

  assign {head_queue, what} = entry;
  assign queue = head_queue;
  assign any_dead = (present & ~alive) != 0;
  assign head_dead = !alive[head_queue];
  assign valid = state == FULL && room;
  assign room = !any_dead && round == 0;
  assign drop_valid = (keys_valid && !alive[0]) || (state == FULL && head_dead && round != 0);
  assign drop_queue = keys_valid && !alive[0] ? 7'd0 : head_queue;
  assign pop = taken || (drop_taken && drop_queue != 7'd0);
  assign moves = state == FULL && round != 0 && !head_dead && !push;
  assign leaves = pop || moves;
  assign settled = (state == FULL ? room : count == 0) && !drop_valid;
  assign waiting = count + (DEPTH_BITS + 1)'(keys_count);

  always_ff @(posedge clk) begin
    case (state)
      EMPTY: if (count != 0) state <= READ;
      READ: state <= FULL;
      default: if (leaves) state <= EMPTY;
    endcase
    if (leaves) first <= first + 1'b1;
    if (push || moves) behind <= behind + 1'b1;
    count <= count + (DEPTH_BITS + 1)'(push) - (DEPTH_BITS + 1)'(pop);
    if (round == 0) round <= any_dead ? count : '0;
    else if (leaves) round <= round - 1'b1;
    if (rst) begin
      state <= EMPTY;
      first <= '0;
      behind <= '0;
      count <= '0;
      round <= '0;
    end
  end

  // ---- how many of each queue ----
  logic [COUNT_BITS-1:0] counts[0:QUEUE_COUNT-1];  // of those that are present
  logic [COUNT_BITS-1:0] of_push, of_pop;
  logic [127:0] full;
  logic keys_relieved;

  assign of_push = present[push_queue] ? counts[push_queue] : '0;
  assign of_pop = counts[head_queue];
  assign crowded = {full[127:1], keys_count >= (KEYS_BITS + 1)'(LIMIT)};
  assign keys_relieved = pop_key && keys_count == (KEYS_BITS + 1)'(LIMIT);
  assign relieved_valid = keys_relieved || (pop && full[head_queue] && of_pop <= COUNT_BITS'(LIMIT));
  assign relieved_queue = keys_relieved ? 7'd0 : head_queue;

  always_ff @(posedge clk) begin
    if (!(push && pop && push_queue == head_queue)) begin
      if (push) begin
        counts[push_queue] <= of_push + 1'b1;
        present[push_queue] <= 1'b1;
        if (of_push >= COUNT_BITS'(LIMIT - 1)) full[push_queue] <= 1'b1;
      end
      if (pop) begin
        counts[head_queue] <= of_pop - 1'b1;
        if (of_pop == 1) present[head_queue] <= 1'b0;
        if (of_pop <= COUNT_BITS'(LIMIT)) full[head_queue] <= 1'b0;
      end
    end
    if (rst) begin
      present <= '0;
      full <= '0;
    end
  end

  logic unused;
  assign unused = &{1'b0, keys_room, full[0]};
endmodule
