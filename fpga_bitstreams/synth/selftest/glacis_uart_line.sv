// SPDX-License-Identifier: Apache-2.0
// Says the same line again and again at 115,200 baud, 8 bits, no parity: the name of the core, how its tests went, how often
// they ran, the image's build. For who has no other way into the part than one wire.
//
//   glacis CORE ok 0000002a 0f7230eb
module glacis_uart_line #(
  parameter int CLOCK_HZ = 100_000_000,
  parameter logic [31:0] BUILD = 32'h0,
  parameter logic [23:0] CORE = "gcm"
) (
  input  logic        clk,
  input  logic        rst,
  input  logic        failed,
  input  logic [31:0] runs,
  output logic        tx
);
  localparam int BIT = CLOCK_HZ / 115_200;
  localparam int PAUSE = CLOCK_HZ / 4;  // between lines
  localparam int LENGTH = 33;

  function automatic logic [7:0] hex(input logic [3:0] digit);
    hex = digit < 10 ? 8'h30 + {4'h0, digit} : 8'h57 + {4'h0, digit};
  endfunction

  logic [5:0] at;
  logic [31:0] runs_kept;
  logic failed_kept;
  logic [7:0] character;

  always_comb
    case (at)
      0: character = "g";
      1: character = "l";
      2: character = "a";
      3: character = "c";
      4: character = "i";
      5: character = "s";
      7: character = CORE[23:16];
      8: character = CORE[15:8];
      9: character = CORE[7:0];
      11: character = failed_kept ? "N" : "o";
      12: character = failed_kept ? "O" : "k";
      14, 15, 16, 17, 18, 19, 20, 21: character = hex(runs_kept[4*(21-at)+:4]);
      23, 24, 25, 26, 27, 28, 29, 30: character = hex(BUILD[4*(30-at)+:4]);
      31: character = 8'h0d;
      32: character = 8'h0a;
      default: character = " ";
    endcase

  logic [9:0] shift;        // stop, data, start
  logic [3:0] bits;         // left of it
  logic [27:0] waited;

  assign tx = shift[0];

  always_ff @(posedge clk) begin
    waited <= waited + 1'b1;
    if (bits != 0) begin
      if (waited == 28'(BIT - 1)) begin
        waited <= '0;
        bits <= bits - 1'b1;
        shift <= {1'b1, shift[9:1]};
      end
    end else if (at != 6'(LENGTH)) begin
      shift <= {1'b1, character, 1'b0};
      bits <= 4'd10;
      at <= at + 1'b1;
      waited <= '0;
    end else if (waited == 28'(PAUSE - 1)) begin
      at <= '0;
      runs_kept <= runs;
      failed_kept <= failed;
      waited <= '0;
    end
    if (rst) begin
      shift <= '1;
      bits <= '0;
      at <= 6'(LENGTH);
      waited <= '0;
    end
  end
endmodule
