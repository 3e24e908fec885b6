# SPDX-License-Identifier: Apache-2.0
"""A server of others with the provider in it: started from a configuration, put under load, reloaded, looked at."""
import os
import re
import signal
import subprocess
import threading

import harness
import service
from harness import SCRATCH, check, need, run
from service import SANITIZER_REPORT, Certificate


def children(pid):
    """Process ids of the living children of a process."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid):
    """Anonymous resident memory in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024


def threads(pid):
    """Names of the threads of a process."""
    names = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii", errors="replace") as file:
            names.append(file.read().strip())
    return names


class Server:
    """A context: started in it, stopped and checked at its end. `text` is the configuration, in which PORT, CERT, KEY,
    PEM (both) and FOLDER are replaced. `command` holds CONFIG."""

    def __init__(self, configuration, command, text, certificate="rsa", stop=signal.SIGTERM):
        self.configuration = configuration
        self.certificate = Certificate.get(certificate)
        self.port = harness.free_port()
        self.stop = stop
        self.errors = os.path.join(SCRATCH, f"server-{self.port}.log")
        pem = os.path.join(SCRATCH, f"{certificate}.pem")
        with open(pem, "w", encoding="ascii") as file:
            for part in (self.certificate.cert, self.certificate.key):
                with open(part, encoding="ascii") as source:
                    file.write(source.read())
        self.config = os.path.join(SCRATCH, f"server-{self.port}.conf")
        for name, value in (("PORT", str(self.port)), ("CERT", self.certificate.cert), ("KEY", self.certificate.key),
                            ("PEM", pem), ("FOLDER", SCRATCH)):
            text = text.replace(name, value)
        with open(self.config, "w", encoding="ascii") as file:
            file.write(text)
        self.command = [self.config if word == "CONFIG" else word for word in command]

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def __enter__(self):
        with open(self.errors, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.configuration.environment())
        harness.eventually(self.answers, f"{self.command[0]} answers; its log: {self.log()}")
        return self

    def answers(self):
        check(self.process.poll() is None, f"{self.command} ended: {self.log()}")
        return run(need("curl"), "-sS", "--cacert", self.certificate.cert, self.url(), status=None).returncode == 0

    def url(self, path="/"):
        return f"https://127.0.0.1:{self.port}{path}"  # a small root file system may know no "localhost"

    def __exit__(self, kind, value, trace):
        self.process.send_signal(self.stop)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.command[0]} did not end; log: {self.log()}") from None
        if kind is not None:
            harness.note(f"log of {self.command[0]}:\n{self.log()[-3000:]}")
            return
        check(not SANITIZER_REPORT.search(self.log()), f"sanitizer report:\n{self.log()}")
        check(code in (0, 128 + self.stop, -self.stop), f"{self.command[0]} ended with {code}: {self.log()}")


class Handshakes(threading.Thread):
    """Full handshakes, one small answer each, without pause, until told to stop; counts those that failed."""

    def __init__(self, server, *options, clients=8):
        super().__init__(daemon=True)
        self.server = server
        self.options = options
        self.clients = clients
        self.done = self.failed = 0
        self.why = ""
        self.ended = threading.Event()

    def _client(self):
        import ssl  # pylint: disable=import-outside-toplevel
        import socket  # pylint: disable=import-outside-toplevel
        context = service.context(self.server.certificate, *self.options)
        while not self.ended.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as plain:
                    with context.wrap_socket(plain, server_hostname="localhost") as tls:
                        tls.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
                        answer = b""
                        while True:
                            part = tls.recv(65536)
                            if not part:
                                break
                            answer += part
                check(answer.startswith(b"HTTP/1."), f"answer {answer[:80]}")
                self.done += 1
            except (OSError, ssl.SSLError, AssertionError) as problem:
                self.failed += 1
                self.why = repr(problem)

    def run(self):
        crowd = [threading.Thread(target=self._client, daemon=True) for _ in range(self.clients)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(60)

    def expect(self, count, seconds=harness.PATIENCE):
        """Waits for so many more handshakes."""
        wanted = self.done + count
        harness.eventually(lambda: self.done >= wanted, f"{count} handshakes ({self.failed} failed: {self.why})", seconds)


def settled(look, tolerance, what, seconds=harness.PATIENCE):
    """Waits until look() is at most `tolerance`."""
    last = []

    def small():
        last[:] = [look()]
        return last[0] <= tolerance

    try:
        harness.eventually(small, what, seconds)
    except AssertionError:
        raise AssertionError(f"{what}: {last[0]}, at most {tolerance} were expected") from None

