# SPDX-License-Identifier: Apache-2.0
"""glacisd as a child of a driver, its certificates, the plain backends behind it.

glacisd is the program named by the environment variable GLACISD. Every one started here must end with status 0
and without a sanitizer report, or the test that started it fails.
"""
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from harness import PATIENCE, SCRATCH, after_each, check, equal, eventually, free_port, need, note, run

PATIENT = "timeouts:\n  handshake_ms: 120000\n  connect_ms: 120000\n"  # for tests with many handshakes at a time
SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer")


class Certificate:
    """A self-signed certificate for localhost and 127.0.0.1. kind: "rsa", "rsa3072" or "ecdsa"."""
    _made = {}

    def __init__(self, kind):
        self.kind = kind
        self.cert = os.path.join(SCRATCH, f"{kind}-cert.pem")
        self.key = os.path.join(SCRATCH, f"{kind}-key.pem")
        algorithm = {"rsa": ["rsa:2048"], "rsa3072": ["rsa:3072"],
                     "ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}[kind]
        run(need("openssl"), "req", "-x509", "-newkey", *algorithm, "-nodes", "-sha256", "-days", "30", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key,
            "-out", self.cert)

    @classmethod
    def get(cls, kind):
        if kind not in cls._made:
            cls._made[kind] = cls(kind)
        return cls._made[kind]


class Glacisd:
    """A running glacisd. Use as a context manager: leaving it stops glacisd and checks how it ended."""
    _live = []

    def __init__(self, backend="builtin", cert="ecdsa", yaml=None, options=(), wait=True, wrapper=()):
        self.certificate = Certificate.get(cert)
        self.port = free_port()
        self.admin = free_port()
        self.errors = os.path.join(SCRATCH, f"glacisd-{self.port}.log")
        arguments = ["--listen", f"127.0.0.1:{self.port}", "--backend", backend, "--cert", self.certificate.cert,
                     "--key", self.certificate.key, "--admin", f"127.0.0.1:{self.admin}", "--workers", "2"]
        if yaml is not None:
            path = os.path.join(SCRATCH, f"glacisd-{self.port}.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(yaml)
            arguments = ["-c", path] + arguments
        self.command = list(wrapper) + [glacisd_path(), *arguments, *options]
        path = os.path.join(SCRATCH, f"notify-{self.port}")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        os.chmod(path, 0o777)
        self.started_waited = waited("/proc/thread-self/schedstat")
        self.started = time.monotonic()
        with open(self.errors, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(environment(), NOTIFY_SOCKET=path))
        Glacisd._live.append(self)
        if wait:
            self.wait_ready()

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_ready(self, seconds=PATIENCE):
        """Waits until glacisd tells the service manager (sd_notify) that it is ready."""
        deadline = time.monotonic() + seconds
        self.notify.settimeout(0.1)
        while True:
            try:
                if b"READY=1" in self.notify.recv(4096).splitlines():
                    return
            except TimeoutError:
                pass
            if self.process.poll() is not None:
                raise AssertionError(f"glacisd ended with {self.process.returncode} at start: {self.log()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"glacisd is not ready after {seconds} s: {self.log()}")

    def url(self, path="/"):
        return f"https://127.0.0.1:{self.port}{path}"

    def admin_get(self, path):
        """(status, body as text, content type) of the admin server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body, answer.getheader("Content-Type", "")

    def metrics(self):
        """Every sample of /metrics without labels, or summed over its labels: name -> number."""
        status, body, _ = self.admin_get("/metrics")
        equal(status, 200, "/metrics status")
        samples = {}
        for line in body.splitlines():
            if line and not line.startswith("#"):
                name, value = re.match(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})? (\S+)", line).groups()
                samples[name] = samples.get(name, 0) + float(value)
        return samples

    def counter(self, name):
        """glacisd_<name>_total."""
        return int(self.metrics()[f"glacisd_{name}_total"])

    def gauge(self, name):
        return int(self.metrics()[f"glacisd_{name}"])

    def nonzero(self):
        """What /metrics says, without zeros, or why it says nothing."""
        try:
            return {name: number for name, number in self.metrics().items() if number}
        except (AssertionError, OSError, http.client.HTTPException) as problem:
            return problem

    def expect_counter(self, name, number=1):
        """Waits until the counter has come to `number`; it must not pass it."""
        eventually(lambda: self.counter(name) >= number, f"{name} reaches {number}")
        equal(self.counter(name), number, name)

    def expect_idle(self, accepted=None, timeouts=0):
        """Waits until no connection is open; all counters are final then.

        A client that left before its handshake may not even have been accepted yet: a test with such clients
        must say how many connections it made. Connections that only a time-out ended are not expected to.
        """
        if accepted is not None:
            self.expect_counter("connections_accepted", accepted)
        eventually(lambda: self.gauge("connections_open") == 0, "no connection open")
        metrics = self.metrics()
        ended = {name: int(metrics[f"glacisd_{name}_timeouts_total"]) for name in ("handshake", "connect", "idle")}
        equal(sum(ended.values()), timeouts, f"connections ended by a time-out ({ended})")

    def memory(self):
        """Anonymous resident memory in bytes: what glacisd itself took."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
            return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024

    def _links(self):
        """What glacisd's descriptors are, or None: glacisd is not dumpable, and only root may look then."""
        links = []
        try:
            for number in os.listdir(f"/proc/{self.pid}/fd"):
                try:
                    links.append(os.readlink(f"/proc/{self.pid}/fd/{number}"))
                except FileNotFoundError:  # closed since
                    pass
        except PermissionError:
            return None
        return links

    def descriptors_at_rest(self):
        """Number of descriptors glacisd has open while it does nothing: no socket but those that listen."""
        links = self._links()
        if links is None:
            return None
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        listening = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}
        return sum(not link.startswith("socket:") or link in listening for link in links)

    def expect_descriptors(self, number):
        """Waits until exactly that many are open; what our looks at /metrics opened is closed soon."""
        if number is not None:
            eventually(lambda: len(self._links()) == number, f"exactly {number} descriptors are open")

    def waited_for_a_processor(self):
        """Seconds that glacisd's threads were ready to run and did not, summed up: others had the processors."""
        return sum(waited(f"/proc/{self.pid}/task/{task}/schedstat") for task in os.listdir(f"/proc/{self.pid}/task"))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def finish(self, seconds=60, status=0):
        """Waits for the end and checks it."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"glacisd did not end within {seconds} s of SIGTERM; log: {self.log()}") from None
        finally:
            self.notify.close()
            if self in Glacisd._live:
                Glacisd._live.remove(self)
        log = self.log()
        check(not SANITIZER_REPORT.search(log), f"sanitizer report:\n{log}")
        equal(code, status, f"glacisd's exit status (log: {log})")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(f"# counters when it failed: {self.nonzero()}", file=sys.stderr, flush=True)
        if self.process.poll() is None:
            self.terminate()
        try:
            self.finish()
        except AssertionError as problem:
            if kind is None:
                raise
            note(f"while cleaning up: {problem}")
        if kind is not None:
            note(f"glacisd's log:\n{self.log()[-3000:]}")

    @classmethod
    def kill_leftovers(cls):
        for left in list(cls._live):
            left.process.kill()
            left.process.wait()
            cls._live.remove(left)


after_each.append(Glacisd.kill_leftovers)


def waited(schedstat):
    """Seconds on a run queue, from a file of /proc; 0 where the kernel does not count them."""
    try:
        with open(schedstat, encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def glacisd_path():
    path = os.environ.get("GLACISD")
    if not path:
        sys.exit("GLACISD is not set: name the glacisd to test, as in GLACISD=build/engine/frontend/glacisd")
    return path


def sanitized():
    """True when the glacisd under test was built with AddressSanitizer or ThreadSanitizer."""
    with open(glacisd_path(), "rb") as program:
        content = program.read()
    return b"__asan_init" in content or b"__tsan_init" in content


def environment():
    """glacisd is not dumpable and sandboxed, so LeakSanitizer cannot attach to it at exit."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return dict(os.environ, ASAN_OPTIONS=f"{options}:detect_leaks=0".lstrip(":"))


def glacisd_once(*arguments, timeout=PATIENCE):
    """Runs glacisd to its end; returns (status, stderr + stdout as text)."""
    done = subprocess.run([glacisd_path(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, env=environment(), check=False)
    text = done.stdout.decode(errors="replace")
    check(not SANITIZER_REPORT.search(text), f"sanitizer report:\n{text}")
    return done.returncode, text


class Origin:
    """A plain-text backend. `serve(connection)` runs in a thread for each connection, then it is closed."""

    def __init__(self, serve, path=None):
        self.serve = serve
        self.failures = []
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            os.chmod(path, 0o777)
            self.address = f"unix:{path}"
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.port = free_port()
            self.listener.bind(("127.0.0.1", self.port))
            self.address = f"127.0.0.1:{self.port}"
        self.listener.listen(4096)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.settimeout(PATIENCE)
            self.serve(connection)
        except OSError as problem:
            self.failures.append(problem)
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # close() alone leaves the kernel listening while accept() is blocked
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def echo(connection):
    """An origin that sends back what it gets, until the end of input."""
    while True:
        data = connection.recv(65536)
        if not data:
            return
        connection.sendall(data)


def reset(connection):
    """Makes close() send RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def context(certificate, version=None, ciphers=None):
    """A client's SSLContext that trusts `certificate`. version: "1.2", "1.3" or None for either."""
    made = ssl.create_default_context(cafile=certificate.cert)
    if version:
        wanted = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
        made.minimum_version = made.maximum_version = wanted
    if ciphers:
        made.set_ciphers(ciphers)
    return made


def receive_exactly(connection, size):
    """Reads `size` bytes from a socket."""
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise AssertionError(f"end of input with {size} bytes missing")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
