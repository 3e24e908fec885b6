# SPDX-License-Identifier: Apache-2.0
"""Records no well-behaved library sends: runs every case of odd_client against a glacisd that echoes.

odd_client is named by the environment variable ODD_CLIENT. After each case glacisd must serve a good client,
have nothing open, and have counted no handshake failure.
"""
import os
import subprocess
import sys

from harness import PATIENCE, check, equal, main, test
from service import Glacisd, Origin, context, echo
from tls_peer import Peer

ODD_CLIENT = os.environ.get("ODD_CLIENT") or sys.exit("ODD_CLIENT is not set: name the program odd_client")


def run_case(name, version):
    with Origin(echo) as origin, Glacisd(backend=origin.address) as daemon:
        for bits in ("128", "256"):
            done = subprocess.run([ODD_CLIENT, str(daemon.port), version, bits, name], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * PATIENCE, check=False)
            check(done.returncode == 0, f"TLS {version}, AES-{bits}: {done.stdout.decode(errors='replace').strip()}")
        daemon.expect_idle()
        with Peer(daemon.port, context(daemon.certificate)).handshake() as peer:
            peer.send(b"hello")
            equal(peer.read_exactly(5), b"hello", "echo to a good client afterwards")
        daemon.expect_idle()
        equal(daemon.counter("handshakes_failed"), 0, "handshakes_failed")
        equal(daemon.gauge("blocks_used"), 0, "blocks_used")


def register():
    """One test for each case and version."""
    for line in subprocess.run([ODD_CLIENT, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines():
        name, *versions = line.split()
        for version in versions:
            def case(chosen=name, over=version):
                run_case(chosen, over)
            case.__name__ = f"{name}_over_tls_{version}"
            test(case)


register()
main()
