#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the page's sources into C arrays: embed.py OUT FILE...

Called by meson. page.css becomes glacisd_page_css[], and so on. Each array ends with a NUL and must be ASCII
(write entities), so that the C side can treat it as a string of known encoding.
"""
import pathlib
import sys

out, *sources = sys.argv[1:]
text = ["/* Made by page/embed.py; do not edit. */\n"]
for source in map(pathlib.Path, sources):
    data = source.read_bytes()
    if not data.isascii() or b"\0" in data:
        sys.exit(f"{source}: must be plain ASCII; write other characters as entities or escapes")
    name = "glacisd_page_" + source.suffix[1:]
    rows = [data[at:at + 20] for at in range(0, len(data), 20)]
    text.append(f"static const char {name}[] = {{\n")
    text += ["\t" + "".join(f"{byte}, " for byte in row).rstrip() + "\n" for row in rows]
    text.append("\t0,\n};\n")
pathlib.Path(out).write_text("".join(text))
