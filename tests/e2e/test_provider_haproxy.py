# SPDX-License-Identifier: Apache-2.0
"""Debian's HAProxy with glacis.so and ssl-mode-async: several threads, reloads under load, clients that go away."""
import os
import random
import re
import signal
import socket
import ssl
import threading
import time

import harness
import service
from harness import SCALE, SCRATCH, Skip, check, equal, main, need, run, test
from provider_run import Configuration, module_folder, sanitized
from provider_server import Handshakes, Server, children, descriptors, memory, settled, threads

# How many handshakes are made while memory and descriptors are watched; the long suite makes 100,000.
HANDSHAKES = int(os.environ.get("GLACIS_PROVIDER_HANDSHAKES", "5000")) // SCALE

HAPROXY = """
global
    nbthread THREADS
    maxconn 1000
    ssl-mode-async
    insecure-fork-wanted
    ssl-default-bind-options ssl-min-ver TLSv1.2
    stats socket FOLDER/haproxy-PORT.sock mode 600 level admin expose-fd listeners
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend tls
    bind 127.0.0.1:PORT ssl crt PEM
    http-request return status 200 content-type text/plain file FOLDER/body
"""

RELOADS = 20 if SCALE == 1 else 5
with open(os.path.join(SCRATCH, "body"), "wb") as body:
    body.write(b"hello\n" * 1500)  # HAProxy keeps answers of its own in one buffer


def haproxy(configuration, certificate="rsa", workers=4, master=False, text=HAPROXY):
    command = [need("haproxy"), *(["-W"] if master else []), "-db" if not master else "-q", "-f", "CONFIG"]
    return Server(configuration, command, text.replace("THREADS", str(workers)), certificate, stop=signal.SIGUSR1)


def worker_of(server):
    return max(children(server.pid), default=0)


def reload_once(server):
    """A master that is just executing itself again may miss the signal."""
    old = worker_of(server)
    asked = 0.0

    def is_new():
        nonlocal asked
        if time.monotonic() > asked + 5:
            server.process.send_signal(signal.SIGUSR2)
            asked = time.monotonic()
        return worker_of(server) != old

    harness.eventually(is_new, "a new worker")


@test
def batches_handshakes_over_threads():
    for certificate in ("rsa", "rsa3072", "ecdsa"):
        configuration = Configuration()
        with haproxy(configuration, certificate) as server:
            for version in ("1.2", "1.3"):
                with Handshakes(server, version, clients=16) as load:
                    load.expect(300 // SCALE, 120)
                equal(load.failed, 0, f"handshakes that failed ({load.why})")
            check("glacis-rsa" in threads(server.pid), "threads of the crew, which make key pairs for ECDSA too")
        counters = configuration.counters()
        check(counters["x25519-ahead"] > 300 // SCALE, f"key pairs that lay ready: {counters}")
        check(counters["aes-ipsec-mb"] > 1000 // SCALE, f"records by ipsec-mb: {counters}")
        if certificate != "ecdsa":
            check(counters["rsa-lanes"] + counters["rsa-single"] >= 600 // SCALE, f"operations by the crew: {counters}")
            check(sanitized() or counters["rsa-lanes"] > 0, f"operations in lanes: {counters}")
            check(sanitized() or counters["x25519-lanes"] > 0, f"shared secrets in lanes: {counters}")
        else:
            equal(counters["rsa-lanes"] + counters["rsa-single"], 0, "operations of a key that is none of RSA")
            equal(counters["rsa-openssl-fault"] + counters["rsa-openssl-padding"], 0, f"left to OpenSSL: {counters}")


def unprivileged(text):
    """Runs as another user than root, whom limits bind."""
    return text.replace("global\n", "global\n    user nobody\n    group nogroup\n") if os.geteuid() == 0 else text


@test
def starts_threads_where_it_may():
    forbidden = unprivileged(HAPROXY.replace("    insecure-fork-wanted\n", ""))
    for text, may in ((unprivileged(HAPROXY), True), (forbidden, False)):
        configuration = Configuration()
        with haproxy(configuration, text=text) as server:
            with Handshakes(server, clients=16) as load:
                load.expect(300 // SCALE, 120)
            equal(load.failed, 0, f"handshakes that failed ({load.why})")
            equal("glacis-rsa" in threads(server.pid), may, "threads of the crew")
        counters = configuration.counters()
        equal(counters["rsa-openssl-fault"] == 0, may, f"operations without a thread: {counters}")
        equal(counters["rsa-lanes"] + counters["rsa-single"] > 0, may, f"operations by the crew: {counters}")
        equal(sum("no thread may be started" in line for line in configuration.lines()), 0 if may else 1, "said once")


@test
def survives_wrk():
    configuration = Configuration()
    with haproxy(configuration) as server:
        seconds = 1 if SCALE > 1 else 3
        for header in ([], ["-H", "Connection: close"]):
            done = run(need("wrk"), "-t2", "-c64", f"-d{seconds}s", *header, server.url()).stdout.decode()
            check("Non-2xx" not in done, f"wrk: {done}")
            errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done)
            check(not errors or header and not int(errors[1]) and not int(errors[4]), f"wrk: {done}")


@test
def is_reloaded_under_load():
    configuration = Configuration()
    with haproxy(configuration, master=True) as server:
        with Handshakes(server) as load:
            load.expect(50)
            for reload in range(1 + RELOADS):
                reload_once(server)
                load.expect(50 // SCALE + 5)
                if reload == 0:
                    settled(lambda: len(children(server.pid)), 1, "workers after the first reload")
                    files, used = descriptors(server.pid), memory(server.pid)
            load.ended.set()
            load.join(60)
            equal(load.failed, 0, f"handshakes that failed ({load.why})")
        settled(lambda: len(children(server.pid)), 1, "workers: old ones have ended")
        settled(lambda: descriptors(server.pid), files, "descriptors of the master after the others")
        check(sanitized() or memory(server.pid) < used + 3_000_000,
              f"memory of the master: {memory(server.pid)}, {used} after the first reload")
        check("FATAL" not in server.log() and "ALERT" not in server.log(), f"HAProxy's log: {server.log()}")
    counters = configuration.counters()
    check(counters["rsa-lanes"] + counters["rsa-single"] >= 1000 // SCALE, f"operations by the crew: {counters}")


@test
def keeps_nothing_of_its_connections():
    configuration = Configuration()
    with haproxy(configuration, workers=2) as server:
        with Handshakes(server, clients=16) as load:
            load.expect(2000 // SCALE, 120)
        settled(lambda: descriptors(server.pid), 60, "descriptors when quiet")
        files, used = descriptors(server.pid), memory(server.pid)
        with Handshakes(server, clients=16) as load:
            load.expect(HANDSHAKES, 60 + HANDSHAKES / 20)
        equal(load.failed, 0, f"handshakes that failed ({load.why})")
        settled(lambda: descriptors(server.pid), files, "descriptors after more handshakes")
        check(sanitized() or memory(server.pid) < used + 3_000_000,
              f"memory after more handshakes: {memory(server.pid)}, {used} before")


def vanish(server, count, seed):
    """Clients that break off at random in the middle of their handshake."""
    chance = random.Random(seed)
    context = service.context(server.certificate)
    for _ in range(count):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = outgoing.read()
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(hello if chance.random() < 0.8 else hello[:chance.randrange(len(hello))])
            if chance.random() < 0.5:
                threading.Event().wait(chance.random() * 0.002)
            if chance.random() < 0.5:
                service.reset(connection)


@test
def survives_clients_that_vanish():
    configuration = Configuration()
    with haproxy(configuration) as server:
        files = descriptors(server.pid)
        with Handshakes(server, clients=4) as load:
            crowd = [threading.Thread(target=vanish, args=(server, 1000 // SCALE, seed)) for seed in range(4)]
            for one in crowd:
                one.start()
            for one in crowd:
                one.join()
            load.expect(20)
        equal(load.failed, 0, f"handshakes that failed ({load.why})")
        settled(lambda: descriptors(server.pid), files + 8, "descriptors when they are gone")
        check("FATAL" not in server.log(), f"HAProxy's log: {server.log()}")


@test
def sleeps_when_there_is_nothing_to_do():
    configuration = Configuration()
    with haproxy(configuration) as server:
        with Handshakes(server) as load:
            load.expect(50)

        def switches():
            total = 0
            for task in os.listdir(f"/proc/{server.pid}/task"):
                with open(f"/proc/{server.pid}/task/{task}/comm", encoding="ascii") as file:
                    if file.read().strip() != "glacis-rsa":
                        continue
                with open(f"/proc/{server.pid}/task/{task}/status", encoding="ascii") as file:
                    total += sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", file.read()))
            return total

        check(switches() > 0, "a thread of the crew is there")

        def quiet():
            before = switches()
            threading.Event().wait(2)
            return switches() == before

        harness.eventually(quiet, "2 seconds without a context switch of the crew")


@test
def runs_the_sample_of_scripts():
    if sanitized():
        raise Skip("the sample knows nothing of sanitizers")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "provider-demo")
    os.environ["GLACIS_MODULES"] = module_folder()
    done = run(script, "haproxy", "--port", str(harness.free_port()), "--check")
    check(b"aes-ipsec-mb=" in done.stdout, f"the line of status: {done.stdout}")


main()
