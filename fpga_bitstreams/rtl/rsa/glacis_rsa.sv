// SPDX-License-Identifier: Apache-2.0
// What the parts of the RSA engine agree on: sizes, the layout of its memories, and the codes of its microinstructions.
/* verilator lint_off UNUSEDPARAM */  // each part uses some
package glacis_rsa;
  localparam int LANES = 17;  // words of a chunk; each lane has two multipliers

  // Registers of the lanes: a number of each modulus in every one.
  localparam logic [5:0] R_TABLE = 6'd0;     // powers 0 to 31 of the base
  localparam logic [5:0] R_SQUARE = 6'd32;   // R^2 mod m, which brings a number into Montgomery form
  localparam logic [5:0] R_OPERAND = 6'd33;
  localparam logic [5:0] R_INVERSE = 6'd34;
  localparam logic [5:0] R_LAST = 6'd63;     // the last result, when nothing else is said

  // Words of 16 bits in a page of the key memory. One page for each slot, one to load into, and one to work in.
  localparam int PAGE_BITS = 11;
  localparam logic [10:0] K_N = 11'd0;
  localparam logic [10:0] K_E = 11'd256;
  localparam logic [10:0] K_D = 11'd512;
  localparam logic [10:0] K_P = 11'd512;
  localparam logic [10:0] K_Q = 11'd640;
  localparam logic [10:0] K_DP = 11'd768;
  localparam logic [10:0] K_DQ = 11'd896;
  localparam logic [10:0] K_QINV = 11'd1024;
  localparam logic [10:0] K_START_N = 11'd1152;  // power of two from which R^2 mod n is made
  localparam logic [10:0] K_START_P = 11'd1408;
  localparam logic [10:0] K_START_Q = 11'd1536;
  localparam logic [10:0] K_WORK = 11'd0;        // in the page to work in: the base, later base^dq mod q mod p

  // Words of 16 bits in the scratch memory.
  localparam logic [9:0] S_NUMBER = 10'd0;    // the number that came in last; later a number to be reduced
  localparam logic [9:0] S_MOD_P = 10'd272;   // base^dp mod p
  localparam logic [9:0] S_RESULT = 10'd416;  // base^dq mod q, then the result
  localparam logic [9:0] S_H = 10'd704;       // Garner's h
  localparam logic [9:0] S_POWER = 10'd752;   // a power of two while a key is loaded

  // Operations of glacis_rsa_serial.
  localparam logic [1:0] OP_ADD = 2'd0;     // a + b
  localparam logic [1:0] OP_SUB = 2'd1;     // a - b; flag: less than zero
  localparam logic [1:0] OP_DOUBLE = 2'd2;  // 2a - b, or 2a + b when the flag is set; flag: the sign
  localparam logic [1:0] OP_MAC = 2'd3;     // a + k b

  localparam logic [1:0] A_CONSTANT = 2'd0;  // one word, zeros around it
  localparam logic [1:0] A_SCRATCH = 2'd1;
  localparam logic [1:0] A_LANES = 2'd2;

  localparam logic [1:0] B_NONE = 2'd0;
  localparam logic [1:0] B_ALWAYS = 2'd1;
  localparam logic [1:0] B_FLAG = 2'd2;      // when the flag is set, else zero
  localparam logic [1:0] B_NO_FLAG = 2'd3;

  localparam logic [2:0] D_NONE = 3'd0;
  localparam logic [2:0] D_SCRATCH = 3'd1;
  localparam logic [2:0] D_KEY = 3'd2;
  localparam logic [2:0] D_LANES = 3'd3;     // the accumulator, and R_LAST
  localparam logic [2:0] D_REGISTER = 3'd4;
  localparam logic [2:0] D_MODULUS = 3'd5;
endpackage
/* verilator lint_on UNUSEDPARAM */
