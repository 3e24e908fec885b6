# SPDX-License-Identifier: Apache-2.0
"""curl against the built-in origin: versions, cipher suites, certificates, HTTP as people use it."""
import hashlib
import json
import os

import harness
from harness import SCRATCH, check, equal, main, need, run, test
from service import Certificate, Glacisd

SUITES_12 = {"rsa": ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"],
             "ecdsa": ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"]}
SUITES_13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]


def curl(daemon, path, *options, status=0):
    """Runs curl and returns its stdout; the certificate is always verified."""
    return run(need("curl"), "-sS", "--fail", "--max-time", "60", "--cacert", daemon.certificate.cert, *options,
               daemon.url(path), status=status).stdout


def visit(daemon, *options):
    """(TLS version, cipher, path) as the origin was told."""
    seen = json.loads(curl(daemon, "/status", *options))
    return seen["tls_version"], seen["cipher"], seen["path"]


def every_suite(kind):
    with Glacisd(cert=kind) as daemon:
        for suite in SUITES_13:
            equal(visit(daemon, "--tlsv1.3", "--tls13-ciphers", suite), ("TLSv1.3", suite, "cpu"), suite)
        for suite in SUITES_12[kind]:
            equal(visit(daemon, "--tls-max", "1.2", "--ciphers", suite), ("TLSv1.2", suite, "cpu"), suite)


@test
def every_suite_with_an_rsa_certificate():
    every_suite("rsa")


@test
def every_suite_with_an_ecdsa_certificate():
    every_suite("ecdsa")


@test
def an_rsa_3072_certificate_serves():
    with Glacisd(cert="rsa3072") as daemon:
        equal(visit(daemon)[0], "TLSv1.3", "TLS version")


@test
def the_page_names_version_cipher_and_path():
    with Glacisd() as daemon:
        page = curl(daemon, "/", "--tlsv1.3", "--tls13-ciphers", SUITES_13[0]).decode()
        for word in ("TLSv1.3", SUITES_13[0], "cpu"):
            check(word in page, f"the page does not show {word}: {harness.shorten(page)}")


@test
def one_connection_serves_a_hundred_requests():
    with Glacisd() as daemon:
        before = daemon.counter("connections_accepted")
        configuration = os.path.join(SCRATCH, "keepalive.curl")
        with open(configuration, "w", encoding="ascii") as file:
            for _ in range(100):
                file.write(f'url = "{daemon.url("/bytes/1000")}"\noutput = "{SCRATCH}/keepalive.out"\n')
        run(need("curl"), "-sS", "--fail", "--cacert", daemon.certificate.cert, "-K", configuration)
        equal(daemon.counter("connections_accepted") - before, 1, "connections of 100 requests")
        equal(os.path.getsize(f"{SCRATCH}/keepalive.out"), 1000, "size of the last answer")


@test
def head_has_a_length_and_no_body():
    with Glacisd() as daemon:
        answer = curl(daemon, "/bytes/12345", "--head").decode().lower()
        check("content-length: 12345" in answer, f"no length in {answer}")


@test
def bytes_have_the_length_asked_for():
    with Glacisd() as daemon:
        for size in (0, 1, 16383, 16384, 16385, 131072, 1000001):
            equal(len(curl(daemon, f"/bytes/{size}")), size, "size of the body")


@test
def bytes_are_those_computed_independently():
    size = 5 << 20
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "origin-bytes")
    expected = run(program, str(size)).stdout
    with Glacisd() as daemon:
        check(curl(daemon, f"/bytes/{size}") == expected, "what /bytes sends is not what origin-bytes computes")


@test
def downloads_agree_over_every_version_and_suite():
    size = 8000001
    with Glacisd(cert="rsa") as daemon:
        sums = {hashlib.sha256(curl(daemon, f"/bytes/{size}", "--tlsv1.3", "--tls13-ciphers", suite)).hexdigest()
                for suite in SUITES_13}
        sums |= {hashlib.sha256(curl(daemon, f"/bytes/{size}", "--tls-max", "1.2", "--ciphers", suite)).hexdigest()
                 for suite in SUITES_12["rsa"]}
        equal(len(sums), 1, "different SHA-256 of one download")


@test
def post_with_a_length_and_chunked():
    body = os.urandom(3000001)
    path = os.path.join(SCRATCH, "body")
    with open(path, "wb") as file:
        file.write(body)
    expected = hashlib.sha256(body).hexdigest()
    with Glacisd() as daemon:
        for options in (["--tlsv1.3"], ["--tls-max", "1.2"]):
            plain = curl(daemon, "/sha256", "--data-binary", f"@{path}", *options)
            equal(plain.decode().strip(), expected, f"POST with a length {options}")
            chunked = curl(daemon, "/sha256", "-X", "POST", "-T", path, "-H", "Transfer-Encoding: chunked", *options)
            equal(chunked.decode().strip(), expected, f"chunked POST {options}")


@test
def no_alpn_h2_falls_back_to_http_1_1():
    with Glacisd() as daemon:
        version = curl(daemon, "/bytes/1", "--http2", "-o", f"{SCRATCH}/alpn", "-w", "%{http_version}")
        equal(version.decode(), "1.1", "HTTP version")


@test
def curl_refuses_a_certificate_it_does_not_know():
    other = Certificate.get("rsa")
    with Glacisd(cert="ecdsa") as daemon:
        run(need("curl"), "-sS", "--cacert", other.cert, daemon.url(), status=60)
        daemon.expect_counter("handshakes_failed")


main()
