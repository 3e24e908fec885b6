// SPDX-License-Identifier: Apache-2.0
// Reads host memory. Accesses go out as bursts with tags (AXI identifiers), several at once; their data may come back in
// any order and is put in order again. What comes out are packets: one or more accesses, the last of which is marked
// `flush`, joined byte by byte without holes into words of 32 bytes, of which only the last may have less. Whatever
// answer the bus gives, a packet has its size; `word_error`, with its last word, says that some of it was not read.
module glacis_dma_read #(
  parameter int TAG_BITS = 3,
  parameter int KIND_BITS = 2
) (
  input  logic                 clk,
  input  logic                 rst,
  input  logic                 access_valid,
  output logic                 access_ready,
  input  logic [         63:0] access_address,
  input  logic [         16:0] access_size,     // not 0
  input  logic [KIND_BITS-1:0] access_kind,
  input  logic [          6:0] access_queue,
  input  logic                 access_flush,
  output logic                 word_valid,
  input  logic                 word_ready,
  output logic [        255:0] word,            // zeros behind its bytes
  output logic [          5:0] word_bytes,
  output logic [KIND_BITS-1:0] word_kind,
  output logic                 word_last,
  output logic                 word_error,
  // statistics: bytes of a burst that was read, or its failure
  output logic                 read_done,
  output logic [          9:0] read_bytes,
  output logic                 read_failed,
  output logic [         63:0] read_address,
  output logic [          6:0] read_queue,
  // AXI
  output logic                 arvalid,
  input  logic                 arready,
  output logic [ TAG_BITS-1:0] arid,
  output logic [         63:0] araddr,
  output logic [          6:0] aruser,
  output logic [          7:0] arlen,
  input  logic                 rvalid,
  output logic                 rready,
  input  logic [ TAG_BITS-1:0] rid,
  input  logic [        255:0] rdata,
  input  logic [          1:0] rresp
);
  localparam int TAGS = 1 << TAG_BITS;
  localparam int BEAT_BITS = 4;

  // ---- bursts out ----
  logic burst_valid, burst_ready, burst_last, burst_refused;
  logic [63:0] burst_address;
  logic [9:0] burst_bytes;
  logic [4:0] burst_beats;
  logic [TAG_BITS:0] sent, taken;

  glacis_dma_split split (
    .clk(clk),
    .rst(rst),
    .access_valid(access_valid),
    .access_ready(access_ready),
    .access_address(access_address),
    .access_size(access_size),
    .burst_valid(burst_valid),
    .burst_ready(burst_ready),
    .burst_address(burst_address),
    .burst_bytes(burst_bytes),
    .burst_beats(burst_beats),
    .burst_last(burst_last),
    .burst_refused(burst_refused)
  );

  logic start, no_tag;
  logic [TAG_BITS-1:0] tag;

  assign tag = sent[TAG_BITS-1:0];
  assign no_tag = (sent - taken) == (TAG_BITS + 1)'(TAGS);
  assign burst_ready = !no_tag && (!arvalid || arready);
  assign start = burst_valid && burst_ready;

  // what is known of each burst; `came` counts beats
  localparam int INFO_BITS = KIND_BITS + 7 + 64 + 10 + 5 + 1;
  logic [INFO_BITS-1:0] infos[0:TAGS-1];
  logic [BEAT_BITS:0] came[0:TAGS-1];
  logic [TAGS-1:0] failed, refused;
  logic [255:0] buffer[0:(TAGS<<BEAT_BITS)-1];

  assign rready = 1'b1;

  always_ff @(posedge clk) begin
    if (start) begin
      infos[tag] <= {access_kind, access_queue, burst_address, burst_bytes, burst_beats, access_flush && burst_last};
      came[tag] <= '0;
      failed[tag] <= burst_refused;
      refused[tag] <= burst_refused;
    end
    if (rvalid) begin
      buffer[{rid, came[rid][BEAT_BITS-1:0]}] <= rdata;
      came[rid] <= came[rid] + 1'b1;
      if (rresp != 2'b00) failed[rid] <= 1'b1;
    end
    if (arready) arvalid <= 1'b0;
    if (start && !burst_refused) begin
      arvalid <= 1'b1;
      arid <= tag;
      aruser <= access_queue;
      araddr <= {burst_address[63:5], 5'b0};
      arlen <= {3'b0, burst_beats} - 8'd1;
    end
    if (rst) begin
      sent <= '0;
      arvalid <= 1'b0;
    end else if (start) sent <= sent + 1'b1;
  end

  // ---- beats in order ----
  logic [BEAT_BITS:0] beat;
  logic [KIND_BITS-1:0] kind;
  logic [6:0] queue;
  logic [63:0] address;
  logic [9:0] bytes, bytes_before;
  logic [4:0] beats;
  logic [TAG_BITS-1:0] oldest;
  logic flush, there, take, beat_last;
  logic a_valid, a_ready, a_flush, a_failed;
  logic [255:0] a_data;
  logic [4:0] a_offset;
  logic [5:0] a_bytes, beat_bytes;
  logic [KIND_BITS-1:0] a_kind;

  assign oldest = taken[TAG_BITS-1:0];
  assign {kind, queue, address, bytes, beats, flush} = infos[oldest];
  assign there = sent != taken && (refused[oldest] || came[oldest] != beat);
  assign take = there && (!a_valid || a_ready);
  assign beat_last = beat + 1'b1 == beats;
  // bytes of the burst in the beats before this one
  assign bytes_before = beat == 0 ? '0 : {beat, 5'b0} - {5'b0, address[4:0]};
  assign beat_bytes = beat_last ? 6'(bytes - bytes_before) : beat == 0 ? 6'd32 - {1'b0, address[4:0]} : 6'd32;
  assign read_queue = queue;
  assign read_address = address;
  assign read_bytes = bytes;
  assign read_done = take && beat_last && !failed[oldest];
  assign read_failed = take && beat_last && failed[oldest];

  always_ff @(posedge clk) begin
    if (a_ready) a_valid <= 1'b0;
    if (take) begin
      a_valid <= 1'b1;
      a_data <= buffer[{oldest, beat[BEAT_BITS-1:0]}];
      a_offset <= beat == 0 ? address[4:0] : '0;
      a_bytes <= beat_bytes;
      a_kind <= kind;
      a_flush <= flush && beat_last;
      a_failed <= failed[oldest] && beat_last;
      beat <= beat_last ? '0 : beat + 1'b1;
    end
    if (rst) begin
      a_valid <= 1'b0;
      beat <= '0;
      taken <= '0;
    end else if (take && beat_last) taken <= taken + 1'b1;
  end

  glacis_dma_pack #(
    .KIND_BITS(KIND_BITS)
  ) pack (
    .clk(clk),
    .rst(rst),
    .in_valid(a_valid),
    .in_ready(a_ready),
    .in_data(a_data),
    .in_offset(a_offset),
    .in_bytes(a_bytes),
    .in_kind(a_kind),
    .in_flush(a_flush),
    .in_error(a_failed),
    .word_valid(word_valid),
    .word_ready(word_ready),
    .word(word),
    .word_bytes(word_bytes),
    .word_kind(word_kind),
    .word_last(word_last),
    .word_error(word_error)
  );
endmodule
