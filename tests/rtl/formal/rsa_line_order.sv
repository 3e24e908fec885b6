// SPDX-License-Identifier: Apache-2.0
// RSA operations wait in order: of two of one queue that are followed, the second never leaves for an engine before the first
// has gone; each leaves once, none is lost, what leaves for an engine is of a queue that is alive, and what is dropped of one
// that is not. Queues come and go at any time. Queues are crowded when they have as many as they may, and it is said when they are not any more.
// Two queues of operations, with up to three each.
module rsa_line_order (
  input logic       clk,
  input logic       rst,
  input logic [2:0] any_alive,
  input logic       key_push,
  input logic       key_taken,
  input logic       push,
  input logic       push_second_queue,
  input logic       follow,
  input logic       taken,
  input logic       drop_taken
);
  localparam int LIMIT = 2;

  logic room, key_valid, valid, drop_valid, relieved_valid, settled, started = 1'b0;
  logic key;
  logic [6:0] push_queue, queue, drop_queue, relieved_queue;
  logic [1:0] push_what, what;  // 1 and 2: those that are followed
  logic [127:0] crowded, was_crowded, alive;
  logic [3:0] waiting;
  logic [1:0] first, second;    // 0: not there yet; 1: waits; 2: has left
  logic [6:0] followed_queue;
  logic [1:0] of_keys, of_one, of_two;
  logic op_leaves, was_relieved;
  logic [6:0] was_relieved_queue;

  assign alive = {125'd0, any_alive};
  assign push_queue = push_second_queue ? 7'd2 : 7'd1;
  assign push_what = !follow ? 2'd0 : first == 2'd0 ? 2'd1 : second == 2'd0 && push_queue == followed_queue ? 2'd2 : 2'd0;
  assign op_leaves = taken || (drop_taken && drop_queue != 7'd0);

  glacis_rsa_line #(
    .QUEUE_COUNT(3),
    .KEY_WIDTH(1),
    .OPERATION_WIDTH(2),
    .LIMIT(LIMIT),
    .DEPTH_BITS(3)
  ) line (
    .key_in(1'b0),
    .*
  );

  always_ff @(posedge clk) begin
    started <= 1'b1;
    was_crowded <= crowded;
    was_relieved <= relieved_valid;
    was_relieved_queue <= relieved_queue;
    if (push && push_what == 2'd1) begin
      first <= 2'd1;
      followed_queue <= push_queue;
    end
    if (push && push_what == 2'd2) second <= 2'd1;
    if (op_leaves && what == 2'd1) first <= 2'd2;
    if (op_leaves && what == 2'd2) second <= 2'd2;
    of_keys <= of_keys + {1'b0, key_push} - {1'b0, key_taken || (drop_taken && drop_queue == 7'd0)};
    of_one <= of_one + {1'b0, push && !push_second_queue} - {1'b0, op_leaves && queue == 7'd1};
    of_two <= of_two + {1'b0, push && push_second_queue} - {1'b0, op_leaves && queue == 7'd2};
    if (rst) begin
      first <= '0;
      second <= '0;
      of_keys <= '0;
      of_one <= '0;
      of_two <= '0;
      was_crowded <= '0;
    end
  end

  always_comb begin
    if (!started) assume (rst);
    else assume (!rst);
    // the line of jobs: one at a time, when there is room, and no more than it holds beyond what is crowded
    assume (!(key_push && push));
    if (key_push || push) assume (room);
    if (key_push) assume (of_keys != 2'd3);
    if (push) assume (push_second_queue ? of_two != 2'd3 : of_one != 2'd3);
    // the unit: takes what is offered, one at a time
    if (taken) assume (valid && !key_taken && !drop_taken);
    if (key_taken) assume (key_valid && !drop_taken);
    if (drop_taken) assume (drop_valid);
    if (started && !rst) begin
      assert (waiting == {2'd0, of_keys} + {2'd0, of_one} + {2'd0, of_two});
      if (valid) assert (alive[queue] && (queue == 7'd1 || queue == 7'd2));
      if (key_valid) assert (alive[0] && of_keys != 2'd0);
      if (drop_valid) assert (!alive[drop_queue]);
      if (op_leaves && what == 2'd1) assert (first == 2'd1 && queue == followed_queue);
      if (op_leaves && what == 2'd2) assert (second == 2'd1 && queue == followed_queue);
      if (taken && what == 2'd2) assert (first == 2'd2);
      if (op_leaves && what == 2'd0 && queue == 7'd1) assert (of_one != 2'd0);
      if (settled && of_one == 2'd0 && of_two == 2'd0) assert (first != 2'd1 && second != 2'd1);
      assert (crowded[0] == (of_keys >= 2'(LIMIT)) && crowded[1] == (of_one >= 2'(LIMIT)) &&
              crowded[2] == (of_two >= 2'(LIMIT)));
      if (was_crowded[1] && !crowded[1]) assert (was_relieved && was_relieved_queue == 7'd1);
      if (was_crowded[0] && !crowded[0]) assert (was_relieved && was_relieved_queue == 7'd0);
    end
  end
endmodule
