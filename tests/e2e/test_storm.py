# SPDX-License-Identifier: Apache-2.0
"""A hundred thousand connections, and nothing left of them: memory, descriptors, open connections.

The client is client_storm (C, resuming sessions), named by the environment variable CLIENT_STORM.
"""
import os
import re
import sys

import harness
from harness import Glacisd, check, equal, main, note, run, test

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


@test
def memory_and_descriptors_are_back_after_100_000_connections():
    with Glacisd(cert="ecdsa") as daemon:
        # a first storm as high as the later ones: buffers and caches get the size they keep
        total = storm(daemon, 5000, "1.3") + storm(daemon, 5000, "1.2")
        daemon.expect_idle()
        memory, descriptors = daemon.memory(), daemon.descriptors()
        for _ in range(3):
            total += storm(daemon, 15000, "1.3")
            total += storm(daemon, 15000, "1.2")
        daemon.expect_idle()
        grown = daemon.memory() - memory
        note(f"{total} connections; memory {memory >> 10} KiB, grown by {grown >> 10} KiB; descriptors {descriptors}")
        equal(daemon.descriptors(), descriptors, "open descriptors after the storm")
        equal(daemon.gauge("blocks_used"), 0, "blocks_used after the storm")
        check(harness.sanitized() or grown < GROWTH_LIMIT, f"memory grew by {grown} bytes")
        equal(daemon.counter("connections_accepted"), daemon.counter("connections_closed"), "accepted and closed")
        equal(daemon.counter("handshakes_full") + daemon.counter("handshakes_resumed"), total, "handshakes")


@test
def a_storm_of_resets_leaves_nothing():
    with Glacisd(cert="ecdsa") as daemon:
        storm(daemon, 2000, "1.3", 2)
        daemon.expect_idle()
        memory, descriptors = daemon.memory(), daemon.descriptors()
        for version in ("1.3", "1.2"):
            storm(daemon, 5000, version, 2)
        daemon.expect_idle()
        grown = daemon.memory() - memory
        note(f"memory {memory >> 10} KiB, grown by {grown >> 10} KiB; descriptors {descriptors}")
        equal(daemon.descriptors(), descriptors, "open descriptors after the storm")
        check(harness.sanitized() or grown < GROWTH_LIMIT, f"memory grew by {grown} bytes")


main()
