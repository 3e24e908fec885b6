# SPDX-License-Identifier: Apache-2.0
"""Debian's HAProxy with glacis.so and a card for its signatures, and what becomes of its clients when the card fails:
nothing.

The card is a glacis-vcard that is killed and comes back. GLACIS_CARD_KILLS says how often; GLACIS_VCARD_BACKEND=rtl that it
is its simulated logic, for which volumes are divided by GLACIS_E2E_SCALE.
"""
import os
import re
import signal
import threading

from emulated_card import SLOW, Card, vcard_path
from harness import SCALE, SCRATCH, Skip, check, equal, eventually, free_port, main, need, note, run, test
from provider_run import Configuration, module_folder, sanitized
from provider_server import Handshakes, Server, children, threads

KILLS = int(os.environ.get("GLACIS_CARD_KILLS", "3"))
CLIENTS = 4 if SLOW else 16

HAPROXY = """
global
    nbthread 2
    maxconn 1000
    ssl-mode-async
    insecure-fork-wanted
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout connect 60s
    timeout client 60s
    timeout server 60s
frontend tls
    bind 127.0.0.1:PORT ssl crt PEM
    http-request return status 200 content-type text/plain string "hello"
"""


def configuration(device, more="card_deadline_ms = 15000\n" if SLOW else ""):
    return Configuration(f"card = {device}\ncard_policy = card\nlog_seconds = 1\n{more}")


def haproxy(config, text=HAPROXY, master=False):
    command = [need("haproxy"), *(["-W", "-q"] if master else ["-db"]), "-f", "CONFIG"]
    if os.geteuid() == 0:
        text = text.replace("global\n", "global\n    user nobody\n    group nogroup\n")
    return Server(config, command, text, stop=signal.SIGUSR1)


def by_card(config, load, what, more=100 // SCALE + 1):
    """Waits until the card has made some more signatures, and nothing has failed."""
    goal = config.counters().get("rsa-card", 0) + more
    eventually(lambda: config.counters().get("rsa-card", 0) >= goal or load.failed, f"{what}; the log: {config.lines()[-3:]}")
    equal(load.failed, 0, f"handshakes that failed ({load.why})")


def said(config, what):
    return sum(what in line for line in config.lines())


def state(config):
    """The card's in the newest line of status."""
    found = [re.search(r' card="([^"]*)"', line) for line in config.lines()]
    found = [one.group(1) for one in found if one]
    return found[-1] if found else ""


def finish(config):
    """The books when the server has ended: nothing was left to OpenSSL for lack of anything."""
    counters = config.counters()
    equal(counters["rsa-openssl-fault"] + counters["rsa-openssl-padding"], 0, f"left to OpenSSL: {counters}")
    note({name: value for name, value in counters.items() if name.startswith("rsa-") and value})
    return counters


@test
def signs_by_the_card():
    with Card() as card:
        config = configuration(f"vfio-user:{card.socket}", "card_deadline_ms = 30000\n")
        with haproxy(config) as server:
            for version in ("1.2", "1.3"):
                with Handshakes(server, version, clients=CLIENTS) as load:
                    by_card(config, load, f"signatures by the card, TLS {version}")
            for _ in range(10):
                run(need("curl"), "-sSf", "--cacert", server.certificate.cert, server.url())
            check("glacis-rsa" in threads(server.pid), f"threads of the crew: {threads(server.pid)}")
            check(card.status()["rsa_operations"] >= 200 // SCALE, f"the card's own counters: {card.status()}")
        counters = finish(config)
        equal(counters["rsa-card-again"], 0, f"run again: {counters}")
        equal(said(config, "cannot be used"), 0, "complaints")


@test
def the_card_is_killed_under_load_and_comes_back():
    with Card() as card:
        config = configuration(f"vfio-user:{card.socket}")
        with haproxy(config) as server, Handshakes(server, clients=CLIENTS) as load:
            by_card(config, load, "signatures by the card")
            for number in range(1, KILLS + 1):
                before = said(config, "is lost;")
                card.kill()
                eventually(lambda: said(config, "is lost;") > before or load.failed, "the card is called lost")
                load.expect(100 // SCALE + 1)
                card.start()
                by_card(config, load, f"signatures by the card after kill {number}")
            load.expect(100 // SCALE + 1)
            equal(load.failed, 0, f"handshakes that failed ({load.why})")
        counters = finish(config)
        check(counters["rsa-card-down"] > 0, f"operations while it was lost: {counters}")
        check(said(config, "gets traffic again") >= KILLS, "each return was told of")
        note(f"{load.done} handshakes, none failed, {KILLS} kills")


@test
def a_reload_hands_the_card_on():
    """The old worker has the card until it ends; the new one signs on the processor, and gets it then."""
    with Card() as card:
        config = configuration(f"vfio-user:{card.socket}")
        with haproxy(config, master=True) as server, Handshakes(server, clients=CLIENTS // 2) as load:
            for _ in range(2):
                by_card(config, load, "signatures by the card")
                old = max(children(server.pid))
                server.process.send_signal(signal.SIGUSR2)
                eventually(lambda: max(children(server.pid), default=0) > old, "a new worker")
                eventually(lambda: old not in children(server.pid), "the old worker ends")

                def signs():
                    new = [line for line in config.lines() if f"pid {max(children(server.pid))}," in line]
                    return any(re.search(r" rsa-card=[1-9]", line) for line in new)

                eventually(lambda: signs() or load.failed, f"signatures by the new worker's card: {config.lines()[-5:]}")
                load.expect(20)
            equal(load.failed, 0, f"handshakes that failed ({load.why})")
        finish(config)


@test
def a_card_that_is_not_there():
    vcard_path()
    missing = os.path.join(SCRATCH, "no-card")
    config = configuration(f"vfio-user:{missing}")
    with haproxy(config) as server:
        with Handshakes(server, clients=CLIENTS) as load:
            load.expect(300 // SCALE + 1)
            eventually(lambda: state(config) == "out of reach, tried again", "the state of the card")
            threading.Event().wait(2)
        equal(load.failed, 0, f"handshakes that failed ({load.why})")
    counters = finish(config)
    equal(counters["rsa-card"], 0, "signatures by a card")
    equal(said(config, "cannot be used"), 1, f"said once: {config.lines()}")
    check(missing in "".join(config.lines()), "the log names it")


@test
def a_bad_setting_is_named():
    for setting, wanted in [("card = vfio-user:card", "absolute path"), ("card_policy = always", "card (whenever it can)"),
                            ("card_deadline_ms = soon", "a number from 0 to 60000")]:
        name, value = setting.split(" = ")
        done = Configuration(setting).openssl("list", "-providers")
        text = done.stderr.decode()
        check(f"{name} = {value} is not" in text and wanted in text, f"it is named: {text}")
        check(b"name: Glacis" in done.stdout, f"the provider is there all the same: {done.stdout}")


@test
def a_device_of_dpdk_s_own():
    vcard_path()
    config = configuration("crypto_openssl0", "card_deadline_ms = 30000\n")
    with haproxy(config) as server, Handshakes(server, clients=CLIENTS) as load:
        by_card(config, load, "signatures by DPDK's software device")
    finish(config)


@test
def runs_the_sample_of_scripts():
    if sanitized():
        raise Skip("the sample knows nothing of sanitizers")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "provider-demo")
    os.environ["GLACIS_MODULES"] = module_folder()
    with Card() as card:
        done = run(script, "haproxy", "--port", str(free_port()), "--card", f"vfio-user:{card.socket}", "--check")
    check(re.search(rb" rsa-card=[1-9]", done.stdout), f"the line of status: {done.stdout}")


main()
