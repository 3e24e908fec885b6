// SPDX-License-Identifier: Apache-2.0
// Lattice's ECP5-5G evaluation board (LFE5UM5G-85F): a core of the card and its self-test, told by a serial line and lights.
// No host interface: this family has no PCIe block, and no open one for its transceivers. Not tried on hardware.
//
// Lights, which are on when low: 0 the newest answers were right, 1 one was wrong, 2 the clock is locked, 3 to 7 count runs.
module glacis_ecp5_evn #(
  parameter int CORE = 0,             // 0 AES-GCM, 1 RSA
  parameter logic [31:0] BUILD = 32'h0,
  // Of the clock: 12 MHz / CLOCK_DIV * CLOCK_MUL; the VCO runs POST_DIV times as fast, 400 to 800 MHz (FPGA-DS-02012).
  parameter int CLOCK_DIV = 1,
  parameter int CLOCK_MUL = 10,
  parameter int POST_DIV = 5
) (
  input  logic       clk12,
  output logic [7:0] lights_n,
  output logic       uart_tx
);
  localparam int CLOCK_HZ = 12_000_000 / CLOCK_DIV * CLOCK_MUL;

  logic clk, locked;

  EHXPLLL #(
    .PLLRST_ENA("DISABLED"),
    .INTFB_WAKE("DISABLED"),
    .STDBY_ENABLE("DISABLED"),
    .DPHASE_SOURCE("DISABLED"),
    .OUTDIVIDER_MUXA("DIVA"),
    .OUTDIVIDER_MUXB("DIVB"),
    .OUTDIVIDER_MUXC("DIVC"),
    .OUTDIVIDER_MUXD("DIVD"),
    .CLKI_DIV(CLOCK_DIV),
    .CLKFB_DIV(CLOCK_MUL),
    .CLKOP_DIV(POST_DIV),
    .CLKOP_ENABLE("ENABLED"),
    .CLKOP_CPHASE(POST_DIV - 1),
    .CLKOP_FPHASE(0),
    .FEEDBK_PATH("CLKOP")
  ) pll (
    .CLKI(clk12),
    .CLKFB(clk),
    .CLKOP(clk),
    .LOCK(locked),
    .RST(1'b0),
    .STDBY(1'b0),
    .PHASESEL0(1'b0),
    .PHASESEL1(1'b0),
    .PHASEDIR(1'b0),
    .PHASESTEP(1'b0),
    .PHASELOADREG(1'b0),
    .PLLWAKESYNC(1'b0),
    .ENCLKOP(1'b1)
  );

  // Reset: until the clock has been locked for a while. Registers start as zeros.
  logic [9:0] settled = '0;
  logic rst = 1'b1;
  always_ff @(posedge clk) begin
    settled <= locked ? settled + 10'(!(&settled)) : '0;
    rst <= !(&settled);
  end

  logic failed;
  logic [31:0] runs;

  generate
    if (CORE == 0) begin : g_gcm
      glacis_selftest_gcm #(
        .TOWER(1)
      ) core (
        .clk(clk),
        .rst(rst),
        .failed(failed),
        .runs(runs)
      );
    end else begin : g_rsa
      glacis_selftest_rsa core (
        .clk(clk),
        .rst(rst),
        .failed(failed),
        .runs(runs)
      );
    end
  endgenerate

  glacis_uart_line #(
    .CLOCK_HZ(CLOCK_HZ),
    .BUILD(BUILD),
    .CORE(CORE == 0 ? "gcm" : "rsa")
  ) uart (
    .clk(clk),
    .rst(rst),
    .failed(failed),
    .runs(runs),
    .tx(uart_tx)
  );

  localparam int SHOWN = CORE == 0 ? 20 : 3;  // bits of `runs` that people can see change
  assign lights_n = ~{runs[SHOWN+:5], locked, failed, !failed && runs != 0};
endmodule
