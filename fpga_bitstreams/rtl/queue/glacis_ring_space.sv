// SPDX-License-Identifier: Apache-2.0
// Entries of a completion ring that are free and owed to no command: those between the card's tail and software's head but
// one, which tells a full ring from an empty one, less the commands that were issued and whose completion has no entry yet.
// Counters are free-running. What is proved of it: tests/rtl/formal/ring_phase.sv.
module glacis_ring_space (
  input  logic [ 4:0] log2,     // entries of the ring, as a power of two
  input  logic [15:0] head,     // of software, what is out of bounds folded into the ring
  input  logic [15:0] tail,
  input  logic [15:0] issued,
  input  logic [15:0] placed,
  input  logic [15:0] dropped,
  output logic [15:0] left
);
  logic [15:0] mask, free, owed;

  assign mask = 16'((17'd1 << log2) - 17'd1);
  assign free = (head - tail - 16'd1) & mask;
  assign owed = issued - placed - dropped;
  assign left = free > owed ? free - owed : 16'd0;
endmodule
