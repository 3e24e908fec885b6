# SPDX-License-Identifier: Apache-2.0
"""Clients and origins that break off at random moments, with each of io_uring's newer features and without.

The program random_close (environment variable RANDOM_CLOSE) is both the clients and the origin; it checks
every byte at both ends. Afterwards nothing may be open, and nothing may have leaked.
"""
import os
import sys

import harness
from harness import Glacisd, check, equal, free_port, main, note, run, test

RANDOM_CLOSE = os.environ.get("RANDOM_CLOSE") or sys.exit("RANDOM_CLOSE is not set: name the program random_close")
COUNT = max(200, 2000 // harness.SCALE)
ALL = "multishot-accept,multishot-receive,provided-buffers,defer-taskrun"


def storm(seed, count=COUNT, **variables):
    """One run against a glacisd with these environment variables."""
    os.environ.update(variables)
    origin = free_port()
    try:
        with Glacisd(backend=f"127.0.0.1:{origin}") as daemon:
            descriptors = daemon.descriptors()
            note(run(RANDOM_CLOSE, str(daemon.port), str(origin), str(count), "32", str(seed),
                     timeout=240).stdout.decode().strip())
            daemon.expect_idle()
            equal(daemon.gauge("blocks_used"), 0, "blocks_used")
            equal(daemon.gauge("handshakes_open"), 0, "handshakes_open")
            equal(daemon.descriptors(), descriptors, "open descriptors")
            equal(daemon.counter("connections_accepted"), daemon.counter("connections_closed"), "accepted and closed")
            equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")
            return daemon.counter("buffers_exhausted")
    finally:
        for name in variables:
            del os.environ[name]


@test
def with_all_that_the_kernel_offers():
    storm(1)


@test
def without_multishot_accept():
    storm(2, GLACISD_URING_WITHOUT="multishot-accept")


@test
def without_multishot_receive():
    storm(3, GLACISD_URING_WITHOUT="multishot-receive")


@test
def without_provided_buffers():
    storm(4, GLACISD_URING_WITHOUT="provided-buffers")


@test
def without_any_of_them():
    storm(5, GLACISD_URING_WITHOUT=ALL)


@test
def with_too_few_buffers():
    """Connections wait in line for blocks and records; all are served in the end."""
    exhausted = storm(6, COUNT // 2, GLACISD_BLOCKS="12", GLACISD_RECORDS="60")
    check(exhausted > 0, "buffers ran out")


@test
def connections_behind_one_another_see_only_their_own_bytes():
    """A backend that is there at once, and requests behind the Finished: buffers must not change hands early."""
    os.environ["GLACISD_URING_WITHOUT"] = ALL
    try:
        with Glacisd() as daemon:
            for _ in range(3):
                report = run(harness.need("wrk"), "-t1", "-c64", "-d1", daemon.url("/status")).stdout.decode()
                check("Non-2xx" not in report and ("Socket errors" not in report or "read 0," in report), report)
    finally:
        del os.environ["GLACISD_URING_WITHOUT"]


main()
