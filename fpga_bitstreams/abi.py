#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes of registers.toml what others include: a C header, a SystemVerilog package, a reference page.

Usage: abi.py REGISTERS.toml --c FILE | --sv FILE | --md FILE...

Refuses a source that contradicts itself: overlapping registers or fields, holes and odd alignment in layouts, values out
of range, things without documentation. Run by the build; tests/card/ compares the committed copies.
"""
import argparse
import hashlib
import json
import sys
import textwrap
import tomllib

SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
ACCESS = {"ro": "read only", "rw": "read and write", "w1c": "write ones to clear"}


class SourceError(Exception):
    """What is wrong in the source, and where."""


def need(condition, where, what):
    if not condition:
        raise SourceError(f"{where}: {what}")


# ---- reading and checking ----

def bit_range(text, where):
    """"7:0" or "3" as (high, low)."""
    parts = [int(part) for part in str(text).split(":")]
    high, low = parts[0], parts[-1]
    need(len(parts) <= 2 and 31 >= high >= low >= 0, where, f"bits {text!r} are no range within 31:0")
    return high, low


def check_register(register, where):
    need(register.get("doc"), where, "has no doc")
    need(register["access"] in ACCESS, where, f"access {register['access']!r} is none of {', '.join(ACCESS)}")
    width = register.setdefault("width", 32)
    register.setdefault("count", 1)
    need(width in (32, 64), where, f"width {width} is neither 32 nor 64")
    need(register["offset"] % (width // 8) == 0, where, f"offset {register['offset']:#x} is not aligned")
    used = 0
    for field in register.setdefault("fields", []):
        name = f"{where}.{field['name']}"
        need(field.get("doc"), name, "has no doc")
        field["high"], field["low"] = bit_range(field["bits"], name)
        mask = (2 << field["high"]) - (1 << field["low"])
        need(not used & mask, name, "overlaps another field")
        field["mask"] = mask
        used |= mask


def check_block(name, block):
    need(block.get("doc"), name, "has no doc")
    need(block["offset"] % 0x1000 == 0, name, "does not begin on a page of 4 KiB")
    end = 0
    for register in block["registers"]:
        where = f"{name}.{register['name']}"
        check_register(register, where)
        need(register["offset"] >= end, where, "overlaps the register before it, or is out of order")
        end = register["offset"] + register["width"] // 8 * register["count"]
    need(end <= 0x1000, name, "does not fit into its page")


def check_layout(name, layout):
    need(layout.get("doc"), name, "has no doc")
    offset = 0
    for member in layout["members"]:
        where = f"{name}.{member['name']}"
        need(member.get("doc"), where, "has no doc")
        alignment = SIZES.get(member["type"], 1)
        need(member["type"] in SIZES or member["type"] == "bytes", where, f"unknown type {member['type']!r}")
        need(offset % alignment == 0, where, f"lies at {offset}, which is no multiple of {alignment}")
        member["offset"] = offset
        member["bytes"] = SIZES.get(member["type"]) or member["size"]
        offset += member["bytes"]
    need(offset == layout["size"], name, f"has {offset} bytes, not {layout['size']}")


def check_enum(name, enum):
    need(enum.get("doc"), name, "has no doc")
    values = [value["value"] for value in enum["values"]]
    need(len(set(values)) == len(values), name, "has a value twice")
    need(all(value.get("doc") for value in enum["values"]), name, "has a value without doc")


def load(path):
    with open(path, "rb") as file:
        source = tomllib.load(file)
    for name, block in source["blocks"].items():
        check_block(name, block)
    pages = sorted(block["offset"] for block in source["blocks"].values())
    need(len(set(pages)) == len(pages), "blocks", "two begin at the same page")
    for name, layout in source["layouts"].items():
        check_layout(name, layout)
    for name, enum in source["enums"].items():
        check_enum(name, enum)
    for name, constant in source["constants"].items():
        need(constant.get("doc"), name, "has no doc")
    return source


def without_docs(value):
    """What software and card must agree on; words about it may change."""
    if isinstance(value, dict):
        return {key: without_docs(inner) for key, inner in value.items() if key != "doc"}
    return [without_docs(inner) for inner in value] if isinstance(value, list) else value


def fingerprint(path):
    with open(path, "rb") as file:
        text = json.dumps(without_docs(tomllib.load(file)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


# ---- C ----

def c_comment(text, indent=""):
    lines = textwrap.wrap(" ".join(text.split()), 110 - len(indent))
    if len(lines) == 1:
        return f"{indent}/* {lines[0]} */"
    return f"{indent}/* " + f"\n{indent} * ".join(lines) + " */"


def c_blocks(source):
    for name, block in source["blocks"].items():
        yield "\n" + c_comment(f"{name}: {block['doc']}")
        yield f"#define GLACIS_CARD_{name}_BLOCK {block['offset']:#x}u"
        for register in block["registers"]:
            full = f"GLACIS_CARD_{name}_{register['name']}"
            offset = register["offset"] if "stride" in block else block["offset"] + register["offset"]
            yield f"#define {full} {offset:#x}u /* {register['width']} bits, {register['access']} */"
            for field in register["fields"]:
                yield f"#define {full}_{field['name']}_MASK {field['mask']:#x}u"
                yield f"#define {full}_{field['name']}_SHIFT {field['low']}u"


def c_layout(name, layout):
    types = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t"}
    struct = f"struct glacis_card_{name.lower()}"
    yield "\n" + c_comment(layout["doc"])
    yield f"{struct} {{"
    for member in layout["members"]:
        kind = types.get(member["type"], "uint8_t")
        array = f"[{member['size']}]" if member["type"] == "bytes" else ""
        yield f"\t{kind} {member['name']}{array}; /* {member['doc']} */"
    yield "};"
    yield f"static_assert(sizeof({struct}) == {layout['size']}, \"{name}\");"
    for member in layout["members"]:
        yield (f"static_assert(offsetof({struct}, {member['name']}) == {member['offset']}, "
               f"\"{name}.{member['name']}\");")


def make_c(source):
    abi = source["abi"]
    yield "/* SPDX-License-Identifier: Apache-2.0 */"
    yield "/* Made by fpga_bitstreams/abi.py from fpga_bitstreams/registers.toml: change that. Reference: docs/card-abi.md. */"
    yield "#ifndef GLACIS_CARD_ABI_H\n#define GLACIS_CARD_ABI_H\n"
    yield "#include <assert.h>\n#include <stddef.h>\n#include <stdint.h>\n"
    yield f"#define GLACIS_CARD_ABI_MAJOR {abi['major']}u"
    yield f"#define GLACIS_CARD_ABI_MINOR {abi['minor']}u"
    yield f"#define GLACIS_CARD_MAP_SHA256 \"{source['fingerprint']}\" /* of the source without its words */"
    yield f"#define GLACIS_CARD_MAGIC {source['blocks']['IDENTITY']['registers'][0]['reset']:#x}u"
    for name in ("pci_vendor_id", "pci_device_id", "pci_class"):
        yield f"#define GLACIS_CARD_{name.upper()} {abi[name]:#x}u"
    yield ""
    for name, constant in source["constants"].items():
        yield f"#define GLACIS_CARD_{name} {constant['value']:#x}u /* {constant['doc']} */"
    yield from c_blocks(source)
    for name, enum in source["enums"].items():
        yield "\n" + c_comment(enum["doc"])
        yield f"enum glacis_card_{name.lower()} {{"
        for value in enum["values"]:
            yield f"\tGLACIS_CARD_{name}_{value['name']} = {value['value']:#x}, /* {value['doc']} */"
        yield "};"
    for name, layout in source["layouts"].items():
        yield from c_layout(name, layout)
    yield "\n/* Offset in BAR0 of a register of queue `queue`, which is below GLACIS_CARD_QUEUES_MAX. */"
    yield "static inline uint32_t glacis_card_doorbell(uint32_t queue, uint32_t reg)\n{"
    yield "\treturn GLACIS_CARD_DOORBELLS + queue * GLACIS_CARD_PAGE + reg;\n}"
    yield "static inline uint32_t glacis_card_queue(uint32_t queue, uint32_t reg)\n{"
    yield "\treturn GLACIS_CARD_QUEUES + queue * GLACIS_CARD_PAGE + reg;\n}"
    yield "\n#endif"


# ---- SystemVerilog ----

def sv_layout(name, layout):
    """A packed struct: the first member of the source is in the lowest bits, so it is named last here."""
    yield f"\n  // {' '.join(layout['doc'].split())}"
    yield "  typedef struct packed {"
    for member in reversed(layout["members"]):
        yield f"    logic [{member['bytes'] * 8 - 1}:0] {member['name']}; // {member['doc']}"
    yield f"  }} {name.lower()}_t;"
    yield f"  localparam int {name}_BYTES = {layout['size']};"


def make_sv(source):
    abi = source["abi"]
    yield "// SPDX-License-Identifier: Apache-2.0"
    yield "// Made by fpga_bitstreams/abi.py from fpga_bitstreams/registers.toml: change that. Reference: docs/card-abi.md."
    yield "package glacis_card_pkg;"
    yield f"  localparam logic [15:0] ABI_MAJOR = 16'd{abi['major']};"
    yield f"  localparam logic [15:0] ABI_MINOR = 16'd{abi['minor']};"
    yield f"  localparam logic [31:0] MAGIC = 32'h{source['blocks']['IDENTITY']['registers'][0]['reset']:08x};"
    for name, constant in source["constants"].items():
        yield f"  localparam int {name} = {constant['value']}; // {constant['doc']}"
    for name, block in source["blocks"].items():
        yield f"\n  // {name}: {' '.join(block['doc'].split())}"
        yield f"  localparam logic [31:0] {name}_BLOCK = 32'h{block['offset']:08x};"
        for register in block["registers"]:
            yield (f"  localparam logic [11:0] {name}_{register['name']} = 12'h{register['offset']:03x};"
                   f" // {register['width']} bits, {register['access']}")
            for field in register["fields"]:
                full = f"{name}_{register['name']}_{field['name']}"
                yield f"  localparam int {full}_LSB = {field['low']};"
                yield f"  localparam int {full}_BITS = {field['high'] - field['low'] + 1};"
    for name, enum in source["enums"].items():
        yield f"\n  // {' '.join(enum['doc'].split())}"
        for value in enum["values"]:
            yield f"  localparam logic [7:0] {name}_{value['name']} = 8'h{value['value']:02x}; // {value['doc']}"
    for name, layout in source["layouts"].items():
        yield from sv_layout(name, layout)
    yield "endpackage"


# ---- the reference page ----

def flat(text):
    return " ".join(text.split()).replace("|", "\\|")


def md_block(name, block):
    place = f"`{block['offset']:#x}`"
    if "stride" in block:
        place += f" + queue × `{block['stride']:#x}`"
    yield f"\n### {name}, at {place}\n\n{flat(block['doc'])}\n"
    yield "| offset | register | bits | access | meaning |\n|---|---|---|---|---|"
    for register in block["registers"]:
        many = f" × {register['count']}" if register["count"] > 1 else ""
        yield (f"| `{register['offset']:#05x}` | `{register['name']}` | {register['width']}{many} | "
               f"{ACCESS[register['access']]} | {flat(register['doc'])} |")
        for field in register["fields"]:
            yield f"| | `{field['name']}` | {field['bits']} | | {flat(field['doc'])} |"


def make_md(source):
    abi = source["abi"]
    yield "<!-- Made by fpga_bitstreams/abi.py from fpga_bitstreams/registers.toml: change that. -->"
    yield f"# The card's ABI, version {abi['major']}.{abi['minor']}\n\n{abi['doc'].strip()}\n"
    yield f"PCI vendor `{abi['pci_vendor_id']:#06x}`, device `{abi['pci_device_id']:#06x}`, class `{abi['pci_class']:#08x}`.\n"
    yield f"Fingerprint of the register map, which the manifest of an image names: `{source['fingerprint']}`.\n"
    yield "| constant | value | meaning |\n|---|---|---|"
    for name, constant in source["constants"].items():
        yield f"| `{name}` | {constant['value']:#x} | {flat(constant['doc'])} |"
    yield "\n## Registers in BAR0"
    for name, block in source["blocks"].items():
        yield from md_block(name, block)
    yield "\n## Enumerations"
    for name, enum in source["enums"].items():
        yield f"\n### {name}\n\n{flat(enum['doc'])}\n\n| value | name | meaning |\n|---|---|---|"
        for value in enum["values"]:
            yield f"| {value['value']:#x} | `{value['name']}` | {flat(value['doc'])} |"
    yield "\n## Layouts in host memory"
    for name, layout in source["layouts"].items():
        yield f"\n### {name}, {layout['size']} bytes\n\n{flat(layout['doc'])}\n"
        yield "| offset | member | type | meaning |\n|---|---|---|---|"
        for member in layout["members"]:
            kind = f"{member['size']} bytes" if member["type"] == "bytes" else member["type"]
            yield f"| `{member['offset']:#04x}` | `{member['name']}` | {kind} | {flat(member['doc'])} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    makers = {"c": make_c, "sv": make_sv, "md": make_md}
    for option in makers:
        parser.add_argument(f"--{option}", metavar="FILE")
    options = parser.parse_args()
    try:
        source = load(options.source)
        source["fingerprint"] = fingerprint(options.source)
    except (SourceError, tomllib.TOMLDecodeError, KeyError, OSError) as problem:
        sys.exit(f"abi.py: {options.source}: {problem}")
    for option, make in makers.items():
        path = getattr(options, option)
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(make(source)) + "\n")


if __name__ == "__main__":
    main()
