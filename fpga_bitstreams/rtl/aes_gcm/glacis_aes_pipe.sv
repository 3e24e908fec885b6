// SPDX-License-Identifier: Apache-2.0
// AES encryption, a block each cycle, keys of 128, 192 and 256 bits mixed: 14 rounds one behind the other, LATENCY
// cycles from `in` to `out` for each size. A key of fewer rounds has them at the end: its block waits beside the first
// rounds and enters behind them, so its round keys 1.. are written to rounds 15-Nr...
module glacis_aes_pipe #(
  parameter int TOWER = 0,
  parameter int CONTEXT_BITS = 3
) (
  input  logic                    clk,
  input  logic                    rst,
  input  logic                    valid,
  input  logic [             1:0] size,         // 0, 1, 2: 128, 192, 256 bits
  input  logic [CONTEXT_BITS-1:0] in_context,
  input  logic [           127:0] in,
  output logic [           127:0] out,
  input  logic                    key_write,
  input  logic [             3:0] key_round,    // 0 to 14, as said above
  input  logic                    key_half,
  input  logic [CONTEXT_BITS-1:0] key_context,
  input  logic [            63:0] key_data
);
  localparam int ROUNDS = 14;
  localparam int LATENCY = 2 + 3 * ROUNDS;

  // Beside the blocks: whether there is one, its context and size; [k] is k + 1 cycles behind the input.
  logic [LATENCY-2:0] valids;
  logic [CONTEXT_BITS-1:0] contexts[0:LATENCY-3];
  logic [1:0] sizes[0:13];

  always_ff @(posedge clk) begin
    valids <= rst ? '0 : {valids[LATENCY-3:0], valid};
    contexts[0] <= in_context;
    for (int k = 1; k < LATENCY - 2; k++) contexts[k] <= contexts[k-1];
    sizes[0] <= size;
    for (int k = 1; k < 14; k++) sizes[k] <= sizes[k-1];
  end

  // Round 0: AddRoundKey alone.
  logic [63:0] keys_low[0:(1<<CONTEXT_BITS)-1];
  logic [63:0] keys_high[0:(1<<CONTEXT_BITS)-1];
  logic [127:0] key, first, whitened;

  always_ff @(posedge clk) if (key_write && key_round == 0 && !key_half) keys_low[key_context] <= key_data;
  always_ff @(posedge clk) if (key_write && key_round == 0 && key_half) keys_high[key_context] <= key_data;
  always_ff @(posedge clk) begin
    if (valid) begin
      key <= {keys_high[in_context], keys_low[in_context]};
      first <= in;
    end
    if (valids[0]) whitened <= first ^ key;
  end

  // Blocks that wait beside rounds 1 and 2 (192 bits) and 1 to 4 (128 bits).
  logic [127:0] behind_2, behind_4;

  glacis_delay #(.WIDTH(128), .CYCLES(6)) wait_2 (.clk(clk), .rst(rst), .in(whitened), .out(behind_2));
  glacis_delay #(.WIDTH(128), .CYCLES(6)) wait_4 (.clk(clk), .rst(rst), .in(behind_2), .out(behind_4));

  genvar r;
  generate
    for (r = 1; r <= ROUNDS; r = r + 1) begin : g_round
      logic [127:0] entering, leaving;

      if (r == 1) begin : g_enter
        assign entering = whitened;
      end else if (r == 3) begin : g_enter
        assign entering = sizes[1+6] == 2'd1 ? behind_2 : g_round[2].leaving;
      end else if (r == 5) begin : g_enter
        assign entering = sizes[1+12] == 2'd0 ? behind_4 : g_round[4].leaving;
      end else begin : g_enter
        assign entering = g_round[r-1].leaving;
      end
      glacis_aes_round #(
        .TOWER(TOWER),
        .LAST(r == ROUNDS ? 1 : 0),
        .CONTEXT_BITS(CONTEXT_BITS)
      ) round (
        .clk(clk),
        .valid(valids[3*r-2]),
        .valid_second(valids[3*r-1]),
        .valid_third(valids[3*r]),
        .context_second(contexts[3*r-1]),
        .in(entering),
        .out(leaving),
        .key_write(key_write && key_round == r),
        .key_half(key_half),
        .key_context(key_context),
        .key_data(key_data)
      );
    end
  endgenerate

  assign out = g_round[ROUNDS].leaving;
endmodule
