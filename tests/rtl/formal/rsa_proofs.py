# SPDX-License-Identifier: Apache-2.0
"""What is proved of the RSA engine; see prove. The sequencer's proof begins in any state that its property allows, so what
holds for some steps holds for all; that of the bytes out begins with a reset, and covers numbers of up to 8 bytes."""

SEQUENCER = "rsa/glacis_rsa_sequencer.sv"
PARTS = ["rsa/glacis_rsa_numbers.sv", "rsa/glacis_rsa_digits.sv"]
SOLVE = "rsa/glacis_rsa_solve.sv"
BYTES_OUT = "rsa/glacis_rsa_bytes_out.sv"
LINE = "queue/glacis_rsa_line.sv"

PROOFS = {
    "rsa_sequencer": {
        "top": "rsa_sequencer_twice",
        "sources": ["glacis_card_pkg.sv", "rsa/glacis_rsa.sv", SOLVE, *PARTS, SEQUENCER, "rsa_sequencer_twice.sv"],
        "depth": 3, "solver": "z3", "options": ["--unroll"],
        "bugs": [
            # zero digits of a private exponent are skipped
            (SEQUENCER, "assign skip_power = is_public && digit_p", "assign skip_power = digit_p"),
            # a comparison decides what comes next
            (SEQUENCER, "next = CANONICAL;", "next = pass_flag ? CANONICAL : COMPARE;"),
            # the multiplier may still be writing what a pass reads
            (SEQUENCER, "part == PASS || part == SOLVE ? multiply_idle", "part == SOLVE ? multiply_idle"),
            # a pass that runs is begun again
            (SEQUENCER, "part == PASS && !issued && part_free", "part == PASS && part_free"),
            # a command finds what another left
            (SEQUENCER, "if (step == IDLE) count <= 13'd0;\n    else if (step_done)", "if (step_done)"),
        ],
    },
    "rsa_bytes_out": {
        "top": "rsa_bytes_out_holds",
        "sources": [BYTES_OUT, "rsa_bytes_out_holds.sv"],
        "depth": 22, "solver": "z3", "options": ["--unroll"],
        "bugs": [
            (BYTES_OUT, "if (out_ready) begin", "if (1) begin"),
            (BYTES_OUT, "if (!busy || (out_valid && out_ready))", "if (!busy || out_valid)"),
            (BYTES_OUT, "if (position == 10'd0) last", "if (position == 10'd1) last"),
        ],
    },
    "rsa_line": {
        "top": "rsa_line_order",
        "sources": ["common/glacis_fifo.sv", "rsa/glacis_rsa_ram.sv", LINE, "rsa_line_order.sv"],
        "depth": 8, "solver": "z3", "map": True,
        "bugs": [
            # what is dead is handed to an engine
            (LINE, "valid = state == FULL && room;", "valid = state == FULL;"),
            # a dead queue's are not seen any more when one has left
            (LINE, "if (of_pop == 1) present[head_queue] <= 1'b0;", "present[head_queue] <= 1'b0;"),
            (LINE, "of_push >= COUNT_BITS'(LIMIT - 1)", "of_push >= COUNT_BITS'(LIMIT)"),
            (LINE, "keys_count == (KEYS_BITS + 1)'(LIMIT)", "keys_count == (KEYS_BITS + 1)'(1)"),
        ],
    },
}
