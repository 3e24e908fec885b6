# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end driver shares: the TAP runner, glacisd as a child, certificates, clients.

A driver is a file test_<theme>.py whose functions carry @test and whose last line is `main()`. glacisd is
the program named by the environment variable GLACISD. Every glacisd started here must end with status 0
and without a sanitizer report, or the test that started it fails. GLACIS_E2E_SCALE divides volumes (slow
builds set it); nothing else may depend on it.
"""
import atexit
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SCALE = max(1, int(os.environ.get("GLACIS_E2E_SCALE", "1")))
SCRATCH = tempfile.mkdtemp(prefix="glacis-e2e-")
os.chmod(SCRATCH, 0o755)  # glacisd, started as root, becomes "nobody" and must reach sockets in here
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer")
_tests = []


class Skip(Exception):
    """Raised by a test that cannot run here; its text is the reason."""


def test(function):
    """Registers a test; its name is the function's, with spaces for underscores."""
    _tests.append(function)
    return function


def main():
    """Runs the registered tests (those that contain a word of the command line, when there is one) as TAP."""
    chosen = [t for t in _tests if len(sys.argv) < 2 or any(word in t.__name__ for word in sys.argv[1:])]
    failures = 0
    print(f"1..{len(chosen)}", flush=True)
    for number, function in enumerate(chosen, 1):
        name = function.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            function()
            print(f"ok {number} - {name}")
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        except Exception:  # pylint: disable=broad-except
            failures += 1
            print(f"not ok {number} - {name}")
            trace = traceback.format_exc()
            note(trace)
            print(f"{name}:\n{trace}", file=sys.stderr)  # meson shows the standard error of what failed
        finally:
            Glacisd.kill_leftovers()
        print(f"# {name}: {time.monotonic() - started:.2f} s", flush=True)
    sys.exit(1 if failures else 0)


def note(text):
    """A TAP diagnostic line."""
    for line in str(text).splitlines():
        print(f"# {line}", flush=True)


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: got {shorten(actual)}, expected {shorten(expected)}")


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def shorten(value, limit=600):
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + f"... ({len(text)} characters)"


def eventually(condition, what, seconds=5.0):
    """Waits until condition() is true; returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def need(program):
    """The path of a client program, or Skip."""
    path = shutil.which(program)
    if not path:
        raise Skip(f"{program} is not installed (scripts/setup test installs it)")
    return path


def run(*command, data=None, timeout=60, status=0):
    """Runs a program to its end. Returns the CompletedProcess; its output is bytes. `status` None: any."""
    done = subprocess.run(command, input=data if data is not None else b"", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, check=False)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}, expected {status}\n"
                             f"stdout: {shorten(done.stdout)}\nstderr: {shorten(done.stderr)}")
    return done


_ports_given = set()


def free_port():
    """A TCP port of 127.0.0.1 nobody listens on, below the kernel's ephemeral range."""
    seed = os.getpid() * 7919
    for attempt in range(2000):
        port = 12000 + (seed + attempt * 13) % 18000
        if port in _ports_given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _ports_given.add(port)
        return port
    raise AssertionError("no free port between 12000 and 30000")


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

    def wait_ready(self, seconds=20):
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
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=10)
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

    def expect_counter(self, name, at_least=1, seconds=5.0):
        eventually(lambda: self.counter(name) >= at_least, f"{name} reaches {at_least}", seconds)

    def expect_idle(self, seconds=10.0):
        """Waits until no connection is open."""
        eventually(lambda: self.gauge("connections_open") == 0, "no connection open", seconds)

    def memory(self):
        """Anonymous resident memory in bytes: what glacisd itself took."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
            return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1)) * 1024

    def descriptors(self):
        """Number of open file descriptors, or None (glacisd is not dumpable: only root may look)."""
        time.sleep(0.3)  # the connection of our last look at /metrics is being closed
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except PermissionError:
            return None

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


def glacisd_path():
    path = os.environ.get("GLACISD")
    if not path:
        sys.exit("GLACISD is not set: name the glacisd to test, as in GLACISD=build/engine/frontend/glacisd")
    return path


def sanitized():
    """True when the glacisd under test was built with AddressSanitizer."""
    with open(glacisd_path(), "rb") as program:
        return b"__asan_init" in program.read()


def environment():
    """glacisd is not dumpable and sandboxed, so LeakSanitizer cannot attach to it at exit."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return dict(os.environ, ASAN_OPTIONS=f"{options}:detect_leaks=0".lstrip(":"))


def glacisd_once(*arguments, timeout=20):
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
            connection.settimeout(60)
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
