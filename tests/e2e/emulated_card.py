# SPDX-License-Identifier: Apache-2.0
"""A glacis-vcard for drivers that kill it and bring it back. GLACIS_VCARD and GLACIS_CRYPTODEV name the program and
libglacis' module for DPDK; GLACIS_VCARD_BACKEND what is behind the card, by default its model."""
import json
import os
import pwd
import signal
import subprocess
import time

from harness import SCRATCH, Skip, equal, eventually, run

# Simulated logic: it does some thousand records a second, and a signature in seconds.
SLOW = os.environ.get("GLACIS_VCARD_BACKEND") == "rtl"


def vcard_path():
    path = os.environ.get("GLACIS_VCARD")
    if not path or not os.path.exists(os.environ.get("GLACIS_CRYPTODEV", "")):
        raise Skip("libglacis' module for DPDK is not built (scripts/setup driver)")
    return path


class Card:
    """A glacis-vcard that "nobody", whom servers become, can reach."""

    def __init__(self, *options):
        self.program = vcard_path()
        self.options = (("--backend", "rtl") if SLOW and "--backend" not in options else ()) + options
        self.folder = os.path.join(SCRATCH, f"card-{time.monotonic_ns()}")
        os.mkdir(self.folder)
        self.user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if self.user is not None:
            os.chown(self.folder, self.user, -1)
        self.socket = os.path.join(self.folder, "card")
        self.process = None
        self.start()

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([self.program, "--socket", self.socket, *self.options], stdout=log, stderr=log,
                                            user=self.user)
        eventually(lambda: os.path.exists(self.socket) or self.process.poll() is not None, "the card's socket")
        equal(self.process.poll(), None, "the card's exit status")

    def kill(self):
        self.process.kill()
        self.process.wait()
        os.unlink(self.socket)  # so that the next start is seen

    def control(self, *words):
        run(self.program, "ctl", "--socket", self.socket + ".ctl", *words)

    def status(self):
        """The card's own counters."""
        return json.loads(run(self.program, "ctl", "--socket", self.socket + ".ctl", "--json", "status").stdout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
