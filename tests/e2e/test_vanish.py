# SPDX-License-Identifier: Apache-2.0
"""Clients that vanish or talk nonsense at each stage of the handshake, and records that arrive in odd pieces.

After each of them glacisd must serve the next client, and have nothing open.
"""
import os
import socket
import ssl
import struct
import time

from harness import PATIENCE, check, equal, main, need, note, test
from service import Glacisd, context, reset, sanitized
from tls_peer import Peer, plain_alert, read_all

REQUEST = b"GET /bytes/3000 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(daemon):
    return socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)


def serves(daemon, accepted=None, timeouts=0):
    """A well-behaved client is served, and then nothing is open. `accepted`: all connections made, with this one."""
    with Peer(daemon.port, context(daemon.certificate)).handshake() as peer:
        peer.send(REQUEST)
        check(peer.read_exactly(3000).startswith(b"HTTP/1.1 200"), "answer to a good client")
    daemon.expect_idle(accepted, timeouts)
    equal(daemon.gauge("handshakes_open"), 0, "handshakes_open")


def client_hello(daemon, version=None):
    """The wire bytes of a ClientHello."""
    peer = Peer(daemon.port, context(daemon.certificate, version))
    try:
        peer.tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    peer.close()
    return peer.pending()


def until_server_flight(peer):
    """Sends the ClientHello and reads the server's first flight without answering it."""
    try:
        peer.tls.do_handshake()
    except ssl.SSLWantReadError:
        peer.flush()
    check(peer.fill(), "the server closed after the ClientHello")


@test
def at_once_after_connecting():
    with Glacisd() as daemon:
        for _ in range(100):
            connect(daemon).close()
            reset(connect(daemon))
        serves(daemon, 201)
        equal(daemon.counter("handshakes_aborted"), 200, "handshakes_aborted")
        equal(daemon.counter("client_errors"), 100, "client_errors counts the resets")


@test
def within_the_client_hello():
    with Glacisd() as daemon:
        hello = client_hello(daemon)
        for size in (1, 4, 5, 6, 50, len(hello) - 1):
            for end in (socket.socket.close, reset):
                connection = connect(daemon)
                connection.sendall(hello[:size])
                time.sleep(0.02)
                end(connection)
        serves(daemon, 14)  # the first one gave us the hello
        equal(daemon.counter("handshakes_aborted"), 13, "handshakes_aborted")


@test
def after_the_servers_flight():
    with Glacisd(cert="rsa") as daemon:
        for version in ("1.2", "1.3"):
            for end in (socket.socket.close, reset):
                peer = Peer(daemon.port, context(daemon.certificate, version))
                until_server_flight(peer)
                end(peer.socket)
        serves(daemon, 5)
        equal(daemon.counter("handshakes_full"), 1, "handshakes_full")
        equal(daemon.counter("handshakes_aborted"), 4, "handshakes_aborted")


@test
def within_the_clients_finished():
    with Glacisd() as daemon:
        for version in ("1.2", "1.3"):
            peer = Peer(daemon.port, context(daemon.certificate, version))
            until_server_flight(peer)
            try:
                peer.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            flight = peer.pending()
            check(len(flight) > 20, "our second flight is there")
            peer.socket.sendall(flight[:-7])
            time.sleep(0.05)
            reset(peer.socket)
        serves(daemon, 3)
        equal(daemon.counter("handshakes_aborted"), 2, "handshakes_aborted")


@test
def right_behind_the_finished():
    with Glacisd() as daemon:
        for end in (socket.socket.close, reset):
            for version in ("1.2", "1.3"):
                end(Peer(daemon.port, context(daemon.certificate, version)).handshake().socket)
        serves(daemon, 5)


@test
def right_behind_the_request():
    with Glacisd() as daemon:
        for size in (100, 10000000):
            for end in (socket.socket.close, reset):
                for _ in range(10):
                    peer = Peer(daemon.port, context(daemon.certificate)).handshake()
                    peer.send(b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % size)
                    end(peer.socket)
        serves(daemon)


@test
def at_random_moments_of_a_download():
    with Glacisd() as daemon:
        for turn in range(60):
            peer = Peer(daemon.port, context(daemon.certificate)).handshake()
            peer.send(b"GET /bytes/30000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            peer.read_exactly(1 + turn * 20011)
            (reset if turn % 2 else socket.socket.close)(peer.socket)
        serves(daemon)


def answer_to(daemon, data):
    """What the server says to raw bytes: the name of its alert or None; it must close by itself."""
    connection = connect(daemon)
    connection.sendall(data)
    answer, end = read_all(connection)
    connection.close()
    check(end != "timeout", f"the connection stays open after {data[:20]!r}")
    return plain_alert(answer)


@test
def nonsense_gets_an_alert_and_a_close():
    with Glacisd(yaml="timeouts:\n  handshake_ms: 4000\n") as daemon:
        hello = client_hello(daemon)
        unknown_version = hello[:9] + b"\x02\x00" + hello[11:]
        cases = {
            "HTTP to the TLS port": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "SSL 2 hello": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x03\x00\x80\x07\x00\xc0"
                           b"\x06\x00\x40\x02\x00\x80\x04\x00\x80" + bytes(16),
            "oversized record": b"\x16\x03\x01\xff\xff" + bytes(70000),
            "random bytes": b"\xff" + os.urandom(300),
            "empty handshake record": b"\x16\x03\x01\x00\x00",
            "application data first": b"\x17\x03\x03\x00\x10" + bytes(16),
            "an alert first": b"\x15\x03\x01\x00\x02\x02\x28",
            "a hello of a wild length": b"\x16\x03\x01\x00\x04\x01\xff\xff\xff" + bytes(64),
            "hello without extensions of SSL 3": unknown_version,
        }
        for name, data in cases.items():
            note(f"{name}: {answer_to(daemon, data)}")
        serves(daemon, len(cases) + 2, timeouts=2)  # two are only the beginning of what might be right
        equal(daemon.counter("handshakes_failed"), len(cases) - 2, "handshakes_failed")


@test
def ssl_3_hello_gets_handshake_failure():
    """SSL 3 has no protocol_version alert; handshake_failure is what it knows."""
    with Glacisd() as daemon:
        body = b"\x03\x00" + bytes(32) + b"\x00" + b"\x00\x02\xc0\x2f" + b"\x01\x00"
        hello = b"\x01" + struct.pack("!I", len(body))[1:] + body
        answer = answer_to(daemon, b"\x16\x03\x00" + struct.pack("!H", len(hello)) + hello)
        equal(answer, "handshake_failure", "alert to an SSL 3 hello")


@test
def a_client_hello_in_single_bytes_and_in_many_records():
    with Glacisd() as daemon:
        hello = client_hello(daemon)
        connection = connect(daemon)
        for offset in range(len(hello)):
            connection.sendall(hello[offset:offset + 1])
        check(connection.recv(5)[:1] == b"\x16", "no ServerHello to a hello in single bytes")
        connection.close()
        body = hello[5:]
        pieces = b"".join(b"\x16\x03\x01" + struct.pack("!H", len(part)) + part
                          for part in (body[i:i + 40] for i in range(0, len(body), 40)))
        connection = connect(daemon)
        connection.sendall(pieces)
        check(connection.recv(5)[:1] == b"\x16", "no ServerHello to a hello in many records")
        connection.close()
        serves(daemon)


@test
def request_in_the_same_segment_as_the_finished():
    with Glacisd() as daemon:
        for version in ("1.2", "1.3"):
            for cut in (0, 1, 3, 5, 20):  # bytes of the request that come later
                peer = Peer(daemon.port, context(daemon.certificate, version)).handshake(flush_last=False)
                wire = peer.pending() + peer.write(REQUEST)
                peer.socket.sendall(wire[:len(wire) - cut])
                if cut:
                    time.sleep(0.02)
                    peer.socket.sendall(wire[-cut:])
                check(peer.read_exactly(3000).startswith(b"HTTP/1.1 200"), f"TLS {version}, cut {cut}")
                peer.close()


@test
def ten_records_behind_the_finished_in_one_segment():
    with Glacisd() as daemon:
        for version in ("1.3",):
            peer = Peer(daemon.port, context(daemon.certificate, version)).handshake(flush_last=False)
            wire = peer.pending()
            for part in (REQUEST[i:i + 5] for i in range(0, len(REQUEST), 5)):
                wire += peer.write(part)
            peer.socket.sendall(wire)
            check(peer.read_exactly(3000).startswith(b"HTTP/1.1 200"), "answer to a request of ten records")
            peer.close()


def established(daemon, version):
    """A connection that has exchanged data once, so that no ticket is outstanding."""
    peer = Peer(daemon.port, context(daemon.certificate, version)).handshake()
    peer.send(REQUEST)
    check(peer.read_exactly(3000).startswith(b"HTTP/1.1 200"), "first answer")
    return peer


@test
def a_damaged_record_gets_bad_record_mac_whatever_the_byte():
    with Glacisd() as daemon:
        count = 0
        for version, header in (("1.2", 13), ("1.3", 5)):
            # the length in the header is another matter: a shorter one is a bad MAC, a longer one a wait
            for position in [*range(5, header + 4), -1, -8, -16, -17]:
                peer = established(daemon, version)
                wire = bytearray(peer.write(REQUEST))
                wire[position] ^= 0x40
                peer.socket.sendall(wire)
                # what is left of the first answer, then the alert
                check("BAD_RECORD_MAC" in peer.alert().upper(), f"TLS {version}, byte {position}")
                peer.close()
                count += 1
        equal(daemon.counter("records_bad_mac"), count, "records_bad_mac")
        serves(daemon)


@test
def replayed_reordered_and_dropped_records_get_bad_record_mac():
    with Glacisd() as daemon:
        for version in ("1.2", "1.3"):
            for order in ((0, 0), (1, 0), (1,)):
                peer = established(daemon, version)
                sealed = [peer.write(REQUEST), peer.write(REQUEST)]
                peer.socket.sendall(b"".join(sealed[i] for i in order))
                check("BAD_RECORD_MAC" in peer.alert().upper(), f"TLS {version}, records {order}")
                peer.close()
        serves(daemon)


@test
def an_illegal_header_is_refused_by_name():
    with Glacisd() as daemon:
        for version in ("1.2", "1.3"):
            for name, header, alerts in (
                    ("an unknown type", b"\x63\x03\x03\x00\x20", ("UNEXPECTED_MESSAGE",)),
                    ("a length over the limit", b"\x17\x03\x03\x48\x01", ("RECORD_OVERFLOW",)),
                    ("a record shorter than its tag", b"\x17\x03\x03\x00\x04",
                     ("BAD_RECORD_MAC", "DECODE_ERROR", "UNEXPECTED_MESSAGE"))):
                peer = established(daemon, version)
                peer.socket.sendall(header + bytes(32))
                reason = peer.alert().upper()
                check(any(alert in reason for alert in alerts), f"TLS {version}, {name}: {reason}")
                peer.close()
        serves(daemon)


@test
def garbage_floods_end_soon():
    """glacisd reads on for a moment so that the alert arrives, but not for ever."""
    with Glacisd() as daemon:
        before = daemon.memory()
        connections = [connect(daemon) for _ in range(10)]
        deadline = time.monotonic() + PATIENCE
        while connections:
            check(time.monotonic() < deadline, f"{len(connections)} garbage floods are still taken")
            for connection in list(connections):
                try:
                    connection.sendall(os.urandom(65536))
                except (BrokenPipeError, ConnectionResetError):
                    connection.close()
                    connections.remove(connection)
        check(sanitized() or daemon.memory() - before < 16 << 20, f"memory grew by {daemon.memory() - before} bytes")
        serves(daemon)


@test
def clients_that_kill_themselves():
    """curl and openssl ended by a signal at random moments, as a phone that loses its network."""
    import signal
    import subprocess
    with Glacisd() as daemon:
        for turn in range(30):
            client = subprocess.Popen([need("curl"), "-sSk", "-o", os.devnull, daemon.url("/bytes/200000000")],
                                      stderr=subprocess.DEVNULL)
            time.sleep(turn * 0.004)
            client.send_signal(signal.SIGKILL)
            client.wait()
        serves(daemon)


main()
