// SPDX-License-Identifier: Apache-2.0
// Writes host memory. Accesses go out as bursts with tags, several at once, and retire in order when the bus has
// answered: `retire_valid` for the last burst of each access that is marked `last`, with the errors of all accesses since
// the one before that was. An owner whose highest bit is set stands for itself: its accesses, of one burst, come between
// those of others and have no part in their errors. The bytes come from a result buffer, from the access itself, or
// are zeros.
module glacis_dma_write #(
  parameter int TAG_BITS = 3,
  parameter int OWNER_BITS = 8,
  parameter int BUFFER_BITS = 17,
  parameter int SOURCE_BITS = 1
) (
  input  logic                   clk,
  input  logic                   rst,
  input  logic                   access_valid,
  output logic                   access_ready,
  input  logic [           63:0] access_address,
  input  logic [           16:0] access_size,     // may be 0
  input  logic                   access_zeros,
  input  logic                   access_inline,   // `access_bytes`, at most 16
  input  logic [          127:0] access_bytes,
  input  logic [BUFFER_BITS-1:0] access_place,    // first byte in the buffer
  input  logic [SOURCE_BITS-1:0] access_source,   // which buffer
  input  logic [            6:0] access_queue,
  input  logic [ OWNER_BITS-1:0] access_owner,
  input  logic                   access_last,
  // the result buffers: 64 bytes from the 32 bytes on that `buffer_word` counts, a cycle later
  output logic                   buffer_read,
  output logic [BUFFER_BITS-6:0] buffer_word,
  output logic [SOURCE_BITS-1:0] buffer_source,   // with `buffer_data`
  input  logic [          511:0] buffer_data,
  output logic                   retire_valid,
  output logic [ OWNER_BITS-1:0] retire_owner,
  output logic                   retire_error,
  // statistics
  output logic                   write_done,
  output logic [            9:0] write_bytes,
  output logic                   write_failed,
  output logic [           63:0] write_address,
  output logic [            6:0] write_queue,
  // AXI
  output logic                   awvalid,
  input  logic                   awready,
  output logic [   TAG_BITS-1:0] awid,
  output logic [           63:0] awaddr,
  output logic [            6:0] awuser,
  output logic [            7:0] awlen,
  output logic                   wvalid,
  input  logic                   wready,
  output logic [          255:0] wdata,
  output logic [           31:0] wstrb,
  output logic                   wlast,
  input  logic                   bvalid,
  output logic                   bready,
  input  logic [   TAG_BITS-1:0] bid,
  input  logic [            1:0] bresp
);
  localparam int TAGS = 1 << TAG_BITS;

  // ---- bursts ----
  logic burst_valid, burst_ready, burst_last, burst_refused;
  logic [63:0] burst_address;
  logic [9:0] burst_bytes;
  logic [4:0] burst_beats;
  logic [TAG_BITS:0] sent, retired;
  logic [TAG_BITS-1:0] tag, oldest;
  logic start, silent, no_tag, beats_free;

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

  assign tag = sent[TAG_BITS-1:0];
  assign oldest = retired[TAG_BITS-1:0];
  assign no_tag = (sent - retired) == (TAG_BITS + 1)'(TAGS);
  assign burst_ready = !no_tag && beats_free && (!awvalid || awready);
  assign start = burst_valid && burst_ready;
  assign silent = burst_refused || burst_bytes == 0;  // the bus sees nothing of it

  localparam int INFO_BITS = OWNER_BITS + 7 + 64 + 10 + 1;
  logic [INFO_BITS-1:0] infos[0:TAGS-1];
  logic [TAGS-1:0] answered, failed;
  logic retire, access_failed, info_last, alone;

  always_ff @(posedge clk) begin
    if (start) begin
      infos[tag] <= {access_owner, access_queue, burst_address, burst_bytes, access_last && burst_last};
      answered[tag] <= silent;
      failed[tag] <= burst_refused;
    end
    if (bvalid) begin
      answered[bid] <= 1'b1;
      failed[bid] <= bresp != 2'b00;
    end
    if (awready) awvalid <= 1'b0;
    if (start && !silent) begin
      awvalid <= 1'b1;
      awid <= tag;
      awuser <= access_queue;
      awaddr <= {burst_address[63:5], 5'b0};
      awlen <= {3'b0, burst_beats} - 8'd1;
    end
    if (rst) begin
      awvalid <= 1'b0;
      sent <= '0;
      retired <= '0;
      access_failed <= 1'b0;
    end else begin
      if (start) sent <= sent + 1'b1;
      if (retire) begin
        retired <= retired + 1'b1;
        if (!alone) access_failed <= !info_last && (access_failed || failed[oldest]);
      end
    end
  end

  assign bready = 1'b1;
  assign retire = sent != retired && answered[oldest];
  assign {retire_owner, write_queue, write_address, write_bytes, info_last} = infos[oldest];
  assign retire_valid = retire && info_last;
  assign alone = retire_owner[OWNER_BITS-1];
  assign retire_error = (access_failed && !alone) || failed[oldest];
  assign write_done = retire && !failed[oldest];
  assign write_failed = retire && failed[oldest];

  // ---- beats: address of their bytes, the bytes, the bus ----
  logic busy, zeros, is_inline, beat_last, next, a_valid, a_ready;
  logic [SOURCE_BITS-1:0] source;
  logic [127:0] inline_bytes;
  logic [BUFFER_BITS-1:0] place, access_at;
  logic [9:0] left;
  logic [4:0] beats_left, offset;
  logic [5:0] beat_bytes, room;

  // Bytes of the access that were in bursts before.
  logic [16:0] offset_in_access;
  assign offset_in_access = burst_address[16:0] - access_address[16:0];
  assign access_at = access_place + BUFFER_BITS'(offset_in_access);

  assign beats_free = !busy || (next && beat_last);
  assign room = 6'd32 - {1'b0, offset};
  assign beat_last = beats_left == 5'd1;
  assign beat_bytes = beat_last ? 6'(left) : room;
  assign next = busy && (!a_valid || a_ready);
  assign buffer_read = next;
  assign buffer_word = place[BUFFER_BITS-1:5];

  logic [4:0] a_shift, a_offset;
  logic [5:0] a_bytes;
  logic a_zeros, a_inline, a_last;
  logic [127:0] a_inline_bytes;

  always_ff @(posedge clk) begin
    if (next) begin
      place <= place + BUFFER_BITS'(beat_bytes);
      left <= left - {4'b0, beat_bytes};
      beats_left <= beats_left - 1'b1;
      offset <= '0;
      // an access of its own bytes may have a second beat
      inline_bytes <= inline_bytes >> {beat_bytes, 3'b0};
      if (beat_last) busy <= 1'b0;
    end
    if (start && !silent) begin
      busy <= 1'b1;
      zeros <= access_zeros;
      is_inline <= access_inline;
      source <= access_source;
      if (access_inline) inline_bytes <= access_bytes >> {offset_in_access[3:0], 3'b0};
      place <= access_at;
      left <= burst_bytes;
      beats_left <= burst_beats;
      offset <= burst_address[4:0];
    end
    if (a_ready) a_valid <= 1'b0;
    if (next) begin
      a_valid <= 1'b1;
      a_shift <= place[4:0];
      a_offset <= offset;
      a_bytes <= beat_bytes;
      a_zeros <= zeros;
      a_inline <= is_inline;
      buffer_source <= source;
      a_inline_bytes <= inline_bytes;
      a_last <= beat_last;
    end
    if (rst) begin
      busy <= 1'b0;
      a_valid <= 1'b0;
    end
  end

  logic [511:0] shifted;
  logic [255:0] bytes;

  assign shifted = buffer_data >> {a_shift, 3'b0};
  assign bytes = a_zeros ? '0 : a_inline ? {128'b0, a_inline_bytes} : shifted[255:0];
  assign a_ready = !wvalid || wready;

  always_ff @(posedge clk) begin
    if (wready) wvalid <= 1'b0;
    if (a_valid && a_ready) begin
      wvalid <= 1'b1;
      wdata <= bytes << {a_offset, 3'b0};
      wstrb <= ~({32{1'b1}} << a_bytes) << a_offset;
      wlast <= a_last;
    end
    if (rst) wvalid <= 1'b0;
  end

  logic unused;
  assign unused = &{1'b0, shifted[511:256]};
endmodule
