# SPDX-License-Identifier: Apache-2.0
"""Everything of the suite "quick" again in a Debian trixie: OpenSSL 3.5, nginx 1.26, HAProxy 3.0, DPDK 24.11, newer
ipsec-mb, liburing, compiler and curl.

Called with the repository's path. The root and the build stay in build/, so that only the first run takes long.
Each test program of there is one test here; the subtests that failed are named behind it.
"""
import glob
import json
import os
import subprocess

from trixie import CANNOT, REPOSITORY, Report, enter

BUILD = "build/trixie"
LOGS = os.path.join(REPOSITORY, BUILD, "meson-logs")
OPENSSL = (3, 5)


def inside(*command):
    """Runs a command in there. Its output becomes TAP diagnostics; returns status and last line."""
    last = ""
    with subprocess.Popen([*enter("build test driver"), *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        for line in process.stdout:
            last = line.strip() or last
            print(f"# {line.rstrip()}", flush=True)
    return process.returncode, last


def report_programs(report):
    """One line for each program that ran, with the names of what failed in it."""
    with open(os.path.join(LOGS, "testlog-trixie.json"), encoding="utf-8") as lines:
        programs = [json.loads(line) for line in lines if line.strip()]
    counted = subprocess.run([os.path.join(REPOSITORY, "scripts", "count-results"),
                              os.path.join(LOGS, "testlog-trixie.junit.xml")], stdout=subprocess.PIPE, text=True,
                             check=False).stdout.splitlines()
    for program in programs:
        name = program["name"].split(" / ")[-1]
        failed = [line.split(": ", 2)[2] for line in counted if line.startswith(f"  trixie: {name}: ")]
        report.line(program["result"] in ("OK", "SKIP") and not failed,
                    name + (f" (failed: {'; '.join(failed)})" if failed else "")
                    + (" # SKIP in there too" if program["result"] == "SKIP" else ""))
    print(f"# in there: {counted[-1]}")


def main():
    report = Report()
    status, version = inside("openssl", "version")
    if status == CANNOT:
        print(f"ok 1 - a Debian trixie # SKIP {version}\n1..1")
        return
    number = tuple(map(int, version.split(" ")[1].split(".")[:2])) if version.startswith("OpenSSL ") else (0,)
    report.line(status == 0 and number >= OPENSSL, f"OpenSSL 3.5 or newer is there ({version})")
    status, why = inside("scripts/driver-headers", "--adapt")
    origins = glob.glob(os.path.join(REPOSITORY, "build", "dpdk-headers", "24.*", "ORIGIN"))
    if origins:
        with open(origins[0], encoding="utf-8") as origin:
            why = origin.read().strip()
    report.line(True, "the DPDK driver is built and tested there too"
                + (f" # SKIP {why}" if status else f" ({why})" if origins else ""))
    setup = (f"[ -e {BUILD}/build.ninja ] || meson setup {BUILD} -Dtests=true --buildtype=release; "
             f"[ ! build/dpdk-headers -nt {BUILD}/build.ninja ] || meson setup --reconfigure {BUILD}")
    if report.line(inside("sh", "-ec", f"{setup}; ninja -C {BUILD} all meson-test-prereq")[0] == 0, "it builds there"):
        inside("sh", "-c", f"rm -f {BUILD}/meson-logs/testlog-trixie.*; exec meson test -C {BUILD} --no-rebuild "
               "--suite quick --logbase testlog-trixie --timeout-multiplier 2")
        report_programs(report)
    report.end()


main()
