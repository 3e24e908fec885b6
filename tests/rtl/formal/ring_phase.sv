// SPDX-License-Identifier: Apache-2.0
// Rings of a queue between the card and software, for all time: any sizes that are legal, set up again and again. The
// card's half is what glacis_queues is made of: glacis_ring_cursors, glacis_ring_space, glacis_ring_take. Software's half
// is as docs/card-abi.md has it: it clears the completion ring before it enables the queue, puts in as much as fits, reads
// completions in order by nothing but their phase, and says how far it has read whenever it likes.
//
// Of the completion ring's memory one entry is there, any one, with the number of the completion that was written into it.
// Completions reach memory any time after their place was given, in any order. What software finds in the other entries
// is assumed to be right: each is the entry that is there in some other run, and is looked at there.
//
// A fault may have a completion come twice: the second one is owed from the first one on, and no other is placed until it
// has found room.
//
// Proved: software takes every completion once, never one of an earlier pass, and sees each that is in memory at once; no
// entry is written that software has not freed; a fetch takes only descriptors that are there and were not taken, in one
// piece; a second completion finds room at the latest when software has read what is there. Counters that no ring folds
// number what was done since the queue was enabled.
module ring_phase (
  input logic        clk,
  input logic        rst,
  input logic        start,
  input logic [ 4:0] any_sq_log2,
  input logic [ 4:0] any_cq_log2,
  input logic [15:0] any_watched,
  input logic [ 4:0] jobs_free,
  input logic        post,        // software: a descriptor, and the doorbell
  input logic        look,        //   the next completion
  input logic        there,       //   and finds one, in other entries
  input logic        free,        //   the other doorbell
  input logic [16:0] any_freed,
  input logic        check,       // the card: a fetch is made ready
  input logic        issue,
  input logic        place,
  input logic        twice,       //   and once more
  input logic        drop,
  input logic        land         //   the watched entry reaches memory
);
  localparam int BITS = 17;  // of counters: more than the 16 that tell entries and passes apart

  logic started = 1'b0;
  logic [4:0] sq_log2, cq_log2;
  logic [15:0] sq_mask, cq_mask, watched;
  logic [BITS-1:0] posted, fetched, given, read, freed;

  // ---- the card ----
  logic [15:0] issued, placed, dropped, owed, cursor, cq_index, left, place_left, sq_tail, cq_head;
  logic [15:0] fetch_other, fetch_bus, place_other, place_bus;
  logic fetch_phase, cq_phase, out_of_bounds, wanted, fetching, issues, second;
  logic [2:0] count, fetch_count;

  assign sq_mask = 16'((17'd1 << sq_log2) - 17'd1);
  assign cq_mask = 16'((17'd1 << cq_log2) - 17'd1);
  assign sq_tail = posted[15:0] & sq_mask;
  assign cq_head = freed[15:0] & cq_mask;
  assign issues = issue && fetching;

  glacis_ring_space space (.log2(cq_log2), .head(cq_head), .tail(cq_index), .*);
  glacis_ring_space place_space (
    .log2(cq_log2), .head(cq_head), .tail(cq_index), .issued(issued + (fetching ? {13'b0, fetch_count} : 16'd0)),
    .placed(placed + 16'd1), .left(place_left), .*
  );
  glacis_ring_take take (.sq_tail({16'b0, sq_tail}), .cq_head({16'b0, cq_head}), .*);
  glacis_ring_cursors #(.QUEUE_COUNT(1)) fetches (
    .clear_valid(start), .clear_queue(7'd0), .step_valid(issues), .step_queue(7'd0), .step_log2(sq_log2),
    .step_count(fetch_count), .look_queue(7'd0), .look_index(cursor), .look_phase(fetch_phase), .other_queue(7'd0),
    .other_index(fetch_other), .bus_queue(7'd0), .bus_index(fetch_bus), .*
  );
  glacis_ring_cursors #(.QUEUE_COUNT(1)) places (
    .clear_valid(start), .clear_queue(7'd0), .step_valid(place), .step_queue(7'd0), .step_log2(cq_log2),
    .step_count(3'd1), .look_queue(7'd0), .look_index(cq_index), .look_phase(cq_phase), .other_queue(7'd0),
    .other_index(place_other), .bus_queue(7'd0), .bus_index(place_bus), .*
  );

  assign owed = issued - placed - dropped;

  // ---- software, and the watched entry ----
  logic [15:0] read_index;
  logic read_phase, entry_phase, flying, flying_phase, used, at_watched, takes;
  logic [BITS-1:0] number;  // of the last completion that was given the watched entry: in memory when it is not flying

  assign at_watched = read_index == watched;
  assign takes = look && (at_watched ? entry_phase == read_phase : there);

  always_ff @(posedge clk) begin
    started <= 1'b1;
    if (check && !fetching) begin
      fetching <= wanted && jobs_free != 0;
      fetch_count <= count;
    end
    if (issues) begin
      fetching <= 1'b0;
      fetched <= fetched + {14'b0, fetch_count};
      issued <= issued + {13'b0, fetch_count};
    end
    if (place) begin
      given <= given + 1'b1;
      placed <= placed + 1'b1;
      if (cq_index == watched) begin
        flying <= 1'b1;
        flying_phase <= cq_phase;
        number <= given;
        used <= 1'b1;
      end
    end
    if (drop) dropped <= dropped + 1'b1;
    else if (place && twice) dropped <= dropped - 1'b1;
    if (place || drop) second <= place && twice;
    if (land) begin
      flying <= 1'b0;
      entry_phase <= flying_phase;
    end
    if (post) posted <= posted + 1'b1;
    if (free) freed <= any_freed;
    if (takes) begin
      read <= read + 1'b1;
      read_index <= read_index == cq_mask ? 16'd0 : read_index + 16'd1;
      if (read_index == cq_mask) read_phase <= !read_phase;
    end
    if (start) begin
      sq_log2 <= any_sq_log2;
      cq_log2 <= any_cq_log2;
      watched <= any_watched;
      posted <= '0;
      fetched <= '0;
      given <= '0;
      read <= '0;
      freed <= '0;
      read_index <= '0;
      read_phase <= 1'b1;
      entry_phase <= 1'b0;
      used <= 1'b0;
    end
    if (rst) begin
      issued <= '0;
      placed <= '0;
      dropped <= '0;
      fetching <= 1'b0;
      flying <= 1'b0;
      second <= 1'b0;
    end
  end

  // Differences of the counters, counted by themselves: what is short is easier for a solver than what goes round.
  logic [BITS-1:0] waiting, unread, unfreed, occupied, owing, promised, freeing, taking, paying;
  logic [BITS-1:0] age;  // of the watched entry: completions that were given an entry since

  assign freeing = free ? any_freed - freed : '0;
  assign taking = check && !fetching && wanted && jobs_free != 0 ? {14'b0, count} : 17'd0;
  assign paying = {16'b0, place && !twice} + {16'b0, drop};

  always_ff @(posedge clk) begin
    waiting <= waiting + {16'b0, post} - (issues ? {14'b0, fetch_count} : 17'd0);
    unread <= unread + {16'b0, place} - {16'b0, takes};
    unfreed <= unfreed + {16'b0, takes} - freeing;
    occupied <= occupied + {16'b0, place} - freeing;
    promised <= promised + taking - paying;
    owing <= owing + (issues ? {14'b0, fetch_count} : 17'd0) - paying;
    if (start) begin
      waiting <= '0;
      unread <= '0;
      unfreed <= '0;
      occupied <= '0;
    end
    if (place) age <= cq_index == watched ? '0 : age + 1'b1;
    if (rst) begin
      owing <= '0;
      promised <= '0;
    end
  end

  always_comb begin
    assume (rst == !started);
    if (!started) assume (start);
    // a queue is enabled when it has drained, as the proof "queue" has it, and nothing else happens to it then
    if (start) begin
      assume (!check && !issue && !place && !drop && !land && !post && !look && !free);
      if (started) assume (!fetching && !flying && owed == 16'd0);
      assume (any_sq_log2 >= 5'd1 && any_sq_log2 <= any_cq_log2 && any_cq_log2 <= 5'd15);
      assume ({1'b0, any_watched} < 17'd1 << any_cq_log2);
    end
    assume (jobs_free <= 5'd16);
    if (post) assume (waiting < {1'b0, sq_mask});
    if (look && !at_watched && there) assume (unread != 0);
    if (free) assume (freeing <= unfreed);
    if (place) assume (owed != 16'd0 && (!second || (place_left != 16'd0 && !twice)));
    // in one cycle with a completion, or of the second one
    if (drop) assume (owed > {15'd0, place} && !(place && twice));
    if (land) assume (flying);
  end

`ifndef CLAIMS_ALONE
  // ---- what makes it hold for all time ----
  always_comb begin
    if (started) begin
      assert (sq_log2 >= 5'd1 && sq_log2 <= cq_log2 && cq_log2 <= 5'd15 && watched <= cq_mask);
      assert (cursor == (fetched[15:0] & sq_mask));
      assert (cq_index == (given[15:0] & cq_mask) && cq_phase == !(1'(given >> cq_log2)));
      assert (read_index == (read[15:0] & cq_mask) && read_phase == !(1'(read >> cq_log2)));
      assert (posted == fetched + waiting);
      assert (given == read + unread);
      assert (read == freed + unfreed);
      assert ({1'b0, owed} == owing);
      assert (waiting <= {1'b0, sq_mask} && unread <= {1'b0, cq_mask} && unfreed <= {1'b0, cq_mask} && owing <= {1'b0, cq_mask});
      assert (occupied == unread + unfreed);
      assert (promised == owing + (fetching ? {14'b0, fetch_count} : 17'd0));
      // a second completion may have no entry yet
      assert (occupied <= {1'b0, cq_mask} && promised <= {1'b0, cq_mask} - occupied + {16'b0, second});
      assert (promised <= {1'b0, cq_mask} && (!second || promised != 17'd0));
      assert ({1'b0, (cq_index - cq_head) & cq_mask} == occupied);
      assert ({1'b0, (cq_head - cq_index - 16'd1) & cq_mask} == {1'b0, cq_mask} - occupied);
      assert ({1'b0, left} == (owing > {1'b0, cq_mask} - occupied ? 17'd0 : {1'b0, cq_mask} - occupied - owing));
      assert (!wanted || {13'b0, count} <= left);
      if (fetching) begin
        assert (fetch_count != 3'd0 && {14'b0, fetch_count} <= waiting);
        assert ({1'b0, cursor} + {14'b0, fetch_count} <= {1'b0, sq_mask} + 17'd1);
      end
      if (!used) assert (!flying && !entry_phase && given <= {1'b0, watched} && read <= given && freed <= given);
      if (used) begin
        // the last that lies there, and was not passed over
        assert ((number[15:0] & cq_mask) == watched && age <= {1'b0, cq_mask} && number == given - 17'd1 - age);
        assert ((flying ? flying_phase : entry_phase) == !(1'(number >> cq_log2)));
        if (flying) assert (entry_phase != flying_phase && age < unread);
      end
    end
  end
`endif

  // ---- what is proved ----
  always_comb begin
    if (started && !start) begin
      if (look && at_watched) begin
        if (takes) assert (unread != 0 && !flying && number == read);
        else assert (unread == 0 || flying);
      end
      if (place) begin
        assert (cq_index == (given[15:0] & cq_mask) && cq_phase == !(1'(given >> cq_log2)));
        assert (occupied < {1'b0, cq_mask});
        assert (!(flying && cq_index == watched));
      end
      if (second && occupied == 17'd0) assert (place_left != 16'd0);
      if (issues) begin
        assert (fetch_count != 3'd0 && {14'b0, fetch_count} <= waiting);
        assert (cursor == (fetched[15:0] & sq_mask));
        assert ({1'b0, cursor} + {14'b0, fetch_count} <= {1'b0, sq_mask} + 17'd1);
      end
      // what fits is taken: the last entry of the completion ring but one too
      if (check && !fetching && waiting != 0 && jobs_free != 0)
        assert (wanted == (occupied + owing < {1'b0, cq_mask}));
      if (check && !fetching && wanted && jobs_free != 0) assert (count != 3'd0);
    end
  end
endmodule
