#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns PEM files into C strings: embed.py OUT PREFIX FILE...

Called by meson. With the prefix rsa, key2048.pem becomes rsa_key2048[], and so on.
"""
import pathlib
import sys

out, prefix, *sources = sys.argv[1:]
text = ["/* Made by embed.py; do not edit. */\n"]
for source in map(pathlib.Path, sources):
    lines = source.read_text(encoding="ascii").splitlines()
    if not lines or not lines[0].startswith("-----BEGIN "):
        sys.exit(f"{source}: must be a PEM file")
    text.append(f"static const char {prefix}_{source.stem}[] =\n")
    text.append("\n".join(f'\t"{line}\\n"' for line in lines) + ";\n")
pathlib.Path(out).write_text("".join(text), encoding="ascii")
