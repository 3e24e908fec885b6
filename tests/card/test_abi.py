# SPDX-License-Identifier: Apache-2.0
"""The generator of the card's ABI: committed copies are fresh, what it makes compiles, and a source that contradicts
itself is refused with the place named.

Usage: test_abi.py ABI.PY REGISTERS.TOML SOURCE_ROOT CC...
"""
import os
import shutil
import subprocess
import sys
import tempfile

ABI, REGISTERS, ROOT, *CC = sys.argv[1:]
SCRATCH = tempfile.mkdtemp(prefix="glacis-abi-")


def make(source, *options):
    return subprocess.run([sys.executable, ABI, source, *options], capture_output=True, text=True, check=False)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def made(option):
    path = os.path.join(SCRATCH, f"made.{option}")
    done = make(REGISTERS, f"--{option}", path)
    assert done.returncode == 0, done.stderr
    return path


def fresh(option, committed):
    assert read(made(option)) == read(os.path.join(ROOT, committed)), f"{committed} is stale: run ninja card-abi"


def the_package_in_the_tree_is_fresh():
    fresh("sv", "fpga_bitstreams/rtl/glacis_card_pkg.sv")


def the_page_in_the_tree_is_fresh():
    fresh("md", "docs/card-abi.md")


def the_header_compiles_alone_and_its_sizes_hold():
    header = os.path.join(SCRATCH, "glacis_card_abi.h")
    shutil.copy(made("c"), header)
    subprocess.run([*CC, "-std=gnu11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c", header],
                   check=True)


# Sizes and places of the package, as a simulator sees them: the first member lies in the lowest bits.
BENCH = """
module top;
  import glacis_card_pkg::*;
  aead_t aead;
  completion_t completion;
  initial begin
    aead = '0;
    aead.opcode = OPCODE_SEAL;
    aead.aad_address = 64'h8877665544332211;
    completion = '0;
    completion.phase = 16'h1;
    $display("%0d %0d %h %h %h", $bits(aead), $bits(completion), aead[7:0], aead[1023:960], completion[127:112]);
  end
endmodule
"""


def the_package_is_systemverilog():
    if not shutil.which("iverilog"):
        return "iverilog is not installed (scripts/setup test installs it)"
    bench, program = os.path.join(SCRATCH, "top.sv"), os.path.join(SCRATCH, "top.vvp")
    with open(bench, "w", encoding="utf-8") as file:
        file.write(BENCH)
    subprocess.run(["iverilog", "-g2012", "-o", program, made("sv"), bench], check=True)
    said = subprocess.run(["vvp", "-n", program], check=True, capture_output=True, text=True).stdout.split()
    assert said == ["1024", "128", "01", "8877665544332211", "0001"], said
    return None


# What is changed in the source, into what, and what must be said of it.
CONTRADICTIONS = [
    ("a field over another", 'name = "MAJOR", bits = "31:16"', 'name = "MAJOR", bits = "31:15"', "IDENTITY.ABI.MAJOR"),
    ("a field outside its register", 'name = "MAJOR", bits = "31:16"', 'name = "MAJOR", bits = "32:16"', "32:16"),
    ("a register over another", 'name = "ABI", offset = 0x04', 'name = "ABI", offset = 0x00', "IDENTITY.ABI"),
    ("a register off its alignment", 'name = "CLOCK_KHZ", offset = 0x3c', 'name = "CLOCK_KHZ", offset = 0x3e', "0x3e"),
    ("an unknown access", 'name = "BOARD", offset = 0x28, access = "ro"', 'name = "BOARD", offset = 0x28, access = "xo"',
     "'xo'"),
    ("a layout of another size", "[layouts.SEGMENT]\nsize = 16", "[layouts.SEGMENT]\nsize = 24", "SEGMENT"),
    ("a member off its alignment", '{ name = "kind", type = "u8"', '{ name = "kind", type = "u16"', "KEY.kind"),
    ("a value twice", 'name = "OPEN", value = 0x02', 'name = "OPEN", value = 0x01', "OPCODE"),
    ("a register without a word", 'access = "ro", doc = "Kind of board; enumeration BOARD."', 'access = "ro"',
     "IDENTITY.BOARD"),
    ("no TOML", "[abi]", "[abi", "Expected"),
]


def contradictions_are_refused():
    source = read(REGISTERS)
    for name, before, after, place in CONTRADICTIONS:
        assert source.count(before) == 1, f"{name}: the source has changed, {before!r} is there {source.count(before)} times"
        path = os.path.join(SCRATCH, "bad.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(source.replace(before, after))
        out = os.path.join(SCRATCH, "bad.h")
        done = make(path, "--c", out)
        assert done.returncode == 1 and place in done.stderr, f"{name}: status {done.returncode}, {done.stderr!r}"
        assert not os.path.exists(out), f"{name}: something was written"


TESTS = [the_package_in_the_tree_is_fresh, the_page_in_the_tree_is_fresh, the_header_compiles_alone_and_its_sizes_hold,
         the_package_is_systemverilog, contradictions_are_refused]


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        name = test.__name__.replace("_", " ")
        try:
            skip = test()
            print(f"ok {number} - {name}" + (f" # SKIP {skip}" if skip else ""), flush=True)
        except (AssertionError, subprocess.CalledProcessError) as problem:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            print(f"{name}: {problem}", file=sys.stderr)
    shutil.rmtree(SCRATCH, ignore_errors=True)
    sys.exit(1 if failed else 0)


main()
