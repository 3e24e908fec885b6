// SPDX-License-Identifier: Apache-2.0
// BAR0 as the bus sees it: each access is answered once and soon, an answer stays as it is until it is taken, and of a
// register of 64 bits the high half that follows the low one is of the same moment, whatever the register does meanwhile;
// that for halves that are read within eight cycles, since what is kept of a low half is not seen from outside.
module axi_lite (
  input logic        clk,
  input logic        rst,
  input logic        awvalid,
  input logic [20:0] awaddr,
  input logic        wvalid,
  input logic [31:0] wdata,
  input logic        bready,
  input logic        arvalid,
  input logic [20:0] araddr,
  input logic        rready,
  input logic        bus_ready,
  input logic [63:0] bus_value,
  input logic        function_busy,
  input logic        function_clear,
  input logic        rsa_there,
  input logic        fetched_valid,
  input logic [ 2:0] fetched_count,
  input logic        landed_valid,
  input logic        counted_valid,
  input logic        counted_aead,
  input logic        counted_rsa,
  input logic        counted_auth_failed,
  input logic        counted_error,
  input logic [16:0] counted_bytes,
  input logic        fail_valid,
  input logic [ 6:0] fail_queue,
  input logic        refused_valid,
  input logic        read_done,
  input logic [ 9:0] read_bytes,
  input logic        read_failed,
  input logic [63:0] read_address,
  input logic [ 6:0] read_queue,
  input logic        write_done,
  input logic [ 9:0] write_bytes,
  input logic        write_failed,
  input logic [63:0] write_address,
  input logic [ 6:0] write_queue
);
  localparam logic [20:0] LOW = {9'b10_0000001, 12'd0};  // SQ_BASE of a queue, whose value comes from outside
  localparam logic [3:0] SOON = 4'd4;  // cycles, when the queues let a write wait for two

  logic awready, wready, bvalid, arready, rvalid, bus_write, bus_doorbell, function_enable, function_reset;
  logic [31:0] rdata, bus_data, kept_rdata, high, kept_wdata;
  logic [11:0] bus_offset;
  logic [6:0] bus_queue;
  logic [20:0] kept_awaddr, kept_araddr;
  logic started = 1'b0, held_b = 1'b0, held_r = 1'b0, wait_aw = 1'b0, wait_w = 1'b0, wait_ar = 1'b0;
  logic [1:0] writes = '0, reads = '0, waits = '0;  // accesses that are not answered; cycles that a write had to wait
  logic [3:0] age = '0;                             // cycles since one was taken
  logic reads_low = 1'b0, reads_high = 1'b0, has_low = 1'b0, answers_high = 1'b0;
  logic [3:0] low_age = '0;

  glacis_registers #(.QUEUE_COUNT(3)) dut (.*);

  always_ff @(posedge clk) begin
    started <= 1'b1;
    held_b <= !rst && bvalid && !bready;
    held_r <= !rst && rvalid && !rready;
    kept_rdata <= rdata;
    wait_aw <= !rst && awvalid && !awready;
    wait_w <= !rst && wvalid && !wready;
    wait_ar <= !rst && arvalid && !arready;
    kept_awaddr <= awaddr;
    kept_wdata <= wdata;
    kept_araddr <= araddr;
    writes <= rst ? 2'd0 : writes + {1'b0, awvalid && awready} - {1'b0, bvalid && bready};
    reads <= rst ? 2'd0 : reads + {1'b0, arvalid && arready} - {1'b0, rvalid && rready};
    age <= rst || bvalid || rvalid || (writes == 0 && reads == 0) ? 4'd0 : age + 4'd1;
    waits <= bus_write && !bus_ready ? waits + 2'd1 : 2'd0;
    // which read is looked up in the next cycle
    reads_low <= !rst && arvalid && arready && araddr == LOW;
    reads_high <= !rst && arvalid && arready && araddr == LOW + 21'd4 && has_low;
    if (reads_low) high <= bus_value[63:32];
    low_age <= reads_low ? 4'd0 : low_age + 4'd1;
    answers_high <= !rst && reads_high && !function_clear;
    if (arvalid && arready) has_low <= araddr == LOW;
    if (rst || function_clear || (!reads_low && low_age >= 4'd8)) begin
      has_low <= 1'b0;
      reads_high <= 1'b0;
    end
  end

  always_comb begin
    if (!started) assume (rst);
    else assume (!rst);
    // who asks waits without changing his mind; the queues let nobody wait for ever
    if (wait_aw) assume (awvalid && awaddr == kept_awaddr);
    if (wait_w) assume (wvalid && wdata == kept_wdata);
    if (wait_ar) assume (arvalid && araddr == kept_araddr);
    if (waits == 2'd2) assume (bus_ready);
    if (started && !rst) begin
      if (held_b) assert (bvalid);
      if (held_r) assert (rvalid && rdata == kept_rdata);
      if (awvalid && awready) assert (wvalid && wready);
      if (wvalid && wready) assert (awvalid && awready);
      assert ({1'b0, writes} + {1'b0, reads} <= 3'd1 && (bvalid ? writes == 2'd1 : 1'b1) && (rvalid ? reads == 2'd1 : 1'b1));
      assert ((awready || arready) == (writes == 0 && reads == 0));
      assert (age <= SOON);
      if (bus_write) assert (writes == 2'd1 && !bvalid);
      if (answers_high) assert (rvalid && rdata == high);
    end
  end
endmodule
