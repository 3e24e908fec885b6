# SPDX-License-Identifier: Apache-2.0
"""A TLS client whose wire is in our hands: OpenSSL over memory buffers, the bytes moved by us.

So a driver can cut, glue, repeat, damage or withhold records, and can close each direction on its own.
"""
import socket
import ssl
import struct

from harness import PATIENCE

ALERT = 21
ALERTS = {0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
          40: "handshake_failure", 47: "illegal_parameter", 50: "decode_error", 51: "decrypt_error",
          70: "protocol_version", 80: "internal_error", 86: "inappropriate_fallback", 100: "no_renegotiation",
          109: "missing_extension"}


class Peer:
    """One TLS connection as a client."""

    def __init__(self, port, context, timeout=PATIENCE, session=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1", session=session)
        self.ended = False

    def pending(self):
        """Takes the bytes OpenSSL wants on the wire."""
        return self.outgoing.read()

    def flush(self):
        data = self.pending()
        if data:
            self.socket.sendall(data)

    def fill(self):
        """Reads once from the wire; False at the end of input."""
        data = self.socket.recv(262144)
        if not data:
            self.incoming.write_eof()
            self.ended = True
            return False
        self.incoming.write(data)
        return True

    def handshake(self, flush_last=True):
        """Runs the handshake. flush_last=False leaves our last flight in pending()."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                self.fill()
                continue
            if flush_last:
                self.flush()
            return self

    def write(self, data):
        """Seals `data` and returns the bytes for the wire without sending them."""
        done = 0
        while done < len(data):
            done += self.tls.write(data[done:])
        return self.pending()

    def send(self, data):
        self.socket.sendall(self.write(data))

    def read(self, size=262144):
        """Up to `size` bytes of plain text; b"" at close_notify. SSLEOFError: the wire ended without one."""
        while True:
            try:
                data = self.tls.read(size)
                self.flush()
                return data
            except ssl.SSLWantReadError:
                self.flush()
                self.fill()
            except ssl.SSLZeroReturnError:
                return b""

    def read_exactly(self, size):
        parts = []
        while size:
            part = self.read(size)
            if not part:
                raise AssertionError(f"close_notify with {size} bytes missing")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def read_to_end(self):
        parts = []
        while True:
            part = self.read()
            if not part:
                return b"".join(parts)
            parts.append(part)

    def close_notify(self):
        """Ends our direction: sends close_notify, keeps reading possible."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as problem:
            if "APPLICATION_DATA_AFTER_CLOSE_NOTIFY" not in str(problem.reason):
                raise
        self.flush()

    def alert(self):
        """Reads until the server's fatal alert, whose name OpenSSL puts into the error: returns that reason."""
        try:
            while self.read():
                pass
        except ssl.SSLEOFError:
            return "end of input without an alert"
        except ssl.SSLError as problem:
            return problem.reason
        except ConnectionResetError:
            return "connection reset"
        return "close_notify"

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def records(data):
    """Splits wire bytes into (type, version, body) tuples; an incomplete tail is left out."""
    found = []
    while len(data) >= 5:
        kind, version, size = struct.unpack("!BHH", data[:5])
        if len(data) < 5 + size:
            break
        found.append((kind, version, data[5:5 + size]))
        data = data[5 + size:]
    return found


def read_all(connection, timeout=PATIENCE):
    """Everything until the peer closes: (bytes, "eof" or "reset" or "timeout")."""
    connection.settimeout(timeout)
    parts = []
    try:
        while True:
            part = connection.recv(65536)
            if not part:
                return b"".join(parts), "eof"
            parts.append(part)
    except ConnectionResetError:
        return b"".join(parts), "reset"
    except TimeoutError:
        return b"".join(parts), "timeout"


def plain_alert(data):
    """The name of the first unencrypted fatal alert in wire bytes, or None."""
    for kind, _, body in records(data):
        if kind == ALERT and len(body) == 2 and body[0] == 2:
            return ALERTS.get(body[1], str(body[1]))
    return None
