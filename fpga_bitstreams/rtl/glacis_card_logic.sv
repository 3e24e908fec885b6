// SPDX-License-Identifier: Apache-2.0
// What glacis_card.sv has, and what a simulation wants besides: a clock of the RSA engines' own, so that they need not be
// evaluated when they have nothing to do, nor all else while it waits for them; and faults at RSA results.
//
// `rsa_clk` is `clk`, and may stand still as long as not `rsa_awake`. `clk` may stand still while `rests`, `rsa_clk` going
// on, and without an access on either bus; and both when the card is not `busy`.
module glacis_card_logic
  import glacis_card_pkg::*;
#(
  parameter int QUEUES_USED = 64,             // beside the admin queue
  parameter int TOWER = 1,                    // S-boxes by arithmetic; 0: by tables
  parameter int JOB_BITS = 4,                 // commands under way, as a power of two, at most 4
  parameter int BUFFER_BITS = 17,             // bytes for results of a pipe; at least 17
  parameter int PIPES = 1,                    // of AES-GCM; more than two wait for the bus
  parameter int RSA_ENGINES = 1,              // 0: a card without RSA
  parameter int KEY_SLOTS = 16,               // of each; a slot is 4 KiB of memory
  parameter logic [63:0] BUILD_ID = 64'd0,
  parameter logic [159:0] GIT_HASH = 160'd0,  // byte 0 lowest
  parameter logic [31:0] BUILD_DATE = 32'd0,  // of the commit: builds reproduce
  parameter logic [31:0] BOARD = 32'd0,
  parameter logic [31:0] CLOCK_KHZ = 32'd0
) (
  input  logic         clk,
  input  logic         rsa_clk,
  input  logic         rst,
  output logic         busy,
  output logic         rests,
  output logic         rsa_awake,
  // AXI4-Lite slave: BAR0
  input  logic         s_awvalid,
  output logic         s_awready,
  input  logic [ 20:0] s_awaddr,
  input  logic         s_wvalid,
  output logic         s_wready,
  input  logic [ 31:0] s_wdata,
  output logic         s_bvalid,
  input  logic         s_bready,
  output logic [  1:0] s_bresp,
  input  logic         s_arvalid,
  output logic         s_arready,
  input  logic [ 20:0] s_araddr,
  output logic         s_rvalid,
  input  logic         s_rready,
  output logic [ 31:0] s_rdata,
  output logic [  1:0] s_rresp,
  // AXI4 master: host memory
  output logic         m_arvalid,
  input  logic         m_arready,
  output logic [  2:0] m_arid,
  output logic [ 63:0] m_araddr,
  output logic [  7:0] m_arlen,
  output logic [  2:0] m_arsize,
  output logic [  1:0] m_arburst,
  output logic [  6:0] m_aruser,  // the queue that it is for
  input  logic         m_rvalid,
  output logic         m_rready,
  input  logic [  2:0] m_rid,
  input  logic [255:0] m_rdata,
  input  logic [  1:0] m_rresp,
  input  logic         m_rlast,
  output logic         m_awvalid,
  input  logic         m_awready,
  output logic [  2:0] m_awid,
  output logic [ 63:0] m_awaddr,
  output logic [  7:0] m_awlen,
  output logic [  2:0] m_awsize,
  output logic [  1:0] m_awburst,
  output logic [  6:0] m_awuser,
  output logic         m_wvalid,
  input  logic         m_wready,
  output logic [255:0] m_wdata,
  output logic [ 31:0] m_wstrb,
  output logic         m_wlast,
  input  logic         m_bvalid,
  output logic         m_bready,
  input  logic [  2:0] m_bid,
  input  logic [  1:0] m_bresp,
  // interrupts
  output logic         irq_valid,
  output logic [  6:0] irq_queue,
  // faults: questions, and answers in a cycle of theirs or later
  output logic         ask_command,
  output logic [  6:0] ask_command_queue,
  input  logic         ask_command_answered,
  input  logic         fault_stall,
  input  logic         fault_stall_clear,
  output logic         ask_tag,
  output logic [  6:0] ask_tag_queue,
  input  logic         ask_tag_answered,
  input  logic         fault_tag_flip,
  input  logic         fault_outside,
  output logic         ask_place,
  output logic [ 79:0] ask_place_what,
  input  logic         ask_place_answered,
  input  logic         fault_drop,
  input  logic         fault_hold,
  input  logic [ 31:0] fault_cookie,
  input  logic         fault_phase,
  input  logic         fault_twice,
  input  logic         extra_valid,
  output logic         extra_ready,
  input  logic [ 79:0] extra_what,
  input  logic         extra_drop,
  // and those of a simulation alone
  input  logic         fault_no_rsa,          // as if RSA_ENGINES was 0
  output logic         ask_rsa,
  output logic [  6:0] ask_rsa_queue,
  input  logic         ask_rsa_answered,
  input  logic         fault_rsa_flip,
  input  logic         fault_rsa_outside
);
  localparam int QUEUE_COUNT = QUEUES_USED + 1;
  localparam int SOURCE_BITS = $clog2(PIPES + 1);
  localparam logic [1:0] DESCRIPTOR = 2'd0, DETAIL = 2'd1, TEXT = 2'd2, NUMBER = 2'd3;

  // ---- registers and queues ----
  logic rsa_there, counted_rsa, still, zeroise, zeroising, relieved_valid;
  logic [15:0] under_way, rsa_held;
  logic [127:0] crowded;
  logic [6:0] relieved_queue;
  logic bus_write, bus_ready, bus_doorbell, function_enable, function_reset, function_busy, function_clear, queues_busy;
  logic [6:0] bus_queue;
  logic [11:0] bus_offset;
  logic [31:0] bus_data;
  logic [63:0] bus_value;
  logic fetched_valid, place_phase, place_valid, landed_valid, landed_interrupt, dropped_valid, dropped_back;
  logic place_room, refused_valid, counted_valid, counted_error, counted_aead, counted_auth_failed, fail_valid;
  logic [6:0] fetched_queue, place_queue, landed_queue, dropped_queue, counted_queue, fail_queue;
  logic [2:0] fetched_count;
  logic [7:0] fail_status;
  logic [16:0] counted_bytes;
  logic [63:0] place_address;
  logic [15:0] place_sq_head;
  logic [127:0] alive;
  logic [4:0] jobs_free;
  logic fetch_valid, fetch_ready, fetch_poison;
  logic [63:0] fetch_address;
  logic [16:0] fetch_size;
  logic [6:0] fetch_queue;
  logic [2:0] fetch_count;
  logic read_done, read_failed, write_done, write_failed;
  logic [9:0] read_bytes, write_bytes;
  logic [63:0] read_failed_address, write_failed_address;
  logic [6:0] read_failed_queue, write_failed_queue;

  assign s_bresp = 2'b00;
  assign s_rresp = 2'b00;

  glacis_registers #(
    .QUEUE_COUNT(QUEUE_COUNT),
    .KEY_SLOTS(KEY_SLOTS),
    .BUILD_ID(BUILD_ID),
    .GIT_HASH(GIT_HASH),
    .BUILD_DATE(BUILD_DATE),
    .BOARD(BOARD),
    .CLOCK_KHZ(CLOCK_KHZ)
  ) registers (
    .clk(clk),
    .rst(rst),
    .awvalid(s_awvalid),
    .awready(s_awready),
    .awaddr(s_awaddr),
    .wvalid(s_wvalid),
    .wready(s_wready),
    .wdata(s_wdata),
    .bvalid(s_bvalid),
    .bready(s_bready),
    .arvalid(s_arvalid),
    .arready(s_arready),
    .araddr(s_araddr),
    .rvalid(s_rvalid),
    .rready(s_rready),
    .rdata(s_rdata),
    .read_failed(read_failed && alive[read_failed_queue]),
    .read_address(read_failed_address),
    .read_queue(read_failed_queue),
    .write_failed(write_failed && alive[write_failed_queue]),
    .write_address(write_failed_address),
    .write_queue(write_failed_queue),
    .*
  );

  glacis_queues #(
    .QUEUE_COUNT(QUEUE_COUNT)
  ) queues (
    .busy(queues_busy),
    .stall_valid(ask_command && ask_command_answered && fault_stall),
    .stall_queue(ask_command_queue),
    .stall_clear(fault_stall_clear),
    .*
  );

  assign irq_valid = landed_valid && landed_interrupt;
  assign irq_queue = landed_queue;
  assign busy = queues_busy || extra_valid;
  assign rests = still && under_way == rsa_held && rsa_rests && !extra_valid;
  assign rsa_there = RSA_ENGINES != 0 && !fault_no_rsa;

  // ---- jobs ----
  logic details_valid, details_ready, text_read_valid, text_read_ready, text_read_flush;
  logic [63:0] details_address, text_read_address;
  logic [16:0] details_size, text_read_size;
  logic [6:0] details_queue, text_read_queue;
  logic word_valid, word_ready, word_last, word_error, prepare_ready, text_ready;
  logic [255:0] word;
  logic [5:0] word_bytes;
  logic [1:0] word_kind;
  logic job_valid, job_ready, job_drop, job_poison, job_has_data, freed;
  logic [JOB_BITS-1:0] job_index, destination_job;
  logic [6:0] job_queue;
  logic [7:0] job_status;
  aead_t job;
  logic [511:0] job_aad;
  logic [127:0] job_tag;
  logic [3:0] source_index, destination_index;
  segment_t source_segment, destination_segment;
  logic fetch_read_ready, fetch_taken, fetch_room, job_to_rsa;
  logic rsa_rests, rsa_valid, rsa_ready, result_valid, result_over, result_drop, result_outside, result_operation;
  logic [6:0] result_queue;
  logic [31:0] result_cookie;
  logic [7:0] result_status;
  logic [16:0] result_size;
  logic [63:0] result_address;

  assign fetch_ready = fetch_room && (fetch_poison || fetch_read_ready);
  assign fetch_taken = fetch_valid && fetch_ready;

  glacis_job_prepare #(
    .JOB_BITS(JOB_BITS)
  ) prepare (
    .fetch_valid(fetch_taken),
    .fetch_ready(fetch_room),
    .descriptor_valid(word_valid && word_kind == DESCRIPTOR),
    .detail_valid(word_valid && word_kind == DETAIL),
    .word_ready(prepare_ready),
    .read_valid(details_valid),
    .read_ready(details_ready),
    .read_address(details_address),
    .read_size(details_size),
    .read_queue(details_queue),
    .ask_command(ask_command),
    .ask_queue(ask_command_queue),
    .ask_answered(ask_command_answered),
    .ask_stall(fault_stall),
    .*
  );

  logic write_valid, write_ready, write_zeros, write_inline, write_last, retire_valid, retire_error, buffer_read;
  logic [SOURCE_BITS-1:0] write_source, buffer_source;
  logic [63:0] write_address;
  logic [16:0] write_size;
  logic [127:0] write_data;
  logic [BUFFER_BITS-1:0] write_place;
  logic [6:0] write_queue;
  logic [7:0] write_owner, retire_owner;
  logic [BUFFER_BITS-6:0] buffer_word;
  logic [511:0] buffer_data, text_data, number_data;

  glacis_job_run #(
    .TOWER(TOWER),
    .JOB_BITS(JOB_BITS),
    .BUFFER_BITS(BUFFER_BITS),
    .PIPES(PIPES),
    .SOURCE_BITS(SOURCE_BITS)
  ) run (
    .read_valid(text_read_valid),
    .read_ready(text_read_ready),
    .read_address(text_read_address),
    .read_size(text_read_size),
    .read_queue(text_read_queue),
    .read_flush(text_read_flush),
    .text_valid(word_valid && word_kind == TEXT),
    .text(word),
    .text_bytes(word_bytes),
    .text_last(word_last),
    .text_error(word_error),
    .write_bytes(write_data),
    .buffer_data(text_data),
    .ask_tag_flip(fault_tag_flip),
    .ask_tag_outside(fault_outside),
    .ask_place_drop(fault_drop),
    .ask_place_hold(fault_hold),
    .ask_place_cookie(fault_cookie),
    .ask_place_phase(fault_phase),
    .ask_place_twice(fault_twice),
    .*
  );

  assign word_ready = word_kind == TEXT ? text_ready : prepare_ready;

  // ---- RSA ----
  logic number_read_valid, number_read_ready;
  logic [63:0] number_read_address;
  logic [16:0] number_read_size;
  logic [6:0] number_read_queue;

  assign buffer_data = buffer_source == SOURCE_BITS'(PIPES) ? number_data : text_data;

  generate
    if (RSA_ENGINES != 0) begin : g_rsa
      glacis_rsa_unit #(
        .ENGINES(RSA_ENGINES),
        .SLOTS(KEY_SLOTS),
        .QUEUE_COUNT(QUEUE_COUNT)
      ) unit (
        .engines_busy(zeroising),
        .awake(rsa_awake),
        .rests(rsa_rests),
        .held(rsa_held),
        .command_valid(rsa_valid),
        .command_ready(rsa_ready),
        .command_queue(job_queue),
        .command(job),
        .read_valid(number_read_valid),
        .read_ready(number_read_ready),
        .read_address(number_read_address),
        .read_size(number_read_size),
        .read_queue(number_read_queue),
        .word_valid(word_valid && word_kind == NUMBER),
        .ask(ask_rsa),
        .ask_queue(ask_rsa_queue),
        .ask_answered(ask_rsa_answered),
        .ask_flip(fault_rsa_flip),
        .ask_outside(fault_rsa_outside),
        .buffer_word(buffer_word[3:0]),
        .buffer_data(number_data),
        .*
      );
    end else begin : g_no_rsa
      assign zeroising = 1'b0;
      assign rsa_awake = 1'b0;
      assign rsa_rests = 1'b1;
      assign rsa_held = '0;
      assign crowded = '0;
      assign relieved_valid = 1'b0;
      assign relieved_queue = '0;
      assign rsa_ready = 1'b1;
      assign number_read_valid = 1'b0;
      assign number_read_address = '0;
      assign number_read_size = '0;
      assign number_read_queue = '0;
      assign ask_rsa = 1'b0;
      assign ask_rsa_queue = '0;
      assign result_valid = 1'b0;
      assign result_drop = 1'b0;
      assign result_outside = 1'b0;
      assign result_operation = 1'b0;
      assign result_queue = '0;
      assign result_cookie = '0;
      assign result_status = '0;
      assign result_size = '0;
      assign result_address = '0;
      assign number_data = '0;
      logic unused_rsa;
      assign unused_rsa = &{1'b0, rsa_clk, zeroise, rsa_valid, number_read_ready, ask_rsa_answered, fault_rsa_flip,
                            fault_rsa_outside, result_over};
    end
  endgenerate

  // ---- reads: descriptors first, then details, then numbers, then text; a packet that has begun is finished ----
  logic access_valid, access_ready, access_flush, held;
  logic [1:0] access_kind, held_kind, wanted_kind;
  logic [63:0] access_address;
  logic [16:0] access_size;
  logic [6:0] access_queue;
  logic fetch_wanted;

  assign fetch_wanted = fetch_valid && fetch_room && !fetch_poison;
  assign wanted_kind = fetch_wanted ? DESCRIPTOR : details_valid ? DETAIL :
                       number_read_valid ? NUMBER : TEXT;
  assign access_kind = held ? held_kind : wanted_kind;
  assign access_valid = access_kind == DESCRIPTOR ? fetch_wanted : access_kind == DETAIL ? details_valid :
                        access_kind == NUMBER ? number_read_valid : text_read_valid;
  assign access_address = access_kind == DESCRIPTOR ? fetch_address :
                          access_kind == DETAIL ? details_address :
                          access_kind == NUMBER ? number_read_address : text_read_address;
  assign access_size = access_kind == DESCRIPTOR ? fetch_size :
                       access_kind == DETAIL ? details_size :
                       access_kind == NUMBER ? number_read_size : text_read_size;
  assign access_queue = access_kind == DESCRIPTOR ? fetch_queue :
                        access_kind == DETAIL ? details_queue :
                        access_kind == NUMBER ? number_read_queue : text_read_queue;
  assign access_flush = access_kind != TEXT || text_read_flush;
  assign fetch_read_ready = access_ready && access_kind == DESCRIPTOR;
  assign details_ready = access_ready && access_kind == DETAIL;
  assign number_read_ready = access_ready && access_kind == NUMBER;
  assign text_read_ready = access_ready && access_kind == TEXT;

  always_ff @(posedge clk) begin
    held <= !rst && access_valid && !(access_ready && access_flush);
    held_kind <= access_kind;
  end

  glacis_dma_read dma_read (
    .arvalid(m_arvalid),
    .arready(m_arready),
    .arid(m_arid),
    .araddr(m_araddr),
    .aruser(m_aruser),
    .arlen(m_arlen),
    .rvalid(m_rvalid),
    .rready(m_rready),
    .rid(m_rid),
    .rdata(m_rdata),
    .rresp(m_rresp),
    .read_address(read_failed_address),
    .read_queue(read_failed_queue),
    .*
  );

  glacis_dma_write #(
    .BUFFER_BITS(BUFFER_BITS),
    .SOURCE_BITS(SOURCE_BITS)
  ) dma_write (
    .access_valid(write_valid),
    .access_ready(write_ready),
    .access_address(write_address),
    .access_size(write_size),
    .access_zeros(write_zeros),
    .access_inline(write_inline),
    .access_bytes(write_data),
    .access_place(write_place),
    .access_source(write_source),
    .access_queue(write_queue),
    .access_owner(write_owner),
    .access_last(write_last),
    .write_address(write_failed_address),
    .write_queue(write_failed_queue),
    .awvalid(m_awvalid),
    .awready(m_awready),
    .awid(m_awid),
    .awaddr(m_awaddr),
    .awuser(m_awuser),
    .awlen(m_awlen),
    .wvalid(m_wvalid),
    .wready(m_wready),
    .wdata(m_wdata),
    .wstrb(m_wstrb),
    .wlast(m_wlast),
    .bvalid(m_bvalid),
    .bready(m_bready),
    .bid(m_bid),
    .bresp(m_bresp),
    .*
  );

  assign m_arsize = 3'd5;
  assign m_arburst = 2'b01;
  assign m_awsize = 3'd5;
  assign m_awburst = 2'b01;

  logic unused;
  assign unused = &{1'b0, m_rlast};
endmodule
