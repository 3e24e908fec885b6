#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`glacis-bench card --backend rtl --quick`: its rows are there, and what it says of the logic is within bounds.

usage: test_bench_rtl.py GLACIS_BENCH
"""
import json
import subprocess
import sys

FIGURES = 2  # rows of each figure: one for each target


def main(program):
    run = subprocess.run([program, "card", "--backend", "rtl", "--quick", "--json", "-"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=True)
    report = json.loads(run.stdout)
    records = [row for row in report["results"] if row["what"] == "rtl-record"]
    rsa = [row for row in report["results"] if row["what"] == "rtl-rsa"]
    checks = []

    checks.append((report["bench"] == "card" and b"ASSUMED" in run.stderr, "says which clock is assumed"))
    sizes = {(row["size"], row["key_bits"], row["direction"]) for row in records}
    checks.append((sizes == {(size, bits, way) for size in (1024, 4096, 16384) for bits in (128, 256)
                             for way in ("seal", "open")} and len(records) == FIGURES * len(sizes), "all records"))
    for row in records:
        blocks = row["size"] / 16
        good = blocks <= row["cycles_in_company"] < 1.2 * blocks + 12 and row["cycles_alone"] < 320 + 1.6 * blocks
        good = good and abs(row["gbps"] - min(row["pipe_gbps"], row["link_gbps"])) < 1e-6
        checks.append((good, "%(size)d bytes, %(direction)s, %(key_bits)d bits, %(target)s" % row))
    most = {(1024, "private"): 160000, (2048, "private"): 800000, (1024, "public"): 20000, (2048, "public"): 50000,
            (1024, "key load"): 20000, (2048, "key load"): 50000}
    checks.append((len(rsa) == FIGURES * len(most), "all RSA operations"))
    for row in rsa:
        checks.append((0.5 * most[row["bits"], row["operation"]] < row["cycles"] < most[row["bits"], row["operation"]],
                       "RSA of %(bits)d bits, %(operation)s: %(cycles)d cycles" % row))
    for number, (good, name) in enumerate(checks, 1):
        print("%sok %d - %s" % ("" if good else "not ", number, name))
    print("1..%d" % len(checks))
    return not all(good for good, _ in checks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
