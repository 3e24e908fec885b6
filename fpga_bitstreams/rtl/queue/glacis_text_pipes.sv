// SPDX-License-Identifier: Apache-2.0
// The card's AES-GCM pipes as if they were one: records go to them in turn, and `pipe` says to whom the one that is
// announced next will go. Text comes in the order of announcements, whoever it is for. With more than one pipe it waits in
// front of each, up to 16 KiB, so that a pipe works on a record while those behind it are read for others: the bus
// brings two blocks in a cycle, and a pipe takes one. So two pipes are what a bus of 256 bits feeds.
//
// Whoever takes tags in the order of announcements keeps it; the pipes themselves do not wait for one another.
module glacis_text_pipes #(
  parameter int TOWER = 0,
  parameter int BUFFER_BITS = 17,
  parameter int PIPES = 1,
  parameter int PIPE_BITS = 1
) (
  input  logic                   clk,
  input  logic                   rst,
  input  logic                   record_valid,
  output logic                   record_ready,
  input  logic                   record_open,
  input  logic [            1:0] record_key_size,
  input  logic [          255:0] record_key,
  input  logic [           95:0] record_nonce,
  input  logic [            6:0] record_aad_size,
  input  logic [          511:0] record_aad,
  input  logic [           16:0] record_text_size,
  output logic [  PIPE_BITS-1:0] pipe,
  output logic                   room,
  output logic [BUFFER_BITS-6:0] place,
  input  logic                   placed,         // it is on its way: the next one's turn
  input  logic                   give,
  input  logic [  PIPE_BITS-1:0] give_pipe,
  input  logic [BUFFER_BITS-6:0] give_back,
  input  logic                   text_valid,
  output logic                   text_ready,
  input  logic [          255:0] text,
  input  logic [            5:0] text_bytes,
  input  logic                   text_last,
  input  logic                   text_error,
  input  logic [  PIPE_BITS-1:0] take_pipe,      // whose tag and error these are
  output logic                   tag_valid,
  input  logic                   take_tag,
  output logic [          127:0] tag,
  output logic                   error_valid,
  input  logic                   take_error,
  output logic                   error,
  input  logic                   buffer_read,
  input  logic [BUFFER_BITS-6:0] buffer_word,
  input  logic [  PIPE_BITS-1:0] buffer_pipe,    // with `buffer_data`
  output logic [          511:0] buffer_data
);
  localparam int WAITING_BITS = PIPES > 1 ? 9 : 0;

  logic [PIPES-1:0] record_readies, rooms, text_readies, tag_valids, error_valids, errors;
  logic [BUFFER_BITS-6:0] places[0:PIPES-1];
  logic [127:0] tags[0:PIPES-1];
  logic [511:0] datas[0:PIPES-1];
  logic [PIPE_BITS-1:0] text_pipe;
  logic text_known;

  assign record_ready = record_readies[pipe];
  assign room = rooms[pipe];
  assign place = places[pipe];
  assign text_ready = text_known && text_readies[text_pipe];
  assign tag_valid = tag_valids[take_pipe];
  assign tag = tags[take_pipe];
  assign error_valid = error_valids[take_pipe];
  assign error = errors[take_pipe];
  assign buffer_data = datas[buffer_pipe];

  generate
    if (PIPES == 1) begin : g_one
      assign pipe = '0;
      assign text_pipe = '0;
      assign text_known = 1'b1;
    end else begin : g_turns
      logic [4:0] order_count;
      logic order_ready;

      always_ff @(posedge clk) begin
        if (rst) pipe <= '0;
        else if (placed) pipe <= pipe == PIPE_BITS'(PIPES - 1) ? '0 : pipe + 1'b1;
      end

      // Whose text comes.
      glacis_fifo #(
        .WIDTH(PIPE_BITS),
        .DEPTH_BITS(4)
      ) order (
        .clk(clk),
        .rst(rst),
        .in_valid(record_valid && record_ready && record_text_size != 0),
        .in_ready(order_ready),
        .in(pipe),
        .out_valid(text_known),
        .out_ready(text_valid && text_ready && text_last),
        .out(text_pipe),
        .count(order_count)
      );

      logic unused;
      assign unused = &{1'b0, order_count, order_ready};
    end

    for (genvar i = 0; i < PIPES; i++) begin : g_pipe
      glacis_text_pipe #(
        .TOWER(TOWER),
        .BUFFER_BITS(BUFFER_BITS),
        .WAITING_BITS(WAITING_BITS)
      ) text_pipe_i (
        .record_valid(record_valid && pipe == PIPE_BITS'(i)),
        .record_ready(record_readies[i]),
        .room(rooms[i]),
        .place(places[i]),
        .placed(placed && pipe == PIPE_BITS'(i)),
        .give(give && give_pipe == PIPE_BITS'(i)),
        .text_valid(text_valid && text_known && text_pipe == PIPE_BITS'(i)),
        .text_ready(text_readies[i]),
        .tag_valid(tag_valids[i]),
        .take_tag(take_tag && take_pipe == PIPE_BITS'(i)),
        .tag(tags[i]),
        .error_valid(error_valids[i]),
        .take_error(take_error && take_pipe == PIPE_BITS'(i)),
        .error(errors[i]),
        .buffer_data(datas[i]),
        .*
      );
    end
  endgenerate
endmodule
