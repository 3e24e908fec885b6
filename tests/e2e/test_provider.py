# SPDX-License-Identifier: Apache-2.0
"""glacis.so in the openssl program: loaded by openssl.cnf alone, every command that uses RSA or AES-GCM."""
import os
import re
import subprocess

import harness
from harness import SCALE, SCRATCH, Skip, check, equal, main, need, run, test
from provider_run import Configuration, sanitized
from service import SANITIZER_REPORT

MESSAGE = os.path.join(SCRATCH, "message")
with open(MESSAGE, "wb") as message_file:
    message_file.write(b"The slope in front of the wall.\n" * 100)


def path(name):
    return os.path.join(SCRATCH, name)


def rsa_key(bits, primes=2):
    """A key made by OpenSSL alone."""
    made = path(f"key-{bits}-{primes}.pem")
    if not os.path.exists(made):
        run(need("openssl"), "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-pkeyopt",
            f"rsa_keygen_primes:{primes}", "-out", made)
        run(need("openssl"), "pkey", "-in", made, "-pubout", "-out", made + ".pub")
    return made


@test
def is_listed_with_its_parameters():
    configuration = Configuration()
    text = configuration.openssl("list", "-providers", "-verbose").stdout.decode()
    check(re.search(r"glacis\n\s+name: Glacis.*\n\s+version: 0\.\d+\.\d+\n\s+status: active\n\s+build info: Glacis", text),
          f"openssl list -providers: {text}")
    for name in ("glacis-rsa-lanes", "glacis-rsa-openssl-no-job", "glacis-aes-ipsec-mb"):
        check(name in text, f"{name} is a parameter")
    algorithms = configuration.openssl("list", "-signature-algorithms", "-key-managers", "-asymcipher-algorithms",
                                       "-cipher-algorithms").stdout.decode()
    for pattern in (r"aes-128-gcm, id-aes128-GCM } @ glacis", r"aes-256-gcm, id-aes256-GCM } @ glacis",
                    r"RSA, rsaEncryption } @ glacis", r"Glacis RSA keys"):
        check(re.search(pattern, algorithms), f"{pattern} in: {algorithms}")
    equal(configuration.lines()[-1].count("glacis provider: pid"), 1, "a line of status at the end")


@test
def obeys_property_queries():
    key = rsa_key(2048)
    with open(path("digest"), "wb") as digest:
        digest.write(b"d" * 32)
    for query, ours in (("?provider=glacis", True), ("provider=default", False), ("?provider=default", False),
                        ("provider!=glacis", False)):
        configuration = Configuration(properties="")
        configuration.openssl("pkeyutl", "-propquery", query, "-sign", "-inkey", key, "-in", path("digest"), "-out",
                              path("signature"))
        equal(configuration.counters()["rsa-openssl-no-job"], int(ours), f"-propquery {query}")


@test
def measures_speed_with_and_without_jobs():
    configuration = Configuration()
    for jobs in ([], ["-async_jobs", "16"]):
        for algorithm in ("rsa2048", "rsa3072", "rsa4096"):
            configuration.forget()
            done = configuration.openssl("speed", *jobs, "-seconds", "1", algorithm)
            check(re.search(r"^rsa +\d{4} bits", done.stdout.decode(), re.M), f"speed {algorithm}: {done.stdout}")
            counters = configuration.counters()
            if jobs:
                check(counters["rsa-lanes"] + counters["rsa-single"] > 10, f"{algorithm} in jobs: {counters}")
                check(sanitized() or counters["rsa-lanes"] > counters["rsa-single"], f"{algorithm} in lanes: {counters}")
            else:
                check(counters["rsa-openssl-no-job"] > 10, f"{algorithm}: {counters}")
            equal(counters["rsa-openssl-fault"], 0, f"{algorithm}: faults")
        for algorithm in ("aes-128-gcm", "aes-192-gcm", "aes-256-gcm"):
            configuration.forget()
            configuration.openssl("speed", *jobs, "-seconds", "1", "-bytes", "16384", "-evp", algorithm)
            check(configuration.counters()["aes-ipsec-mb"] > 1000, f"{algorithm}: {configuration.counters()}")


@test
def is_found_beside_default_on_the_command_line():
    """As in: openssl speed -provider glacis -provider default."""
    configuration = Configuration()
    environment = configuration.environment(GLACIS_PROVIDER_LOG=configuration.log)
    environment["OPENSSL_CONF"] = "/dev/null"
    subprocess.run([need("openssl"), "speed", "-provider", "glacis", "-provider", "default", "-seconds", "1",
                    "-async_jobs", "16", "rsa2048"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   check=True, timeout=60)
    counters = configuration.counters()
    check(counters["rsa-lanes"] + counters["rsa-single"] > 10, f"{counters}")


@test
def signs_files():
    configuration = Configuration()
    for bits in (2048, 3072, 4096):
        key = rsa_key(bits)
        for options in ([], ["-sigopt", "rsa_padding_mode:pss"],
                        ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"]):
            for digest in ("-sha1", "-sha256", "-sha512"):
                configuration.openssl("dgst", digest, "-sign", key, *options, "-out", path("signature"), MESSAGE)
                run(need("openssl"), "dgst", digest, "-verify", key + ".pub", "-signature", path("signature"), *options,
                    MESSAGE)
                configuration.openssl("dgst", digest, "-verify", key + ".pub", "-signature", path("signature"), *options,
                                      MESSAGE)
        with open(path("signature"), "r+b") as signature:
            signature.seek(40)
            signature.write(b"\0\1\2")
        configuration.openssl("dgst", "-sha512", "-verify", key + ".pub", "-signature", path("signature"), MESSAGE,
                              status=1)


@test
def encrypts_and_decrypts_by_pkeyutl():
    configuration = Configuration()
    key = rsa_key(2048)
    for options in (["rsa_padding_mode:pkcs1"], ["rsa_padding_mode:oaep"],
                    ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256"],
                    ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha1"],
                    ["rsa_padding_mode:oaep", "rsa_oaep_label:0102"]):
        pairs = [part for option in options for part in ("-pkeyopt", option)]
        for sealing, opening in ((configuration.openssl, lambda *a: run(need("openssl"), *a)),
                                 (lambda *a: run(need("openssl"), *a), configuration.openssl)):
            with open(path("short"), "wb") as short:
                short.write(b"thirty bytes of something dear")
            sealing("pkeyutl", "-encrypt", "-pubin", "-inkey", key + ".pub", *pairs, "-in", path("short"), "-out",
                    path("sealed"))
            opening("pkeyutl", "-decrypt", "-inkey", key, *pairs, "-in", path("sealed"), "-out", path("opened"))
            with open(path("opened"), "rb") as opened:
                equal(opened.read(), b"thirty bytes of something dear", f"pkeyutl with {options}")


@test
def exchanges_keys_of_x25519():
    configuration = Configuration()
    programs = {"with": configuration.openssl, "without": lambda *a: run(need("openssl"), *a)}
    for name, program in programs.items():
        for kind in ("X25519", "X448", "ED25519"):
            program("genpkey", "-algorithm", kind, "-out", path(f"{kind}-{name}"))
            program("pkey", "-in", path(f"{kind}-{name}"), "-pubout", "-out", path(f"{kind}-{name}.pub"))
            for other in programs.values():
                other("pkey", "-in", path(f"{kind}-{name}"), "-check", "-noout")
    secrets = {}
    for name, program in programs.items():
        for kind in ("X25519", "X448"):
            for own, peer in (("with", "without"), ("without", "with")):
                program("pkeyutl", "-derive", "-inkey", path(f"{kind}-{own}"), "-peerkey", path(f"{kind}-{peer}.pub"),
                        "-out", path("secret"))
                with open(path("secret"), "rb") as secret:
                    secrets.setdefault(kind, set()).add(secret.read())
    equal([len(secrets[kind]) for kind in ("X25519", "X448")], [1, 1], "different secrets")
    configuration.forget()
    configuration.openssl("kdf", "-keylen", "16", "-kdfopt", "digest:SHA256", "-kdfopt", "hexkey:" + "01" * 32, "-kdfopt",
                          "prefix:tls13 ", "-kdfopt", "label:key", "-kdfopt", "mode:EXPAND_ONLY", "TLS13-KDF")
    for settings, ours in (("", 1), ("x25519 = no", 0)):
        off = Configuration(settings)
        off.openssl("genpkey", "-algorithm", "X25519", "-out", path("secret"))
        equal(off.counters()["x25519-openssl"], ours, f"pairs through us with {settings!r}")


@test
def makes_requests_certificates_and_cms():
    configuration = Configuration()
    key, cert = path("ca-key.pem"), path("ca-cert.pem")
    configuration.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2", "-subj", "/CN=root",
                          "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", key, "-out", cert)
    configuration.openssl("req", "-new", "-key", rsa_key(3072), "-subj", "/CN=leaf", "-out", path("leaf.csr"),
                          "-sigopt", "rsa_padding_mode:pss")
    configuration.openssl("req", "-in", path("leaf.csr"), "-verify", "-noout")
    for options in ([], ["-sigopt", "rsa_padding_mode:pss"]):
        configuration.openssl("x509", "-req", "-in", path("leaf.csr"), "-CA", cert, "-CAkey", key, "-CAcreateserial",
                              "-days", "2", "-out", path("leaf.pem"), *options)
        for program in (configuration.openssl, lambda *a: run(need("openssl"), *a)):
            program("verify", "-CAfile", cert, path("leaf.pem"))
    for cipher in ("-aes-128-gcm", "-aes-256-gcm", "-aes-256-cbc"):
        configuration.openssl("cms", "-encrypt", "-binary", "-in", MESSAGE, cipher, "-outform", "DER", "-out",
                              path("cms"), path("leaf.pem"))
        for program in (configuration.openssl, lambda *a: run(need("openssl"), *a)):
            program("cms", "-decrypt", "-binary", "-in", path("cms"), "-inform", "DER", "-inkey", rsa_key(3072), "-recip",
                    path("leaf.pem"), "-out", path("cms.out"))
            with open(path("cms.out"), "rb") as opened, open(MESSAGE, "rb") as message:
                equal(opened.read(), message.read(), f"cms {cipher}")
    configuration.openssl("cms", "-sign", "-binary", "-in", MESSAGE, "-signer", path("leaf.pem"), "-inkey",
                          rsa_key(3072), "-outform", "DER", "-out", path("cms"), "-nodetach")
    for program in (configuration.openssl, lambda *a: run(need("openssl"), *a)):
        program("cms", "-verify", "-in", path("cms"), "-inform", "DER", "-CAfile", cert, "-out", path("cms.out"))
    check(configuration.counters()["aes-ipsec-mb"] > 0, "CMS with AES-GCM went through ipsec-mb")


@test
def lets_odd_keys_through_without_an_error():
    configuration = Configuration()
    keys = [rsa_key(1024), rsa_key(2047), rsa_key(3000), rsa_key(2048, 3), rsa_key(4096, 4)]
    for key in keys:
        done = configuration.openssl("dgst", "-sha256", "-sign", key, "-out", path("signature"), MESSAGE)
        equal(done.stderr, b"", f"messages with {key}")
        run(need("openssl"), "dgst", "-sha256", "-verify", key + ".pub", "-signature", path("signature"), MESSAGE)
    run(need("openssl"), "genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt",
        "rsa_pss_keygen_md:sha256", "-out", path("pss.pem"))
    run(need("openssl"), "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path("ec.pem"))
    for key in (path("pss.pem"), path("ec.pem")):
        configuration.openssl("dgst", "-sha256", "-sign", key, "-out", path("signature"), MESSAGE)
        run(need("openssl"), "dgst", "-sha256", "-prverify", key, "-signature", path("signature"), MESSAGE)


@test
def leaves_keys_of_a_pkcs_11_token_alone():
    module = "/usr/lib/softhsm/libsofthsm2.so"
    if not os.path.exists(module) or not os.path.exists("/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so"):
        raise Skip("softhsm2 or libengine-pkcs11-openssl is not installed (scripts/setup test installs them)")
    os.makedirs(path("tokens"), exist_ok=True)
    with open(path("softhsm.conf"), "w", encoding="ascii") as file:
        file.write(f"directories.tokendir = {path('tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = path("softhsm.conf")
    key = rsa_key(2048)
    run(need("softhsm2-util"), "--init-token", "--free", "--label", "glacis", "--pin", "1234", "--so-pin", "1234")
    run(need("softhsm2-util"), "--import", key, "--token", "glacis", "--label", "k", "--id", "a1", "--pin", "1234")
    configuration = Configuration()
    done = configuration.openssl("dgst", "-engine", "pkcs11", "-keyform", "engine", "-sha256", "-sign",
                                 "pkcs11:token=glacis;object=k;type=private;pin-value=1234", "-out", path("signature"),
                                 MESSAGE, PKCS11_MODULE_PATH=module, status=None)
    equal(done.returncode, 0, f"dgst with a key of a token: {done.stderr}")
    run(need("openssl"), "dgst", "-sha256", "-verify", key + ".pub", "-signature", path("signature"), MESSAGE)
    equal(configuration.counters()["rsa-openssl-no-job"], 0, "operations through us")


@test
def refuses_damaged_keys_as_openssl_does():
    with open(rsa_key(2048), encoding="ascii") as file:
        lines = file.read().splitlines()
    variants = {"cut": lines[:10] + lines[-1:], "swapped": lines[:5] + [lines[6], lines[5]] + lines[7:],
                "flipped": lines[:12] + [lines[12][::-1]] + lines[13:]}
    configuration = Configuration()
    for name, changed in variants.items():
        with open(path(name), "w", encoding="ascii") as file:
            file.write("\n".join(changed) + "\n")
        plain = run(need("openssl"), "dgst", "-sha256", "-sign", path(name), "-out", path("a"), MESSAGE, status=None)
        ours = configuration.openssl("dgst", "-sha256", "-sign", path(name), "-out", path("b"), MESSAGE, status=None)
        equal(ours.returncode, plain.returncode, f"status with a {name} key")
        checked = configuration.openssl("rsa", "-check", "-noout", "-in", path(name), status=None)
        check(b"RSA key ok" not in checked.stdout or plain.returncode == 0, f"{name} key: {checked.stdout}")


@test
def says_which_setting_is_wrong():
    for settings, complaint in (("threads = many", b"threads = many is not a number from 0 to 16"),
                                ("wait_us = 1000000", b"wait_us = 1000000 is not a number from 0 to 100000"),
                                ("rsa = perhaps", b"rsa = perhaps is not yes or no"),
                                ("log_seconds = -1", b"log_seconds = -1 is not a number")):
        done = Configuration(settings).openssl("list", "-providers")
        check(complaint in done.stderr, f"{settings}: {done.stderr}")
        check(b"glacis" in done.stdout, "the provider is there all the same")


@test
def offers_only_what_is_switched_on():
    key = rsa_key(2048)
    for settings, rsa, aes in (("rsa = no", False, True), ("aes = no", True, False), ("", True, True)):
        configuration = Configuration(settings)
        configuration.openssl("dgst", "-sha256", "-sign", key, "-out", path("signature"), MESSAGE)
        equal(configuration.counters()["rsa-openssl-no-job"], int(rsa), f"RSA with {settings!r}")
        listed = configuration.openssl("list", "-cipher-algorithms").stdout.decode()
        equal("@ glacis" in listed, aes, f"AES with {settings!r}")
        check(rsa or "left to OpenSSL: switched off" in configuration.lines()[-1], configuration.lines()[-1])


class Server:
    """openssl s_server with the provider."""

    def __init__(self, configuration, *options, bits=2048, folder=None):
        self.port = harness.free_port()
        key = rsa_key(bits)
        self.cert = path(f"server-{bits}.pem")
        if not os.path.exists(self.cert):
            run(need("openssl"), "req", "-x509", "-key", key, "-sha256", "-days", "2", "-subj", "/CN=localhost",
                "-out", self.cert)
        with open(path(f"server-{self.port}.log"), "wb") as log:
            self.process = subprocess.Popen(
                [need("openssl"), "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", self.cert, "-key", key,
                 *(options if "-WWW" in options else ("-www", *options))], cwd=folder, stdin=subprocess.PIPE, stdout=log,
                stderr=log, env=configuration.environment())

    def log(self):
        with open(path(f"server-{self.port}.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def __enter__(self):
        harness.eventually(lambda: "ACCEPT" in self.log(), "s_server listens")
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        self.process.wait(20)
        check(not SANITIZER_REPORT.search(self.log()), f"s_server's log: {self.log()}")


def connect(program, server, *options):
    """One connection of s_client: its output."""
    done = program("s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", server.cert, "-verify_return_error", "-ign_eof",
                   *options, data=b"GET / HTTP/1.0\r\n\r\n", status=None)
    text = done.stdout.decode(errors="replace")
    check("Verify return code: 0 (ok)" in text, f"s_client {options}: {text[-1500:]} {done.stderr}; {server.log()}")
    return text


def plain(*arguments, **options):
    return run(need("openssl"), *arguments, **options)


@test
def serves_tls_1_2_and_1_3_full_and_resumed():
    suites = [("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
              ("-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"),
              ("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
              ("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"),
              ("-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"),
              ("-tls1_2", "-cipher", "AES128-GCM-SHA256"), ("-tls1_3", "-groups", "P-256"),
              ("-tls1_3", "-groups", "X25519"), ("-tls1_2", "-groups", "X25519", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")]
    for options, bits in (([], 2048), (["-async"], 2048), (["-async"], 4096)):
        configuration = Configuration("log_seconds = 1")
        with Server(configuration, *options, bits=bits) as server:
            for suite in suites:
                for program in (plain, configuration.openssl):
                    connect(program, server, *suite, "-sess_out", path("session"))
                    text = connect(program, server, *suite, "-sess_in", path("session"))
                    check("Reused, TLS" in text or "-tls1_3" in suite, f"resumed {suite}: {text[:600]}")


@test
def carries_megabytes():
    configuration = Configuration()
    with open(path("big"), "wb") as file:
        file.write(os.urandom(8_000_000 // SCALE))
    for flags in (["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]):
        with Server(configuration, "-WWW", folder=SCRATCH) as server:
            run(need("curl"), "-sSk", *flags, "-o", path("got"), f"https://127.0.0.1:{server.port}/big")
            with open(path("got"), "rb") as got, open(path("big"), "rb") as big:
                check(got.read() == big.read(), f"the same bytes with {flags}")


main()
