# SPDX-License-Identifier: Apache-2.0
"""glacis flash: images that are good, every reason to refuse one, and an emulated card that runs its golden image
whatever happens to the new one. Images are signed with a key of this test; what is wrong with them is signed, too."""
import argparse
import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile

from harness import SCRATCH, Skip, after_each, check, equal, eventually, main, test

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "fpga_bitstreams"))
import images  # noqa: E402  pylint: disable=wrong-import-position

GLACIS = os.environ["GLACIS"]
VCARD = os.environ["GLACIS_VCARD"]
KEY = f"{SCRATCH}/key.pem"
PUBLIC = f"{SCRATCH}/key.pub.pem"
COMMIT = "00112233445566778899aabbccddeeff00112233"
BUILD = "0x7766554433221100"
FIELDS = {"target": "vcard", "version": "9.9", "board": "MODEL", "part": "glacis-vcard", "package": "none", "speed": "none",
          "idcode": "0x6c410001", "build_id": BUILD, "tools": {}, "seed": 0, "fmax_mhz": None, "fmax_target_mhz": None,
          "timing_met": True, "features": [], "host_interface": "vfio-user", "tested_on": "simulation",
          "git_commit": COMMIT, "git_dirty": False}
GONE = object()
cards = []


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=120)


run("openssl", "genpkey", "-algorithm", "ed25519", "-out", KEY)
run("openssl", "pkey", "-in", KEY, "-pubout", "-out", PUBLIC)


def bitstream(size=32768, fault=None):
    path = tempfile.mktemp(dir=SCRATCH)
    images.make_vcard(argparse.Namespace(bitstream=path, commit=COMMIT, date="1700000000", size=size, fault=fault))
    return path


def pack(content=None, key=KEY, **fields):
    """An image as images.py makes it; `content` is a path or bytes."""
    folder = tempfile.mkdtemp(dir=SCRATCH)
    if isinstance(content, bytes):
        path = tempfile.mktemp(dir=SCRATCH)
        pathlib.Path(path).write_bytes(content)
        content = path
    described = tempfile.mktemp(dir=SCRATCH)
    pathlib.Path(described).write_text(json.dumps({**FIELDS, **fields}), encoding="utf-8")
    report = tempfile.mktemp(dir=SCRATCH)
    pathlib.Path(report).write_text("nothing was placed or routed\n", encoding="utf-8")
    images.pack(argparse.Namespace(folder=folder, bitstream=content or bitstream(), fields=described, key=key, report=report))
    return folder


def sign_again(folder):
    """Checksums and signature of what lies in the folder now."""
    names = sorted(set(os.listdir(folder)) - {"SHA256SUMS", "SHA256SUMS.sig"})
    sums = subprocess.run(["sha256sum", *names], cwd=folder, check=True, capture_output=True).stdout
    pathlib.Path(folder, "SHA256SUMS").write_bytes(sums)
    run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", KEY, "-in", f"{folder}/SHA256SUMS", "-out", f"{folder}/SHA256SUMS.sig")


def changed(**members):
    """An image whose manifest has other members; GONE removes one."""
    folder = pack()
    path = pathlib.Path(folder, "manifest.json")
    manifest = {**json.loads(path.read_text(encoding="utf-8")), **members}
    path.write_text(json.dumps({name: value for name, value in manifest.items() if value is not GONE}), encoding="utf-8")
    sign_again(folder)
    return folder


def flash(*arguments, status=0, key=True):
    words = [GLACIS, "flash", *(["--key", PUBLIC] if key else []), *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr)
    equal(done.returncode, status, f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def refuses(image, *words, arguments=()):
    out, error = flash("--verify", image, *arguments, status=1)
    check(all(word in error for word in words), f"wanted {words}: {error}")
    equal(out, "", "standard output")


class Card:
    def __init__(self, *options, flash_file=True):
        self.folder = tempfile.mkdtemp(dir=SCRATCH)
        self.socket = f"{self.folder}/card"
        self.device = f"vfio-user:{self.socket}"
        self.options = (["--flash", f"{self.folder}/flash"] if flash_file else []) + list(options)
        self.process = None
        cards.append(self)
        self.start()

    def start(self):
        self.process = subprocess.Popen([VCARD, "--socket", self.socket, *self.options], stderr=subprocess.DEVNULL)
        eventually(lambda: os.path.exists(self.socket), "the card's socket")

    def cycle_power(self):
        self.process.kill()
        self.process.wait()
        os.unlink(self.socket)
        self.start()

    def fault(self, text):
        run(VCARD, "ctl", "--socket", f"{self.socket}.ctl", "fault", text)

    def state(self):
        return json.loads(flash("--device", self.device, "--json")[0])["card"]

    def runs(self, segment, boot):
        state = self.state()
        equal(state["segment"], segment, state)
        check(boot in state["boot"], state)
        equal(state["build_id"] == BUILD, segment == 1, state)


def stop_cards():
    while cards:
        card = cards.pop()
        card.process.kill()
        card.process.wait()


after_each.append(stop_cards)


@test
def a_good_image_is_verified_and_listed():
    image = pack()
    out = flash("--verify", image)[0]
    check(f"{image}: good: vcard 9.9 for MODEL" in out and BUILD in out and PUBLIC in out, out)
    found = json.loads(flash("--verify", image, "--json")[0])
    check(found["ok"] and found["image"]["build_id"] == BUILD and not found["image"]["development_key"], found)
    bad = shutil.copytree(image, f"{image}x")
    pathlib.Path(bad, "report.txt").write_text("all is well\n", encoding="utf-8")
    folder = tempfile.mkdtemp(dir=SCRATCH)
    shutil.move(image, f"{folder}/a")
    shutil.move(bad, f"{folder}/b")
    listed = json.loads(flash("--list", folder, "--json")[0])["images"]
    equal([entry["good"] for entry in listed], [True, False], listed)
    text = flash("--list", folder)[0]
    check("/a: good" in text and "/b: NOT GOOD" in text and "report.txt" in text, text)
    refused = flash("--list", tempfile.mkdtemp(dir=SCRATCH), status=1)[1]
    check("there is no image in it" in refused, refused)


@test
def who_signed_it_matters():
    image = pack()
    _, error = flash("--verify", image, status=1, key=False)
    check("no key that is trusted" in error and "--key" in error, error)
    other = f"{SCRATCH}/other.pem"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", other)
    refuses(pack(key=other), "no key that is trusted")
    for name in ["SHA256SUMS", "SHA256SUMS.sig", "manifest.json", "vcard.bit.xz", "report.txt"]:
        broken = pack()
        content = bytearray(pathlib.Path(broken, name).read_bytes())
        content[len(content) // 2] ^= 1
        pathlib.Path(broken, name).write_bytes(content)
        refuses(broken, "trusted" if name.startswith("SHA") else "is not what was signed")
        os.unlink(f"{broken}/{name}")
        refuses(broken, f"/{name}: cannot read")
    for content in [b"", b"0" * 63, b"0" * 65]:
        pathlib.Path(image, "SHA256SUMS.sig").write_bytes(content)
        refuses(image, "no key that is trusted")
    keys = tempfile.mkdtemp(dir=SCRATCH)
    shutil.copy(PUBLIC, f"{keys}/a.pem")
    flash("--verify", pack(), "--key", keys, key=False)
    pathlib.Path(keys, "b.pem").write_text("no key\n", encoding="utf-8")
    refuses(pack(), "b.pem: is no public Ed25519 key", arguments=["--key", keys])
    refuses(pack(), "/none: cannot read the key", arguments=["--key", "/none"])


@test
def manifests_that_promise_too_little():
    refuses(pack(timing_met=False, fmax_mhz=99.5, fmax_target_mhz=120), "timing is not met (99.5 of 120.0 MHz)")
    refuses(changed(abi_major=9), "its ABI is 9.1", "this software has 1.1")
    refuses(changed(register_map_sha256="0" * 64), "register map is another one", "000000000000")
    refuses(changed(timing_met=True, fmax_mhz=99, fmax_target_mhz=120), '"timing_met" is true')
    for name in FIELDS:
        if name not in ("tools", "seed", "features"):
            refuses(changed(**{name: [1]}), f'"{name}"')
    for name in ["board_id", "abi_major", "abi_minor", "register_map_sha256", "bitstream", "size", "sha256"]:
        refuses(changed(**{name: GONE}), f'"{name}"')
    for name, value in [("size", 0), ("size", 1 << 30), ("idcode", "0x1"), ("build_id", 5), ("target", ""), ("target", "x" * 64),
                        ("sha256", "g" * 64), ("git_commit", "0" * 39), ("board_id", 256), ("bitstream", "../x"), ("fmax_mhz", -1)]:
        refuses(changed(**{name: value}), f'"{name}"')
    refuses(changed(format=2), '"format" is not 1')
    image = pack()
    for text, word in [("{", "line 1"), ("[]", "no object"), ('{"format":1,"format":1}', "line 1"), ("\xff", "line")]:
        pathlib.Path(image, "manifest.json").write_text(text, encoding="latin1")
        sign_again(image)
        refuses(image, "manifest.json", word)


@test
def bitstreams_that_are_not_what_they_seem():
    content = pathlib.Path(bitstream()).read_bytes()
    refuses(pack(b"nothing of the kind" * 100), "of no family that is known")
    refuses(pack(idcode="0x41113043"), "is for IDCODE 0x6c410001, the manifest says 0x41113043")
    ecp5 = b"\xff\x00Part: LFE5U\x00\xff" + b"\xff\xff\xbd\xb3" + b"\xff" * 4 + b"\x3b\x00\x00\x00"
    identity = b"\xe2\x00\x00\x00\x41\x11\x30\x43"
    flash("--verify", pack(ecp5 + identity + b"\x22" * 100, idcode="0x41113043", board="ECP5_SELFTEST"))
    refuses(pack(ecp5 + identity + b"\x22" * 100, idcode="0x41112043"), "is for IDCODE 0x41113043")
    refuses(pack(ecp5 + b"\x22" * 100 + identity), "checks no IDCODE")
    refuses(pack(ecp5 + identity[:6]), "checks no IDCODE")
    refuses(pack(ecp5), "checks no IDCODE")
    refuses(changed(size=len(content) - 1), "is no .xz of 32767 bytes")
    refuses(changed(size=len(content) + 1), "is no .xz of 32769 bytes")
    refuses(changed(sha256="0" * 64), "the bitstream is not the manifest's")
    image = pack()
    packed = pathlib.Path(image, "vcard.bit.xz")
    for broken in [b"", packed.read_bytes()[:-10], packed.read_bytes() + b"\0" * 4 + b"x", b"x" * 100]:
        packed.write_bytes(broken)
        sign_again(image)
        refuses(image, "is no .xz")
    os.unlink(packed)
    sign_again(image)
    refuses(image, "SHA256SUMS does not name vcard.bit.xz")
    os.symlink(bitstream(), packed)
    sign_again(image)
    refuses(image, "vcard.bit.xz: cannot read")


@test
def images_for_other_cards():
    card = Card()
    flash("--verify", pack(), "--device", card.device)
    refuses_card = [(pack(board="ECP5_SELFTEST"), "for board 3 (ECP5_SELFTEST), the card is board 1"),
                    (pack(bitstream(size=(4 << 20) + 1)), "has 4194305 bytes, the card's segment 4194304")]
    for image, word in refuses_card:
        for arguments in [["--verify"], ["--yes"]]:
            _, error = flash(*arguments, image, "--device", card.device, status=1)
            check(word in error, error)
    card.runs(0, "there is no user image")
    plain = Card(flash_file=False)
    check("has no flash" in flash(pack(), "--yes", "--device", plain.device, status=1)[1], "no flash")


def terminal():
    try:
        return pty.openpty()
    except OSError as problem:
        raise Skip(f"no terminal to answer on ({problem}); is /dev/pts mounted?") from problem


@test
def nothing_is_written_without_consent():
    card = Card()
    image = pack()
    _, error = flash(image, "--device", card.device, status=1)
    check("it was not agreed to; --yes agrees in advance" in error, error)
    for answer, segment in [("n\n", 0), ("\n", 0), ("y\n", 1)]:
        master, slave = terminal()
        os.write(master, answer.encode())
        done = subprocess.run([GLACIS, "flash", "--key", PUBLIC, image, "--device", card.device], stdin=slave, timeout=60,
                              capture_output=True, text=True, check=False)
        os.close(master)
        os.close(slave)
        check("[y/N]" in done.stderr, done.stderr)
        equal(done.returncode, 0 if segment else 1, done.stderr)
        equal(card.state()["segment"], segment, answer)


@test
def a_card_in_use_is_left_alone():
    card = Card()
    with subprocess.Popen([sys.executable, "-c", "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
                           "print('in', flush=True); time.sleep(600)", card.socket], stdout=subprocess.PIPE) as user:
        user.stdout.readline()
        _, error = flash(pack(), "--yes", "--device", card.device, status=1)
        user.kill()
    check("another program uses it" in error and "stop that program" in error, error)
    eventually(lambda: card.state()["segment"] == 0, "the card's state")


@test
def an_image_is_written_tried_confirmed_and_kept():
    card = Card()
    card.runs(0, "there is no user image")
    out, error = flash(pack(), "--yes", "--device", card.device)
    check("the user image, confirmed" in out, out)
    check(all(word in error for word in ["erasing", "writing", "reading back", "on trial"]), error)
    card.cycle_power()
    card.runs(1, "confirmed")
    out = flash("--golden", "--device", card.device)[0]
    check("the golden image, as asked" in out, out)
    card.cycle_power()
    card.runs(1, "confirmed")
    flash(pack(bitstream(size=100000)), "--yes", "--device", card.device)  # in place of the other
    card.runs(1, "confirmed")


@test
def an_image_that_does_not_work_is_taken_back():
    for fault, word in [("wrong", "fails its known-answer test (wrong answers)"), ("strange", "has ABI 2.1"),
                        ("dead", "registers read as ones")]:
        card = Card("--trial-s", "1")
        _, error = flash(pack(bitstream(fault=fault)), "--yes", "--device", card.device, status=1)
        check(word in error and "the golden image runs again and the new one is revoked" in error, error)
        state = card.state()
        check(state["segment"] == 0 and not state["user_image"], state)
        card.cycle_power()
        card.runs(0, "there is no user image")
    card = Card()
    flash(pack(), "--yes", "--device", card.device)
    _, error = flash(pack(build_id="0x0000000000000001"), "--yes", "--device", card.device, status=1)
    check(f"says it is build {BUILD}, its manifest 0x0000000000000001" in error, error)
    equal(card.state()["segment"], 0, "segment")


@test
def power_is_lost_in_the_middle_of_a_write():
    image = pack(bitstream(size=300000))
    card = Card()
    flash(image, "--yes", "--device", card.device)
    for fault in ["power-loss:count=1", "power-loss:rate=0.002", "power-loss:rate=0.0015"]:
        card.fault(fault)
        _, error = flash(image, "--yes", "--device", card.device, status=1)
        check("does not answer" in error, error)
        os.unlink(card.socket)
        card.process.wait()
        card.start()
        card.runs(0, "there is no user image")
    flash(image, "--yes", "--device", card.device)
    card.runs(1, "confirmed")


@test
def flash_that_keeps_something_else():
    card = Card()
    card.fault("wrong-flash:count=1")
    _, error = flash(pack(), "--yes", "--device", card.device, status=1)
    check("holds something else at byte" in error, error)
    card.runs(0, "there is no user image")
    flash(pack(), "--yes", "--device", card.device)
    card.runs(1, "confirmed")


@test
def the_development_key_is_for_emulated_cards():
    """The tree's images are signed with it."""
    folder = TREE / "fpga_bitstreams/images"
    found = json.loads(flash("--list", folder, "--json", key=False)[0])["images"]
    check(found and all(image["good"] and image["development_key"] for image in found), found)
    card = Card()
    flash(next(folder.glob("vcard-*")), "--yes", "--device", card.device, key=False)
    equal(card.state()["segment"], 1, "segment")


@test
def wrong_usage_is_named():
    for arguments, word in [([], "--device is missing"), (["--list"], "IMAGE is missing"), (["--verify"], "IMAGE is missing"),
                            (["--golden"], "--golden takes --device"), (["--list", "--verify", "x"], "exclude each other"),
                            (["a", "b"], "one IMAGE at a time")]:
        _, error = flash(*arguments, status=64)
        check(word in error, error)
    for device, word in [("pci:0000:fe:00.0", "there is no such PCI function"), ("pci:x", "is no address"),
                         ("vfio-user:/none", "cannot reach the card"), ("vfio-user:", "no card that")]:
        _, error = flash("--device", device, status=1)
        check(word in error, error)
    refused = json.loads(flash("--device", "vfio-user:/none", "--json", status=1)[0])
    check(not refused["ok"] and "cannot reach" in refused["problem"], refused)


main()
