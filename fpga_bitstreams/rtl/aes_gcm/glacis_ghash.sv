// SPDX-License-Identifier: Apache-2.0
// GHASH (SP 800-38D, 6.4), a block each cycle. A product takes LANES cycles, so a record is hashed as LANES sums side
// by side: block j goes to lane j mod LANES, is added to the lane's product of LANES blocks ago and multiplied by
// H^LANES; each of the last LANES blocks by the power that is its distance from the end, and those products add up to
// the hash. A lane waits in its register for its next block: blocks may come with gaps, and those of the next record
// right behind the last.
module glacis_ghash #(
  parameter int CONTEXT_BITS = 3
) (
  input  logic                    clk,
  input  logic                    rst,
  input  logic                    valid,
  input  logic [           127:0] block,      // highest bit is x^0
  input  logic [CONTEXT_BITS-1:0] in_context,
  input  logic [             2:0] lane,       // 0 to 4
  input  logic [             2:0] power,      // 1 to 5
  input  logic                    first,      // among the first LANES of its record
  input  logic                    tail,       // among the last LANES
  input  logic                    last,
  input  logic                    power_write,
  input  logic [CONTEXT_BITS-1:0] power_context,
  input  logic [             2:0] power_index,
  input  logic [           127:0] power_data,
  output logic                    hash_valid,
  output logic [           127:0] hash
);
  localparam int LANES = 5;

  logic [127:0] powers[0:(8<<CONTEXT_BITS)-1];
  logic [127:0] sums[0:LANES-1];

  // [0] beside the read of the power, then one for each of the five stages of a product
  logic [LANES:0] valids, tails, lasts;
  logic [2:0] lanes[0:LANES];
  logic first_0;
  logic [127:0] block_0, power_0, a, b, reduced, result, feedback, total;

  always_ff @(posedge clk) begin
    if (power_write) powers[{power_context, power_index}] <= power_data;
    if (valid) begin
      block_0 <= block;
      power_0 <= powers[{in_context, power}];
    end
    first_0 <= first;
    valids <= rst ? '0 : {valids[LANES-1:0], valid};
    tails <= {tails[LANES-1:0], tail};
    lasts <= {lasts[LANES-1:0], last};
    lanes[0] <= lane;
    for (int k = 1; k <= LANES; k++) lanes[k] <= lanes[k-1];
  end

  // What the lane has: its product may be coming out just now.
  assign feedback = valids[LANES] && lanes[LANES] == lanes[0] ? result : sums[lanes[0]];

  always_ff @(posedge clk)
    if (valids[0]) begin
      a <= block_0 ^ (first_0 ? 128'b0 : feedback);
      b <= power_0;
    end

  // Karatsuba, twice, to nine products of 32 bits; operands, products, their sum.
  logic [31:0] as[0:8];
  logic [31:0] bs[0:8];
  logic [62:0] products[0:8];
  logic [62:0] product_q[0:8];
  logic [126:0] low, high, middle;
  logic [254:0] product;

  always_ff @(posedge clk)
    if (valids[1]) begin
      as[0] <= a[31:0];
      as[1] <= a[63:32];
      as[2] <= a[31:0] ^ a[63:32];
      as[3] <= a[95:64];
      as[4] <= a[127:96];
      as[5] <= a[95:64] ^ a[127:96];
      as[6] <= a[31:0] ^ a[95:64];
      as[7] <= a[63:32] ^ a[127:96];
      as[8] <= a[31:0] ^ a[63:32] ^ a[95:64] ^ a[127:96];
      bs[0] <= b[31:0];
      bs[1] <= b[63:32];
      bs[2] <= b[31:0] ^ b[63:32];
      bs[3] <= b[95:64];
      bs[4] <= b[127:96];
      bs[5] <= b[95:64] ^ b[127:96];
      bs[6] <= b[31:0] ^ b[95:64];
      bs[7] <= b[63:32] ^ b[127:96];
      bs[8] <= b[31:0] ^ b[63:32] ^ b[95:64] ^ b[127:96];
    end

  genvar i;
  generate
    for (i = 0; i < 9; i = i + 1) begin : g_product
      glacis_clmul32 clmul (
        .a(as[i]),
        .b(bs[i]),
        .y(products[i])
      );
      always_ff @(posedge clk) if (valids[2]) product_q[i] <= products[i];
    end
  endgenerate

  function automatic logic [126:0] join_products(input logic [62:0] l, input logic [62:0] h, input logic [62:0] m);
    join_products = {h, 1'b0, l} ^ {32'b0, m ^ l ^ h, 32'b0};
  endfunction

  assign low = join_products(product_q[0], product_q[1], product_q[2]);
  assign high = join_products(product_q[3], product_q[4], product_q[5]);
  assign middle = join_products(product_q[6], product_q[7], product_q[8]);

  always_ff @(posedge clk)
    if (valids[3]) product <= {high, 1'b0, low} ^ {64'b0, middle ^ low ^ high, 64'b0};

  glacis_gf128_reduce reduce (
    .product(product),
    .y(reduced)
  );

  always_ff @(posedge clk) begin
    if (valids[4]) result <= reduced;
    if (valids[LANES]) begin
      sums[lanes[LANES]] <= result;
      if (tails[LANES]) total <= lasts[LANES] ? 128'b0 : total ^ result;
    end
    hash_valid <= !rst && valids[LANES] && lasts[LANES];
    if (valids[LANES] && lasts[LANES]) hash <= total ^ result;
    if (rst) total <= '0;
  end
endmodule
