# SPDX-License-Identifier: Apache-2.0
"""An RSA and an ECDSA certificate side by side: each client gets the one that fits what it offers.

openssl s_client narrows its offer with -cipher (TLS 1.2) and -sigalgs. The certificates are self-signed, so
the client's trust decides as well: it knows only the one it must get, and ends on any other.
"""
import re

from harness import SCRATCH, check, equal, main, need, run, test
from service import Certificate, Glacisd, glacisd_once

RSA, ECDSA = "rsa", "ecdsa"
SUITES = {RSA: "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
          ECDSA: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"}
SIGNATURES = {"rsa": "rsa_pss_rsae_sha256", "ecdsa": "ecdsa_secp256r1_sha256", "rsa, PKCS#1": "RSA+SHA256"}
VERSIONS = {"1.2": "-tls1_2", "1.3": "-tls1_3"}


def both(first=RSA, second=ECDSA, **settings):
    """A glacisd with two certificates, in this order."""
    more = Certificate.get(second)
    return Glacisd(cert=first, options=("--cert", more.cert, "--key", more.key), **settings)


def public_key(path):
    """The public key of the first certificate in a PEM file or text, as PEM."""
    if isinstance(path, bytes):
        return run(need("openssl"), "x509", "-noout", "-pubkey", data=path).stdout
    return run(need("openssl"), "x509", "-noout", "-pubkey", "-in", path).stdout


def handshake(daemon, version, *options, status=0):
    """s_client to the end of its handshake; returns what it says."""
    return run(need("openssl"), "s_client", "-connect", f"127.0.0.1:{daemon.port}", "-servername", "localhost",
               VERSIONS[version], *options, status=status).stdout


def signature_kind(name):
    """"RSA", "RSA-PSS" or "ECDSA"; since OpenSSL 3.5 s_client gives TLS's own name of the whole scheme."""
    for start, kind in ((b"rsa_pkcs1_", b"RSA"), (b"rsa_pss_", b"RSA-PSS"), (b"ecdsa_", b"ECDSA")):
        if name.startswith(start):
            return kind
    return name


def expect(daemon, kind, version, *options):
    """A client with these options gets exactly the certificate of this kind, and finds it valid."""
    wanted = Certificate.get(kind)
    output = handshake(daemon, version, "-CAfile", wanted.cert, "-verify_return_error", *options)
    what = f"TLS {version} {' '.join(options)}"
    check(b"Verify return code: 0 (ok)" in output, f"{what}: not verified: {output[-2000:]}")
    equal(public_key(output), public_key(wanted.cert), f"{what}: the public key")
    signature = signature_kind(re.search(rb"Peer signature type: (\S+)", output).group(1))
    equal(signature.startswith(b"ECDSA"), kind == ECDSA, f"{what}: signed with {signature}")
    return signature


@test
def tls_1_2_by_the_cipher_suites():
    with both() as daemon:
        for kind in (RSA, ECDSA):
            expect(daemon, kind, "1.2", "-cipher", SUITES[kind])


@test
def tls_1_2_by_the_signature_algorithms():
    with both() as daemon:
        for kind in (RSA, ECDSA):
            expect(daemon, kind, "1.2", "-sigalgs", SIGNATURES[kind])
        equal(expect(daemon, RSA, "1.2", "-sigalgs", SIGNATURES["rsa, PKCS#1"]), b"RSA", "PKCS#1 v1.5")


@test
def tls_1_3_by_the_signature_algorithms():
    with both() as daemon:
        for kind, expected in ((RSA, b"RSA-PSS"), (ECDSA, b"ECDSA")):
            equal(expect(daemon, kind, "1.3", "-sigalgs", SIGNATURES[kind]), expected, "signature")


@test
def a_client_that_takes_both_gets_ecdsa_whatever_the_order():
    """glacisd's preference rules, not the client's, nor the order of its own configuration."""
    orders = f"{SIGNATURES[RSA]}:{SIGNATURES[ECDSA]}", f"{SIGNATURES[ECDSA]}:{SIGNATURES[RSA]}"
    for first, second in ((RSA, ECDSA), (ECDSA, RSA)):
        with both(first, second) as daemon:
            for version in VERSIONS:
                expect(daemon, ECDSA, version)
                for order in orders:
                    expect(daemon, ECDSA, version, "-sigalgs", order)
            expect(daemon, ECDSA, "1.2", "-cipher", f"{SUITES[RSA]}:{SUITES[ECDSA]}")


@test
def a_client_that_takes_neither_is_refused():
    with both() as daemon:
        for version in VERSIONS:
            output = handshake(daemon, version, "-sigalgs", "ed25519", status=1)
            check(b"-----BEGIN CERTIFICATE-----" not in output, f"TLS {version}: got a certificate")
        daemon.expect_counter("handshakes_failed", 2)
        expect(daemon, RSA, "1.3", "-sigalgs", SIGNATURES[RSA])


@test
def with_one_certificate_the_other_kind_is_refused():
    with Glacisd(cert=RSA) as daemon:
        for version in VERSIONS:
            handshake(daemon, version, "-sigalgs", SIGNATURES[ECDSA], status=1)
            expect(daemon, RSA, version)


@test
def both_serve_and_resume():
    with both() as daemon:
        for kind in (RSA, ECDSA):
            output = run(need("curl"), "-sS", "--fail", "--max-time", "30", "--cacert", Certificate.get(kind).cert,
                         "--tls-max", "1.2", "--ciphers", SUITES[kind], daemon.url("/bytes/100000"),
                         daemon.url("/bytes/1")).stdout
            equal(len(output), 100001, f"{kind}: bytes")
            session = f"{SCRATCH}/certificates-{kind}"
            expect(daemon, kind, "1.2", "-cipher", SUITES[kind], "-sess_out", session)
            resumed = handshake(daemon, "1.2", "-cipher", SUITES[kind], "-sess_in", session)
            check(b"Reused, TLSv1.2" in resumed, f"{kind}: not resumed: {resumed[-2000:]}")
        equal(daemon.counter("handshakes_failed"), 0, "handshakes_failed")


def write(name, text):
    path = f"{SCRATCH}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def entries(*kinds):
    pairs = [Certificate.get(kind) for kind in kinds]
    return "".join(f"- cert: {pair.cert}\n  key: {pair.key}\n" for pair in pairs)


@test
def the_file_lists_one_or_two():
    head = "listen: 127.0.0.1:1\nbackend: builtin\ncertificates:\n"
    for kinds in ((RSA,), (ECDSA,), (RSA, ECDSA), (ECDSA, "rsa3072")):
        status, text = glacisd_once("--check", "-c", write("good.yaml", head + entries(*kinds)))
        equal(status, 0, f"{kinds}: status of --check ({text})")
    path = write("same.yaml", head + entries(RSA, "rsa3072"))
    status, text = glacisd_once("--check", "-c", path)
    equal(status, 1, f"status of --check with two RSA certificates ({text})")
    for words in (f"{path}:6: certificates.cert: ", Certificate.get(RSA).cert, Certificate.get("rsa3072").cert,
                  "both have RSA keys", "allowed: one with an RSA key and one with an EC key"):
        check(words in text, f"{words!r} is not in {text!r}")


@test
def the_command_line_replaces_the_list_of_the_file():
    with Glacisd(cert=RSA, yaml="certificates:\n" + entries(ECDSA)) as daemon:
        expect(daemon, RSA, "1.3")
        handshake(daemon, "1.3", "-sigalgs", SIGNATURES[ECDSA], status=1)


main()
