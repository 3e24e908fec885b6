#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memories of the built-in self-tests, from the emulated card's (vcard/selftest_vectors.h): vectors.py FOLDER

selftest_gcm.hex: 32 words of 128 bits, two cases of 16; byte k of a word at bits 8k. selftest_rsa.hex: 256 words of 32 bits.
"""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "vcard/selftest_vectors.h"


def read():
    text = SOURCE.read_text(encoding="ascii")
    return {name: bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", body))
            for name, body in re.findall(r"selftest_(\w+)\[\d+\] = \{([^}]*)\}", text)}


def words(content, size, count):
    padded = content.ljust(-(-len(content) // size) * size, b"\0")
    made = [padded[i:i + size][::-1].hex() for i in range(0, len(padded), size)]
    return made + ["0" * 2 * size] * (count - len(made))


def main():
    vectors, folder = read(), pathlib.Path(sys.argv[1])
    gcm = []
    for key, sealed in ((vectors["key"][:16], vectors["sealed_128"]), (vectors["key"], vectors["sealed_256"])):
        size = len(vectors["text"])
        gcm += words(key, 16, 2) + words(vectors["nonce"], 16, 1) + words(vectors["aad"], 16, 2)
        gcm += words(vectors["text"], 16, 4) + words(sealed[:size], 16, 4) + words(sealed[size:], 16, 3)
    rsa = words(vectors["rsa_key"], 4, 113) + words(vectors["rsa_base"], 4, 32) + words(vectors["rsa_result"], 4, 111)
    (folder / "selftest_gcm.hex").write_text("\n".join(gcm) + "\n", encoding="ascii")
    (folder / "selftest_rsa.hex").write_text("\n".join(rsa) + "\n", encoding="ascii")


main()
