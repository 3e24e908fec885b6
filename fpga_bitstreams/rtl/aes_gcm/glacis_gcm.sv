// SPDX-License-Identifier: Apache-2.0
// AES-GCM (SP 800-38D) for 96-bit nonces, a 16-byte block each cycle, records of any key and size one behind the other.
// A record is announced with its key, nonce, additional data and size; its text follows in order. Output comes in order
// and is not held back: whoever announces a record has room for it. A tag comes behind its record's text.
//
// Each cycle is a slot with room for one block of AES and one of GHASH. A record takes ceil(aad/16) slots for additional
// data, the first of which encrypts the pre-counter block (and is there without additional data too), one for each block
// of text, and one for the lengths, whose AES half is free: there, or in any gap, hash keys of later records are made.
// A hash key that finds no gap for H_PATIENCE cycles takes a slot.
module glacis_gcm #(
  parameter int TOWER = 0,
  parameter int CONTEXT_BITS = 3
) (
  input  logic         clk,
  input  logic         rst,
  input  logic         record_valid,
  output logic         record_ready,
  input  logic         record_open,       // decrypts
  input  logic [  1:0] record_key_size,   // 0, 1, 2: 128, 192, 256 bits
  input  logic [255:0] record_key,        // byte k at bits 8k, as all bytes here
  input  logic [ 95:0] record_nonce,
  input  logic [  6:0] record_aad_size,   // 0 to 64
  input  logic [511:0] record_aad,        // zeros behind its size
  input  logic [ 16:0] record_text_size,  // 0 to 65536
  input  logic         text_valid,
  output logic         text_ready,
  input  logic [127:0] text,
  output logic         out_valid,
  output logic [127:0] out,               // zeros behind the record's size
  output logic         tag_valid,
  output logic [127:0] tag
);
  localparam int LATENCY = 44;  // of glacis_aes_pipe
  localparam int LANES = 5;     // of glacis_ghash
  localparam int H_PATIENCE = 64;

  typedef logic [CONTEXT_BITS-1:0] slot_t;
  typedef logic [CONTEXT_BITS:0] count_t;

  function automatic logic [127:0] swap(input logic [127:0] v);
    swap = {v[7:0], v[15:8], v[23:16], v[31:24], v[39:32], v[47:40], v[55:48], v[63:56],
            v[71:64], v[79:72], v[87:80], v[95:88], v[103:96], v[111:104], v[119:112], v[127:120]};
  endfunction

  // ---- keys ----
  logic key_write, key_half, h_wanted, h_taken, h_valid, power_write, freed;
  logic [3:0] key_round;
  logic [2:0] power_index;
  logic [63:0] key_data;
  logic [127:0] h_block, power_data;
  logic [1:0] h_size;
  slot_t key_slot, key_context, h_context, power_context;
  count_t ready_context;

  glacis_gcm_setup #(
    .TOWER(TOWER),
    .CONTEXT_BITS(CONTEXT_BITS)
  ) setup (
    .clk(clk),
    .rst(rst),
    .key_valid(record_valid),
    .key_ready(record_ready),
    .key_size(record_key_size),
    .key(record_key),
    .key_slot(key_slot),
    .freed(freed),
    .ready_context(ready_context),
    .key_write(key_write),
    .key_round(key_round),
    .key_half(key_half),
    .key_context(key_context),
    .key_data(key_data),
    .h_wanted(h_wanted),
    .h_context(h_context),
    .h_size(h_size),
    .h_taken(h_taken),
    .h_valid(h_valid),
    .h(h_block),
    .power_write(power_write),
    .power_context(power_context),
    .power_index(power_index),
    .power_data(power_data)
  );

  // From the expansion to all rounds is a long way, so there is a register on it. The newest key is that of the last round,
  // which a block reaches some forty cycles after it was asked for.
  logic k_write, k_half;
  logic [3:0] k_round;
  slot_t k_context;
  logic [63:0] k_data;

  always_ff @(posedge clk) begin
    k_write <= key_write && !rst;
    k_round <= key_round;
    k_half <= key_half;
    k_context <= key_context;
    k_data <= key_data;
  end

  // ---- what is known of each record ----
  localparam int INFO_BITS = 1 + 2 + 96 + 7 + 17;
  logic [INFO_BITS-1:0] infos[0:(1<<CONTEXT_BITS)-1];
  logic [127:0] aads[0:(4<<CONTEXT_BITS)-1];

  always_ff @(posedge clk)
    if (record_valid && record_ready) begin
      infos[key_slot] <= {record_open, record_key_size, record_nonce, record_aad_size, record_text_size};
      aads[{key_slot, 2'd0}] <= record_aad[127:0];
      aads[{key_slot, 2'd1}] <= record_aad[255:128];
      aads[{key_slot, 2'd2}] <= record_aad[383:256];
      aads[{key_slot, 2'd3}] <= record_aad[511:384];
    end

  // ---- the sequencer: one slot each cycle ----
  logic active;             // a record is under way
  count_t current;          // its number; the next one when none is
  logic is_open;
  logic [1:0] size;
  logic [95:0] nonce;
  logic [6:0] aad_size;
  logic [16:0] text_size, text_left;
  logic [31:0] counter;
  logic [2:0] aad_next;     // blocks of additional data that are through
  logic first;              // the pre-counter block is still to come
  logic [12:0] hash_left;   // blocks for GHASH, with that of the lengths
  logic [2:0] lane, started;  // `started` counts to LANES

  logic next_open;
  logic [1:0] next_size;
  logic [95:0] next_nonce;
  logic [6:0] next_aad_size;
  logic [16:0] next_text_size;
  logic load, can_load;
  count_t next_number;

  assign next_number = active ? current + 1'b1 : current;
  assign {next_open, next_size, next_nonce, next_aad_size, next_text_size} = infos[next_number[CONTEXT_BITS-1:0]];
  assign can_load = next_number != ready_context;

  logic [2:0] aad_blocks;
  logic is_aad, is_text, is_lengths, in_slot, aes_used, hash_used, steal;
  logic [6:0] h_waited;

  assign aad_blocks = aad_size[6:4] + {2'b0, |aad_size[3:0]};
  assign steal = h_wanted && h_waited == 7'(H_PATIENCE);
  assign is_aad = first || aad_next != aad_blocks;
  assign is_text = !is_aad && text_left != 0;
  assign is_lengths = !is_aad && text_left == 0;
  assign text_ready = active && is_text && !steal;
  assign in_slot = active && !(is_text && !text_valid) && !(steal && (first || is_text));
  assign aes_used = in_slot && (first || is_text);
  assign hash_used = in_slot && !(first && aad_blocks == 0);
  assign h_taken = h_wanted && !aes_used;
  assign load = can_load && (!active || (in_slot && is_lengths));

  logic [127:0] lengths;
  assign lengths = swap({54'b0, aad_size, 3'b0, 44'b0, text_size, 3'b0});

  // The slot, registered: towards AES, and what waits for AES's answer.
  logic s_aes, s_h, s_first, s_text, s_hash, s_open, s_hash_first, s_hash_tail, s_hash_last;
  logic [1:0] s_size;
  slot_t s_aes_context, s_context;
  logic [2:0] s_lane, s_power;
  logic [4:0] s_bytes;
  logic [127:0] s_block, s_data;

  always_ff @(posedge clk) begin
    s_aes <= !rst && (aes_used || h_taken);
    s_h <= h_taken;
    s_first <= in_slot && first;
    s_text <= in_slot && is_text;
    s_hash <= !rst && hash_used;
    s_open <= is_open;
    s_aes_context <= h_taken ? h_context : current[CONTEXT_BITS-1:0];
    s_size <= h_taken ? h_size : size;
    s_context <= current[CONTEXT_BITS-1:0];
    s_lane <= lane;
    s_power <= hash_left > 13'(LANES) ? 3'(LANES) : hash_left[2:0];
    s_hash_tail <= hash_left <= 13'(LANES);
    s_hash_first <= started != 3'(LANES);
    s_hash_last <= is_lengths;
    s_bytes <= text_left > 17'd16 ? 5'd16 : text_left[4:0];
    s_block <= h_taken ? 128'b0 : {counter[7:0], counter[15:8], counter[23:16], counter[31:24], nonce};
    if (in_slot) s_data <= is_aad ? aads[{current[CONTEXT_BITS-1:0], aad_next[1:0]}] : is_text ? text : lengths;

    h_waited <= rst || !h_wanted || h_taken ? '0 : h_waited + 7'(h_waited != 7'(H_PATIENCE));

    if (in_slot) begin
      first <= 1'b0;
      if (is_aad && aad_next != aad_blocks) aad_next <= aad_next + 1'b1;
      if (first || is_text) counter <= counter + 1'b1;
      if (is_text) text_left <= text_left > 17'd16 ? text_left - 17'd16 : '0;
      if (hash_used) begin
        hash_left <= hash_left - 1'b1;
        lane <= lane == 3'(LANES - 1) ? '0 : lane + 1'b1;
        if (started != 3'(LANES)) started <= started + 1'b1;
      end
      if (is_lengths) begin
        active <= 1'b0;
        current <= current + 1'b1;
      end
    end
    if (load) begin
      active <= 1'b1;
      is_open <= next_open;
      size <= next_size;
      nonce <= next_nonce;
      aad_size <= next_aad_size;
      text_size <= next_text_size;
      text_left <= next_text_size;
      counter <= 32'd1;
      aad_next <= '0;
      first <= 1'b1;
      hash_left <= {10'b0, next_aad_size[6:4]} + 13'(|next_aad_size[3:0]) + next_text_size[16:4] +
                   13'(|next_text_size[3:0]) + 13'd1;
      lane <= '0;
      started <= '0;
    end
    if (rst) begin
      active <= 1'b0;
      current <= '0;
    end
  end

  // ---- AES, and beside it what belongs to its block ----
  localparam int SIDE_BITS = 128 + 5 + 3 + 3 + CONTEXT_BITS + 8;

  logic [127:0] stream, d_data, mask, crypted;
  logic [SIDE_BITS-1:0] side;
  logic d_h, d_first, d_text, d_hash, d_open, d_hash_first, d_hash_tail, d_hash_last;
  slot_t d_context;
  logic [2:0] d_lane, d_power;
  logic [4:0] d_bytes;
  logic [LATENCY:0] flowing;  // since reset: what comes out of the delay line went into it

  glacis_aes_pipe #(
    .TOWER(TOWER),
    .CONTEXT_BITS(CONTEXT_BITS)
  ) aes (
    .clk(clk),
    .rst(rst),
    .valid(s_aes),
    .size(s_size),
    .in_context(s_aes_context),
    .in(s_block),
    .out(stream),
    .key_write(k_write),
    .key_round(k_round),
    .key_half(k_half),
    .key_context(k_context),
    .key_data(k_data)
  );

  glacis_delay #(
    .WIDTH(SIDE_BITS),
    .CYCLES(LATENCY)
  ) beside (
    .clk(clk),
    .rst(rst),
    .in({s_data, s_bytes, s_lane, s_power, s_context, s_h, s_first, s_text, s_hash, s_open, s_hash_first, s_hash_tail,
         s_hash_last}),
    .out(side)
  );

  assign {d_data, d_bytes, d_lane, d_power, d_context, d_h, d_first, d_text, d_hash, d_open, d_hash_first, d_hash_tail,
          d_hash_last} = side;
  assign mask = ~({128{1'b1}} << {d_bytes, 3'b0});
  assign crypted = (d_data ^ stream) & mask;

  // ---- output, and GHASH's input ----
  logic g_hash, g_first, g_tail, g_last;
  slot_t g_context;
  logic [2:0] g_lane, g_power;
  logic [127:0] g_block, hash;
  logic [127:0] pre_counters[0:(1<<CONTEXT_BITS)-1];  // encrypted
  slot_t tag_slot;
  logic hash_valid;

  always_ff @(posedge clk) begin
    flowing <= rst ? '0 : {flowing[LATENCY-1:0], 1'b1};
    out_valid <= flowing[LATENCY] && d_text;
    if (d_text) out <= crypted;
    h_valid <= flowing[LATENCY] && d_h;
    if (d_h) h_block <= swap(stream);
    if (d_first) pre_counters[d_context] <= stream;
    g_hash <= flowing[LATENCY] && d_hash;
    g_context <= d_context;
    g_lane <= d_lane;
    g_power <= d_power;
    g_first <= d_hash_first;
    g_tail <= d_hash_tail;
    g_last <= d_hash_last;
    if (d_hash) g_block <= swap(d_text && !d_open ? crypted : d_data);
  end

  glacis_ghash #(
    .CONTEXT_BITS(CONTEXT_BITS)
  ) ghash (
    .clk(clk),
    .rst(rst),
    .valid(g_hash),
    .block(g_block),
    .in_context(g_context),
    .lane(g_lane),
    .power(g_power),
    .first(g_first),
    .tail(g_tail),
    .last(g_last),
    .power_write(power_write),
    .power_context(power_context),
    .power_index(power_index),
    .power_data(power_data),
    .hash_valid(hash_valid),
    .hash(hash)
  );

  assign freed = hash_valid;

  always_ff @(posedge clk) begin
    tag_valid <= hash_valid && !rst;
    if (hash_valid) begin
      tag <= swap(hash) ^ pre_counters[tag_slot];
      tag_slot <= tag_slot + 1'b1;
    end
    if (rst) tag_slot <= '0;
  end
endmodule
