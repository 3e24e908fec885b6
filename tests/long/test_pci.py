# SPDX-License-Identifier: Apache-2.0
"""The driver's PCI transport: in a virtual machine the emulated card is a PCI function, bound to vfio-pci behind an
IOMMU, then to uio_pci_generic with physical addresses, and the driver's tests and dpdk-test-crypto-perf run there.
Behind the IOMMU, libglacis takes the function as its card as well.

Everything is emulated: the card, the processor, the IOMMU. What is real is the code: the kernel's PCI, VFIO and UIO,
DPDK's bus, and the driver. usage: test_pci.py REPOSITORY GLACIS_VCARD DRIVER FOLDER_OF_DRIVER_TESTS GLACIS GLACIS_CRYPTODEV TEST_OFFLOAD_DEVICES
"""
import os
import shlex
import shutil
import subprocess
import sys

import guest
from trixie import CANNOT, GUEST_ROOT, Report, enter

REPOSITORY, VCARD, DRIVER, PROGRAMS, GLACIS, MODULE, OFFLOAD = (os.path.abspath(path) for path in sys.argv[1:8])
KEYS = os.path.join(REPOSITORY, "tests", "vectors", "rsa")
FOLDER = os.path.join(REPOSITORY, "build", "guest")
CARD = "pci:" + guest.ADDRESS
PERF = "dpdk-test-crypto-perf"
IDENTITY = "libglacis: identity"
LIMIT_S = 900
MEMORY_MIB = 1024
HUGEPAGES = 150


def test_program(name):
    return os.path.join(PROGRAMS, "test_driver_" + name)


def perf(memory):
    """dpdk-test-crypto-perf, as tests/driver/perf runs it over a socket."""
    return [shutil.which(PERF), "-l", "0,1", *memory, "--no-telemetry", "-d", "librte_mempool_ring.so", "-d", DRIVER,
            "--allow", guest.ADDRESS, "--", "--devtype", "crypto_glacis", "--optype", "aead", "--aead-algo", "aes-gcm",
            "--aead-key-sz", "16", "--aead-iv-sz", "12", "--aead-aad-sz", "16", "--digest-sz", "16", "--aead-op",
            "encrypt", "--total-ops", "2000", "--burst-sz", "32", "--ptest", "throughput", "--buffer-sz", "64,1024"]


def commands(memory, iommu):
    """What runs in a guest, by name. libglacis takes no device with physical addresses."""
    listed = {
        "bus mastering and options": [test_program("pci"), CARD],
        "AES-GCM": [test_program("aead"), CARD, "300"],
        "RSA": [test_program("rsa"), CARD, KEYS, "20"],
        "queue pairs": [test_program("queues"), CARD],
        "faults of the card": [test_program("card_faults"), "/bin/glacis-vcard", CARD],
    }
    if iommu:
        listed[IDENTITY] = [GLACIS, "devices", "--device", CARD]
        listed["libglacis: known answers"] = [GLACIS, "selftest", "--device", CARD]
        listed["libglacis: operations"] = [OFFLOAD, CARD, KEYS, "rsa"]
    if shutil.which(PERF):
        listed[PERF] = perf(memory)
    return listed


def initrd(modules, listed):
    archive = guest.base(GUEST_ROOT, modules)
    for words in listed.values():
        archive.program(words[0])
    archive.program(DRIVER)
    archive.program(MODULE)
    mempool = "/usr/lib/x86_64-linux-gnu/librte_mempool_ring.so"
    if PERF in listed and os.path.exists(mempool):
        archive.copy(mempool)
    for key in os.listdir(KEYS):
        archive.copy(os.path.join(KEYS, key))
    archive.file("commands", "".join(f"{name}\t{shlex.join(words)}\n" for name, words in listed.items()).encode())
    archive.write("initrd")


def control(words):
    return subprocess.run([VCARD, "ctl", "--socket", "card.ctl", *words], stdout=subprocess.DEVNULL,
                          check=False).returncode


def judge(name, result):
    """What is wrong with a command's result; None: nothing."""
    if result is None or result.status is None:
        return "did not come to its end"
    if result.status != 0:
        return f"exit status {result.status}"
    if name == IDENTITY:
        said = [line.split() for line in result.lines]
        return None if ["id", CARD] in said and ["health", "up"] in said else "does not show the card"
    if name != PERF and not any(line.startswith("ok ") for line in result.lines):
        return "ran no test"
    if name == PERF and sum(line.split()[3:5] == ["2000", "2000"] for line in result.lines if line[:1] == " ") != 2:
        return "not all operations came back"
    return None


def try_driver(report, driver, iommu, memory, modules):
    listed = commands(memory, iommu)
    initrd(modules, listed)
    card = guest.start_card(VCARD)
    words = f"glacis.driver={driver} glacis.card={guest.ADDRESS}{'' if iommu else f' glacis.hugepages={HUGEPAGES}'}"
    try:
        results, console = guest.run(guest.command(enter("guest"), "/glacis/build/guest", iommu, MEMORY_MIB, words),
                                     LIMIT_S, control)
    finally:
        ended = card.poll()
        card.terminate()
        card.wait()
    for name in listed:
        problem = judge(name, results.get(name))
        if problem:
            for line in results[name].lines if name in results else console[-40:]:
                print(f"# {line}")
        report.line(problem is None, f"{driver}: {name}" + (f" ({problem})" if problem else ""))
    report.line(ended is None, f"{driver}: the card lives")


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
        try_driver(report, "vfio-pci", True, ["--no-huge", "--no-shconf", "-m", "192"], kernel[1])
        try_driver(report, "uio_pci_generic", False, ["--in-memory"], kernel[1])
    os.chdir(REPOSITORY)
    shutil.rmtree(FOLDER, ignore_errors=True)
    report.end()


main()
