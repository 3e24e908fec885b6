# SPDX-License-Identifier: Apache-2.0
"""Options and the configuration file: what is refused, and how it is named."""
import os
import re
import socket
import time

from harness import SCRATCH, at_best, check, equal, free_port, main, note, run, test
from service import Certificate, glacisd_once


def write(name, text):
    path = os.path.join(SCRATCH, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@test
def a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        port = taken.getsockname()[1]
        certificate = Certificate.get("ecdsa")
        status, text = glacisd_once("--listen", f"127.0.0.1:{port}", "--backend", "builtin", "--cert",
                                    certificate.cert, "--key", certificate.key)
        check(status not in (0, 64), f"exit status {status}")
        check(str(port) in text and "in use" in text.lower(), f"the message is {text!r}")


def valid_yaml(certificate):
    return (f"listen: 127.0.0.1:{free_port()}\nbackend: 127.0.0.1:9\n"
            f"certificates:\n- cert: {certificate.cert}\n  key: {certificate.key}\n")


@test
def check_accepts_a_good_file_and_starts_nothing():
    certificate = Certificate.get("rsa")
    path = write("good.yaml", valid_yaml(certificate))

    def attempt():
        started = time.monotonic()
        status, text = glacisd_once("-c", path, "--check")
        equal(status, 0, f"status of --check ({text})")
        return time.monotonic() - started

    at_best(1, attempt, "--check")


@test
def check_names_file_line_and_what_is_allowed():
    certificate = Certificate.get("rsa")
    good = valid_yaml(certificate)
    lines = good.count("\n")
    cases = {
        "unknown key": (good + "colour: blue\n", lines + 1, r"colour"),
        "wrong type": (good + "workers: many\n", lines + 1, r"many|workers"),
        "negative number": (good + "workers: -3\n", lines + 1, r"-3|workers"),
        "unknown nested key": (good + "timeouts:\n  lunch_ms: 5\n", lines + 2, r"lunch_ms"),
        "bad address": (good.replace("127.0.0.1:9\n", "127.0.0.1:99999\n"), 2, r"99999"),
        "no mapping": ("- just\n- a list\n", 1, r""),
        "broken YAML": (good + "workers: [1\n", lines + 1, r""),
        "boolean": (good + "sandbox: perhaps\n", lines + 1, r"perhaps|sandbox"),
        "missing file": (good.replace(certificate.cert, "/nonexistent/cert.pem"), 4, r"/nonexistent/cert\.pem"),
    }
    for name, (text, line, words) in cases.items():
        path = write("bad.yaml", text)
        status, message = glacisd_once("-c", path, "--check")
        note(f"{name}: {message.strip()}")
        check(status not in (0, 64), f"{name}: exit status {status}, {message!r}")
        found = [int(number) for number in re.findall(re.escape(path) + r":(\d+)", message)]
        check(found, f"{name}: no file:line in {message!r}")
        check(any(abs(number - line) <= 1 for number in found), f"{name}: line {found}, expected {line}")
        check(re.search(words, message), f"{name}: {words!r} is not in {message!r}")


@test
def a_key_of_another_certificate_is_refused():
    rsa, ecdsa = Certificate.get("rsa"), Certificate.get("ecdsa")
    other = os.path.join(SCRATCH, "other-key.pem")
    run("openssl", "genpkey", "-algorithm", "RSA", "-out", other)
    for cert, key in ((rsa.cert, ecdsa.key), (rsa.cert, other)):
        status, text = glacisd_once("--listen", "127.0.0.1:1", "--backend", "builtin", "--cert", cert, "--key", key,
                                    "--check")
        check(status not in (0, 64), f"exit status {status}")
        check(key in text or cert in text, f"the message names neither file: {text!r}")


@test
def missing_options_and_unknown_options_are_usage_errors():
    certificate = Certificate.get("rsa")
    equal(glacisd_once("--no-such-option")[0], 64, "status for an unknown option")
    equal(glacisd_once("--help")[0], 0, "status of --help")
    check("--listen" in glacisd_once("--help")[1], "--help lists --listen")
    equal(glacisd_once("--version")[0], 0, "status of --version")
    status, text = glacisd_once("--cert", certificate.cert, "--key", certificate.key, "--backend", "builtin")
    check(status != 0 and "listen" in text, f"without --listen: {status}, {text!r}")
    status, text = glacisd_once("-c", "/nonexistent/glacis.yaml")
    check(status != 0 and "/nonexistent/glacis.yaml" in text, f"missing file: {status}, {text!r}")


main()
