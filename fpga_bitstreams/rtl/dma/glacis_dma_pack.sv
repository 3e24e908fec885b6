// SPDX-License-Identifier: Apache-2.0
// Joins pieces of bus beats to words of 32 bytes without holes. A piece is `in_bytes` from byte `in_offset` of the beat
// on. With `in_flush` the packet ends: its last word may have less. An error of any piece comes with the last word.
module glacis_dma_pack #(
  parameter int KIND_BITS = 2
) (
  input  logic                 clk,
  input  logic                 rst,
  input  logic                 in_valid,
  output logic                 in_ready,
  input  logic [        255:0] in_data,
  input  logic [          4:0] in_offset,
  input  logic [          5:0] in_bytes,    // 1 to 32
  input  logic [KIND_BITS-1:0] in_kind,
  input  logic                 in_flush,
  input  logic                 in_error,
  output logic                 word_valid,
  input  logic                 word_ready,
  output logic [        255:0] word,
  output logic [          5:0] word_bytes,
  output logic [KIND_BITS-1:0] word_kind,
  output logic                 word_last,
  output logic                 word_error
);
  // ---- the piece, moved to byte 0 ----
  logic p_valid, p_ready, p_flush, p_error;
  logic [255:0] piece, mask;
  logic [5:0] p_bytes;
  logic [KIND_BITS-1:0] p_kind;

  assign in_ready = !p_valid || p_ready;
  assign mask = ~({256{1'b1}} << {in_bytes, 3'b0});

  always_ff @(posedge clk) begin
    if (p_ready) p_valid <= 1'b0;
    if (in_valid && in_ready) begin
      p_valid <= 1'b1;
      piece <= (in_data >> {in_offset, 3'b0}) & mask;
      p_bytes <= in_bytes;
      p_kind <= in_kind;
      p_flush <= in_flush;
      p_error <= in_error;
    end
    if (rst) p_valid <= 1'b0;
  end

  // ---- behind what is kept of the packet ----
  logic [255:0] kept;
  logic [4:0] kept_bytes;
  logic kept_error, remainder;  // `remainder`: what is kept is the end of a packet
  logic [511:0] joined;
  logic [5:0] total;
  logic free, fills;

  assign joined = {256'b0, kept} | ({256'b0, piece} << {kept_bytes, 3'b0});
  assign total = {1'b0, kept_bytes} + p_bytes;  // at most 63
  assign fills = total[5];
  assign free = !word_valid || word_ready;
  assign p_ready = free && !remainder;

  always_ff @(posedge clk) begin
    if (word_ready) word_valid <= 1'b0;
    if (remainder && free) begin
      word_valid <= 1'b1;
      word <= kept;
      word_bytes <= {1'b0, kept_bytes};
      word_last <= 1'b1;
      word_error <= kept_error;
      kept <= '0;
      kept_bytes <= '0;
      kept_error <= 1'b0;
      remainder <= 1'b0;
    end else if (p_valid && p_ready) begin
      word_valid <= fills || p_flush;
      if (fills || p_flush) begin
        word <= joined[255:0];
        word_bytes <= fills ? 6'd32 : total;
        word_kind <= p_kind;
        word_last <= p_flush && total <= 6'd32;
        word_error <= kept_error || p_error;
        kept <= joined[511:256];
        kept_bytes <= fills ? total[4:0] : '0;
        remainder <= p_flush && total > 6'd32;
        kept_error <= p_flush && total <= 6'd32 ? 1'b0 : kept_error || p_error;
      end else begin
        kept <= joined[255:0];
        kept_bytes <= total[4:0];
        kept_error <= kept_error || p_error;
      end
    end
    if (rst) begin
      word_valid <= 1'b0;
      kept <= '0;
      kept_bytes <= '0;
      kept_error <= 1'b0;
      remainder <= 1'b0;
    end
  end
endmodule
