// SPDX-License-Identifier: Apache-2.0
// RSA engines and what feeds them: takes commands that the line of jobs hands over, reads their numbers, and gives results
// back to be written and completed. Operations take as long as thousands of records, so they leave the line of jobs, and
// records of any queue overtake them.
//
// Each engine has key slots of its own with the same keys: a key command waits until all engines are idle, goes to all of
// them at once, and they run in step. One command's numbers are read at a time, into a buffer, so the bus waits for no
// engine; one result at a time is given back.
//
// Engines have a clock of their own, which is `clk`, and may stand still as long as not `awake`. All else of the card may
// stand still as long as it `rests`.
module glacis_rsa_unit
  import glacis_card_pkg::*;
#(
  parameter int ENGINES = 1,
  parameter int SLOTS = 16,
  parameter int QUEUE_COUNT = 65
) (
  input  logic         clk,
  input  logic         rsa_clk,
  input  logic         rst,
  input  logic [127:0] alive,
  input  logic         zeroise,          // a pulse, when no command is here
  output logic         engines_busy,
  output logic         awake,
  output logic         rests,
  output logic [ 15:0] held,             // commands: given to `command`, and not back by `result`
  output logic [127:0] crowded,
  output logic         relieved_valid,
  output logic [  6:0] relieved_queue,
  // commands
  input  logic         command_valid,
  output logic         command_ready,
  input  logic [  6:0] command_queue,    // 0, the admin queue: a key_t, else an rsa_t
  input  logic [1023:0] command,
  // reads
  output logic         read_valid,
  input  logic         read_ready,
  output logic [ 63:0] read_address,
  output logic [ 16:0] read_size,
  output logic [  6:0] read_queue,
  input  logic         word_valid,
  input  logic [255:0] word,
  input  logic         word_last,
  input  logic         word_error,
  // fault: at a result
  output logic         ask,
  output logic [  6:0] ask_queue,
  input  logic         ask_answered,
  input  logic         ask_flip,
  input  logic         ask_outside,
  // results, to be written from the buffer's beginning; held until `result_over`
  output logic         result_valid,
  input  logic         result_over,      // written and completed, or dropped
  output logic         result_drop,
  output logic         result_outside,
  output logic         result_operation, // no key command
  output logic [  6:0] result_queue,
  output logic [ 31:0] result_cookie,
  output logic [  7:0] result_status,
  output logic [ 16:0] result_size,      // 0 when there is none
  output logic [ 63:0] result_address,
  input  logic         buffer_read,
  input  logic [  3:0] buffer_word,
  output logic [511:0] buffer_data
);
  localparam int ENGINE_BITS = ENGINES > 1 ? $clog2(ENGINES) : 1;
  typedef logic [ENGINE_BITS-1:0] engine_t;

  typedef enum logic [2:0] {
    WAIT,   // for a command and an engine
    CHECK,  // by the engine
    READ,
    FEED,
    DROP,   // what the bus still brings
    CLEAN   // the buffer, of a key
  } loader_t;

  typedef enum logic [2:0] {
    LOOK,
    ASK,
    TAKE,
    END,    // the engine's status
    GIVE
  } storer_t;

  // Sizes that no key has are one of them: the largest, which is odd and so none either.
  function automatic logic [9:0] clip(input logic [31:0] size);
    clip = size[31:10] != 0 ? 10'h3ff : size[9:0];
  endfunction

  // ---- commands wait ----
  typedef struct packed {
    logic [31:0] cookie;
    logic is_zeroise;
    logic [7:0] kind;
    logic [15:0] slot;
    logic [9:0] modulus_size;
    logic [9:0] exponent_size;
    logic [63:0] address;
  } key_command_t;
  localparam int KEY_WIDTH = 32 + 1 + 8 + 16 + 10 + 10 + 64;

  typedef struct packed {
    logic [31:0] cookie;
    logic is_public;
    logic [15:0] slot;
    logic [9:0] modulus_size;
    logic [63:0] base;
    logic [63:0] result;
  } operation_t;
  localparam int OPERATION_WIDTH = 32 + 1 + 16 + 10 + 64 + 64;

  key_t as_key;
  rsa_t as_rsa;
  key_command_t key_in, key;
  operation_t operation_in, operation;
  logic line_room, is_key, key_valid, key_taken, operation_valid, operation_taken, drop_valid, drop_taken, settled;
  logic [6:0] operation_queue, drop_queue;
  localparam int DEPTH_BITS = $clog2(31 * (QUEUE_COUNT - 1));
  logic [DEPTH_BITS:0] waiting;

  assign as_key = command;
  assign as_rsa = command;
  assign is_key = command_queue == 7'd0;
  assign command_ready = line_room;
  assign key_in = {as_key.cookie, as_key.opcode == OPCODE_KEY_ZEROISE, as_key.kind, as_key.slot,
                   clip(as_key.modulus_size), clip(as_key.exponent_size), as_key.key};
  assign operation_in = {as_rsa.cookie, as_rsa.opcode == OPCODE_RSA_PUBLIC, as_rsa.slot, clip(as_rsa.modulus_size),
                         as_rsa.base, as_rsa.result};

  glacis_rsa_line #(
    .QUEUE_COUNT(QUEUE_COUNT),
    .KEY_WIDTH(KEY_WIDTH),
    .OPERATION_WIDTH(OPERATION_WIDTH),
    .DEPTH_BITS(DEPTH_BITS)
  ) line (
    .clk(clk),
    .rst(rst),
    .alive(alive),
    .room(line_room),
    .key_push(command_valid && command_ready && is_key),
    .key_in(key_in),
    .push(command_valid && command_ready && !is_key),
    .push_queue(command_queue),
    .push_what(operation_in),
    .key_valid(key_valid),
    .key(key),
    .key_taken(key_taken),
    .valid(operation_valid),
    .queue(operation_queue),
    .what(operation),
    .taken(operation_taken),
    .drop_valid(drop_valid),
    .drop_queue(drop_queue),
    .drop_taken(drop_taken),
    .crowded(crowded),
    .relieved_valid(relieved_valid),
    .relieved_queue(relieved_queue),
    .settled(settled),
    .waiting(waiting)
  );

  // ---- engines, and whose command each has ----
  logic [ENGINES-1:0] ready, fetch_valid, in_valid, in_ready, out_valid, out_ready, out_last, done_valid, done_ready;
  logic [ENGINES-1:0] starts, cancel, busy, in_error;
  logic [15:0] fetch_size[0:ENGINES-1];
  logic [255:0] out_data[0:ENGINES-1];
  logic [7:0] done_status[0:ENGINES-1];
  logic [255:0] beat;
  logic [7:0] opcode;
  logic [15:0] slot;
  logic [9:0] modulus_size;

  logic [ENGINES-1:0] used, given_up;      // has a command, which nobody waits for
  logic is_load;                           // they all have the same, a key command
  logic [6:0] queues[0:ENGINES-1];
  logic [31:0] cookies[0:ENGINES-1];
  logic [9:0] sizes[0:ENGINES-1];
  logic [63:0] addresses[0:ENGINES-1];

  genvar k;
  generate
    for (k = 0; k < ENGINES; k = k + 1) begin : g_engine
      logic [31:0] cycles;
      glacis_rsa_engine #(
        .SLOTS(SLOTS),
        .STREAM_BYTES(32)
      ) engine (
        .clk(rsa_clk),
        .rst(rst),
        .command_valid(starts[k]),
        .command_ready(ready[k]),
        .command_opcode(opcode),
        .command_kind(key_taken ? key.kind : 8'd0),
        .command_slot(slot),
        .command_modulus_size({22'd0, modulus_size}),
        .command_exponent_size(key_taken ? {22'd0, key.exponent_size} : 32'd0),
        .fetch_valid(fetch_valid[k]),
        .fetch_size(fetch_size[k]),
        .in_valid(in_valid[k]),
        .in_ready(in_ready[k]),
        .in_error(in_error[k]),
        .in_data(beat),
        .out_valid(out_valid[k]),
        .out_ready(out_ready[k]),
        .out_last(out_last[k]),
        .out_data(out_data[k]),
        .done_valid(done_valid[k]),
        .done_ready(done_ready[k]),
        .done_status(done_status[k]),
        .done_cycles(cycles),
        .cancel(cancel[k]),
        .zeroise(zeroise),
        .busy(busy[k])
      );
      assign cancel[k] = used[k] && !alive[queues[k]];
      logic unused;
      assign unused = &{1'b0, cycles};
    end
  endgenerate

  assign engines_busy = busy != 0;
  assign awake = engines_busy || starts != 0 || zeroise || rst;

  // ---- the next command, its numbers ----
  loader_t loader;
  logic found, came_last, came_error, beat_valid, at_last, engine_moves, cleans;
  engine_t target, idle;
  logic [6:0] came, fed;                   // words of the buffer
  logic [15:0] size;
  logic [255:0] from_buffer;

  always_comb begin
    found = 1'b0;
    idle = '0;
    for (int i = ENGINES - 1; i >= 0; i--)
      if (ready[i] && !used[i]) begin
        found = 1'b1;
        idle = engine_t'(i);
      end
  end

  assign key_taken = loader == WAIT && key_valid && used == 0 && (&ready) && !drop_taken;
  assign operation_taken = loader == WAIT && operation_valid && !key_valid && !is_load && found && !drop_taken;
  assign starts = key_taken ? '1 : operation_taken ? ENGINES'(1) << idle : '0;
  assign opcode = key_taken ? (key.is_zeroise ? OPCODE_KEY_ZEROISE : OPCODE_KEY_LOAD) :
                  operation.is_public ? OPCODE_RSA_PUBLIC : OPCODE_RSA_PRIVATE;
  assign slot = key_taken ? key.slot : operation.slot;
  assign modulus_size = key_taken ? key.modulus_size : operation.modulus_size;

  assign cleans = loader == CLEAN;
  assign read_valid = loader == READ;
  assign read_size = {1'b0, size};
  assign read_queue = queues[target];
  // the buffer answers a cycle later, and is at hand when its word has been there as long
  assign at_last = fed + 7'd1 == came && came_last;
  assign in_error = came_error && at_last ? in_valid : '0;
  assign in_valid = !(loader == FEED && beat_valid) ? '0 : is_load ? '1 : ENGINES'(1) << target;
  assign beat = from_buffer;
  assign engine_moves = in_valid[target] && (in_ready[target] || in_error[target]);

  glacis_rsa_ram #(
    .WIDTH(256),
    .DEPTH(128)
  ) numbers (
    .clk(clk),
    .write(word_valid || cleans),
    .write_address(came),
    .write_data(word_valid ? word : 256'd0),
    .read_address(fed),
    .read_data(from_buffer)
  );

  always_ff @(posedge clk) begin
    beat_valid <= loader == FEED && fed != came && !engine_moves;
    case (loader)
      WAIT: begin
        came <= '0;
        fed <= '0;
        came_last <= 1'b0;
        came_error <= 1'b0;
        target <= key_taken ? '0 : idle;
        read_address <= key_taken ? key.address : operation.base;
        if (key_taken || operation_taken) loader <= CHECK;
      end
      CHECK: begin
        size <= fetch_size[target];
        if (fetch_valid[target]) loader <= READ;
        else if (done_valid[target]) loader <= WAIT;
      end
      READ: if (read_ready) loader <= FEED;
      FEED: begin
        if (engine_moves) fed <= fed + 7'd1;
        if ((engine_moves && at_last) || done_valid[target]) loader <= DROP;
      end
      DROP:
      if (came_last) begin
        came <= '0;
        loader <= is_load ? CLEAN : WAIT;
      end
      default: begin
        came <= came + 7'd1;
        if (came == '1) loader <= WAIT;
      end
    endcase
    if (word_valid) begin
      came <= came + 7'd1;
      came_last <= word_last;
      came_error <= word_error;
    end
    if (rst) begin
      loader <= WAIT;
      beat_valid <= 1'b0;
    end
  end

  always_ff @(posedge clk) begin
    for (int i = 0; i < ENGINES; i++) begin
      if (starts[i]) begin
        used[i] <= 1'b1;
        queues[i] <= key_taken ? 7'd0 : operation_queue;
        cookies[i] <= key_taken ? key.cookie : operation.cookie;
        sizes[i] <= operation.modulus_size;
        addresses[i] <= operation.result;
      end
      given_up[i] <= used[i] && (given_up[i] || cancel[i]);
      if (done_ready[i]) used[i] <= 1'b0;
    end
    if (key_taken) is_load <= 1'b1;
    else if (done_ready != 0) is_load <= 1'b0;
    if (rst) begin
      used <= '0;
      is_load <= 1'b0;
    end
  end

  // ---- results ----
  storer_t storer;
  logic some, result_flip, upper, flips, finished, takes;
  engine_t which, from;
  logic [4:0] block;
  logic [127:0] half;

  always_comb begin
    some = 1'b0;
    which = '0;
    for (int i = ENGINES - 1; i >= 0; i--)
      if (used[i] && (out_valid[i] || done_valid[i])) begin
        some = 1'b1;
        which = engine_t'(i);
      end
  end

  assign takes = storer == TAKE && out_valid[from];
  assign ask = storer == ASK;
  assign ask_queue = queues[from];
  assign drop_taken = storer == LOOK && !some && drop_valid;
  // a fault changes the byte in the middle
  assign flips = result_flip && block == sizes[from][9:5];
  assign half = upper ? out_data[from][255:128] : out_data[from][127:0];
  assign out_ready = storer == TAKE && upper ? ENGINES'(1) << from : '0;
  // not before the bus is done with it: a queue that is reset waits for that
  assign finished = storer == END && done_valid[from] && (loader == WAIT || (!is_load && target != from));
  assign done_ready = !finished ? '0 : is_load ? '1 : ENGINES'(1) << from;
  assign result_valid = storer == GIVE;
  assign held = 16'(waiting) + 16'(result_valid) + held_by_engines;

  logic [15:0] held_by_engines;
  always_comb begin
    held_by_engines = is_load ? 16'd1 : 16'd0;
    for (int i = 0; i < ENGINES; i++) if (used[i] && !is_load) held_by_engines = held_by_engines + 16'd1;
  end

  glacis_result_buffer #(
    .BYTE_BITS(9)
  ) results (
    .clk(clk),
    .write(takes),
    .write_block(block),
    .write_data(half ^ (flips ? 128'h4 << {sizes[from][4:1], 3'b0} : 128'd0)),
    .read(buffer_read),
    .read_word(buffer_word),
    .read_data(buffer_data)
  );

  always_ff @(posedge clk) begin
    case (storer)
      LOOK: begin
        from <= which;
        block <= '0;
        upper <= 1'b0;
        result_drop <= !some;
        result_outside <= 1'b0;
        result_queue <= some ? queues[which] : drop_queue;
        result_operation <= some && !is_load;
        result_cookie <= cookies[which];
        result_address <= addresses[which];
        if (some) storer <= out_valid[which] ? ASK : END;
        else if (drop_valid) storer <= GIVE;
      end
      ASK:
      if (ask_answered) begin
        result_flip <= ask_flip;
        result_outside <= ask_outside;
        storer <= TAKE;
      end
      TAKE:
      if (out_valid[from]) begin
        upper <= !upper;
        block <= block + 5'd1;
        if (upper && out_last[from]) storer <= END;
      end else if (done_valid[from]) storer <= END;
      END:
      if (finished) begin
        result_drop <= given_up[from] || cancel[from];
        result_status <= done_status[from];
        result_size <= done_status[from] == STATUS_OK && result_operation ? {7'd0, sizes[from]} : 17'd0;
        storer <= GIVE;
      end
      default: if (result_over) storer <= LOOK;
    endcase
    if (rst) storer <= LOOK;
  end

  // numbers may wait for the engine
  assign rests = loader != READ && loader != DROP && loader != CLEAN && starts == 0 && storer == LOOK && !some &&
                 !(loader == FEED && fed != came && (!beat_valid || engine_moves)) && settled && !zeroise;

  logic unused;
  assign unused = &{1'b0, as_key, as_rsa};
endmodule
