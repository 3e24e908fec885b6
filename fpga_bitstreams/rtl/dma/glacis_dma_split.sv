// SPDX-License-Identifier: Apache-2.0
// Cuts an access of any address and size into bursts of AXI: none crosses a multiple of 512 bytes, so none crosses
// 4 KiB. A burst is `burst_bytes` from `burst_address` on; its first beat begins `burst_address` mod 32 bytes into the
// bus. An access of no bytes is one burst of none. One that would pass 2^64 is cut likewise and marked `burst_refused`.
module glacis_dma_split (
  input  logic        clk,
  input  logic        rst,
  input  logic        access_valid,
  output logic        access_ready,   // with the last burst
  input  logic [63:0] access_address,
  input  logic [16:0] access_size,
  output logic        burst_valid,
  input  logic        burst_ready,
  output logic [63:0] burst_address,
  output logic [ 9:0] burst_bytes,    // 0 to 512
  output logic [ 4:0] burst_beats,    // 1 to 16; 0 without bytes
  output logic        burst_last,
  output logic        burst_refused
);
  logic [16:0] done, left;
  logic [9:0] room;
  logic [64:0] behind;
  logic [9:0] reach;

  assign burst_address = access_address + {47'b0, done};
  assign left = access_size - done;
  assign room = 10'd512 - {1'b0, burst_address[8:0]};
  assign burst_last = left <= {7'b0, room};
  assign burst_bytes = burst_last ? left[9:0] : room;
  assign reach = {5'b0, burst_address[4:0]} + burst_bytes + 10'd31;
  assign burst_beats = burst_bytes == 0 ? 5'd0 : reach[9:5];
  assign behind = {1'b0, access_address} + {48'b0, access_size};
  assign burst_refused = behind[64] && behind[63:0] != 0;
  assign burst_valid = access_valid;
  assign access_ready = burst_ready && burst_last;

  always_ff @(posedge clk) begin
    if (rst) done <= '0;
    else if (burst_valid && burst_ready) done <= burst_last ? '0 : done + {7'b0, burst_bytes};
  end

  logic unused;
  assign unused = &{1'b0, reach[4:0]};
endmodule
