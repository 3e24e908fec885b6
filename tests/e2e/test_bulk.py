# SPDX-License-Identifier: Apache-2.0
"""A gibibyte each way with matching SHA-256, and peers too slow for what is meant for them."""
import hashlib
import os
import subprocess
import threading
import time

import harness
from harness import PATIENCE, check, equal, main, need, test
from service import Glacisd, Origin, context, receive_exactly, sanitized
from tls_peer import Peer

GIBIBYTE = (1 << 30) // harness.SCALE
SLOW_LIMIT = 48 << 20  # bytes glacisd may grow by while 50 slow peers hold a flood back


class Content:
    """Bytes that never repeat at record size: a counter in front of each 64 KiB of one random block."""

    def __init__(self, size):
        self.size = size
        self.block = os.urandom(65536 - 8)

    def chunks(self):
        left, number = self.size, 0
        while left:
            chunk = (number.to_bytes(8, "big") + self.block)[:left]
            yield chunk
            left -= len(chunk)
            number += 1

    def sha256(self):
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()


def download(*options):
    content = Content(GIBIBYTE)

    def serve(connection):
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % content.size)
        for chunk in content.chunks():
            connection.sendall(chunk)

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        started = time.monotonic()
        before = daemon.memory()
        with subprocess.Popen([need("curl"), "-sS", "--fail", "--cacert", daemon.certificate.cert, *options,
                               daemon.url()], stdout=subprocess.PIPE) as curl:
            digest, size = hashlib.sha256(), 0
            while True:
                data = curl.stdout.read(1 << 20)
                if not data:
                    break
                digest.update(data)
                size += len(data)
        equal(curl.returncode, 0, "curl's exit status")
        equal(size, content.size, "bytes downloaded")
        equal(digest.hexdigest(), content.sha256(), "SHA-256 of the download")
        report(size, started, daemon, before)


def upload(*options):
    content = Content(GIBIBYTE)
    with Glacisd() as daemon:
        started = time.monotonic()
        before = daemon.memory()
        with subprocess.Popen([need("curl"), "-sS", "--fail", "--cacert", daemon.certificate.cert, "-X", "POST", "-T",
                               "-", "-H", "Expect:", *options, daemon.url("/sha256")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as curl:
            for chunk in content.chunks():
                curl.stdin.write(chunk)
            curl.stdin.close()
            answer = curl.stdout.read()
        equal(curl.returncode, 0, "curl's exit status")
        equal(answer.decode().strip(), content.sha256(), "SHA-256 of the upload")
        report(content.size, started, daemon, before)


def report(size, started, daemon, before):
    grown = daemon.memory() - before
    harness.note(f"{size} bytes, {size / 1e6 / (time.monotonic() - started):.0f} MB/s, memory grew by {grown >> 10} KiB")
    if not sanitized():
        check(grown < 32 << 20, f"glacisd grew by {grown} bytes")


@test
def a_gibibyte_down_over_tls_1_3():
    download("--tlsv1.3")


@test
def a_gibibyte_down_over_tls_1_2():
    download("--tls-max", "1.2")


@test
def a_gibibyte_up_over_tls_1_3():
    upload("--tlsv1.3")


@test
def a_gibibyte_up_over_tls_1_2():
    upload("--tls-max", "1.2")


@test
def both_directions_at_once():
    size = (64 << 20) // harness.SCALE
    content = Content(size)
    received = {}

    def serve(connection):
        def send():
            for chunk in content.chunks():
                connection.sendall(chunk)
        sender = threading.Thread(target=send)
        sender.start()
        received["up"] = hashlib.sha256(receive_exactly(connection, size)).hexdigest()
        sender.join()

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        with context(daemon.certificate).wrap_socket(
                __import__("socket").create_connection(("127.0.0.1", daemon.port)),
                server_hostname="127.0.0.1") as _:
            pass  # a first connection that says nothing must not trouble the second
        with Peer(daemon.port, context(daemon.certificate)).handshake() as peer:
            peer.socket.setblocking(False)
            got = full_duplex(peer, content)
        equal(got, content.sha256(), "SHA-256 of what came down")
        harness.eventually(lambda: received.get("up"), "the origin has it all")
        equal(received["up"], content.sha256(), "SHA-256 of what went up")


def full_duplex(peer, content):
    """Sends content while reading as much; returns the SHA-256 of what came."""
    import select
    import ssl
    digest, left = hashlib.sha256(), content.size
    chunks, unsent = content.chunks(), b""
    while left or unsent or chunks:
        if not unsent and chunks:
            chunk = next(chunks, None)
            if chunk is None:
                chunks = None
            else:
                unsent = peer.write(chunk)
        readable, writable, _ = select.select([peer.socket], [peer.socket] if unsent else [], [], PATIENCE)
        check(readable or writable, f"nothing moves with {left} bytes to come")
        if writable:
            unsent = unsent[peer.socket.send(unsent):]
        if readable:
            peer.fill()
            try:
                while left:
                    data = peer.tls.read(262144)
                    digest.update(data)
                    left -= len(data)
            except ssl.SSLWantReadError:
                pass
    return digest.hexdigest()


@test
def slow_readers_are_served_in_full_and_cost_no_memory():
    count, size = 50, 4000000
    request = f"GET /bytes/{size} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    with Glacisd() as daemon:
        trusted = context(daemon.certificate)
        before = daemon.memory()
        peers = []
        for _ in range(count):
            peer = Peer(daemon.port, trusted).handshake()
            peer.send(request)
            peers.append(peer)
        for _ in range(20):  # each takes 16 KiB every 100 ms: 8 MB/s in all, of 200 MB
            for peer in peers:
                peer.read_exactly(16384)
            time.sleep(0.1)
        grown = daemon.memory() - before
        harness.note(f"memory grew by {grown >> 10} KiB with {count} slow readers")
        for peer in peers:
            rest = peer.read_to_end()
            check(len(rest) > size - 20 * 16384, f"the rest of the download is {len(rest)} bytes")
            peer.close()
        check(grown < SLOW_LIMIT, f"{count} slow readers cost {grown} bytes")
        daemon.expect_idle()


@test
def a_backend_that_does_not_read_stops_the_client():
    release = threading.Event()

    def serve(connection):
        release.wait(60)
        size = 0
        while True:
            data = connection.recv(1 << 20)
            if not data:
                break
            size += len(data)
        connection.sendall(str(size).encode())

    with Origin(serve) as origin, Glacisd(backend=origin.address) as daemon:
        before = daemon.memory()
        peers = [Peer(daemon.port, context(daemon.certificate)).handshake() for _ in range(20)]
        sent = [0] * len(peers)
        block = bytes(131072)
        stuck = 0
        for number, peer in enumerate(peers):
            peer.socket.settimeout(0.5)
            while sent[number] < 64 << 20:
                wire = peer.write(block)
                try:
                    while wire:
                        wire = wire[peer.socket.send(wire):]
                except TimeoutError:
                    peer.unsent = wire
                    sent[number] += len(block)
                    stuck += 1
                    break
                sent[number] += len(block)
        equal(stuck, len(peers), "clients stopped by back-pressure")
        grown = daemon.memory() - before
        harness.note(f"clients stopped after {max(sent) >> 10} KiB at most; memory grew by {grown >> 10} KiB")
        check(grown < SLOW_LIMIT, f"{len(peers)} held-back clients cost {grown} bytes")
        release.set()
        for number, peer in enumerate(peers):
            peer.socket.settimeout(PATIENCE)
            peer.socket.sendall(peer.unsent)
            peer.close_notify()
            equal(peer.read_to_end(), str(sent[number]).encode(), "bytes the backend got")
            peer.close()
        daemon.expect_idle()


@test
def slow_writers_get_through_a_byte_at_a_time():
    with Glacisd() as daemon:
        peers = [Peer(daemon.port, context(daemon.certificate)).handshake() for _ in range(10)]
        request = b"GET /bytes/100 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        wires = [peer.write(request) for peer in peers]
        for offset in range(max(map(len, wires))):
            for peer, wire in zip(peers, wires):
                peer.socket.sendall(wire[offset:offset + 1])
            time.sleep(0.002)
        for peer in peers:
            check(peer.read_exactly(100).startswith(b"HTTP/1.1 200"), "answer to a slow request")
            peer.close()


main()
