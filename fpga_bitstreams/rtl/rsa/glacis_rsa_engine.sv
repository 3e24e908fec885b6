// SPDX-License-Identifier: Apache-2.0
// RSA operations and key slots of the card: one command at a time, from operands to result. Numbers come and go as they
// lie in host memory: big-endian, byte k of a stream at bits 8 (k mod STREAM_BYTES) of beat k / STREAM_BYTES. Statuses,
// kinds and opcodes are those of the ABI (glacis_card_pkg), and so is the order in which a command is checked.
//
// A command is taken when valid and ready. It is answered
// - by `done` at once, when slot, sizes or kind are out of bounds or the slot has no such key; or
// - by a pulse of `fetch_valid`: then `fetch_size` bytes are taken from `in` (the base, modulus_size bytes; or the numbers
//   of KEY_LOAD as KEY_KIND says), the result of an operation with status OK comes out of `out` in modulus_size bytes,
//   and `done` follows its last beat. Every byte is taken even if the first already is wrong.
// `in_error` in place of a beat ends the command with DMA_READ. `cancel`, at any time, ends what runs with INTERNAL, in
// less than 5000 cycles and without further beats. A KEY_LOAD that does not end with OK leaves the slot as it was.
//
// The cycles of an operation depend on opcode, kind and sizes, never on the numbers; with RSA_PUBLIC also on e. Those of
// KEY_LOAD also depend on how long p and q are.
module glacis_rsa_engine #(
  parameter int SLOTS = 16,        // key slots, 1 to 1024; a slot is 4 KiB of memory
  parameter int STREAM_BYTES = 4   // bytes of a beat of `in` and `out`: 1, 2, 4, ... 64
) (
  input  logic                      clk,
  input  logic                      rst,                    // synchronous; zeroises all slots as `zeroise` does
  input  logic                      command_valid,
  output logic                      command_ready,
  input  logic [7:0]                command_opcode,         // RSA_PRIVATE, RSA_PUBLIC, KEY_LOAD or KEY_ZEROISE
  input  logic [7:0]                command_kind,           // KEY_LOAD: enumeration KEY_KIND; KEY_ZEROISE: zero
  input  logic [15:0]               command_slot,
  input  logic [31:0]               command_modulus_size,   // bytes; KEY_ZEROISE: zero
  input  logic [31:0]               command_exponent_size,  // KEY_LOAD: bytes; KEY_ZEROISE: zero
  output logic                      fetch_valid,            // for one cycle
  output logic [15:0]               fetch_size,             // bytes, until `done`
  input  logic                      in_valid,
  output logic                      in_ready,
  input  logic                      in_error,               // with in_valid: host memory could not be read
  input  logic [8*STREAM_BYTES-1:0] in_data,                // bytes behind the last one are ignored
  output logic                      out_valid,
  input  logic                      out_ready,
  output logic                      out_last,
  output logic [8*STREAM_BYTES-1:0] out_data,               // zeros behind the last byte
  output logic                      done_valid,
  input  logic                      done_ready,
  output logic [7:0]                done_status,            // enumeration STATUS
  output logic [31:0]               done_cycles,            // from command to done, without waits for streams
  input  logic                      cancel,
  input  logic                      zeroise,                // pulse: cancels, then empties all slots and working memory
  output logic                      busy                    // something runs; clock and evaluation may stop otherwise
);
  // The boundary alone: no command is taken yet.
  assign command_ready = 1'b0;
  assign fetch_valid = 1'b0;
  assign fetch_size = '0;
  assign in_ready = 1'b0;
  assign out_valid = 1'b0;
  assign out_last = 1'b0;
  assign out_data = '0;
  assign done_valid = 1'b0;
  assign done_status = '0;
  assign done_cycles = '0;
  assign busy = 1'b0;
endmodule
