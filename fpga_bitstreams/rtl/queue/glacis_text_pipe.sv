// SPDX-License-Identifier: Apache-2.0
// One AES-GCM pipe and what is around it: words of the text become blocks, blocks that come out are put into a buffer of
// the pipe's own, and tags and errors wait for whoever takes them, in the order in which records were announced.
//
// A record is announced only when `room` says that the buffer has it for the whole result, so nothing in the pipe ever
// waits. The result will begin at `place`, in words of 32 bytes, until `placed` moves that on behind it.
module glacis_text_pipe #(
  parameter int TOWER = 0,
  parameter int BUFFER_BITS = 17,
  parameter int WAITING_BITS = 0  // words that may wait in front of the pipe, as a power of two; 0: none
) (
  input  logic                   clk,
  input  logic                   rst,
  // the record: announced with the cycle in which `record_ready`
  input  logic                   record_valid,
  output logic                   record_ready,
  input  logic                   record_open,
  input  logic [            1:0] record_key_size,
  input  logic [          255:0] record_key,
  input  logic [           95:0] record_nonce,
  input  logic [            6:0] record_aad_size,
  input  logic [          511:0] record_aad,
  input  logic [           16:0] record_text_size,
  // room for its result
  output logic                   room,
  output logic [BUFFER_BITS-6:0] place,
  input  logic                   placed,
  input  logic                   give,              // back, so many words
  input  logic [BUFFER_BITS-6:0] give_back,
  // text
  input  logic                   text_valid,
  output logic                   text_ready,
  input  logic [          255:0] text,
  input  logic [            5:0] text_bytes,
  input  logic                   text_last,
  input  logic                   text_error,
  // what is made of it
  output logic                   tag_valid,
  input  logic                   take_tag,
  output logic [          127:0] tag,
  output logic                   error_valid,       // of a record with text
  input  logic                   take_error,
  output logic                   error,
  input  logic                   buffer_read,
  input  logic [BUFFER_BITS-6:0] buffer_word,
  output logic [          511:0] buffer_data
);
  localparam int WORD_BITS = BUFFER_BITS - 5;

  // ---- room in the buffer: taken when a record is announced, given back when its result is written ----
  logic [11:0] need;           // words of 32 bytes
  logic [WORD_BITS:0] used;
  logic announced;

  assign need = record_text_size[16:5] + {11'b0, |record_text_size[4:0]};
  assign room = (WORD_BITS + 1)'(need) <= (WORD_BITS + 1)'(1 << WORD_BITS) - used;
  assign announced = record_valid && record_ready;

  always_ff @(posedge clk) begin
    if (placed) place <= place + WORD_BITS'(need);
    used <= used + (announced ? (WORD_BITS + 1)'(need) : '0) - (give ? {1'b0, give_back} : '0);
    if (rst) begin
      place <= '0;
      used <= '0;
    end
  end

  // ---- words wait ----
  logic word_valid, word_ready, word_last, word_error;
  logic [255:0] word;
  logic [5:0] word_bytes;

  generate
    if (WAITING_BITS == 0) begin : g_none_waits
      assign word_valid = text_valid;
      assign text_ready = word_ready;
      assign word = text;
      assign word_bytes = text_bytes;
      assign word_last = text_last;
      assign word_error = text_error;
    end else begin : g_waiting
      glacis_deep_fifo #(
        .WIDTH(256 + 6 + 2),
        .DEPTH_BITS(WAITING_BITS)
      ) waiting (
        .clk(clk),
        .rst(rst),
        .in_valid(text_valid),
        .in_ready(text_ready),
        .in({text_last, text_error, text_bytes, text}),
        .out_valid(word_valid),
        .out_ready(word_ready),
        .out({word_last, word_error, word_bytes, word})
      );
    end
  endgenerate

  // ---- words to blocks, the pipe, blocks to the buffer ----
  logic in_ready, upper, out_valid, made;
  logic [127:0] out, made_tag;

  assign word_ready = in_ready && (upper || word_bytes <= 6'd16);

  glacis_gcm #(
    .TOWER(TOWER)
  ) gcm (
    .clk(clk),
    .rst(rst),
    .record_valid(record_valid),
    .record_ready(record_ready),
    .record_open(record_open),
    .record_key_size(record_key_size),
    .record_key(record_key),
    .record_nonce(record_nonce),
    .record_aad_size(record_aad_size),
    .record_aad(record_aad),
    .record_text_size(record_text_size),
    .text_valid(word_valid),
    .text_ready(in_ready),
    .text(upper ? word[255:128] : word[127:0]),
    .out_valid(out_valid),
    .out(out),
    .tag_valid(made),
    .tag(made_tag)
  );

  always_ff @(posedge clk) begin
    if (word_valid && in_ready) upper <= !upper && word_bytes > 6'd16;
    if (rst) upper <= 1'b0;
  end

  // Results lie one behind the other, each from a word on: after an odd number of blocks one is left out.
  logic [WORD_BITS:0] out_block;
  logic [12:0] out_size, out_count;
  logic [4:0] sizes_count;
  logic sizes_ready, out_size_valid, out_ends;

  glacis_fifo #(
    .WIDTH(13),
    .DEPTH_BITS(4)
  ) out_sizes (
    .clk(clk),
    .rst(rst),
    .in_valid(announced && record_text_size != 0),
    .in_ready(sizes_ready),
    .in(record_text_size[16:4] + {12'b0, |record_text_size[3:0]}),
    .out_valid(out_size_valid),
    .out_ready(out_ends),
    .out(out_size),
    .count(sizes_count)
  );

  assign out_ends = out_valid && out_count + 13'd1 == out_size;

  glacis_result_buffer #(
    .BYTE_BITS(BUFFER_BITS)
  ) buffer (
    .clk(clk),
    .write(out_valid),
    .write_block(out_block),
    .write_data(out),
    .read(buffer_read),
    .read_word(buffer_word),
    .read_data(buffer_data)
  );

  always_ff @(posedge clk) begin
    if (out_valid) begin
      out_count <= out_ends ? '0 : out_count + 13'd1;
      out_block <= out_ends ? {out_block[WORD_BITS:1] + 1'b1, 1'b0} : out_block + 1'b1;
    end
    if (rst) begin
      out_count <= '0;
      out_block <= '0;
    end
  end

  // ---- what came out waits for its job ----
  logic tags_room, errors_room;
  logic [4:0] tags_count, errors_count;

  glacis_fifo #(
    .WIDTH(128),
    .DEPTH_BITS(4)
  ) tags (
    .clk(clk),
    .rst(rst),
    .in_valid(made),
    .in_ready(tags_room),
    .in(made_tag),
    .out_valid(tag_valid),
    .out_ready(take_tag),
    .out(tag),
    .count(tags_count)
  );

  glacis_fifo #(
    .WIDTH(1),
    .DEPTH_BITS(4)
  ) errors (
    .clk(clk),
    .rst(rst),
    .in_valid(word_valid && word_ready && word_last),
    .in_ready(errors_room),
    .in(word_error),
    .out_valid(error_valid),
    .out_ready(take_error),
    .out(error),
    .count(errors_count)
  );

  logic unused;
  assign unused = &{1'b0, sizes_ready, sizes_count, out_size_valid, tags_room, tags_count, errors_room, errors_count};
endmodule
