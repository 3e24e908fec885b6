// SPDX-License-Identifier: Apache-2.0
// BAR0 behind an AXI4-Lite slave, one access at a time: identity, control, errors and counters are here, the pages of
// queues and doorbells in glacis_queues. Words of 32 bits; of a register of 64 bits the low half, when it is read,
// keeps the high half for the next read. What does not exist reads as zero and ignores writes.
module glacis_registers
  import glacis_card_pkg::*;
#(
  parameter int QUEUE_COUNT = 65,
  parameter int KEY_SLOTS = 0,
  parameter logic [63:0] BUILD_ID = 64'd0,
  parameter logic [159:0] GIT_HASH = 160'd0,
  parameter logic [31:0] BUILD_DATE = 32'd0,
  parameter logic [31:0] BOARD = 32'd0,
  parameter logic [31:0] CLOCK_KHZ = 32'd0
) (
  input  logic         clk,
  input  logic         rst,
  // AXI4-Lite
  input  logic         awvalid,
  output logic         awready,
  input  logic [ 20:0] awaddr,
  input  logic         wvalid,
  output logic         wready,
  input  logic [ 31:0] wdata,
  output logic         bvalid,
  input  logic         bready,
  input  logic         arvalid,
  output logic         arready,
  input  logic [ 20:0] araddr,
  output logic         rvalid,
  input  logic         rready,
  output logic [ 31:0] rdata,
  // to the queues
  output logic         bus_write,
  input  logic         bus_ready,
  output logic         bus_doorbell,
  output logic [  6:0] bus_queue,
  output logic [ 11:0] bus_offset,
  output logic [ 31:0] bus_data,
  input  logic [ 63:0] bus_value,
  output logic         function_enable,
  output logic         function_reset,
  input  logic         function_busy,
  input  logic         function_clear,
  input  logic         rsa_there,
  // what happens
  input  logic         fetched_valid,
  input  logic [  2:0] fetched_count,
  input  logic         landed_valid,
  input  logic         counted_valid,
  input  logic         counted_aead,
  input  logic         counted_rsa,
  input  logic         counted_auth_failed,
  input  logic         counted_error,
  input  logic [ 16:0] counted_bytes,
  input  logic         fail_valid,
  input  logic [  6:0] fail_queue,
  input  logic         refused_valid,
  input  logic         read_done,
  input  logic [  9:0] read_bytes,
  input  logic         read_failed,
  input  logic [ 63:0] read_address,
  input  logic [  6:0] read_queue,
  input  logic         write_done,
  input  logic [  9:0] write_bytes,
  input  logic         write_failed,
  input  logic [ 63:0] write_address,
  input  logic [  6:0] write_queue
);
  localparam logic [8:0] IDENTITY_PAGE = IDENTITY_BLOCK[20:12];
  localparam logic [8:0] CONTROL_PAGE = CONTROL_BLOCK[20:12];
  localparam logic [8:0] COUNTERS_PAGE = COUNTERS_BLOCK[20:12];

  // ---- the bus ----
  typedef enum logic [1:0] {
    IDLE,
    WRITE,
    READ,
    ANSWER
  } state_t;

  state_t state;
  logic [20:0] address;
  logic [31:0] data;
  logic is_queue_page, accept_write;
  logic [8:0] page;

  assign accept_write = state == IDLE && awvalid && wvalid;
  assign awready = accept_write;
  assign wready = accept_write;
  assign arready = state == IDLE && !(awvalid && wvalid);
  assign page = address[20:12];
  assign bus_doorbell = page[8:7] == 2'b01;
  assign bus_queue = page[6:0];
  assign bus_offset = {address[11:2], 2'b00};
  assign bus_data = data;
  assign is_queue_page = (page[8:7] == 2'b01 || page[8:7] == 2'b10) && bus_queue < 7'(QUEUE_COUNT);
  assign bus_write = state == WRITE && is_queue_page;

  // ---- reads ----
  logic [31:0] low, high, kept;
  logic [63:0] value;
  logic is_wide, kept_valid;
  logic [20:0] kept_address;

  always_ff @(posedge clk) begin
    case (state)
      IDLE:
      if (accept_write) begin
        state <= WRITE;
        address <= awaddr;
        data <= wdata;
      end else if (arvalid) begin
        state <= READ;
        address <= araddr;
      end
      WRITE:
      if (!is_queue_page || bus_ready) begin
        bvalid <= 1'b1;
        state <= ANSWER;
      end
      READ: begin
        rvalid <= 1'b1;
        state <= ANSWER;
        rdata <= !address[2] ? low : kept_valid && kept_address == address ? kept : high;
        if (is_wide) begin
          kept_valid <= !address[2];
          kept_address <= {address[20:3], 3'b100};
          kept <= high;
        end
      end
      default:
      if ((bvalid && bready) || (rvalid && rready)) begin
        bvalid <= 1'b0;
        rvalid <= 1'b0;
        state <= IDLE;
      end
    endcase
    if (function_clear) kept_valid <= 1'b0;
    if (rst) begin
      state <= IDLE;
      bvalid <= 1'b0;
      rvalid <= 1'b0;
      kept_valid <= 1'b0;
    end
  end

  assign {high, low} = value;

  // ---- the function ----
  logic [31:0] scratch;
  logic [3:0] errors;
  logic [6:0] error_queue;
  logic [63:0] error_address, cycles;
  logic write_control;

  assign write_control = state == WRITE && page == CONTROL_PAGE;
  assign function_reset = write_control && bus_offset == CONTROL_CONTROL && data[CONTROL_CONTROL_RESET_LSB];

  always_ff @(posedge clk) begin
    cycles <= cycles + 64'd1;
    if (write_control && bus_offset == CONTROL_ERRORS) errors <= errors & ~data[3:0];
    if (write_control && bus_offset == CONTROL_CONTROL) function_enable <= data[CONTROL_CONTROL_ENABLE_LSB];
    if (state == WRITE && page == IDENTITY_PAGE && bus_offset == IDENTITY_SCRATCH) scratch <= data;
    if (read_failed) begin
      errors[CONTROL_ERRORS_DMA_READ_LSB] <= 1'b1;
      error_queue <= read_queue;
      error_address <= read_address;
    end
    if (write_failed) begin
      errors[CONTROL_ERRORS_DMA_WRITE_LSB] <= 1'b1;
      error_queue <= write_queue;
      error_address <= write_address;
    end
    if (fail_valid) begin
      errors[CONTROL_ERRORS_QUEUE_LSB] <= 1'b1;
      error_queue <= fail_queue;
    end
    if (refused_valid) begin
      errors[CONTROL_ERRORS_QUEUE_LSB] <= 1'b1;
      error_queue <= bus_queue;
    end
    if (function_reset || function_busy) function_enable <= 1'b0;
    if (function_clear || rst) begin
      scratch <= '0;
      errors <= '0;
      error_queue <= '0;
      error_address <= '0;
      cycles <= '0;
      function_enable <= 1'b0;
    end
  end

  // ---- counters ----
  logic [63:0] commands, completions, operations, bytes, auth_failed, powers, failures, dma_read, dma_write;

  always_ff @(posedge clk) begin
    if (fetched_valid) commands <= commands + {61'b0, fetched_count};
    if (landed_valid) completions <= completions + 64'd1;
    if (counted_valid) begin
      if (counted_aead) operations <= operations + 64'd1;
      bytes <= bytes + {47'b0, counted_bytes};
      if (counted_auth_failed) auth_failed <= auth_failed + 64'd1;
      if (counted_rsa) powers <= powers + 64'd1;
      if (counted_error) failures <= failures + 64'd1;
    end
    if (read_done) dma_read <= dma_read + {54'b0, read_bytes};
    if (write_done) dma_write <= dma_write + {54'b0, write_bytes};
    if (function_clear || rst) begin
      commands <= '0;
      completions <= '0;
      operations <= '0;
      bytes <= '0;
      auth_failed <= '0;
      powers <= '0;
      failures <= '0;
      dma_read <= '0;
      dma_write <= '0;
    end
  end

  // ---- from address to value ----
  logic [31:0] capabilities, limits, slots, rsa_bits;
  logic [63:0] hash_pair;

  assign capabilities = 32'd1 << IDENTITY_CAPABILITIES_AES_GCM_LSB | 32'd1 << IDENTITY_CAPABILITIES_MSIX_LSB |
                        {31'd0, rsa_there} << IDENTITY_CAPABILITIES_RSA_LSB;
  assign slots = rsa_there ? 32'(KEY_SLOTS) : 32'd0;
  assign rsa_bits = rsa_there ? {16'(8 * RSA_BYTES_MAX), 16'd1024} : 32'd0;
  assign limits = {8'b0, 8'(SEGMENTS_MAX), 8'(RING_LOG2_MAX), 8'(QUEUE_COUNT - 1)};
  // words of the hash from offset 0x10 on; BUILD_DATE shares the last pair
  assign hash_pair = bus_offset[5:3] == 3'd2 ? GIT_HASH[63:0] : bus_offset[5:3] == 3'd3 ? GIT_HASH[127:64] :
                     {BUILD_DATE, GIT_HASH[159:128]};

  logic [11:0] pair;
  logic [63:0] identity, control, counters;

  // each register of 64 bits, or two of 32, at the offset of the first
  assign pair = {bus_offset[11:3], 3'b000};
  assign identity = pair == IDENTITY_MAGIC ? {ABI_MAJOR, ABI_MINOR, MAGIC} :
                    pair == IDENTITY_BUILD_ID ? BUILD_ID :
                    pair == IDENTITY_GIT_HASH || pair == 12'h018 || pair == 12'h020 ? hash_pair :
                    pair == IDENTITY_BOARD ? {capabilities, BOARD} :
                    pair == IDENTITY_LIMITS ? {slots, limits} :
                    pair == IDENTITY_RSA_BITS ? {CLOCK_KHZ, rsa_bits} :
                    pair == IDENTITY_SCRATCH ? {32'b0, scratch} : 64'd0;
  assign control = pair == CONTROL_CONTROL ?
                     {30'b0, function_busy, !function_busy, 30'b0, function_busy, function_enable} :
                   pair == CONTROL_ERRORS ? {25'b0, error_queue, 28'b0, errors} :
                   pair == CONTROL_ERROR_ADDRESS ? error_address :
                   pair == CONTROL_CYCLES ? cycles : 64'd0;
  assign counters = pair == COUNTERS_COMMANDS ? commands :
                    pair == COUNTERS_COMPLETIONS ? completions :
                    pair == COUNTERS_AEAD_OPERATIONS ? operations :
                    pair == COUNTERS_AEAD_BYTES ? bytes :
                    pair == COUNTERS_AUTH_FAILED ? auth_failed :
                    pair == COUNTERS_RSA_OPERATIONS ? powers :
                    pair == COUNTERS_ERRORS ? failures :
                    pair == COUNTERS_DMA_READ_BYTES ? dma_read :
                    pair == COUNTERS_DMA_WRITE_BYTES ? dma_write : 64'd0;
  assign value = page == IDENTITY_PAGE ? identity : page == CONTROL_PAGE ? control :
                 page == COUNTERS_PAGE ? counters : is_queue_page ? bus_value : 64'd0;
  assign is_wide = page == IDENTITY_PAGE ? pair == IDENTITY_BUILD_ID :
                   page == CONTROL_PAGE ? pair == CONTROL_ERROR_ADDRESS || pair == CONTROL_CYCLES :
                   page == COUNTERS_PAGE ||
                   (is_queue_page && !bus_doorbell && (pair < QUEUE_SIZE || pair >= QUEUE_COMMANDS));

  logic unused;
  assign unused = &{1'b0, address[1:0]};
endmodule
