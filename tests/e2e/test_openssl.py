# SPDX-License-Identifier: Apache-2.0
"""openssl s_client: resumption, KeyUpdate, renegotiation, refused versions and ciphers, record size limits."""
import os
import re
import subprocess
import threading
import time

import harness
from harness import SCRATCH, Skip, check, equal, main, need, run, test
from service import Glacisd


class Client:
    """An interactive s_client: its stdin is ours, its output is collected."""

    def __init__(self, daemon, *options, paced=False):
        self.paced = paced  # takes little at a time: s_client is held back, and has time for its commands
        self.process = subprocess.Popen(
            [need("openssl"), "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-CAfile",
             daemon.certificate.cert, "-verify_return_error", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.output = b""
        self.lock = threading.Lock()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while True:
            data = os.read(self.process.stdout.fileno(), 16384 if self.paced else 262144)
            if not data:
                return
            with self.lock:
                self.output += data
            if self.paced:
                time.sleep(0.05)

    def say(self, text):
        """s_client looks for a command letter at the start of what one read gives it: behind a command, wait for
        its effect before you say more."""
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def take(self):
        """Output so far; the next expect() starts after it."""
        with self.lock:
            taken, self.output = self.output, b""
        return taken

    def expect(self, pattern, seconds=harness.PATIENCE):
        """Waits for a pattern in the output since the last take()."""
        try:
            return harness.eventually(lambda: re.search(pattern, self.output, re.S), f"{pattern!r} in s_client's output",
                                      seconds)
        except AssertionError:
            harness.note(self.output[-2000:].decode(errors="replace"))
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
        except BrokenPipeError:  # s_client gave up; what it said tells why
            pass
        try:
            self.process.wait(harness.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


REQUEST = b"GET /bytes/5000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
HANDSHAKE_DONE = rb"Verify return code: 0 \(ok\)"


def resumption(version, expected_text):
    """Full handshake that saves the session, then one that uses it."""
    path = os.path.join(SCRATCH, f"session-{version}")
    option = {"1.2": "-tls1_2", "1.3": "-tls1_3"}[version]
    with Glacisd() as daemon:
        with Client(daemon, option, "-sess_out", path) as client:
            client.expect(HANDSHAKE_DONE)
            client.say(REQUEST)  # an answer follows the session tickets of TLS 1.3
            client.expect(rb"200 OK")
            client.say(b"Q\n")
        check(os.path.exists(path), "s_client got no session to save")
        resumed = daemon.counter("handshakes_resumed")
        with Client(daemon, option, "-sess_in", path) as client:
            client.expect(expected_text)
            client.say(REQUEST)
            client.expect(rb"200 OK")
            client.say(b"Q\n")
        equal(daemon.counter("handshakes_resumed"), resumed + 1, "handshakes_resumed")
        equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")


@test
def resumption_over_tls_1_2():
    resumption("1.2", rb"Reused, TLSv1.2")


@test
def resumption_over_tls_1_3():
    resumption("1.3", rb"Reused, TLSv1.3")


@test
def a_ticket_of_another_server_means_a_full_handshake():
    path = os.path.join(SCRATCH, "foreign-session")
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_2", "-sess_out", path) as client:
            client.expect(HANDSHAKE_DONE)
            client.say(b"Q\n")
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_2", "-sess_in", path) as client:
            client.expect(rb"New, TLSv1.2")
            client.say(REQUEST)
            client.expect(rb"200 OK")


@test
def key_update_of_the_client_alone():
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_3", "-msg") as client:
            client.expect(HANDSHAKE_DONE)
            for number in range(1, 6):
                client.take()
                client.say(b"k\n")
                client.expect(rb">>> [^\n]*KeyUpdate")
                client.say(REQUEST)
                client.expect(rb"200 OK")
                equal(daemon.counter("key_updates_received"), number, "key_updates_received")
            check(b"<<< TLS 1.3, Handshake [length 0005], KeyUpdate" not in client.output, "an answer nobody asked for")
        equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")


@test
def key_update_both_ways():
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_3", "-msg") as client:
            client.expect(HANDSHAKE_DONE)
            for number in range(1, 6):
                client.take()
                client.say(b"K\n")
                client.expect(rb">>> [^\n]*KeyUpdate")
                client.say(REQUEST)  # the server may hold its KeyUpdate back until it has data to send
                client.expect(rb"<<< [^\n]*KeyUpdate.*200 OK")
                equal(daemon.counter("key_updates_sent"), number, "key_updates_sent")
        equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")


@test
def key_update_in_the_middle_of_a_download():
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_3", paced=True) as client:
            client.expect(HANDSHAKE_DONE)
            size = 40000000 // harness.SCALE
            client.take()
            client.say(f"GET /bytes/{size} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            client.expect(rb"200 OK")
            for number in range(1, 6):
                client.say(b"K\n")
                daemon.expect_counter("key_updates_received", number)
            total = len(client.take())
            check(total < size, f"all {size} bytes had come before the last KeyUpdate")
            harness.note(f"{total} of {size} bytes came before the last KeyUpdate")
            client.paced = False

            def all_came():
                nonlocal total
                total += len(client.take())
                return total >= size

            harness.eventually(all_came, f"{size} bytes come")
            check(total <= size + 2000, f"{total} bytes came for {size}")


@test
def renegotiation_is_refused_and_the_connection_lives():
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_2", "-msg") as client:
            client.expect(HANDSHAKE_DONE)
            client.take()
            client.say(b"R\n")
            client.expect(rb"no_renegotiation|no renegotiation")
            daemon.expect_counter("renegotiations_refused")
        with Client(daemon, "-tls1_2") as client:  # others are not troubled
            client.expect(HANDSHAKE_DONE)
            client.say(REQUEST)
            client.expect(rb"200 OK")


def refused(daemon, alert, *options):
    done = run(need("openssl"), "s_client", "-connect", f"127.0.0.1:{daemon.port}", *options, status=None)
    check(done.returncode != 0, f"s_client {options} succeeded")
    output = (done.stdout + done.stderr).decode(errors="replace")
    check(re.search(alert, output), f"s_client {options} saw no {alert}: {harness.shorten(output)}")


@test
def old_versions_get_protocol_version():
    with Glacisd(cert="rsa") as daemon:
        for option in ("-tls1", "-tls1_1"):
            refused(daemon, "alert protocol version", option, "-cipher", "ALL:@SECLEVEL=0")
        daemon.expect_counter("handshakes_failed", 2)


@test
def ciphers_other_than_ecdhe_gcm_get_handshake_failure():
    with Glacisd(cert="rsa") as daemon:
        for cipher in ("AES128-GCM-SHA256", "AES256-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384",
                       "ECDHE-RSA-CHACHA20-POLY1305", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"):
            refused(daemon, "alert handshake failure", "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
        refused(daemon, "alert handshake failure", "-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256")


@test
def no_compression_no_early_data_secure_renegotiation():
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_2", "-comp") as client:
            client.expect(rb"Compression: NONE")
            client.expect(rb"Secure Renegotiation IS supported")
        with Client(daemon, "-tls1_3") as client:
            client.expect(HANDSHAKE_DONE)
            client.say(REQUEST)
            client.expect(rb"200 OK")
            client.say(b"Q\n")  # the dump of the ticket stays in a buffer until the end
            client.expect(rb"Max Early Data: 0")


@test
def a_maximum_fragment_length_is_kept():
    for version in ("-tls1_2", "-tls1_3"):
        for limit in (512, 4096):
            with Glacisd() as daemon, Client(daemon, version, "-maxfraglen", str(limit), "-msg") as client:
                client.expect(HANDSHAKE_DONE)
                client.take()
                client.say(REQUEST)
                client.expect(rb"200 OK")
                harness.eventually(lambda: len(re.findall(rb"<<< ", client.output)) * limit > 5000,
                                   f"records for 5,000 bytes at {limit}")
                # what -msg prints of each record: its header, length in the last two bytes
                sizes = [int(high + low, 16) for high, low in
                         re.findall(rb"RecordHeader \[length 0005\]\s+17 03 03 (\w\w) (\w\w)", client.output)]
                check(sizes and max(sizes) <= limit + 24, f"{version}: records of {sizes} bytes, limit {limit}")


@test
def each_group_handshakes():
    with Glacisd(cert="rsa") as daemon:  # over TLS 1.2 an ECDSA certificate's own group would have to be offered too
        for group in ("X25519", "P-256", "P-384"):
            for version in ("-tls1_3", "-tls1_2"):
                with Client(daemon, version, "-groups", group) as client:
                    client.expect(HANDSHAKE_DONE)
                    client.say(REQUEST)
                    client.expect(rb"200 OK")


@test
def a_retry_for_another_group_handshakes():
    """The client sends a share of a group that glacisd does not take, and must send a second ClientHello."""
    with Glacisd() as daemon:
        with Client(daemon, "-tls1_3", "-groups", "P-521:P-384", "-msg") as client:
            client.expect(HANDSHAKE_DONE)
            check(len(re.findall(rb">>> [^\n]*ClientHello", client.output)) == 2, "there was no second ClientHello")
            client.say(REQUEST)
            client.expect(rb"200 OK")


@test
def a_post_quantum_group_is_preferred():
    """Its key share makes the ClientHello longer than one TCP segment of the Internet, and the ServerHello too."""
    group = "X25519MLKEM768"
    if group.encode() not in run(need("openssl"), "list", "-tls-groups", status=None).stdout:
        raise Skip(f"this OpenSSL does not know {group}: it came with 3.5")
    with Glacisd(cert="rsa") as daemon:
        # the last one brings a share of a group that glacisd does not take, and is asked for another
        for options in ((), ("-groups", group), ("-groups", f"P-521:{group}")):
            with Client(daemon, "-tls1_3", *options) as client:
                client.expect(HANDSHAKE_DONE)
                client.expect(rb"Negotiated TLS1.3 group: " + group.encode())
                client.say(REQUEST)
                client.expect(rb"200 OK")
        with Client(daemon, "-tls1_3", "-groups", "X25519") as client:
            client.expect(rb"(?i)(Negotiated TLS1.3 group|(Server|Peer) Temp Key): X25519\b")
        equal(daemon.counter("handshakes_failed"), 0, "handshakes_failed")


main()
