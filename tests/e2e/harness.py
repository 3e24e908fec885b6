# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end driver shares: the TAP runner, checks, waiting, programs run to their end.

A driver is a file test_<theme>.py whose functions carry @test and whose last line is `main()`; what it tests is
in service.py. GLACIS_E2E_SCALE divides volumes (slow builds set it); nothing else may depend on it.

A loaded machine must not fail a test. So nothing is expected at once, nor after a fixed pause: eventually()
waits for what must come, up to PATIENCE, which only something that hangs reaches; at_best() judges speed by the
best of several attempts; and a counter that must have one value is waited for with that value.
"""
import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

SCALE = max(1, int(os.environ.get("GLACIS_E2E_SCALE", "1")))
PATIENCE = 60.0  # seconds; what takes longer will never come
SCRATCH = tempfile.mkdtemp(prefix="glacis-e2e-")
os.chmod(SCRATCH, 0o755)  # glacisd, started as root, becomes "nobody" and must reach sockets in here
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

# Where Debian keeps servers, which is not in the PATH of a plain user.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])

after_each = []  # functions called after each test, to take down what it left behind
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
            for function in after_each:
                function()
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


def eventually(condition, what, seconds=PATIENCE):
    """Waits until condition() is true; returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def at_best(limit, attempt, what, tries=10):
    """Makes attempts until one took less than `limit` seconds. attempt() returns the seconds it took.

    What is too slow by itself is so each time; what had to wait for others on the machine is not.
    """
    took = []
    while len(took) < tries:
        took.append(attempt())
        if took[-1] < limit:
            note(f"{what}: {took[-1]:.3f} s, attempt {len(took)}")
            return
    raise AssertionError(f"{what}: more than {limit} s each time: {took}")


def need(program):
    """The path of a client program, or Skip."""
    path = shutil.which(program)
    if not path:
        raise Skip(f"{program} is not installed (scripts/setup test installs it)")
    return path


def run(*command, data=None, timeout=2 * PATIENCE, status=0):
    """Runs a program to its end. Returns the CompletedProcess; its output is bytes. `status` None: any."""
    done = subprocess.run(command, input=data if data is not None else b"", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, check=False)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}, expected {status}\n"
                             f"stdout: {shorten(done.stdout)}\nstderr: {shorten(done.stderr)}")
    return done


_ports_given = {}


def reserve(port):
    """Makes the port ours among the drivers that run at this time; False when it is another's."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        mark.bind(f"\0glacis-e2e-port-{port}")
    except OSError:
        mark.close()
        return False
    _ports_given[port] = mark
    return True


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
        if reserve(port):
            return port
    raise AssertionError("no free port between 12000 and 30000")
