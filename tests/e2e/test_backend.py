# SPDX-License-Identifier: Apache-2.0
"""Backends that refuse, reset, half-close, stall or live on a UNIX socket: what the client gets to see."""
import os
import socket
import struct
import threading
import time

import harness
from harness import PATIENCE, SCRATCH, at_best, check, equal, eventually, main, test
from service import Glacisd, Origin, context, echo, receive_exactly, reset
from tls_peer import Peer

VERSIONS = ("1.2", "1.3")


@test
def a_refused_backend_gives_internal_error():
    nobody = f"127.0.0.1:{harness.free_port()}"
    with Glacisd(backend=nobody) as daemon:
        for number, version in enumerate(VERSIONS, 1):
            with Peer(daemon.port, context(daemon.certificate, version)) as peer:
                try:
                    peer.handshake()
                except OSError as problem:  # the alert may come before our Finished is even out
                    check("INTERNAL_ERROR" in str(problem), f"handshake ended with {problem}")
                else:
                    check("INTERNAL_ERROR" in peer.alert().upper(), f"TLS {version}: {peer.alert()}")
            daemon.expect_counter("backend_refused", number)
        daemon.expect_idle()


@test
def a_missing_unix_backend_gives_internal_error():
    with Glacisd(backend=f"unix:{SCRATCH}/nobody.sock") as daemon:
        with Peer(daemon.port, context(daemon.certificate)).handshake() as peer:
            check("INTERNAL_ERROR" in peer.alert().upper(), "no internal_error")
        daemon.expect_counter("backend_refused")


@test
def a_backend_that_comes_back_is_used_again():
    with Origin(echo) as origin:
        address = origin.address
    with Glacisd(backend=address) as daemon:
        with Peer(daemon.port, context(daemon.certificate)).handshake() as peer:
            check("INTERNAL_ERROR" in peer.alert().upper(), "no internal_error")
        listener = socket.create_server(("127.0.0.1", int(address.split(":")[1])))
        with Peer(daemon.port, context(daemon.certificate)).handshake() as peer:
            peer.send(b"hello")
            connection, _ = listener.accept()
            equal(receive_exactly(connection, 5), b"hello", "bytes at the backend")
            connection.close()
        listener.close()


@test
def a_unix_backend_works():
    with Origin(echo, path=f"{SCRATCH}/echo.sock") as origin, Glacisd(backend=origin.address) as daemon:
        for version in VERSIONS:
            with Peer(daemon.port, context(daemon.certificate, version)).handshake() as peer:
                for size in (1, 16384, 16385, 300000):
                    data = os.urandom(size)
                    peer.send(data)
                    equal(peer.read_exactly(size), data, f"echo of {size} bytes")


@test
def echo_of_every_size_around_the_record_limit():
    with Origin(echo) as origin, Glacisd(backend=origin.address) as daemon:
        for version in VERSIONS:
            with Peer(daemon.port, context(daemon.certificate, version)).handshake() as peer:
                for size in [*range(1, 40), *range(16370, 16400), 32767, 32768, 32769, 131072, 1000003]:
                    data = os.urandom(size)
                    peer.send(data)
                    equal(peer.read_exactly(size), data, f"TLS {version}, echo of {size} bytes")
        daemon.expect_idle()


@test
def a_reset_of_the_backend_is_no_clean_end():
    """A client must be able to tell a broken download from a complete one."""
    read = threading.Event()

    def serve(connection):
        connection.sendall(b"the first half")
        read.wait(PATIENCE)  # a reset throws away what glacisd has not taken yet
        reset(connection)

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        for number, version in enumerate(VERSIONS, 1):
            with Peer(daemon.port, context(daemon.certificate, version)).handshake() as peer:
                read.clear()
                equal(peer.read_exactly(14), b"the first half", "bytes before the reset")
                read.set()
                end = peer.alert()
                check(end != "close_notify", f"TLS {version}: a reset of the backend looks like a clean end")
            daemon.expect_counter("backend_errors", number)
        daemon.expect_idle()


@test
def the_end_of_the_backend_is_a_close_notify():
    def serve(connection):
        connection.sendall(b"all of it")

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        for version in VERSIONS:
            with Peer(daemon.port, context(daemon.certificate, version)).handshake() as peer:
                equal(peer.read_to_end(), b"all of it", "bytes before close_notify")
                peer.close_notify()
        daemon.expect_counter("clean_closes", 2)
        daemon.expect_idle()


@test
def the_client_may_go_on_after_the_backends_end():
    """Backend: FIN first. The other direction stays open until the client ends it."""
    received = []

    def serve(connection):
        connection.sendall(b"only this")
        connection.shutdown(socket.SHUT_WR)
        while True:
            data = connection.recv(65536)
            if not data:
                break
            received.append(data)

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        for version in VERSIONS:
            received.clear()
            with Peer(daemon.port, context(daemon.certificate, version)).handshake() as peer:
                equal(peer.read_to_end(), b"only this", "bytes before close_notify")
                for _ in range(10):
                    peer.send(bytes(10000))
                    time.sleep(0.02)
                peer.close_notify()
                eventually(lambda: sum(map(len, received)) == 100000, f"TLS {version}: the backend has 100,000 bytes")
        daemon.expect_idle()


@test
def the_backend_may_go_on_after_the_clients_end():
    """Client: close_notify first. The backend sees the end of input, then answers."""
    def serve(connection):
        size = 0
        while True:
            data = connection.recv(65536)
            if not data:
                break
            size += len(data)
        for _ in range(10):
            time.sleep(0.02)
            connection.sendall(struct.pack("!I", size) * 5000)

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        for version in VERSIONS:
            with Peer(daemon.port, context(daemon.certificate, version)).handshake() as peer:
                peer.send(bytes(77777))
                peer.close_notify()
                equal(peer.read_to_end(), struct.pack("!I", 77777) * 50000, f"TLS {version}: answer after our end")
        daemon.expect_counter("clean_closes", 2)
        daemon.expect_idle()


@test
def a_client_without_close_notify_is_noticed():
    ends = []

    def serve(connection):
        connection.sendall(b"hello")
        try:
            while connection.recv(65536):
                pass
            ends.append("end")
        except ConnectionResetError:
            ends.append("reset")

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        for number, version in enumerate(VERSIONS, 1):
            peer = Peer(daemon.port, context(daemon.certificate, version)).handshake()
            equal(peer.read_exactly(5), b"hello", "greeting")  # with all read, close() sends FIN and no RST
            peer.send(b"cut off")
            time.sleep(0.1)
            peer.close()
            daemon.expect_counter("client_truncated", number)
            eventually(lambda n=number: len(ends) == n, "the backend's connection ends")
        # a backend that saw a clean end would take a truncated request for a whole one
        equal(ends, ["reset", "reset"], "how the backend saw truncated requests end")
        daemon.expect_idle()


@test
def a_reset_of_the_client_reaches_the_backend():
    started, ended = threading.Event(), threading.Event()

    def serve(connection):
        try:
            while connection.recv(65536):
                started.set()
        finally:
            ended.set()

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        peer = Peer(daemon.port, context(daemon.certificate)).handshake()
        peer.send(b"x")
        check(started.wait(PATIENCE), "the byte reaches the backend")
        reset(peer.socket)
        check(ended.wait(PATIENCE), "the backend still waits")
        daemon.expect_idle()


def backlog(port):
    """Connections that wait for an accept() at this port."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A")


@test
def a_backend_that_accepts_nothing_runs_into_connect_ms():
    # a full backlog: the kernel drops further SYNs
    with socket.socket() as listener:
        port = harness.free_port()
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        eventually(lambda: backlog(port) > 0, "the backlog is full")
        with Glacisd(backend=f"127.0.0.1:{port}", yaml="timeouts:\n  connect_ms: 300\n") as daemon:
            timeouts = 0

            def attempt():
                nonlocal timeouts
                started = time.monotonic()
                with Peer(daemon.port, context(daemon.certificate)).handshake() as peer:
                    check("INTERNAL_ERROR" in peer.alert().upper(), "no internal_error")
                took = time.monotonic() - started
                check(took > 0.25, f"the connect timeout of 0.3 s took {took:.3f} s")
                timeouts += 1
                daemon.expect_counter("connect_timeouts", timeouts)
                return took

            at_best(2, attempt, "a connect timeout of 0.3 s")  # unset it would be 5 s
            daemon.expect_idle(timeouts=timeouts)
        for filler in fillers:
            filler.close()


@test
def the_backend_speaks_first():
    def serve(connection):
        connection.sendall(b"220 ready\r\n")
        echo(connection)

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        for version in VERSIONS:
            with Peer(daemon.port, context(daemon.certificate, version)).handshake() as peer:
                equal(peer.read_exactly(11), b"220 ready\r\n", "the backend's greeting")
                peer.send(b"QUIT\r\n")
                equal(peer.read_exactly(6), b"QUIT\r\n", "echo")


main()
