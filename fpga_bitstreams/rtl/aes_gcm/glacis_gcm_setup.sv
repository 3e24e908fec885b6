// SPDX-License-Identifier: Apache-2.0
// Ahead of the records: each gets a context, in turn, and while others are under way its round keys are expanded, its
// hash key is asked from the pipe (a block of zeros in a gap) and raised to its powers. `ready_context` runs behind
// `taken_context`, so that the sequencer starts records in the order in which they came. A context is free again when
// the record's tag is out.
module glacis_gcm_setup #(
  parameter int TOWER = 0,
  parameter int CONTEXT_BITS = 3
) (
  input  logic                    clk,
  input  logic                    rst,
  // a record's key
  input  logic                    key_valid,
  output logic                    key_ready,
  input  logic [             1:0] key_size,
  input  logic [           255:0] key,
  output logic [CONTEXT_BITS-1:0] key_slot,      // the context that it gets
  input  logic                    freed,         // the oldest context
  // records up to here, by a counter, may start
  output logic [  CONTEXT_BITS:0] ready_context,
  // to the rounds
  output logic                    key_write,
  output logic [             3:0] key_round,
  output logic                    key_half,
  output logic [CONTEXT_BITS-1:0] key_context,
  output logic [            63:0] key_data,
  // the hash key: asked, and there, in order
  output logic                    h_wanted,
  output logic [CONTEXT_BITS-1:0] h_context,
  output logic [             1:0] h_size,
  input  logic                    h_taken,
  input  logic                    h_valid,
  input  logic [           127:0] h,
  // to GHASH
  output logic                    power_write,
  output logic [CONTEXT_BITS-1:0] power_context,
  output logic [             2:0] power_index,
  output logic [           127:0] power_data
);
  typedef logic [CONTEXT_BITS:0] count_t;

  count_t taken, expanded, asked, answered, free;
  logic [1:0] sizes[0:(1<<CONTEXT_BITS)-1];
  logic [127:0] hs[0:(1<<CONTEXT_BITS)-1];
  logic expanding, expansion_done, raising, raised, start;
  logic [1:0] expanding_size;

  assign key_ready = !expanding && (taken - free) != (CONTEXT_BITS + 1)'(1 << CONTEXT_BITS);
  assign start = key_valid && key_ready;
  assign key_slot = taken[CONTEXT_BITS-1:0];
  assign key_context = expanded[CONTEXT_BITS-1:0];

  glacis_aes_keys #(
    .TOWER(TOWER)
  ) keys (
    .clk(clk),
    .rst(rst),
    .start(start),
    .size(expanding_size),
    .key(key),
    .busy(expanding),
    .done(expansion_done),
    .key_write(key_write),
    .key_round(key_round),
    .key_half(key_half),
    .key_data(key_data)
  );

  assign h_wanted = asked != expanded;
  assign h_context = asked[CONTEXT_BITS-1:0];
  assign h_size = sizes[asked[CONTEXT_BITS-1:0]];

  glacis_gf128_powers powers (
    .clk(clk),
    .rst(rst),
    .start(answered != ready_context),
    .h(hs[ready_context[CONTEXT_BITS-1:0]]),
    .busy(raising),
    .done(raised),
    .power_write(power_write),
    .power_index(power_index),
    .power_data(power_data)
  );

  assign power_context = ready_context[CONTEXT_BITS-1:0];

  always_ff @(posedge clk) begin
    if (start) begin
      sizes[taken[CONTEXT_BITS-1:0]] <= key_size;
      expanding_size <= key_size;
    end
    if (h_valid) hs[answered[CONTEXT_BITS-1:0]] <= h;
    if (rst) begin
      taken <= '0;
      expanded <= '0;
      asked <= '0;
      answered <= '0;
      ready_context <= '0;
      free <= '0;
    end else begin
      if (start) taken <= taken + 1'b1;
      if (expansion_done) expanded <= expanded + 1'b1;
      if (h_taken) asked <= asked + 1'b1;
      if (h_valid) answered <= answered + 1'b1;
      if (raised) ready_context <= ready_context + 1'b1;
      if (freed) free <= free + 1'b1;
    end
  end

  logic unused;
  assign unused = raising;
endmodule
