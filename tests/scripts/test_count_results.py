# SPDX-License-Identifier: Apache-2.0
"""scripts/count-results over what the real meson writes about programs that pass, fail, die, stop short and hang.

Called with the path of count-results.
"""
import os
import subprocess
import sys
import tempfile

# name: (shell commands, protocol)
PROGRAMS = {
    "good": ('printf "1..2\\nok 1 - first\\nok 2 - second # SKIP why\\n"', "tap"),
    "bad": ('printf "1..2\\nok 1 - first\\nnot ok 2 - it breaks\\n"; exit 1', "tap"),
    "dies": ('printf "1..1\\nok 1 - first\\n"; kill -9 $$', "tap"),
    "short": ('printf "1..2\\nok 1 - first\\n"', "tap"),
    "plain good": ("exit 0", "exitcode"),
    "plain bad": ("exit 3", "exitcode"),
    "plain skip": ("exit 77", "exitcode"),
    "hangs": ("sleep 60", "exitcode"),
}
FAILURES = """failed (stage: program: subtest):
  some: bad: 2 - it breaks
  some: dies: ended with ERROR
  some: short: ended with ERROR
  some: plain bad: ended with FAIL
  some: hangs: ended with TIMEOUT
"""


def run_meson(folder, programs):
    """Runs these programs as one stage; returns the path of its results."""
    with open(os.path.join(folder, "meson.build"), "w", encoding="ascii") as file:
        file.write("project('sample')\nsh = find_program('sh')\n")
        for name in programs:
            commands, protocol = PROGRAMS[name]
            file.write(f"test('{name}', sh, args: ['-c', '''{commands}'''], protocol: '{protocol}', "
                       f"timeout: {1 if name == 'hangs' else 60})\n")
    build = os.path.join(folder, "build")
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["meson", "setup", "--wipe" if os.path.exists(build) else "--backend=ninja", build], check=True,
                   **quiet)
    subprocess.run(["meson", "test", "-C", build, "--logbase", "testlog-some", "--num-processes", "1"], check=False, **quiet)
    return os.path.join(build, "meson-logs", "testlog-some.junit.xml")


def count(*paths):
    done = subprocess.run([sys.argv[1], *paths], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


def main():
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        path = run_meson(folder, PROGRAMS)
        cases.append(("failures are named and counted", count(path), (1, FAILURES + "5 passed, 5 failed, 2 skipped\n")))
        cases.append(("stages add up", count(path, path),
                      (1, FAILURES + "".join(FAILURES.splitlines(True)[1:]) + "10 passed, 10 failed, 4 skipped\n")))
        gone = os.path.join(folder, "testlog-gone.junit.xml")
        cases.append(("a stage without results is a failure", count(gone),
                      (1, f"failed (stage: program: subtest):\n  gone: meson left no results in {gone}\n"
                          "0 passed, 1 failed, 0 skipped\n")))
        path = run_meson(folder, ["good", "plain good"])
        cases.append(("without a failure only the count", count(path), (0, "2 passed, 0 failed, 1 skipped\n")))
        path = run_meson(folder, ["plain skip"])
        cases.append(("nothing that ran is no success", count(path), (1, "0 passed, 0 failed, 1 skipped\n")))
    print(f"1..{len(cases)}")
    for number, (name, actual, expected) in enumerate(cases, 1):
        if actual == expected:
            print(f"ok {number} - {name}")
        else:
            print(f"not ok {number} - {name}\n# got {actual!r}\n# expected {expected!r}")
    return 0 if all(actual == expected for _, actual, expected in cases) else 1


if __name__ == "__main__":
    sys.exit(main())
