# SPDX-License-Identifier: Apache-2.0
"""Clients and origins that break off at random moments, with each of io_uring's newer features and without.

The program random_close (environment variable RANDOM_CLOSE) is both the clients and the origin; it checks
every byte at both ends. Afterwards nothing may be open, and nothing may have leaked.
"""
import os
import subprocess
import sys

import harness
from harness import check, equal, eventually, free_port, main, note, run, test
from service import PATIENT, Glacisd

RANDOM_CLOSE = os.environ.get("RANDOM_CLOSE") or sys.exit("RANDOM_CLOSE is not set: name the program random_close")
COUNT = max(200, 2000 // harness.SCALE)
HOLDERS = 64  # more clients in the mode "hold"
ALL = "multishot-accept,provided-buffers,defer-taskrun"


def random_close(daemon, origin, count, seed, mode):
    """Runs the program; returns its line."""
    with subprocess.Popen([RANDOM_CLOSE, str(daemon.port), str(origin), str(count), "32", str(seed), *mode],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            if "hold" in mode:
                for what in ("those who read nothing", "the others"):
                    before = daemon.counter("buffers_exhausted")
                    eventually(lambda n=before: daemon.counter("buffers_exhausted") > n, f"{what} find no buffer")
                    process.stdin.write(b"\n")
                    process.stdin.flush()
            out, error = process.communicate(timeout=600)
        finally:
            process.kill()
    equal(process.returncode, 0, f"random_close's exit status ({out.decode()}{error.decode()})")
    return out.decode().strip()


def storm(seed, count=COUNT, mode=(), cert="ecdsa", **variables):
    """One run against a glacisd with these environment variables. Returns what random_close and glacisd counted."""
    os.environ.update(variables)
    origin = free_port()
    try:
        with Glacisd(backend=f"127.0.0.1:{origin}", cert=cert, yaml=PATIENT) as daemon:
            descriptors = daemon.descriptors_at_rest()
            report = random_close(daemon, origin, count, seed, mode)
            note(report)
            daemon.expect_idle(count + (HOLDERS if "hold" in mode else 0))
            equal(daemon.gauge("blocks_used"), 0, "blocks_used")
            equal(daemon.gauge("handshakes_open"), 0, "handshakes_open")
            daemon.expect_descriptors(descriptors)
            equal(daemon.counter("connections_accepted"), daemon.counter("connections_closed"), "accepted and closed")
            equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")
            return report, daemon.metrics()
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
def without_provided_buffers():
    storm(4, GLACISD_URING_WITHOUT="provided-buffers")


@test
def without_any_of_them():
    storm(5, GLACISD_URING_WITHOUT=ALL)


@test
def with_too_few_buffers():
    """Connections wait in line for blocks and records; all are served in the end.

    That buffers run out is not left to luck: clients that ask for much and do not read hold them while others come.
    """
    _, metrics = storm(6, COUNT // 2, ("hold",), GLACISD_BLOCKS="12", GLACISD_RECORDS="60")
    note(f"buffers_exhausted {metrics['glacisd_buffers_exhausted_total']:.0f}")
    check(metrics["glacisd_buffers_exhausted_total"] > 0, "buffers ran out")


@test
def clients_that_vanish_while_their_rsa_signature_waits():
    """Of 400 clients 300 are gone right behind their ClientHello; the signature comes back to nobody."""
    report, metrics = storm(7, 400, ("hello",), cert="rsa")
    equal(report, "clean 100 broken 300 wrong 0", "what random_close counted")
    handshakes = metrics["glacisd_handshakes_full_total"] + metrics["glacisd_handshakes_resumed_total"]
    equal(handshakes, 100, "handshakes completed")
    for_nobody = metrics["glacisd_rsa_operations_total"] - handshakes
    note(f"{for_nobody:.0f} signatures for clients that had gone")
    check(0 < for_nobody <= 300, f"{for_nobody:.0f} signatures for 300 clients that had gone")
    equal(metrics["glacisd_rsa_check_failed_total"], 0, "rsa_check_failed")


@test
def connections_behind_one_another_see_only_their_own_bytes():
    """A backend that is there at once, and requests behind the Finished: buffers must not change hands early."""
    os.environ["GLACISD_URING_WITHOUT"] = ALL
    try:
        with Glacisd(yaml=PATIENT) as daemon:
            for _ in range(3):
                report = run(harness.need("wrk"), "-t1", "-c64", "-d1", "--timeout", "60s", daemon.url("/status")).stdout.decode()
                check("Non-2xx" not in report and ("Socket errors" not in report or "read 0," in report), report)
    finally:
        del os.environ["GLACISD_URING_WITHOUT"]


main()
