// SPDX-License-Identifier: Apache-2.0
// Known answers through the AES-GCM core, for ever: test cases 4 and 16 of McGrew and Viega, "The Galois/Counter Mode of
// Operation (GCM)", appendix B, sealed and opened, so four records a round. They lie in a memory (selftest_gcm.hex, made by
// vectors.py), so that synthesis cannot take for constant what a card would get from outside.
module glacis_selftest_gcm #(
  parameter int TOWER = 0
) (
  input  logic        clk,
  input  logic        rst,
  output logic        failed,  // stays
  output logic [31:0] runs     // records that were right
);
  // Words of a case: key (two), nonce, additional data (two), text (four), ciphertext (four), tag.
  localparam logic [3:0] TEXT = 5, CIPHER = 9, TAG = 13;

  logic [127:0] vectors[0:31];
  initial $readmemh("selftest_gcm.hex", vectors);

  typedef enum logic [2:0] {FETCH, RECORD, FEED, COMPARE, NEXT} state_t;
  state_t state;

  logic long_key, open;
  logic [3:0] at;            // word of the case
  logic [127:0] word;        // that was asked for a cycle ago
  logic word_valid;
  logic [255:0] key, aad;
  logic [95:0] nonce;
  logic [127:0] result[0:4];  // four blocks and the tag
  logic [2:0] fed, come;
  logic record_ready, text_ready, out_valid, tag_valid, tag_there;
  logic [127:0] out, tag;
  logic [15:0] patience;

  glacis_gcm #(
    .TOWER(TOWER)
  ) gcm (
    .clk(clk),
    .rst(rst),
    .record_valid(state == RECORD),
    .record_ready(record_ready),
    .record_open(open),
    .record_key_size(long_key ? 2'd2 : 2'd0),
    .record_key(key),
    .record_nonce(nonce),
    .record_aad_size(7'd20),
    .record_aad({256'b0, aad}),
    .record_text_size(17'd60),
    .text_valid(state == FEED && word_valid),
    .text_ready(text_ready),
    .text(word),
    .out_valid(out_valid),
    .out(out),
    .tag_valid(tag_valid),
    .tag(tag)
  );

  always_ff @(posedge clk) word <= vectors[{long_key, at}];

  // The results as they come; a record has four blocks.
  always_ff @(posedge clk) begin
    if (out_valid && !come[2]) result[come] <= out;
    if (out_valid) come <= come + 1'b1;
    if (tag_valid) begin
      result[4] <= tag;
      tag_there <= 1'b1;
    end
    if (rst || state == FETCH) begin
      come <= '0;
      tag_there <= 1'b0;
    end
  end

  logic [2:0] compared;
  logic [3:0] answers;  // word of the first block that has to come
  assign answers = open ? TEXT : CIPHER;

  always_ff @(posedge clk) begin
    word_valid <= 1'b1;
    patience <= patience + 1'b1;
    case (state)
      FETCH: begin  // `at` runs from 0 to 5; its word is there a cycle later
        at <= at + 1'b1;
        case (at)
          1: key[127:0] <= word;
          2: key[255:128] <= word;
          3: nonce <= word[95:0];
          4: aad[127:0] <= word;
          5: begin
            aad[255:128] <= word;
            state <= RECORD;
          end
          default: ;
        endcase
      end
      RECORD: if (record_ready) begin
        state <= FEED;
        at <= open ? CIPHER : TEXT;
        fed <= '0;
        word_valid <= 1'b0;
      end
      FEED: if (word_valid && text_ready) begin
        at <= at + 1'b1;
        fed <= fed + 1'b1;
        word_valid <= 1'b0;
        if (fed == 3) begin
          state <= COMPARE;
          at <= answers;
          compared <= '0;
          patience <= '0;
        end
      end
      COMPARE:
        if (tag_there && word_valid) begin
          if (word != result[compared]) failed <= 1'b1;
          at <= compared == 3 ? TAG : at + 1'b1;
          compared <= compared + 1'b1;
          word_valid <= 1'b0;
          if (compared == 4) state <= NEXT;
        end else if (!tag_there) begin
          word_valid <= 1'b0;
          if (&patience) failed <= 1'b1;
        end
      default: begin
        runs <= runs + 32'(!failed);
        {long_key, open} <= {long_key, open} + 1'b1;
        at <= '0;
        state <= FETCH;
      end
    endcase
    if (rst) begin
      state <= FETCH;
      at <= '0;
      {long_key, open} <= '0;
      failed <= 1'b0;
      runs <= '0;
      word_valid <= 1'b0;
    end
  end
endmodule
