# SPDX-License-Identifier: Apache-2.0
"""A hundred thousand connections, and nothing left of them: memory, descriptors, open connections.

The client is client_storm (C, resuming sessions), named by the environment variable CLIENT_STORM.
"""
import os
import re
import sys

import harness
from harness import check, equal, eventually, main, note, run, test
from service import PATIENT, Glacisd, sanitized

STORM = os.environ.get("CLIENT_STORM") or sys.exit("CLIENT_STORM is not set: name the program client_storm")
GROWTH_LIMIT = 4 << 20  # bytes that may stay after the storm: allocator slack, no per-connection remains


def storm(daemon, count, version, rst_every=0):
    count = max(64, count // harness.SCALE)
    output = run(STORM, str(daemon.port), str(count), "16", version, str(rst_every), timeout=600).stdout.decode()
    note(output.strip())
    equal(int(re.search(r"connections (\d+)", output).group(1)), count, "connections made")
    if not rst_every:  # who resets before reading gets no ticket
        check(int(re.search(r"resumed (\d+)", output).group(1)) >= count // 2, "most connections resume a session")
    return count


def grown_since(daemon, memory):
    """Bytes that stay; a quiet glacisd gives back what a busy one used after a second or so."""
    if not sanitized():
        eventually(lambda: daemon.memory() - memory < GROWTH_LIMIT, f"memory within {GROWTH_LIMIT} bytes of {memory}")
    return daemon.memory() - memory


@test
def memory_and_descriptors_are_back_after_100_000_connections():
    with Glacisd(cert="ecdsa", yaml=PATIENT) as daemon:
        descriptors = daemon.descriptors_at_rest()
        # a first storm as high as the later ones: buffers and caches get the size they keep
        total = storm(daemon, 5000, "1.3") + storm(daemon, 5000, "1.2")
        daemon.expect_idle(total)
        memory = daemon.memory()
        for _ in range(3):
            total += storm(daemon, 15000, "1.3")
            total += storm(daemon, 15000, "1.2")
        daemon.expect_idle(total)
        grown = grown_since(daemon, memory)
        note(f"{total} connections; memory {memory >> 10} KiB, grown by {grown >> 10} KiB; descriptors {descriptors}")
        daemon.expect_descriptors(descriptors)
        equal(daemon.gauge("blocks_used"), 0, "blocks_used after the storm")
        equal(daemon.counter("connections_accepted"), daemon.counter("connections_closed"), "accepted and closed")
        equal(daemon.counter("handshakes_full") + daemon.counter("handshakes_resumed"), total, "handshakes")


@test
def a_storm_of_resets_leaves_nothing():
    with Glacisd(cert="ecdsa", yaml=PATIENT) as daemon:
        descriptors = daemon.descriptors_at_rest()
        total = storm(daemon, 2000, "1.3", 2)
        daemon.expect_idle(total)
        memory = daemon.memory()
        for version in ("1.3", "1.2"):
            total += storm(daemon, 5000, version, 2)
        daemon.expect_idle(total)
        grown = grown_since(daemon, memory)
        note(f"memory {memory >> 10} KiB, grown by {grown >> 10} KiB; descriptors {descriptors}")
        daemon.expect_descriptors(descriptors)


main()
