#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes images: a bitstream, what it is, checksums, a signature.

  images.py vcard BITSTREAM [--commit HASH] [--date SECONDS] [--size N] [--fault wrong|dead|strange]
      what stands in for a bitstream in the emulated card; the fault is for tests
  images.py pack FOLDER --bitstream FILE --fields FILE.json --key PRIVATE.pem [--report FILE]
      FOLDER with the compressed bitstream, manifest.json, SHA256SUMS and SHA256SUMS.sig. The fields are the manifest's
      but those that follow from the bitstream, the ABI and the tree.

The same input makes the same bytes. `glacis flash --verify FOLDER` checks the outcome. A key: openssl genpkey -algorithm ed25519
"""
import argparse
import hashlib
import json
import lzma
import pathlib
import struct
import subprocess
import sys
import tempfile

import abi

HERE = pathlib.Path(__file__).resolve().parent
VCARD_IDCODE = 0x6C410001  # vcard/image.h
VCARD_FAULTS = {"wrong": 1, "dead": 2, "strange": 4}
# What whoever runs place and route knows.
FIELDS = ("target", "version", "board", "part", "package", "speed", "idcode", "build_id", "tools", "seed", "fmax_mhz",
          "fmax_target_mhz", "timing_met", "features", "host_interface", "tested_on", "git_commit", "git_dirty")


def git(*words):
    return subprocess.run(["git", "-C", HERE, *words], check=True, capture_output=True, text=True).stdout.strip()


def make_vcard(options):
    """The header of vcard/image.h, and bytes that no compression takes away, as configuration is."""
    commit = bytes.fromhex(options.commit or git("rev-parse", "HEAD"))
    date = int(options.date or git("log", "-1", "--format=%ct"))
    header = struct.pack("<8sIIQ20sIIII", b"GLACISVC", VCARD_IDCODE, options.size, int.from_bytes(commit[:8], "little"),
                         commit, date, 0xFFFFFFFF, VCARD_FAULTS.get(options.fault, 0), 0)
    filler = hashlib.shake_256(commit).digest(options.size - len(header))
    pathlib.Path(options.bitstream).write_bytes(header + filler)


def sign(text, key):
    with tempfile.NamedTemporaryFile() as message:
        message.write(text)
        message.flush()
        run = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message.name],
                             capture_output=True, check=False)
    if run.returncode or len(run.stdout) != 64:
        sys.exit(f"images.py: {key}: cannot sign with it: {run.stderr.decode().strip()}; it must be a private Ed25519 key")
    return run.stdout


def pack(options):
    fields = json.loads(pathlib.Path(options.fields).read_text(encoding="utf-8"))
    missing = [name for name in FIELDS if name not in fields]
    if missing or len(fields) != len(FIELDS):
        sys.exit(f"images.py: {options.fields}: missing {missing}, unknown {[f for f in fields if f not in FIELDS]}")
    registers = HERE / "registers.toml"
    source = abi.load(registers)
    bitstream = pathlib.Path(options.bitstream).read_bytes()
    boards = {value["name"]: value["value"] for value in source["enums"]["BOARD"]["values"]}
    name = f"{fields['target']}.bit.xz"
    manifest = {"format": 1, **fields, "board_id": boards[fields["board"]], "abi_major": source["abi"]["major"],
                "abi_minor": source["abi"]["minor"], "register_map_sha256": abi.fingerprint(registers),
                "bitstream": name, "size": len(bitstream), "sha256": hashlib.sha256(bitstream).hexdigest()}
    files = {name: lzma.compress(bitstream), "manifest.json": (json.dumps(manifest, indent=2) + "\n").encode()}
    if options.report:
        files["report.txt"] = pathlib.Path(options.report).read_bytes()
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)).encode()
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "SHA256SUMS": sums, "SHA256SUMS.sig": sign(sums, options.key)}.items():
        (folder / name).write_bytes(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    vcard = commands.add_parser("vcard")
    vcard.add_argument("bitstream")
    vcard.add_argument("--commit", help="40 hexadecimal digits; HEAD by default")
    vcard.add_argument("--date", help="seconds since 1970; that of HEAD by default")
    vcard.add_argument("--size", type=int, default=32768)
    vcard.add_argument("--fault", choices=VCARD_FAULTS)
    vcard.set_defaults(run=make_vcard)
    packing = commands.add_parser("pack")
    packing.add_argument("folder")
    for option in ("bitstream", "fields", "key"):
        packing.add_argument(f"--{option}", required=True)
    packing.add_argument("--report")
    packing.set_defaults(run=pack)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
