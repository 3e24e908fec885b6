# SPDX-License-Identifier: Apache-2.0
"""Programs that load glacis.so by openssl.cnf alone: the file, the environment, and what the provider says of itself.

The module under test is named by the environment variable PROVIDER. One that was built with a sanitizer is loaded
together with the sanitizer's library.
"""
import os
import re
import subprocess
import sys
import tempfile

import harness
from harness import SCRATCH, check
from service import SANITIZER_REPORT

DEFAULT_SECTION = "[default_section]\nactivate = 1\n"


def module_folder():
    path = os.environ.get("PROVIDER")
    if not path:
        sys.exit("PROVIDER is not set: name the module to test, as in PROVIDER=build/engine/provider/glacis.so")
    return os.path.dirname(os.path.abspath(path))


def _needs(symbol):
    with open(os.path.join(module_folder(), "glacis.so"), "rb") as module:
        return symbol in module.read()


def sanitized():
    """The sanitizer the module was built with, as its library is called; "" when with none."""
    return "asan" if _needs(b"__asan_init") else "tsan" if _needs(b"__tsan_init") else ""


class Configuration:
    """An openssl.cnf with glacis before default; `settings` go to its section, `properties` to the whole program."""

    def __init__(self, settings="", properties="?provider=glacis"):
        number, self.path = tempfile.mkstemp(suffix=".cnf", dir=SCRATCH)
        self.log = self.path + ".log"
        algorithms = f"[algorithms]\ndefault_properties = {properties}\n" if properties else ""
        section = "alg_section = algorithms\n" if properties else ""
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write("openssl_conf = start\n[start]\nproviders = all_providers\n" + section +
                       "[all_providers]\nglacis = glacis_section\ndefault = default_section\n"
                       f"[glacis_section]\nactivate = 1\nlog = {self.log}\n{settings}\n{DEFAULT_SECTION}{algorithms}"
                       "[req]\ndistinguished_name = name\n[name]\n")
        os.chmod(self.path, 0o644)
        with open(self.log, "w", encoding="ascii"):
            pass
        os.chmod(self.log, 0o666)  # workers are other users than their master

    def environment(self, **more):
        made = dict(os.environ, OPENSSL_CONF=self.path, OPENSSL_MODULES=module_folder(), **more)
        made.pop("SSL_CERT_FILE", None)
        if sanitized():
            library = subprocess.run(["gcc", f"-print-file-name=lib{sanitized()}.so"], stdout=subprocess.PIPE, check=True)
            made["LD_PRELOAD"] = library.stdout.decode().strip()
            # The programs are not ours, nor are their leaks, nor what they do with descriptors in several threads.
            made["ASAN_OPTIONS"] = f"detect_leaks=0:{os.environ.get('ASAN_OPTIONS', '')}"
            made["TSAN_OPTIONS"] = f"ignore_noninstrumented_modules=1:{os.environ.get('TSAN_OPTIONS', '')}"
        return made

    def run(self, *command, data=b"", timeout=120, status=0, **more):
        """Runs a program with the provider to its end."""
        done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                              check=False, env=self.environment(**more))
        text = done.stderr.decode(errors="replace")
        check(not SANITIZER_REPORT.search(text), f"{' '.join(command)}: sanitizer report:\n{text}")
        if status is not None and done.returncode != status:
            raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}, expected {status}\n"
                                 f"stdout: {harness.shorten(done.stdout)}\nstderr: {harness.shorten(done.stderr)}")
        return done

    def openssl(self, *arguments, **options):
        return self.run(harness.need("openssl"), *arguments, **options)

    def lines(self):
        with open(self.log, encoding="ascii") as file:
            return file.read().splitlines()

    def counters(self):
        """The sums over the last line of each process."""
        last = {}
        for line in self.lines():
            if " threads=" not in line:
                continue  # what is said of the card
            last[re.search(r"pid (\d+)", line).group(1)] = line
        sums = {}
        for line in last.values():
            for name, value in re.findall(r" ([a-z0-9-]+)=(\d+)", line):
                sums[name] = sums.get(name, 0) + int(value)
        return sums

    def forget(self):
        with open(self.log, "w", encoding="ascii"):
            pass
