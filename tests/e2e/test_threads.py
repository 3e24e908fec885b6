# SPDX-License-Identifier: Apache-2.0
"""Where glacisd's threads meet: the admin server and the origin read what workers write, signals stop them under load.

Made for the build with ThreadSanitizer, whose report fails a test; true in every other build as well.
"""
import os
import signal
import subprocess
import sys
import threading
import time

import harness
from harness import PATIENCE, check, equal, eventually, main, need, note, run, test
from service import PATIENT, Glacisd

STORM = os.environ.get("CLIENT_STORM") or sys.exit("CLIENT_STORM is not set: name the program client_storm")
REQUESTS = max(1000, 5000 // harness.SCALE)
CLIENTS = 64


class Watchers:
    """Threads that read everything the admin server and the origin tell of the workers, until the end of the block."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.over = threading.Event()
        self.looks = 0
        self.failures = []
        self.threads = [threading.Thread(target=self._watch, args=(look,))
                        for look in (self._metrics, self._metrics, self._healthz, self._page)]

    def _watch(self, look):
        while not self.over.is_set():
            try:
                look()
                self.looks += 1
            except Exception as problem:  # pylint: disable=broad-except
                self.failures.append(problem)
                return

    def _metrics(self):
        """Counters are read one after another while they grow, so that only their own past binds them."""
        before, after = self.daemon.metrics(), self.daemon.metrics()
        for name, number in before.items():
            check(not name.endswith("_total") or after[name] >= number, f"{name} went from {number} to {after[name]}")

    def _healthz(self):
        equal(self.daemon.admin_get("/healthz")[0], 200, "/healthz")

    def _page(self):
        for path in ("/", "/status"):
            run(need("curl"), "-sS", "--fail", "--cacert", self.daemon.certificate.cert, "-o", "/dev/null",
                self.daemon.url(path))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        note(f"{self.looks} looks")
        if kind is None:
            equal(self.failures, [], "what the watchers saw")
            check(self.looks > 0, "the watchers saw nothing")


def storm(daemon, version):
    """Connections that come and go, each with a handshake; resumed ones but for a few."""
    run(STORM, str(daemon.port), str(REQUESTS), "16", version, "0", timeout=300)


@test
def counters_are_read_while_workers_count():
    with Glacisd(cert="rsa", yaml=PATIENT) as daemon:
        with Watchers(daemon):
            for _ in range(3):  # so many full handshakes at a time, their signatures in batches
                run(need("h2load"), "--h1", "-n", str(4 * CLIENTS), "-c", str(CLIENTS), "-t", "2",
                    daemon.url("/bytes/20000"))
            for version in ("1.2", "1.3"):
                storm(daemon, version)
        daemon.expect_idle()
        check(daemon.counter("handshakes_full") >= 3 * CLIENTS, "full handshakes")
        check(daemon.counter("handshakes_resumed") >= REQUESTS, "resumed handshakes")
        equal(daemon.counter("rsa_check_failed"), 0, "rsa_check_failed")


def under_load(signals, drain_ms):
    """glacisd with clients that never rest gets signals; returns its log."""
    yaml = f"timeouts:\n  handshake_ms: 120000\n  drain_ms: {drain_ms}\n"
    with Glacisd(cert="rsa", yaml=yaml) as daemon:
        with subprocess.Popen([need("wrk"), "-t2", "-c32", "-d300", daemon.url("/bytes/5000")],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as load:
            try:
                eventually(lambda: daemon.counter("records_sealed") > 1000, "the load is there")
                for number in signals:
                    daemon.process.send_signal(number)
                    eventually(lambda n=number: n.name in daemon.log() or "second signal" in daemon.log(),
                               f"{number.name} is noticed")
                    # the admin server answers until the end, and looks at all workers
                    try:
                        daemon.admin_get("/metrics")
                    except OSError:
                        pass
                daemon.finish()
            finally:
                load.kill()
        return daemon.log()


@test
def the_drain_ends_under_load():
    log = under_load([signal.SIGTERM], 1000)
    check("stopped" in log, log)


@test
def a_second_signal_ends_it_at_once():
    log = under_load([signal.SIGTERM, signal.SIGINT], 3600000)
    check("second signal: closing the open connections" in log, log)


@test
def signals_at_any_moment_of_the_start():
    for turn in range(12):
        daemon = Glacisd(cert="rsa", wait=False)
        time.sleep(turn * 0.003)
        daemon.terminate()
        code = daemon.process.wait(PATIENCE)
        if code == -signal.SIGTERM:
            equal(daemon.log(), "", "what glacisd said before it died of a signal it had not blocked yet")
        daemon.finish(status=code if code == -signal.SIGTERM else 0)


main()
