# SPDX-License-Identifier: Apache-2.0
"""gnutls-cli, the second TLS implementation: both versions, resumption, rekeying, its own record sizes."""
import os
import re
import subprocess

from harness import PATIENCE, check, equal, eventually, main, need, run, shorten, test
from service import Glacisd

REQUEST = b"GET /bytes/5000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def gnutls(daemon, *options, data=REQUEST, timeout=PATIENCE):
    """Runs gnutls-cli with `data` as its input; returns its output as text."""
    process = subprocess.Popen(
        [need("gnutls-cli"), "-p", str(daemon.port), "--x509cafile", daemon.certificate.cert, *options, "127.0.0.1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        # gnutls-cli gives up reading at the end of its input: keep it open until the answer ended
        process.stdin.write(data)
        process.stdin.flush()
        output = process.stdout.read() if b"close" in data else process.communicate(timeout=timeout)[0]
        process.wait(timeout)
    finally:
        process.kill()
        process.stdin.close()
    return output.decode("latin-1")


def answered(output, pattern):
    check(re.search(pattern, output), f"no {pattern!r} in gnutls-cli's output: {shorten(output, 3000)}")
    check("200 OK" in output, f"no answer in gnutls-cli's output: {shorten(output, 3000)}")
    check("Fatal error" not in output, f"gnutls-cli saw a fatal error: {shorten(output, 3000)}")


@test
def tls_1_2_both_ciphers():
    with Glacisd(cert="rsa") as daemon:
        for cipher in ("AES-128-GCM", "AES-256-GCM"):
            answered(gnutls(daemon, "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+{cipher}"),
                     rf"TLS1\.2.*{cipher}")


@test
def tls_1_3_both_ciphers():
    with Glacisd() as daemon:
        for cipher in ("AES-128-GCM", "AES-256-GCM"):
            answered(gnutls(daemon, "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+{cipher}"),
                     rf"TLS1\.3.*{cipher}")


def resume(version):
    """gnutls-cli -r connects, disconnects and connects again with the session of the first time."""
    with Glacisd() as daemon:
        output = run(need("gnutls-cli"), "-p", str(daemon.port), "--x509cafile", daemon.certificate.cert, "-r",
                     "--waitresumption", "--priority", f"NORMAL:-VERS-ALL:+VERS-{version}", "127.0.0.1",
                     data=REQUEST, status=None).stdout.decode("latin-1")
        check("This is a resumed session" in output, f"not resumed: {shorten(output, 3000)}")
        equal(daemon.counter("handshakes_resumed"), 1, "handshakes_resumed")


@test
def resumption_over_tls_1_2():
    resume("TLS1.2")


@test
def resumption_over_tls_1_3():
    resume("TLS1.3")


def inline(daemon, command, counter, *options):
    """Gives gnutls-cli an inline command and, once this counter says that glacisd has seen it, a request.

    gnutls-cli looks for a command at the start of what one read gives it.
    """
    process = subprocess.Popen(
        [need("gnutls-cli"), "-p", str(daemon.port), "--x509cafile", daemon.certificate.cert, "--inline-commands",
         *options, "127.0.0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        os.write(process.stdin.fileno(), command)
        eventually(lambda: daemon.counter(counter) > 0, f"{counter} counts")
        os.write(process.stdin.fileno(), REQUEST)
    except BrokenPipeError:
        pass  # gnutls-cli gave up: its output says why
    try:
        output = process.stdout.read()
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.stdin.close()
    return output.decode("latin-1")


@test
def rekey_over_tls_1_3():
    with Glacisd() as daemon:
        answered(inline(daemon, b"^rekey^\n", "key_updates_received", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"),
                 r"TLS1\.3")
        equal(daemon.counter("key_updates_received"), 1, "key_updates_received")
        equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")


@test
def renegotiation_over_tls_1_2_is_refused():
    with Glacisd() as daemon:
        inline(daemon, b"^renegotiate^\n", "renegotiations_refused", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2")


@test
def a_record_size_limit_is_kept():
    with Glacisd() as daemon:
        answered(gnutls(daemon, "--recordsize", "512"), r"TLS1\.3")


@test
def old_versions_are_refused():
    with Glacisd(cert="rsa") as daemon:
        output = gnutls(daemon, "--priority", "LEGACY:-VERS-ALL:+VERS-TLS1.1")
        check(re.search(r"alert.*\[70\]|protocol version", output, re.S), f"no alert 70: {shorten(output, 2000)}")


main()
