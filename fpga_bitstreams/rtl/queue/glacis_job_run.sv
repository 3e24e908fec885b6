// SPDX-License-Identifier: Apache-2.0
// Jobs from their text to their completion, in order: reads the text into the pipe, keeps the result until its tag is
// there, writes it, and when the bus has taken all of it, the completion. Several jobs are under way, each at a stage of
// its own; between stages are queues. A job of a queue that is no longer alive is dropped at the next stage.
//
// Text is read only when the result buffer of its pipe has room for the whole result, so nothing in a pipe ever waits.
// Results are taken from the pipes in the order of jobs, so with any number of them records keep it.
module glacis_job_run
  import glacis_card_pkg::*;
#(
  parameter int TOWER = 0,
  parameter int JOB_BITS = 4,
  parameter int BUFFER_BITS = 17,
  parameter int PIPES = 1,
  parameter int SOURCE_BITS = 1
) (
  input  logic                   clk,
  input  logic                   rst,
  input  logic [          127:0] alive,
  input  logic                   job_valid,
  output logic                   job_ready,
  input  logic [   JOB_BITS-1:0] job_index,
  input  logic [            6:0] job_queue,
  input  logic                   job_drop,
  input  logic                   job_poison,
  input  logic                   job_has_data,
  input  logic [            7:0] job_status,
  input  aead_t                  job,
  input  logic [          511:0] job_aad,
  input  logic [          127:0] job_tag,
  output logic [            3:0] source_index,
  input  segment_t               source_segment,
  output logic [   JOB_BITS-1:0] destination_job,
  output logic [            3:0] destination_index,
  input  segment_t               destination_segment,
  output logic                   freed,
  // to the RSA engines: this job
  input  logic                   job_to_rsa,
  output logic                   rsa_valid,
  input  logic                   rsa_ready,
  // and back: an RSA command's end, whose result lies in a buffer of its own; held until it is over
  input  logic                   result_valid,
  output logic                   result_over,
  input  logic                   result_drop,
  input  logic                   result_outside,    // fault
  input  logic                   result_operation,
  input  logic [            6:0] result_queue,
  input  logic [           31:0] result_cookie,
  input  logic [            7:0] result_status,
  input  logic [           16:0] result_size,
  input  logic [           63:0] result_address,
  // text
  output logic                   read_valid,
  input  logic                   read_ready,
  output logic [           63:0] read_address,
  output logic [           16:0] read_size,
  output logic [            6:0] read_queue,
  output logic                   read_flush,
  input  logic                   text_valid,
  output logic                   text_ready,
  input  logic [          255:0] text,
  input  logic [            5:0] text_bytes,
  input  logic                   text_last,
  input  logic                   text_error,
  // results and completions; owner: whether it is a completion, and the queue
  output logic                   write_valid,
  input  logic                   write_ready,
  output logic [           63:0] write_address,
  output logic [           16:0] write_size,
  output logic                   write_zeros,
  output logic                   write_inline,
  output logic [          127:0] write_bytes,
  output logic [BUFFER_BITS-1:0] write_place,
  output logic [SOURCE_BITS-1:0] write_source,       // the pipe whose buffer that is; PIPES: the RSA engines' buffer
  output logic [            6:0] write_queue,
  output logic [            7:0] write_owner,
  output logic                   write_last,
  input  logic                   buffer_read,
  input  logic [BUFFER_BITS-6:0] buffer_word,
  input  logic [SOURCE_BITS-1:0] buffer_source,      // with `buffer_data`
  output logic [          511:0] buffer_data,
  input  logic                   retire_valid,
  input  logic [            7:0] retire_owner,
  input  logic                   retire_error,
  // to the queues
  output logic [            6:0] place_queue,
  input  logic [           63:0] place_address,
  input  logic                   place_phase,
  input  logic [           15:0] place_sq_head,
  output logic                   place_valid,
  output logic                   landed_valid,
  output logic [            6:0] landed_queue,
  output logic                   dropped_valid,
  output logic [            6:0] dropped_queue,
  output logic                   dropped_back,
  output logic                   counted_valid,
  output logic [            6:0] counted_queue,
  output logic [           16:0] counted_bytes,
  output logic                   counted_error,
  output logic                   counted_aead,
  output logic                   counted_rsa,
  output logic                   counted_auth_failed,
  output logic                   fail_valid,
  output logic [            6:0] fail_queue,
  output logic [            7:0] fail_status,
  // faults: asked at a tag, and at a completion; answers that are always there and zero are none
  output logic                   ask_tag,
  output logic [            6:0] ask_tag_queue,
  input  logic                   ask_tag_answered,
  input  logic                   ask_tag_flip,
  input  logic                   ask_tag_outside,
  output logic                   ask_place,
  output logic [           79:0] ask_place_what,     // {queue, status, size, cookie}: 8, 8, 32, 32 bits
  input  logic                   ask_place_answered,
  input  logic                   ask_place_drop,     // not written, and never
  input  logic                   ask_place_hold,     // not written; an extra completion will come for it
  input  logic [           31:0] ask_place_cookie,   // differs in these bits
  input  logic                   ask_place_phase,    // is the wrong one
  input  logic                   ask_place_twice,
  input  logic                   place_room,         // for the second one
  input  logic                   extra_valid,        // write this one, or drop it
  output logic                   extra_ready,
  input  logic [           79:0] extra_what,
  input  logic                   extra_drop
);
  typedef logic [JOB_BITS-1:0] job_t;
  localparam int WORD_BITS = BUFFER_BITS - 5;
  localparam int PIPE_BITS = PIPES > 1 ? $clog2(PIPES) : 1;

  // ---- the text's reads ----
  logic key_ready, announce, announced, enough, runs, is_list, read_done, segment_last;
  logic [11:0] need;                  // words of 32 bytes
  logic [WORD_BITS-1:0] next_place;
  logic [PIPE_BITS-1:0] next_pipe;
  logic [1:0] key_size;
  logic stage_ready, has_text, is_open, leaves;

  assign runs = job_has_data && !job_drop && !job_poison && alive[job_queue];
  assign need = job.text_size[16:5] + {11'b0, |job.text_size[4:0]};
  assign has_text = job.text_size != 0;
  assign key_size = job.key_size == 8'd16 ? 2'd0 : job.key_size == 8'd24 ? 2'd1 : 2'd2;
  assign announce = job_valid && runs && !announced && enough && stage_ready;
  assign is_open = job.opcode == OPCODE_OPEN;
  assign is_list = job.source_count > 8'd1;
  assign segment_last = !is_list || {4'b0, source_index} + 8'd1 == job.source_count;
  assign read_valid = job_valid && announced && has_text;
  assign read_address = is_list ? source_segment.address : job.source;
  assign read_size = is_list ? source_segment.size[16:0] : job.text_size[16:0];
  assign read_queue = job_queue;
  assign read_flush = segment_last;
  assign read_done = announced && (!has_text || (read_ready && segment_last));
  assign leaves = job_to_rsa && !job_drop && !job_poison && alive[job_queue];
  assign job_ready = job_valid && stage_ready && (announced ? read_done : !runs) && (!leaves || rsa_ready);
  assign rsa_valid = job_ready && leaves;

  always_ff @(posedge clk) begin
    if (announce && key_ready) announced <= 1'b1;
    if (read_valid && read_ready) source_index <= segment_last ? '0 : source_index + 1'b1;
    if (job_ready) announced <= 1'b0;
    if (rst) begin
      announced <= 1'b0;
      source_index <= '0;
    end
  end

  // ---- the pipes ----
  logic tags_valid, errors_valid, tag_error, take_tag, take_error, give;
  logic [127:0] made_tag;
  logic [PIPE_BITS-1:0] s_pipe, give_pipe;
  logic [WORD_BITS-1:0] give_back;

  glacis_text_pipes #(
    .TOWER(TOWER),
    .BUFFER_BITS(BUFFER_BITS),
    .PIPES(PIPES),
    .PIPE_BITS(PIPE_BITS)
  ) pipes (
    .record_valid(announce),
    .record_ready(key_ready),
    .record_open(is_open),
    .record_key_size(key_size),
    .record_key(job.key),
    .record_nonce(job.nonce),
    .record_aad_size(job.aad_size[6:0]),
    .record_aad(job_aad),
    .record_text_size(job.text_size[16:0]),
    .pipe(next_pipe),
    .room(enough),
    .place(next_place),
    .placed(job_ready && announced),
    .take_pipe(s_pipe),
    .tag_valid(tags_valid),
    .tag(made_tag),
    .error_valid(errors_valid),
    .error(tag_error),
    .buffer_pipe(PIPES == 1 ? '0 : PIPE_BITS'(buffer_source)),
    .*
  );

  // ---- between text and result ----
  localparam int STAGE_BITS = JOB_BITS + 7 + 4 + 8 + 1 + 32 + 17 + 8 + 64 + 64 + 128 + PIPE_BITS + WORD_BITS + 12;

  logic stage_valid, stage_taken;
  job_t s_index;
  logic [6:0] s_queue;
  logic s_drop, s_poison, s_has_data, s_open, s_left;
  logic [7:0] s_status, s_count;
  logic [31:0] s_cookie;
  logic [16:0] s_size;
  logic [63:0] s_destination, s_tag_address;
  logic [127:0] s_tag;
  logic [WORD_BITS-1:0] s_place;
  logic [11:0] s_need;
  logic [4:0] stage_count;

  glacis_fifo #(
    .WIDTH(STAGE_BITS),
    .DEPTH_BITS(4)
  ) stage (
    .clk(clk),
    .rst(rst),
    .in_valid(job_ready),
    .in_ready(stage_ready),
    .in({job_index, job_queue, job_drop, job_poison, announced, is_open, leaves, job_status, job.cookie,
         job.text_size[16:0], job.destination_count, job.destination, job.tag, job_tag, next_pipe, next_place, need}),
    .out_valid(stage_valid),
    .out_ready(stage_taken),
    .out({s_index, s_queue, s_drop, s_poison, s_has_data, s_open, s_left, s_status, s_cookie, s_size, s_count, s_destination,
          s_tag_address, s_tag, s_pipe, s_place, s_need}),
    .count(stage_count)
  );

  // ---- the result is written ----
  typedef enum logic [2:0] {
    WAIT,    // for the pipe
    TEXT,    // or zeros in its place
    TAG,
    OUTSIDE, // fault
    END      // nothing more but to be told that all is written
  } state_t;

  state_t state;
  logic asking, ask_now, live, ready, w_last_segment, w_list, done_valid, done_ready, w_fails;
  logic rsa_turn, w_rsa, rsa_sent;  // what is written is an RSA command's; the one that is held has been
  logic [127:0] seen_tag, w_tag;
  logic [7:0] w_status, verdict;
  logic [16:0] w_done;
  logic job_write_valid, job_write_ready, job_write_done, ends;

  assign live = alive[s_queue] && !s_drop && !s_poison;
  assign ready = stage_valid && (!s_has_data || (tags_valid && (s_size == 0 || errors_valid)));
  assign ask_tag = asking && state == WAIT && ready && s_has_data && live;
  assign ask_tag_queue = s_queue;
  assign ask_now = state == WAIT && ready && s_has_data && live && !rsa_turn;
  assign rsa_turn = state == WAIT && result_valid && !rsa_sent && !asking;
  assign seen_tag = made_tag ^ (ask_tag_flip ? 128'h1 << 44 : 128'b0);
  assign w_fails = s_size != 0 && tag_error;
  assign verdict = !s_has_data ? s_status : w_fails ? STATUS_DMA_READ :
                   s_open && seen_tag != s_tag ? STATUS_AUTH_FAILED : STATUS_OK;
  assign take_tag = state == WAIT && ready && s_has_data && !rsa_turn && (!ask_now || (asking && ask_tag_answered));
  assign take_error = take_tag && s_size != 0;

  assign w_list = s_count > 8'd1 && !w_rsa;
  assign destination_job = s_index;
  assign w_last_segment = !w_list || {4'b0, destination_index} + 8'd1 == s_count;
  assign job_write_valid = state != WAIT && (state != END || done_ready);
  assign job_write_done = job_write_valid && job_write_ready;
  assign ends = job_write_done && state == END;
  assign stage_taken = ends && !w_rsa;

  always_ff @(posedge clk) begin
    asking <= ask_now && !take_tag;
    case (state)
      WAIT:
      if (rsa_turn) begin
        w_rsa <= 1'b1;
        w_status <= result_status;
        w_done <= '0;
        if (result_drop || !alive[result_queue] || result_size == 0) state <= END;
        else state <= result_outside ? OUTSIDE : TEXT;
      end else if (ready && (!s_has_data || take_tag)) begin
        w_rsa <= 1'b0;
        w_status <= verdict;
        w_tag <= seen_tag;
        w_done <= '0;
        destination_index <= '0;
        if (!live || !s_has_data || (verdict != STATUS_OK && verdict != STATUS_AUTH_FAILED)) state <= END;
        else if (ask_tag_outside) state <= OUTSIDE;
        else if (s_size != 0) state <= TEXT;
        else state <= s_open ? END : TAG;
      end
      TEXT:
      if (job_write_done) begin
        destination_index <= destination_index + 1'b1;
        w_done <= w_done + write_size;
        if (w_last_segment) state <= s_open || w_rsa ? END : TAG;
      end
      TAG, OUTSIDE: if (job_write_done) state <= END;
      default: if (job_write_done) state <= WAIT;
    endcase
    rsa_sent <= !rst && result_valid && !result_over && (rsa_sent || (ends && w_rsa));
    if (rst) begin
      state <= WAIT;
      asking <= 1'b0;
      destination_index <= '0;
    end
  end

  // ---- written: the completion ----
  localparam int RESULT_BITS = 7 + 2 + 8 + 32 + 17 + 4 + PIPE_BITS + 12;
  logic [RESULT_BITS-1:0] result;
  logic [6:0] r_queue;
  logic r_drop, r_poison, r_has_data, r_left, r_rsa, r_operation, r_job_error, r_job_valid, r_jobs_ready, finish;
  logic [7:0] r_written, r_status;
  logic [31:0] r_cookie;
  logic [16:0] r_size;
  logic [11:0] r_need;
  logic [4:0] results_count, retired_count;

  glacis_fifo #(
    .WIDTH(RESULT_BITS),
    .DEPTH_BITS(4)
  ) results (
    .clk(clk),
    .rst(rst),
    .in_valid(ends),
    .in_ready(done_ready),
    .in(w_rsa ? {result_queue, result_drop, 1'b0, w_status, result_cookie, result_size, 3'b001, result_operation, PIPE_BITS'(0), 12'd0} :
        {s_queue, s_drop, s_poison, w_status, s_cookie, s_size, s_has_data, s_left, 2'b00, s_pipe,
         s_has_data ? s_need : 12'd0}),
    .out_valid(done_valid),
    .out_ready(finish),
    .out(result),
    .count(results_count)
  );

  glacis_fifo #(
    .WIDTH(1),
    .DEPTH_BITS(4)
  ) retired (
    .clk(clk),
    .rst(rst),
    .in_valid(retire_valid && !retire_owner[7]),
    .in_ready(r_jobs_ready),
    .in(retire_error),
    .out_valid(r_job_valid),
    .out_ready(finish),
    .out(r_job_error),
    .count(retired_count)
  );

  assign {r_queue, r_drop, r_poison, r_written, r_cookie, r_size, r_has_data, r_left, r_rsa, r_operation, give_pipe, r_need} = result;
  assign r_status = r_job_error ? STATUS_DMA_WRITE : r_written;
  assign give = finish && r_has_data;
  assign give_back = WORD_BITS'(r_need);
  assign freed = finish && !r_rsa;
  assign result_over = finish && r_rsa;

  // A completion of a job, or an extra one of a fault.
  logic r_live, c_asking, c_fails, is_extra, placing, granted, locked, place_taken, drops, landed_failed;
  logic c_answered, c_drop, c_hold, c_phase, c_twice, c_second;
  logic [31:0] c_cookie;
  logic [79:0] what, r_what;

  assign r_live = alive[r_queue] && !r_drop && !r_poison && !r_left;
  assign c_fails = r_job_valid && r_poison && alive[r_queue];
  assign r_what = {1'b0, r_queue, r_status, 15'b0, r_status == STATUS_OK && (r_has_data || r_rsa) ? r_size : 17'd0, r_cookie};
  assign ask_place = c_asking && !c_answered && r_job_valid && r_live;
  assign ask_place_what = r_what;

  assign is_extra = extra_valid && !c_asking;
  assign what = is_extra ? extra_what : r_what ^ {48'b0, c_cookie};
  assign place_queue = what[78:72];
  assign drops = c_drop || c_hold;
  assign placing = is_extra ? !extra_drop && alive[place_queue] : c_answered && r_live && !drops && (!c_second || place_room);
  assign granted = placing && !locked;
  assign place_taken = granted && write_ready;
  assign place_valid = place_taken;
  assign extra_ready = is_extra && (place_taken || !placing);
  assign finish = r_job_valid && done_valid && !is_extra &&
                  (r_live ? c_answered && (drops || (place_taken && c_twice == c_second)) : !c_fails || !landed_failed);

  assign landed_valid = retire_valid && retire_owner[7];
  assign landed_queue = retire_owner[6:0];
  assign landed_failed = landed_valid && retire_error;
  assign dropped_valid = (finish && !r_left && (!r_live || c_drop)) || (extra_ready && !place_taken) || dropped_back;
  // The second one is owed as any other from the first one on: no fetch is given its entry, and a reset drops it. It waits
  // until there is room, which comes when software has read what is there.
  assign dropped_back = place_taken && !is_extra && c_twice && !c_second;
  assign dropped_queue = is_extra ? place_queue : r_queue;

  // the answer is kept until the completion is on its way
  always_ff @(posedge clk) begin
    c_asking <= !rst && r_job_valid && done_valid && r_live && !finish;
    c_answered <= !rst && r_live && !finish && (c_answered || (ask_place && ask_place_answered));
    if (ask_place) begin
      c_drop <= ask_place_drop;
      c_hold <= ask_place_hold;
      c_cookie <= ask_place_cookie;
      c_phase <= ask_place_phase;
      c_twice <= ask_place_twice;
    end
    c_second <= !rst && r_live && !finish && (c_second || dropped_back);
  end

  assign counted_valid = finish && r_live;
  assign counted_queue = r_queue;
  assign counted_aead = r_has_data && (r_status == STATUS_OK || r_status == STATUS_AUTH_FAILED);
  assign counted_rsa = r_operation && r_status == STATUS_OK;
  assign counted_auth_failed = r_status == STATUS_AUTH_FAILED;
  assign counted_error = r_status != STATUS_OK && r_status != STATUS_AUTH_FAILED;
  assign counted_bytes = counted_aead ? r_size : 17'd0;
  assign fail_valid = landed_failed || (finish && c_fails);
  assign fail_queue = landed_failed ? landed_queue : r_queue;
  assign fail_status = landed_failed ? STATUS_DMA_WRITE : r_written;

  // ---- one access at a time: completions first, but not into the middle of another ----
  assign job_write_ready = write_ready && !granted;
  assign write_valid = granted || job_write_valid;
  assign write_address = granted ? place_address : state == OUTSIDE ? 64'hffffffffffffffff :
                         w_rsa ? result_address : state == TAG ? s_tag_address :
                         w_list ? destination_segment.address : s_destination;
  assign write_size = granted || state == TAG ? 17'd16 : state == OUTSIDE ? 17'd2 : state == END ? 17'd0 :
                      w_rsa ? result_size : w_list ? destination_segment.size[16:0] : s_size;
  assign write_zeros = !granted && w_status == STATUS_AUTH_FAILED;
  assign write_inline = granted || state == TAG;
  assign write_bytes = granted ? {15'b0, place_phase ^ (c_phase && !is_extra), 8'b0, what[71:64], 9'b0,
                                  place_queue, place_sq_head, what[63:0]} : w_tag;
  assign write_place = (w_rsa ? '0 : {s_place, 5'b0}) + BUFFER_BITS'(w_done);
  assign write_source = w_rsa ? SOURCE_BITS'(PIPES) : SOURCE_BITS'(s_pipe);
  assign write_queue = granted ? place_queue : w_rsa ? result_queue : s_queue;
  assign write_owner = {granted, write_queue};
  assign write_last = granted || state == END;

  always_ff @(posedge clk) locked <= !rst && job_write_valid && !granted && !write_ready;

  logic unused;
  assign unused = &{1'b0, stage_count, results_count, retired_count, r_jobs_ready, retire_owner, what[79], job, buffer_source,
                    source_segment, destination_segment};
endmodule
