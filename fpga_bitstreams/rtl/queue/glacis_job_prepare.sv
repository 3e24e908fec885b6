// SPDX-License-Identifier: Apache-2.0
// Jobs, as descriptors are called once they are in the card, up to the point where text is read: takes descriptors from
// the fetches, checks them, and has their segment lists, long additional data and tags fetched while earlier jobs run.
// A job is handed on when all that is there and checked; order is kept. What is wrong with it is its status, and it goes
// on without data. Errors rank as if all was done one after the other: source list, destination list, the rest.
module glacis_job_prepare
  import glacis_card_pkg::*;
#(
  parameter int JOB_BITS = 4
) (
  input  logic                clk,
  input  logic                rst,
  output logic [         4:0] jobs_free,
  input  logic [       127:0] alive,
  input  logic                rsa_there,
  // fetches that were begun
  input  logic                fetch_valid,
  output logic                fetch_ready,
  input  logic [         6:0] fetch_queue,
  input  logic [         2:0] fetch_count,
  input  logic                fetch_poison,
  output logic                fetched_valid,
  output logic [         6:0] fetched_queue,
  output logic [         2:0] fetched_count,
  // words of descriptors and of what they point to
  input  logic                descriptor_valid,
  input  logic                detail_valid,
  output logic                word_ready,
  input  logic [       255:0] word,
  input  logic                word_last,
  input  logic                word_error,
  // reads
  output logic                read_valid,
  input  logic                read_ready,
  output logic [        63:0] read_address,
  output logic [        16:0] read_size,
  output logic [         6:0] read_queue,
  // fault: is this command the one at which the queue stalls?
  output logic                ask_command,
  output logic [         6:0] ask_queue,
  input  logic                ask_answered,
  input  logic                ask_stall,
  // the next job
  output logic                job_valid,
  input  logic                job_ready,
  output logic [JOB_BITS-1:0] job_index,
  output logic [         6:0] job_queue,
  output logic                job_drop,        // nothing more of it
  output logic                job_poison,      // its queue fails with `job_status`
  output logic                job_has_data,    // SEAL or OPEN to be done
  output logic                job_to_rsa,      // to be handed to the RSA engines
  output logic [         7:0] job_status,
  output aead_t               job,
  output logic [       511:0] job_aad,
  output logic [       127:0] job_tag,         // that an OPEN compares with
  // segments of the next job's source, and of the destination of one that is further
  input  logic [         3:0] source_index,
  output segment_t            source_segment,
  input  logic [JOB_BITS-1:0] destination_job,
  input  logic [         3:0] destination_index,
  output segment_t            destination_segment,
  input  logic                freed            // the oldest job
);
  localparam int JOBS = 1 << JOB_BITS;
  localparam logic [1:0] SOURCE = 2'd0, DESTINATION = 2'd1, AAD = 2'd2, TAG = 2'd3;

  typedef logic [JOB_BITS-1:0] job_t;
  typedef logic [JOB_BITS:0] count_t;

  count_t reserved, arrived, checked, handed, free;
  logic [255:0] part_0[0:JOBS-1];
  logic [255:0] part_1[0:JOBS-1];
  logic [255:0] part_2[0:JOBS-1];
  logic [255:0] part_3[0:JOBS-1];
  logic [6:0] queues[0:JOBS-1];
  logic [255:0] far_aad[0:2*JOBS-1];
  logic [127:0] tags[0:JOBS-1];
  logic [255:0] sources[0:8*JOBS-1];
  logic [255:0] destinations[0:8*JOBS-1];
  logic [7:0] statuses[0:JOBS-1];
  logic [JOBS-1:0] drops, poisons, datas, rsas, complete, late_bad;

  assign jobs_free = 5'(JOBS) - 5'(count_t'(reserved - free));

  // ---- descriptors come ----
  logic fetches_valid, poison, take_poison, word_comes, descriptor_done, spoiled;
  logic [6:0] queue;
  logic [2:0] count;
  logic [1:0] part;
  job_t place;
  logic [127:0] poisoned;  // a fetch has failed: what comes behind it is dropped
  logic [4:0] fetches_count;

  glacis_fifo #(
    .WIDTH(11),
    .DEPTH_BITS(4)
  ) fetches (
    .clk(clk),
    .rst(rst),
    .in_valid(fetch_valid),
    .in_ready(fetch_ready),
    .in({fetch_queue, fetch_count, fetch_poison}),
    .out_valid(fetches_valid),
    .out_ready(take_poison || descriptor_done),
    .out({queue, count, poison}),
    .count(fetches_count)
  );

  assign take_poison = fetches_valid && poison;
  // A poisoned fetch takes its place in a cycle of its own, for which the next fetch's first word, of another queue, waits.
  assign word_ready = !(descriptor_valid && take_poison);
  assign word_comes = descriptor_valid && word_ready;
  assign descriptor_done = word_comes && word_last;
  assign spoiled = poisoned[queue];
  assign fetched_valid = descriptor_done && !word_error && !spoiled;
  assign fetched_queue = queue;
  assign fetched_count = count;

  always_ff @(posedge clk) begin
    if (word_comes) begin
      case (part)
        2'd0: part_0[place] <= word;
        2'd1: part_1[place] <= word;
        2'd2: part_2[place] <= word;
        default: part_3[place] <= word;
      endcase
      part <= part + 1'b1;
      if (part == 2'd3) place <= place + 1'b1;
    end
    if (take_poison) place <= place + 1'b1;
    if (rst) begin
      part <= '0;
      place <= '0;
    end
  end

  // ---- the check: one descriptor, its details asked for one by one ----
  aead_t at;
  job_t current;
  logic far_aad_wanted, fields_good, is_admin, is_aead, is_rsa, is_key, is_nop, begins, asking, ask;
  logic has_source, has_destination, wants_data, last_detail, detail_sent;
  logic [3:0] wanted, left;
  logic [1:0] detail;
  logic [7:0] verdict;
  logic checking;

  assign current = checked[JOB_BITS-1:0];
  assign at = {part_3[current], part_2[current], part_1[current], part_0[current]};
  assign far_aad_wanted = at.aad_size > 8'(AAD_INLINE_MAX);
  assign fields_good = (at.key_size == 8'd16 || at.key_size == 8'd24 || at.key_size == 8'd32) &&
                       at.aad_size <= 8'(AAD_MAX) && at.text_size <= 32'(TEXT_MAX) && at.reserved == 0 &&
                       at.reserved2 == 0 && (far_aad_wanted || at.aad_address == 0) &&
                       at.source_count <= 8'(SEGMENTS_MAX);
  assign is_admin = queues[current] == 0;
  assign is_nop = at.opcode == OPCODE_NOP && !is_admin;
  assign is_aead = (at.opcode == OPCODE_SEAL || at.opcode == OPCODE_OPEN) && !is_admin;
  assign is_rsa = (at.opcode == OPCODE_RSA_PRIVATE || at.opcode == OPCODE_RSA_PUBLIC) && !is_admin;
  assign is_key = (at.opcode == OPCODE_KEY_LOAD || at.opcode == OPCODE_KEY_ZEROISE) && is_admin;
  assign verdict = is_nop ? STATUS_OK : is_aead ? (fields_good ? STATUS_OK : STATUS_BAD_FIELD) :
                   !is_rsa && !is_key ? STATUS_BAD_OPCODE : !rsa_there ? STATUS_UNSUPPORTED :
                   rsa_good ? STATUS_OK : STATUS_BAD_FIELD;
  // what is reserved; the engines check the rest
  rsa_t as_rsa;
  key_t as_key;
  logic rsa_good;
  assign as_rsa = at;
  assign as_key = at;
  assign rsa_good = is_rsa ? as_rsa.reserved == 0 && as_rsa.reserved2 == 0 && as_rsa.reserved3 == 0 :
                    as_key.reserved == 0 && (as_key.opcode == OPCODE_KEY_LOAD || as_key.key == 0);
  assign has_source = at.source_count > 8'd1;
  assign has_destination = at.destination_count > 8'd1;

  // A destination with too many segments ranks behind the source's list, which is read first.
  logic too_many;
  assign too_many = at.destination_count > 8'(SEGMENTS_MAX);
  assign wants_data = is_aead && fields_good && !drops[current] && !poisons[current] && alive[queues[current]];
  assign wanted = !wants_data ? 4'b0 : too_many ? {3'b0, has_source} :
                  {at.opcode == OPCODE_OPEN, far_aad_wanted, has_destination, has_source};
  assign ask = checked != arrived && !drops[current] && !poisons[current] && alive[queues[current]];
  assign ask_command = ask && asking && !checking;
  assign ask_queue = queues[current];
  // a command is asked about once, before anything is read for it
  assign begins = checked != arrived && !checking && (!ask || (asking && ask_answered));

  assign detail = left[0] ? SOURCE : left[1] ? DESTINATION : left[2] ? AAD : TAG;
  assign last_detail = (left & (left - 4'd1)) == 0;

  logic details_in_ready, details_valid, detail_taken, detail_is_last, sum_last;
  logic [1:0] detail_kind;
  job_t detail_job;
  logic [5:0] details_count;

  assign read_valid = checking && left != 0 && details_in_ready;
  assign read_queue = queues[current];
  assign detail_sent = read_valid && read_ready;
  assign detail_taken = detail_valid && word_last;

  assign read_address = detail == SOURCE ? at.source : detail == DESTINATION ? at.destination :
                        detail == AAD ? at.aad_address : at.tag;
  assign read_size = detail == SOURCE ? {8'b0, at.source_count[4:0], 4'b0} :
                     detail == DESTINATION ? {8'b0, at.destination_count[4:0], 4'b0} :
                     detail == AAD ? {9'b0, at.aad_size} : 17'd16;

  glacis_fifo #(
    .WIDTH(JOB_BITS + 3),
    .DEPTH_BITS(5)
  ) details (
    .clk(clk),
    .rst(rst),
    .in_valid(detail_sent),
    .in_ready(details_in_ready),
    .in({current, detail, last_detail}),
    .out_valid(details_valid),
    .out_ready(detail_taken),
    .out({detail_job, detail_kind, detail_is_last}),
    .count(details_count)
  );

  // ---- details come ----
  logic [2:0] word_index;
  logic [35:0] sum, sum_now;
  logic segment_bad, bad_now, second;
  segment_t low, high;
  logic [31:0] sum_wanted;
  logic [4:0] list_count, list_left;
  aead_t of;

  assign {high, low} = word;
  assign of = {part_3[detail_job], part_2[detail_job], part_1[detail_job], part_0[detail_job]};
  assign list_count = detail_kind == SOURCE ? of.source_count[4:0] : of.destination_count[4:0];
  assign list_left = list_count - {1'b0, word_index, 1'b0};
  assign second = list_left > 5'd1;
  assign sum_now = sum + {4'b0, low.size} + (second ? {4'b0, high.size} : 36'd0);
  assign bad_now = segment_bad || low.size == 0 || low.reserved != 0 ||
                   (second && (high.size == 0 || high.reserved != 0));
  assign sum_wanted = of.text_size;
  assign sum_last = bad_now || sum_now != {4'b0, sum_wanted};

  logic is_list;
  logic [7:0] detail_verdict;
  assign is_list = detail_kind == SOURCE || detail_kind == DESTINATION;
  assign detail_verdict = word_error ? STATUS_DMA_READ : is_list && sum_last ? STATUS_BAD_FIELD : STATUS_OK;

  always_ff @(posedge clk) begin
    if (detail_valid) begin
      case (detail_kind)
        SOURCE: sources[{detail_job, word_index}] <= word;
        DESTINATION: destinations[{detail_job, word_index}] <= word;
        AAD: far_aad[{detail_job, word_index[0]}] <= word;
        default: tags[detail_job] <= word[127:0];
      endcase
      word_index <= word_last ? '0 : word_index + 1'b1;
      sum <= word_last ? '0 : sum_now;
      segment_bad <= !word_last && bad_now;
    end
    if (rst) begin
      word_index <= '0;
      sum <= '0;
      segment_bad <= 1'b0;
    end
  end

  // ---- what is known of each job ----
  always_ff @(posedge clk) begin
    if (fetch_valid && fetch_ready) reserved <= reserved + (JOB_BITS + 1)'(fetch_count);
    poisoned <= poisoned & alive;
    for (int i = 0; i < 4; i++) begin
      // the jobs of a fetch are those before `place`, which the last word has not moved yet
      if (descriptor_done && 3'(i) < count) begin
        drops[place-job_t'(i)] <= spoiled || (word_error && 3'(i) != count - 3'd1);
        poisons[place-job_t'(i)] <= !spoiled && word_error && 3'(i) == count - 3'd1;
        queues[place-job_t'(i)] <= queue;
        complete[place-job_t'(i)] <= 1'b0;
        late_bad[place-job_t'(i)] <= 1'b0;
      end
    end
    if (descriptor_done) begin
      arrived <= arrived + (JOB_BITS + 1)'(count);
      if (word_error && alive[queue]) poisoned[queue] <= 1'b1;
    end
    if (take_poison) begin
      arrived <= arrived + 1'b1;
      drops[place] <= spoiled;
      poisons[place] <= !spoiled;
      queues[place] <= queue;
      complete[place] <= 1'b0;
      late_bad[place] <= 1'b0;
      if (alive[queue]) poisoned[queue] <= 1'b1;
    end

    asking <= ask && !(begins && ask_answered);
    if (begins) begin
      checking <= 1'b1;
      left <= ask && ask_stall ? 4'b0 : wanted;
      statuses[current] <= poisons[current] ? poison_status : verdict;
      datas[current] <= wants_data;
      rsas[current] <= (is_rsa || is_key) && rsa_there && rsa_good;
      late_bad[current] <= too_many;
      if (ask && ask_stall) drops[current] <= 1'b1;
    end
    if (checking) begin
      if (left == 0) complete[current] <= 1'b1;
      if (detail_sent) left <= left & (left - 4'd1);
      if (left == 0 || (detail_sent && last_detail)) begin
        checking <= 1'b0;
        checked <= checked + 1'b1;
      end
    end
    if (detail_taken) begin
      if (statuses[detail_job] == STATUS_OK) statuses[detail_job] <= detail_verdict;
      if (detail_is_last) complete[detail_job] <= 1'b1;
    end
    if (job_valid && job_ready) handed <= handed + 1'b1;
    if (freed) free <= free + 1'b1;
    if (rst) begin
      reserved <= '0;
      arrived <= '0;
      checked <= '0;
      handed <= '0;
      free <= '0;
      checking <= 1'b0;
      asking <= 1'b0;
      poisoned <= '0;
      complete <= '0;
    end
  end

  // Why a queue fails: its fetch, or its doorbells.
  logic [7:0] poison_status;
  logic [JOBS-1:0] by_doorbell;
  assign poison_status = by_doorbell[current] ? STATUS_BAD_RING : STATUS_DMA_READ;
  always_ff @(posedge clk) begin
    if (take_poison) by_doorbell[place] <= 1'b1;
    else if (word_comes) by_doorbell[place] <= 1'b0;
  end

  // ---- the next job ----
  logic [255:0] aad_low, aad_high;
  logic [7:0] status;

  assign job_index = handed[JOB_BITS-1:0];
  assign job_valid = handed != checked && complete[job_index];
  assign job = {part_3[job_index], part_2[job_index], part_1[job_index], part_0[job_index]};
  assign job_queue = queues[job_index];
  assign job_drop = drops[job_index];
  assign job_poison = poisons[job_index];
  assign status = statuses[job_index];
  assign job_status = status == STATUS_OK && datas[job_index] && late_bad[job_index] ? STATUS_BAD_FIELD : status;
  assign job_has_data = datas[job_index] && job_status == STATUS_OK;
  assign job_to_rsa = rsas[job_index];
  assign job_tag = tags[job_index];
  assign {aad_high, aad_low} = {far_aad[{job_index, 1'b1}], far_aad[{job_index, 1'b0}]};
  // zeros behind the additional data
  assign job_aad = (job.aad_size > 8'(AAD_INLINE_MAX) ? {aad_high, aad_low} : {256'b0, job.aad}) &
                   ~({512{1'b1}} << {job.aad_size[6:0], 3'b0});

  logic [255:0] source_pair, destination_pair;
  assign source_pair = sources[{job_index, source_index[3:1]}];
  assign source_segment = source_index[0] ? source_pair[255:128] : source_pair[127:0];
  assign destination_pair = destinations[{destination_job, destination_index[3:1]}];
  assign destination_segment = destination_index[0] ? destination_pair[255:128] : destination_pair[127:0];

  logic unused;
  assign unused = &{1'b0, fetches_count, details_count, details_valid, of, at, as_rsa, as_key, low, high};
endmodule
