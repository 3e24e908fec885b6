// SPDX-License-Identifier: Apache-2.0
// From the card's interrupts, pulses of any queue in any cycle, to one request at a time: `request` stays with its
// `which` until `done`, `first` marks its first cycle. Queues share a vector when there are more of them: queue q has
// vector q mod 2^VECTOR_BITS, and software must look at each of its queues. What comes while its vector waits or is
// being told is told once more, so that none is lost; vectors take turns.
module glacis_irq_serial #(
  parameter int VECTOR_BITS = 3
) (
  input  logic                   clk,
  input  logic                   rst,
  input  logic                   irq_valid,
  input  logic [            6:0] irq_queue,
  output logic                   request,
  output logic                   first,
  output logic [VECTOR_BITS-1:0] which,
  input  logic                   done
);
  localparam int VECTORS = 1 << VECTOR_BITS;

  logic [VECTORS-1:0] waiting;
  logic [VECTOR_BITS-1:0] turn;

  always_ff @(posedge clk) begin
    first <= 1'b0;
    if (request) begin
      if (done) request <= 1'b0;
    end else begin
      turn <= turn + 1'b1;
      if (waiting[turn]) begin
        request <= 1'b1;
        first <= 1'b1;
        which <= turn;
        waiting[turn] <= 1'b0;
      end
    end
    if (irq_valid) waiting[irq_queue[VECTOR_BITS-1:0]] <= 1'b1;
    if (rst) begin
      request <= 1'b0;
      first <= 1'b0;
      waiting <= '0;
      turn <= '0;
    end
  end

  logic unused;
  assign unused = &{1'b0, irq_queue[6:VECTOR_BITS]};
endmodule
