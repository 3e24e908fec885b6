# SPDX-License-Identifier: Apache-2.0
"""Many clients at once: wrk and h2load without an error, two thousand connections held open together."""
import re
import resource
import selectors
import ssl
import time

import harness
from harness import PATIENCE, Skip, check, equal, main, need, run, test
from service import PATIENT, Glacisd, context
from tls_peer import Peer

SECONDS = 3
ROUNDS = 10  # at the most, until there were enough requests
REQUESTS = 50


def wrk(daemon, path, *options):
    """Runs wrk until it has made enough requests. Any error of any kind fails."""
    requests = rounds = 0
    while requests <= REQUESTS:
        check(rounds < ROUNDS, f"only {requests} requests in {ROUNDS * SECONDS} s")
        rounds += 1
        # a request that takes more than the 2 s of wrk's own would count as an error
        output = run(need("wrk"), "-t", "2", "-d", f"{SECONDS}s", "--timeout", f"{PATIENCE:.0f}s", *options,
                     daemon.url(path)).stdout.decode()
        check("Socket errors" not in output, f"wrk saw errors: {output}")
        check("Non-2xx" not in output, f"wrk got answers other than 200: {output}")
        requests += int(re.search(r"(\d+) requests in", output).group(1))
    harness.note(f"wrk {path}: {requests} requests in {rounds * SECONDS} s")


@test
def wrk_with_small_requests():
    with Glacisd(yaml=PATIENT) as daemon:
        wrk(daemon, "/bytes/100", "-c", "100")
        daemon.expect_idle()
        equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")


@test
def wrk_with_large_answers():
    with Glacisd() as daemon:
        wrk(daemon, "/bytes/1000000", "-c", "16")
        daemon.expect_idle()


@test
def wrk_with_a_connection_for_each_request():
    with Glacisd(cert="ecdsa", yaml=PATIENT) as daemon:
        wrk(daemon, "/bytes/100", "-c", "32", "-H", "Connection: close")
        daemon.expect_idle()
        check(daemon.counter("connections_accepted") > 50, "the connections were kept alive")


def h2load(daemon, *options):
    output = run(need("h2load"), "--h1", *options).stdout.decode()
    counts = re.search(r"requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    check(counts, f"h2load printed no counts: {output}")
    total, succeeded, failed, errored, timeout = map(int, counts.groups())
    harness.note(counts.group(0))
    equal((succeeded, failed, errored, timeout), (total, 0, 0, 0), "succeeded, failed, errored, timeout")
    equal(daemon.counter("records_bad_mac"), 0, "records_bad_mac")


@test
def h2load_over_http_1_1():
    with Glacisd(yaml=PATIENT) as daemon:
        h2load(daemon, "-n", str(20000 // harness.SCALE), "-c", "100", "-t", "2", daemon.url("/bytes/1000"))
        daemon.expect_idle()


@test
def h2load_with_an_rsa_certificate_and_aes_256():
    with Glacisd(cert="rsa", yaml=PATIENT) as daemon:
        h2load(daemon, "-n", str(4000 // harness.SCALE), "-c", "50", "-t", "2",
               "--tls13-ciphers=TLS_AES_256_GCM_SHA384", daemon.url("/bytes/20000"))


def need_descriptors(wanted):
    """Plain users begin with 1,024 of them, and may have more."""
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most not in (-1, resource.RLIM_INFINITY) and most < wanted:
        raise Skip(f"{wanted} open files are needed and {most} allowed; raise ulimit -Hn")
    if limit < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


@test
def two_thousand_connections_at_once():
    count = 2000 // (4 if harness.SCALE > 1 else 1)
    need_descriptors(count + 100)
    request = b"GET /bytes/3000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Glacisd(cert="ecdsa", yaml=PATIENT) as daemon:
        trusted = context(daemon.certificate)
        started = time.monotonic()
        peers = [Peer(daemon.port, trusted) for _ in range(count)]
        selector = selectors.DefaultSelector()
        waiting = 0
        for peer in peers:  # all handshakes overlap: nobody's second flight goes before everybody's first
            step(peer)
            selector.register(peer.socket, selectors.EVENT_READ, peer)
            waiting += 1
        while waiting:
            events = selector.select(PATIENCE)
            check(events, f"{waiting} of {count} handshakes hang")
            for key, _ in events:
                key.data.fill()
                if step(key.data):
                    selector.unregister(key.fileobj)
                    waiting -= 1
        harness.note(f"{count} handshakes in {time.monotonic() - started:.1f} s")
        daemon.expect_counter("handshakes_full", count)
        harness.eventually(lambda: daemon.gauge("connections_open") == count, f"{count} connections open")
        for peer in peers:
            peer.send(request)
        for peer in peers:
            answer = peer.read_exactly(3000)
            check(answer.startswith(b"HTTP/1.1 200"), f"answer {answer[:40]}")
        for peer in peers:
            peer.close()
        daemon.expect_idle()


def step(peer):
    """One step of a handshake; True when it is done."""
    try:
        peer.tls.do_handshake()
        return True
    except ssl.SSLWantReadError:
        return False
    finally:
        peer.flush()


main()
