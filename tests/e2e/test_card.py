# SPDX-License-Identifier: Apache-2.0
"""glacisd with a card under load, and what becomes of its clients when the card fails: nothing.

64 connections stay open through each test and download again and again, each download checked by SHA-256; some more
clients make a new connection for each. The card is a glacis-vcard that is killed, stalls, loses completions or
corrupts tags. GLACIS_CARD_KILLS says how often it is killed; GLACIS_CRYPTODEV names libglacis' module. Where the card is
its simulated logic (GLACIS_VCARD_BACKEND=rtl) there are fewer and smaller downloads, and more time for each operation.
"""
import hashlib
import json
import os
import re
import sys
import threading
import time

import harness
from emulated_card import SLOW, Card, vcard_path
from harness import SCRATCH, Skip, check, equal, eventually, main, note, run, test
from service import PATIENT, Glacisd, context, receive_exactly

CONNECTIONS = 4 if SLOW else 64
VISITORS = 1 if SLOW else 3  # clients that come anew for each download
SIZE = 60000 if SLOW else 300000
OFFLOAD = "offload:\n  deadline_ms: 15000\n" if SLOW else ""
LOSSES = "count=1" if SLOW else "rate=0.001"
KILLS = int(os.environ.get("GLACIS_CARD_KILLS", "3"))
SECONDS = 2 if harness.SCALE > 1 else 4


class Load:
    """Clients that download until they are told to stop. What goes wrong is kept, and nothing is tried again."""

    def __init__(self, daemon, digest):
        self.daemon, self.digest = daemon, digest
        self.trusted = context(daemon.certificate)
        self.stopping = False
        self.failures = []
        self.done = [0] * (CONNECTIONS + VISITORS)
        self.threads = [threading.Thread(target=self.client, args=(i, i < CONNECTIONS)) for i in range(len(self.done))]

    def download(self, connection):
        connection.sendall(f"GET /bytes/{SIZE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive_exactly(connection, 1)
        check(head.startswith(b"HTTP/1.1 200"), f"answer {head[:40]}")
        equal(hashlib.sha256(receive_exactly(connection, SIZE)).hexdigest(), self.digest, "SHA-256 of a download")

    def client(self, number, stays):
        import socket  # pylint: disable=import-outside-toplevel
        try:
            while not self.stopping:
                with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=60) as plain:
                    with self.trusted.wrap_socket(plain, server_hostname="localhost") as connection:
                        while not self.stopping:
                            self.download(connection)
                            self.done[number] += 1
                            if not stays:
                                break
        except Exception as problem:  # pylint: disable=broad-except
            self.failures.append(f"client {number} after {self.done[number]} downloads: {problem!r}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        eventually(lambda: min(self.done) > 0 or self.failures, "each client has downloaded")
        self.check()
        return self

    def check(self):
        equal(self.failures, [], "failures of clients")

    def progress(self):
        """Waits until all clients together have downloaded some more."""
        goal = sum(self.done) + len(self.done)
        eventually(lambda: sum(self.done) >= goal or self.failures, "downloads go on")
        self.check()

    def __exit__(self, kind, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        if kind is None:
            self.check()


def digest():
    """Of what all download, from a glacisd without a card."""
    with Glacisd() as daemon:
        return hashlib.sha256(run("curl", "-sSf", "--cacert", daemon.certificate.cert,
                                  daemon.url(f"/bytes/{SIZE}")).stdout).hexdigest()


def with_card(card, *options, offload=OFFLOAD):
    return Glacisd(cert="rsa", yaml=PATIENT + offload, options=["--card", f"vfio-user:{card.socket}", "--card-policy", "card",
                                                      *options])


def traffic_on_card(daemon, what):
    """Waits until the card is in service and does records."""
    before = daemon.counter("records_card")
    eventually(lambda: daemon.gauge("card_state") == 1 and daemon.counter("records_card") > before + 50, what)


def finish(daemon, connections):
    """The books: every connection ended as its client wanted it."""
    daemon.expect_idle()
    for name in ("records_bad_mac", "alerts_sent", "alerts_received", "protocol_errors", "handshakes_failed"):
        equal(daemon.counter(name), 0, name)
    check(daemon.counter("connections_accepted") >= connections, "connections were accepted")


@test
def records_and_signatures_by_the_card():
    with Card() as card, with_card(card, offload="offload:\n  deadline_ms: 30000\n") as daemon:
        with Load(daemon, digest()) as load:
            traffic_on_card(daemon, "records by the card")
            load.progress()
            load.progress()
        equal(daemon.gauge("card_failures"), 0, "failures of the card")
        check(daemon.counter("card_completed") > daemon.counter("records_card"), "signatures by the card")
        check(daemon.counter("card_copied") < daemon.counter("records_card") / 2, "bulk is not copied")
        finish(daemon, CONNECTIONS)
        note({name: int(value) for name, value in daemon.metrics().items() if "card" in name and value})


@test
def the_card_is_killed_under_load_and_comes_back():
    with Card() as card, with_card(card) as daemon:
        with Load(daemon, digest()) as load:
            traffic_on_card(daemon, "records by the card")
            for number in range(1, KILLS + 1):
                card.kill()
                eventually(lambda: daemon.gauge("card_state") == 3, "the card is called lost")
                load.progress()
                card.start()
                traffic_on_card(daemon, f"records by the card after kill {number}")
                load.check()
                note(f"kill {number}: back in service after {daemon.gauge('card_recovery_us') / 1000:.0f} ms, "
                     f"{sum(load.done)} downloads")
            load.progress()
        check(daemon.gauge("card_failures") >= KILLS, "each loss was counted")
        check(daemon.counter("card_again_error") > 0, "operations were run again")
        finish(daemon, CONNECTIONS)


def survives(fault, reason, *options):
    """Downloads go on while the card has the fault; the reason is counted; then the card works again."""
    with Card() as card, with_card(card, *options) as daemon:
        with Load(daemon, digest()) as load:
            traffic_on_card(daemon, "records by the card")
            until = time.monotonic() + SECONDS
            while time.monotonic() < until or daemon.counter(reason) == 0:
                card.control("fault", fault)
                load.progress()
                check(time.monotonic() < until + harness.PATIENCE, f"{reason} is counted")
            card.control("clear")
            traffic_on_card(daemon, "records by the card afterwards")
            load.progress()
        note(f"{fault}: {daemon.counter(reason)} run again, {daemon.gauge('card_failures')} failures, "
             f"{sum(load.done)} downloads")
        finish(daemon, CONNECTIONS)


@test
def a_stalled_queue():
    survives("stall-queue:count=1", "card_again_error")


@test
def lost_completions():
    survives(f"drop-completion:{LOSSES}", "card_again_error")


@test
def corrupted_tags():
    survives(f"corrupt-tag:{LOSSES}", "card_again_wrong")


@test
def a_download_by_simulated_logic():
    """The card is its logic, simulated cycle by cycle: it signs the handshake and seals 4 MiB, of which the client knows
    the SHA-256. A signature takes it some hundred thousand cycles, so seconds, and deadlines are long."""
    if not os.environ.get("GLACIS_VCARD_RTL"):
        vcard_path()
        raise Skip("glacis-vcard has no simulated logic (scripts/setup rtl)")
    size = 4 << 20
    path = f"/bytes/{size}"
    with Glacisd() as daemon:
        expected = hashlib.sha256(run("curl", "-sSf", "--cacert", daemon.certificate.cert, daemon.url(path)).stdout)
    with Card("--backend", "rtl") as card:
        with with_card(card, offload="offload:\n  deadline_ms: 60000\n") as daemon:
            eventually(lambda: daemon.gauge("card_state") == 1, "the card is in service")
            rsa = card.status()["rsa_operations"]
            bytes_before, records = card.status()["aead_bytes"], daemon.counter("records_card")
            started = time.monotonic()
            got = run("curl", "-sSf", "--max-time", "200", "--cacert", daemon.certificate.cert, "--tlsv1.3",
                      daemon.url(path), timeout=240).stdout
            seconds = time.monotonic() - started
            equal((len(got), hashlib.sha256(got).hexdigest()), (size, expected.hexdigest()), "the download")
            status = card.status()
            eventually(lambda: daemon.counter("records_card") - records >= size / 16384, "records by the card")
            check(status["rsa_operations"] > rsa, f"the card's RSA operations were {rsa}, are {status['rsa_operations']}")
            check(status["aead_bytes"] - bytes_before >= size, "bytes through the card's logic")
            equal((status["backend"], status["errors"], daemon.gauge("card_failures")), ("rtl", 0, 0), "card and failures")
            for name in ("card_again_error", "card_again_late", "card_again_wrong", "card_again_auth"):
                equal(daemon.counter(name), 0, name)
            note(f"{size} bytes and a signature in {seconds:.1f} s: {daemon.counter('records_card') - records} records, "
                 f"{status['rsa_operations'] - rsa} RSA operations by the logic")
            finish(daemon, 1)


@test
def the_command_tries_and_measures_a_card():
    glacis = os.environ["GLACIS"]
    with Card() as card:
        device = f"vfio-user:{card.socket}"
        report = json.loads(run(glacis, "selftest", "--json", "--device", device).stdout)
        check(report["ok"] and report["checks"][-1]["name"].startswith("card "), "the self-test is right by the card")
        cpu, found = json.loads(run(glacis, "devices", "--json", "--device", device).stdout)["devices"]
        equal((cpu["name"], found["name"], found["driver"], found["state"]), ("cpu", "card", "crypto_glacis", "up"),
              "devices")
        equal([cost["size"] for cost in found["costs"]], [64, 256, 1024, 4096, 8192, 16384], "sizes")
        identity = found["identity"]
        equal((identity["id"], identity["board"]), (device, "model"), "who it is")
        check(re.fullmatch(r"1\.\d+", identity["abi"]) and identity["abi"] == identity["driver_abi"], f"ABI: {identity}")
        for key, pattern in [("build_id", r"[0-9a-f]{16}"), ("git_hash", r"[0-9a-f]{40}"),
                             ("build_date", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")]:
            check(re.fullmatch(pattern, identity[key]), f"{key}: {identity}")
        text = run(glacis, "devices", "--device", device).stdout.decode()
        for word in ["crypto_glacis", *identity.values(), "health    up"]:
            check(word in text, f"{word} in the text: {text}")
        other = json.loads(run(glacis, "devices", "--json", "--device", "crypto_aesni_mb0").stdout)["devices"][1]
        equal(other["identity"], {"id": "crypto_aesni_mb0"}, "a device that tells nothing of itself")
        # A card that gets everything wrong is named as such.
        card.control("fault", "corrupt-tag")
        report = json.loads(run(glacis, "selftest", "--json", "--device", device, status=1).stdout)
        check(any("card" in one["name"] and not one["ok"] for one in report["checks"]), f"not named: {report}")


@test
def a_card_that_is_not_there():
    vcard_path()
    missing = os.path.join(SCRATCH, "no-card")
    daemon = Glacisd(options=["--card", f"vfio-user:{missing}"], wait=False)
    daemon.finish(status=1)
    check(missing in daemon.log() and "start glacis-vcard" in daemon.log(), f"the log names it: {daemon.log()}")


@test
def no_device_at_all():
    """`auto` without a device: everything runs on the processor, which the log says once."""
    vcard_path()
    with Glacisd(options=["--card", "auto"]) as daemon:
        run("curl", "-sSf", "--cacert", daemon.certificate.cert, daemon.url("/bytes/1000"))
        check(daemon.counter("records_cpu") > 0 and daemon.gauge("card_state") == 0, "the processor did the records")
        equal(daemon.log().count("everything runs on the processor"), 1, "lines that say so")


if __name__ == "__main__":
    sys.setswitchinterval(0.001)
    main()
