# SPDX-License-Identifier: Apache-2.0
"""A small virtual machine: a kernel of Debian, an initial file system made of this machine's programs, and the emulated
card as a PCI function of it.

QEMU and the kernel are those of a Debian trixie (scripts/trixie-root), since attaching a vfio-user socket needs QEMU
10.1. The processor is emulated (TCG), so the guest is slow but needs no KVM. Its programs are this machine's, copied
with their libraries, so that what runs in the guest is the build under test.
"""
import glob
import lzma
import os
import re
import stat
import subprocess
import sys
import threading
import time

MODULES = ("virt/lib/irqbypass", "drivers/uio/uio", "drivers/uio/uio_pci_generic", "drivers/vfio/vfio",
           "drivers/vfio/vfio_iommu_type1", "drivers/vfio/pci/vfio-pci-core", "drivers/vfio/pci/vfio-pci")
SLOT = "10"  # of the card on the bus, so that its address is known
ADDRESS = f"0000:00:{SLOT}.0"
START_S = 10


class Archive:
    """An initial file system, in the kernel's "newc" format (Documentation/driver-api/early-userspace/buffer-format)."""

    def __init__(self):
        self.parts = []
        self.names = set()

    def _entry(self, name, mode, data=b""):
        fields = (len(self.names) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        for part in (head, data):
            self.parts.append(part + b"\0" * (-len(part) % 4))
        self.names.add(name)

    def folder(self, name):
        if name and name not in self.names:
            self.folder(os.path.dirname(name))
            self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        name = name.lstrip("/")
        if name not in self.names:
            self.folder(os.path.dirname(name))
            self._entry(name, stat.S_IFREG | mode, data)

    def copy(self, path, name=None):
        with open(path, "rb") as source:
            self.file(name or path, source.read())

    def program(self, path):
        """A program or library, where it lies here, with all libraries it needs."""
        self.copy(path)
        needed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, check=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", needed):
            self.copy(library)

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as file:
            file.write(b"".join(self.parts))


def kernel_of(root):
    """The kernel of a root file system, and the folder of its modules. None: there is none."""
    kernels = sorted(glob.glob(os.path.join(root, "boot", "vmlinuz-*")))
    if not kernels:
        return None
    version = os.path.basename(kernels[-1])[len("vmlinuz-"):]
    return kernels[-1], os.path.join(root, "usr", "lib", "modules", version, "kernel")


def base(root, modules):
    """An archive with a shell, the modules for VFIO and UIO, and the guest's first program."""
    archive = Archive()
    for name in ("dev", "proc", "sys", "tmp", "run", "root"):
        archive.folder(name)
    archive.copy(os.path.join(root, "usr", "bin", "busybox"), "bin/busybox")
    here = os.path.dirname(os.path.abspath(__file__))
    archive.copy(os.path.join(here, "guest_init"), "init")
    archive.copy(os.path.join(here, "guest_ctl"), "bin/glacis-vcard")
    for number, module in enumerate(MODULES):
        path = os.path.join(modules, module)
        if os.path.exists(path + ".ko.xz"):
            with lzma.open(path + ".ko.xz") as packed:
                data = packed.read()
        else:
            with open(path + ".ko", "rb") as plain:
                data = plain.read()
        archive.file(f"modules/{number}-{os.path.basename(module)}.ko", data, 0o644)
    return archive


def start_card(vcard, *options):
    """The card, listening in the current folder at "card"."""
    process = subprocess.Popen([vcard, "--socket", "card", *options])
    deadline = time.monotonic() + START_S
    while not os.path.exists("card"):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("Bail out! glacis-vcard does not start")
        time.sleep(0.01)
    return process


def command(enter, folder, iommu, memory_mib, words):
    """QEMU's command line, run by `enter`. `folder`, seen from there, has kernel, initrd and the card's socket."""
    device = '{"driver":"vfio-user-pci","addr":"%s.0","socket":{"type":"unix","path":"%s/card"}}' % (SLOT, folder)
    append = f"console=ttyS0 quiet panic=-1 {'intel_iommu=on ' if iommu else ''}{words}"
    return [*enter, "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", "q35,memory-backend=memory", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", str(memory_mib),
            "-object", f"memory-backend-memfd,id=memory,share=on,size={memory_mib}M",
            # Before the card: what comes later is behind it. caching-mode tells QEMU of each mapping the guest makes.
            *(["-device", "intel-iommu,caching-mode=on,intremap=on"] if iommu else []), "-device", device,
            "-kernel", f"{folder}/kernel", "-initrd", f"{folder}/initrd", "-append", append, "-serial", "stdio"]


class Result:
    """What a command of the guest said, and its exit status; None when it did not come to its end."""

    def __init__(self):
        self.lines = []
        self.status = None


def run(qemu, seconds, control):
    """Runs the guest to its end. Returns a Result for each command by name, and all that the console said.

    control(words) is called for each request to the card, and returns the exit status. The kernel patches itself while
    it boots, which an emulated processor of several cores does not always survive: one that dies before the first
    command is booted once more."""
    results, console = boot(qemu, seconds, control)
    if not results and any("Kernel panic" in line for line in console):
        print("# the guest's kernel died while it booted; once more")
        results, console = boot(qemu, seconds, control)
    return results, console


def boot(qemu, seconds, control):
    results, console, current = {}, [], None
    with subprocess.Popen(qemu, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", bufsize=1) as process:
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        for line in process.stdout:
            line = line.rstrip("\r\n")
            console.append(line)
            if line.startswith("@@ ctl "):
                process.stdin.write(f"@@answer {control(line.split()[2:])}\n")
                process.stdin.flush()
            elif line.startswith("@@ begin "):
                current = results.setdefault(line[len("@@ begin "):], Result())
            elif line.startswith("@@ end ") and current:
                current.status = int(line.rsplit(" ", 1)[1])
                current = None
            elif current:
                current.lines.append(line)
        watch.cancel()
    return results, console
