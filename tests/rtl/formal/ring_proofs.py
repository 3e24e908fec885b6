# SPDX-License-Identifier: Apache-2.0
"""What is proved of the rings of a queue, for every legal size and all time; see prove."""

CURSORS = "queue/glacis_ring_cursors.sv"
SPACE = "queue/glacis_ring_space.sv"
TAKE = "queue/glacis_ring_take.sv"
SOURCES = [CURSORS, SPACE, TAKE]

PROOFS = {
    "ring_cursor": {
        "top": "ring_cursor", "sources": [CURSORS, "ring_cursor.sv"],
        "depth": 6, "induction": 1, "solver": "z3", "map": True,
        "bugs": [
            # the phase changes an entry early, and one late
            (CURSORS, "sum > {1'b0, mask}", "sum >= {1'b0, mask}"),
            (CURSORS, "sum > {1'b0, mask}", "sum > {1'b0, mask} + 17'd1"),
            # the index goes round an entry late
            (CURSORS, "sum[15:0] & mask", "sum > {1'b0, mask} + 17'd1 ? 16'd0 : sum[15:0]"),
            # clearing forgets the phase, then the index
            (CURSORS, "cursors[clear_queue] <= {1'b1, 16'd0}", "cursors[clear_queue][15:0] <= 16'd0"),
            (CURSORS, "cursors[clear_queue] <= {1'b1, 16'd0}", "cursors[clear_queue][16] <= 1'b1"),
            # another queue is stepped
            (CURSORS, "cursors[step_queue] <= {next_phase", "cursors[0] <= {next_phase"),
        ],
    },
    "ring_phase": {
        "top": "ring_phase", "sources": [*SOURCES, "ring_phase.sv"],
        "depth": 6, "induction": "each", "bug_depth": 12, "solver": "z3", "map": True,
        "bugs": [
            (CURSORS, "sum > {1'b0, mask}", "sum >= {1'b0, mask}"),
            (CURSORS, "cursors[clear_queue] <= {1'b1, 16'd0}", "cursors[clear_queue][15:0] <= 16'd0"),
            # a full ring looks empty
            (SPACE, "head - tail - 16'd1", "head - tail"),
            # one too few, and one too many
            (SPACE, "free > owed ? free - owed", "free > owed + 16'd1 ? free - owed"),
            (SPACE, "free > owed ? free - owed", "free >= owed ? free - owed + 16'd1"),
            # completions that are on their way have no entry
            (SPACE, "issued - placed - dropped", "16'd0"),
            # a fetch goes beyond the ring's end, and stops before it
            (TAKE, "sq_mask - cursor + 16'd1", "16'd4"),
            (TAKE, "sq_mask - cursor + 16'd1", "sq_mask - cursor"),
            # more than software has put in
            (TAKE, "(sq_tail[15:0] - cursor) & sq_mask", "sq_mask"),
            # a second completion takes the entry of a fetch that has not begun; it asks for one that nobody can give
            ("ring_phase.sv", "issued + (fetching ? {13'b0, fetch_count} : 16'd0)", "issued"),
            ("ring_phase.sv", ".placed(placed + 16'd1), .left(place_left)", ".placed(placed), .left(place_left)"),
        ],
    },
}
