# SPDX-License-Identifier: Apache-2.0
"""glacis flash on a PCI function: in a virtual machine the emulated card sits in a slot, an image is written through its
registers, booted, looked at and confirmed, and one that computes wrong is taken back.

The card loses its configuration space when it boots, as an FPGA does, so that the command must give it back. Everything
is emulated but the code: the kernel's PCI and sysfs, and the command. usage: test_flash_pci.py REPOSITORY GLACIS_VCARD GLACIS
"""
import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys

import guest
from trixie import CANNOT, GUEST_ROOT, Report, enter

REPOSITORY, VCARD, GLACIS = (os.path.abspath(path) for path in sys.argv[1:4])
sys.path.insert(0, os.path.join(REPOSITORY, "fpga_bitstreams"))
import images  # pylint: disable=wrong-import-position

FOLDER = os.path.join(REPOSITORY, "build", "guest-flash")
DEVICE = "pci:" + guest.ADDRESS
LIMIT_S = 600
MEMORY_MIB = 512
COMMIT = "00112233445566778899aabbccddeeff00112233"
FIELDS = {"target": "vcard", "version": "9.9", "board": "MODEL", "part": "glacis-vcard", "package": "none", "speed": "none",
          "idcode": "0x6c410001", "build_id": "0x7766554433221100", "tools": {}, "seed": 0, "fmax_mhz": None,
          "fmax_target_mhz": None, "timing_met": True, "features": [], "host_interface": "vfio-user",
          "tested_on": "simulation", "git_commit": COMMIT, "git_dirty": False}


def pack(name, fault):
    """An image in a folder of its own, signed with key.pem."""
    images.make_vcard(argparse.Namespace(bitstream=f"{name}.bit", commit=COMMIT, date="1700000000", size=65536, fault=fault))
    for path, text in (f"{name}.json", json.dumps(FIELDS)), (f"{name}.txt", "nothing was placed or routed\n"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    images.pack(argparse.Namespace(folder=name, bitstream=f"{name}.bit", fields=f"{name}.json", key="key.pem",
                                   report=f"{name}.txt"))


def make_images():
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "key.pem"], check=True)
    subprocess.run(["openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "key.pub.pem"], check=True)
    for name, fault in ("good", None), ("wrong", "wrong"):
        os.makedirs(name)
        pack(name, fault)


def flash(*words):
    return shlex.join([GLACIS, "flash", "--device", DEVICE, "--key", "/key.pub.pem", *words])


TRY_DRIVER = (f"echo uio_pci_generic >/sys/bus/pci/devices/{guest.ADDRESS}/driver_override; "
              f"echo {guest.ADDRESS} >/sys/bus/pci/drivers/uio_pci_generic/bind; {flash('--yes', '/good')}")
# what runs, its exit status, and what it must say
STEPS = {
    "the golden image runs": (flash("--json"), 0, ['"segment": 0']),
    "an image is written and stays": (flash("--yes", "/good"), 0, ["confirmed"]),
    "it runs": (flash("--json"), 0, ['"segment": 1', '"build_id": "0x7766554433221100"']),
    "one that computes wrong is taken back": (flash("--yes", "/wrong"), 1, ["wrong answers", "the golden image runs again"]),
    "the golden image runs again": (flash("--json"), 0, ['"segment": 0']),
    "a card with a driver is left alone": (TRY_DRIVER, 1, ["the driver uio_pci_generic has the card"]),
}


def initrd(modules):
    archive = guest.base(GUEST_ROOT, modules)
    archive.program(GLACIS)
    archive.copy("key.pub.pem", "key.pub.pem")
    for name in ("good", "wrong"):
        for member in os.listdir(name):
            archive.copy(f"{name}/{member}")
    archive.file("commands", "".join(f"{name}\t{step[0]} 2>&1\n" for name, step in STEPS.items()).encode())
    archive.write("initrd")


def judge(name, result):
    """What is wrong with a step's result; None: nothing."""
    if result is None or result.status is None:
        return "did not come to its end"
    text = "\n".join(result.lines)
    if result.status != STEPS[name][1]:
        return f"exit status {result.status}"
    missing = [word for word in STEPS[name][2] if word not in text]
    return f"does not say {missing}" if missing else None


def run_steps(report, modules):
    make_images()
    initrd(modules)
    card = guest.start_card(VCARD, "--flash", "flash", "--in-slot")
    try:
        results, console = guest.run(guest.command(enter("guest"), "/glacis/build/guest-flash", False, MEMORY_MIB,
                                                   f"glacis.driver=none glacis.card={guest.ADDRESS}"), LIMIT_S, None)
    finally:
        ended = card.poll()
        card.terminate()
        card.wait()
    for name in STEPS:
        problem = judge(name, results.get(name))
        if problem:
            for line in results[name].lines if name in results else console[-40:]:
                print(f"# {line}")
        report.line(problem is None, name + (f" ({problem})" if problem else ""))
    report.line(ended is None, "the card lives")


def main():
    report = Report()
    found = subprocess.run([*enter("guest"), "qemu-system-x86_64", "--version"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if found.returncode == CANNOT:
        print(f"ok 1 - a guest # SKIP {found.stdout.strip().splitlines()[-1]}\n1..1")
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    os.chdir(FOLDER)  # a socket's path must be short
    kernel = guest.kernel_of(GUEST_ROOT)
    if report.line(found.returncode == 0 and kernel is not None, "QEMU and a kernel are there"):
        shutil.copy(kernel[0], "kernel")
        run_steps(report, kernel[1])
    os.chdir(REPOSITORY)
    shutil.rmtree(FOLDER, ignore_errors=True)
    report.end()


main()
