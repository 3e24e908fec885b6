// SPDX-License-Identifier: Apache-2.0
// The S-box of AES by arithmetic in a tower of fields, for families where logic is cheaper than memory: GF(2^8) as
// GF(2^4)[y]/(y^2+y+nu) over GF(2)[z]/(z^4+z+1), nu = z^3+z. Of the roots of AES's polynomial the one was taken whose
// change of basis there and back needs the fewest gates. In front of the register: into the tower, and the norm; behind
// it: the inverse, out of the tower, and the affine map. Ports and latency are those of glacis_aes_sbox_rom.
module glacis_aes_sbox_tower (
  input  logic        clk,
  input  logic        enable,
  input  logic [31:0] x,
  output logic [31:0] y
);
  // Product in GF(2^4).
  function automatic logic [3:0] times(input logic [3:0] a, input logic [3:0] b);
    logic [6:0] p;
    p = ({3'b0, a} & {7{b[0]}}) ^ ({2'b0, a, 1'b0} & {7{b[1]}}) ^ ({1'b0, a, 2'b0} & {7{b[2]}}) ^
        ({a, 3'b0} & {7{b[3]}});
    times = {p[3] ^ p[6], p[2] ^ p[5] ^ p[6], p[1] ^ p[4] ^ p[5], p[0] ^ p[4]};
  endfunction

  function automatic logic [3:0] square(input logic [3:0] a);
    square = {a[3], a[1] ^ a[3], a[2], a[0] ^ a[2]};
  endfunction

  // nu * a^2
  function automatic logic [3:0] square_nu(input logic [3:0] a);
    square_nu = {a[0] ^ a[1] ^ a[2], a[1] ^ a[2], a[0] ^ a[1], a[2] ^ a[3]};
  endfunction

  function automatic logic [3:0] inverse(input logic [3:0] a);
    case (a)
      4'h0: inverse = 4'h0;
      4'h1: inverse = 4'h1;
      4'h2: inverse = 4'h9;
      4'h3: inverse = 4'he;
      4'h4: inverse = 4'hd;
      4'h5: inverse = 4'hb;
      4'h6: inverse = 4'h7;
      4'h7: inverse = 4'h6;
      4'h8: inverse = 4'hf;
      4'h9: inverse = 4'h2;
      4'ha: inverse = 4'hc;
      4'hb: inverse = 4'h5;
      4'hc: inverse = 4'ha;
      4'hd: inverse = 4'h4;
      4'he: inverse = 4'h3;
      default: inverse = 4'h8;
    endcase
  endfunction

  // {norm, high, low}
  function automatic logic [11:0] enter(input logic [7:0] v);
    logic [3:0] high, low;
    high = {v[5] ^ v[7], v[1] ^ v[4] ^ v[6] ^ v[7], v[2] ^ v[3], v[1] ^ v[5] ^ v[7]};
    low = {v[3] ^ v[4], v[2], v[2] ^ v[5] ^ v[6] ^ v[7], v[0] ^ v[2] ^ v[5] ^ v[7]};
    enter = {square_nu(high) ^ times(high, low) ^ square(low), high, low};
  endfunction

  function automatic logic [7:0] leave(input logic [11:0] v);
    logic [3:0] d;
    logic [7:0] t;
    d = inverse(v[11:8]);
    t = {times(d, v[7:4]), times(d, v[7:4] ^ v[3:0])};
    leave = 8'h63 ^ {
      t[1] ^ t[2] ^ t[3],
      t[4] ^ t[5] ^ t[6],
      t[1] ^ t[2] ^ t[5] ^ t[6],
      t[0] ^ t[3] ^ t[4],
      t[0] ^ t[1] ^ t[2] ^ t[3] ^ t[6],
      t[0] ^ t[2] ^ t[3] ^ t[5] ^ t[6] ^ t[7],
      t[0] ^ t[1] ^ t[4],
      t[0] ^ t[1] ^ t[2] ^ t[3] ^ t[5] ^ t[7]
    };
  endfunction

  logic [47:0] q;

  always_ff @(posedge clk)
    if (enable) q <= {enter(x[31:24]), enter(x[23:16]), enter(x[15:8]), enter(x[7:0])};

  assign y = {leave(q[47:36]), leave(q[35:24]), leave(q[23:12]), leave(q[11:0])};
endmodule
