#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpora of fuzz_vcard_*.c into tests/fuzz/corpus/vcard_* (or below the folder named).

The formats are at the heads of the targets. Run it again after a change of a format; its output is committed.
"""
import pathlib
import struct
import sys

HERE = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent / "corpus"
BASE = 0x10000  # ADDRESS of fuzz_vcard_descriptor.c
BOTH = 3


def write(target, name, data):
    folder = HERE / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


# ---- messages ----

def message(command, body=b"", fds=0, flags=0):
    return struct.pack("<BBH", command, fds | flags, len(body)) + body


def dma_map(address, size, offset=0, access=BOTH):
    return struct.pack("<IIQQQ", 32, access, offset, address, size)


def unmap(address, size, flags=0):
    return message(3, struct.pack("<IIQQ", 24, flags, address, size))


def store(offset, value):
    return message(10, struct.pack("<QIII", offset, 0, 4, value))


def session(*messages):
    return b"\1" + b"".join(messages)


def queue(index, sq, cq, size):
    page = 0x100000 + index * 0x1000
    return b"".join(store(page + offset, value) for offset, value in
                    ((0, sq), (4, 0), (8, cq), (12, 0), (16, size), (20, 1)))


MASTER = message(10, struct.pack("<QIIH", 4, 7, 2, 4))  # the command register: may do DMA
NO_MASTER = message(10, struct.pack("<QIIH", 4, 7, 2, 0))
MEMORY = message(2, dma_map(0, 0x10000), 3)
write("vcard_message", "version", b"\0" + message(1, b"\0\0\0\0{\"capabilities\":{\"max_data_xfer_size\":4096}}\0"))
write("vcard_message", "information", session(
    message(4, struct.pack("<IIII", 16, 0, 0, 0)),
    *(message(5, struct.pack("<IIIIQQ", 4096, 0, index, 0, 0, 0)) for index in range(9)),
    *(message(7, struct.pack("<IIII", 16, 0, index, 0)) for index in range(5))))
write("vcard_message", "map", session(
    MEMORY, message(2, dma_map(0x20000, 0x1000), 0), message(2, dma_map(0x30000, 0x1000, 0x1000, 1), 3),
    unmap(0x20000, 0x1000), unmap(0x800000, 0x1000), unmap(2**63, 2**63), unmap(0, 2**64 - 1), unmap(0, 0, 2)))
write("vcard_message", "irqs", session(
    message(8, struct.pack("<IIIII", 20, 0x24, 2, 0, 1), 1), message(8, struct.pack("<IIIII", 20, 0x24, 2, 0, 2)),
    message(8, struct.pack("<IIIII", 20, 0x21, 2, 0, 0)), message(13)))
write("vcard_message", "registers", session(
    *(message(9, struct.pack("<QII", offset, 0, 64)) for offset in (0, 0x1000, 0x2000, 0x80000, 0x100000)),
    message(9, struct.pack("<QII", 0, 7, 256)), store(0x40, 7), store(0x1008, 7)))
write("vcard_message", "queue", session(
    MEMORY, MASTER, queue(1, 0, 0x1000, 0x0303), queue(0, 0x2000, 0x3000, 0x0303), store(0x1000, 1), store(0x81000, 3),
    store(0x80000, 2), store(0x81000, 9), store(0x101014, 2), store(0x1000, 2)))
write("vcard_message", "master", session(
    MEMORY, queue(1, 0, 0x1000, 0x0303), store(0x1000, 1), store(0x81000, 3), MASTER, store(0x101014, 2), store(0x101014, 1),
    store(0x81000, 3), NO_MASTER, store(0x81000, 5), MASTER, message(13), MASTER))
write("vcard_message", "no-reply", session(message(13, flags=16), message(9, struct.pack("<QII", 0, 0, 4), flags=16)))
write("vcard_message", "wrong-size", session(message(13, flags=0x20)))


# ---- descriptors ----

def aead(opcode=1, key=16, aad=0, text=64, source=(0, BASE + 0x1000), destination=(0, BASE + 0x2000), tag=BASE + 0x3000,
         aad_address=0):
    return struct.pack("<BBBBIIB3x32s12sI32sQQQQ", opcode, key, aad, source[0], 7, text, destination[0], bytes(range(32)),
                       bytes(12), 0, bytes(32), source[1], destination[1], tag, aad_address)


def rsa(opcode, slot, size):
    return struct.pack("<BBHIIIQQ96x", opcode, 0, slot, 8, size, 0, BASE + 0x1000, BASE + 0x2000)


def key(kind, size, exponent, opcode=0x40, slot=0):
    return struct.pack("<BBHIIIQ104x", opcode, kind, slot, 9, size, exponent, BASE + 0x1000)


def ring(flags, *descriptors, more=b""):
    head = b"".join(descriptors)
    return bytes([flags, len(descriptors) - 1]) + (head.ljust(0x1000, b"\0") + more if more else head)


def segments(*pieces):
    return b"".join(struct.pack("<QII", BASE + address, size, 0) for address, size in pieces)


LIST = segments((0x1100, 10), (0x1200, 20), (0x1300, 34))
write("vcard_descriptor", "aead", ring(0, aead(), aead(2), aead(1, 24, 13), aead(1, 32, 40, aad_address=BASE + 0x1400),
                                       aead(1, 16, 0, 0), aead(1, 16, 0, 65536, destination=(0, BASE + 0x8000)), bytes(128)))
write("vcard_descriptor", "segments", ring(0, aead(source=(3, BASE + 0x1000)), aead(destination=(3, BASE + 0x1000)),
                                           aead(source=(16, BASE + 0x1000)), more=LIST))
write("vcard_descriptor", "outside", ring(0, aead(source=(0, BASE - 1)), aead(destination=(0, BASE + 0x1fff0)),
                                          aead(tag=2**64 - 8)))
write("vcard_descriptor", "over-itself", ring(0, aead(destination=(0, BASE)), aead(tag=BASE + 0x1f000), aead()))
write("vcard_descriptor", "rsa", ring(0, rsa(0x10, 0, 128), rsa(0x11, 1, 512), rsa(0x11, 2, 128)))
for name, kind, more in (("public", 1, b""), ("exponent", 2, b"\x7f" * 128), ("crt", 3, (b"\x7f" * 63 + b"\x7f") * 5)):
    write("vcard_descriptor", "key-" + name, ring(1, key(kind, 128, 3), key(0, 0, 0, 0x41), key(kind, 128, 3, slot=1),
                                                  more=b"\xff" * 128 + b"\1\0\1" + more))
write("vcard_descriptor", "instant", ring(2, aead(), aead(2)))
write("vcard_descriptor", "fault", ring(4, aead(), aead(2)))

# ---- control ----

for name, text in (("status", '{"command": "status"}'), ("stop", '{"command": "stop"}'), ("clear", '{"command": "clear"}'),
                   ("clear-one", '{"command": "clear", "text": "wrong-phase"}'),
                   ("count", '{"command": "fault", "text": "drop-completion:count=3,queue=5"}'),
                   ("rate", '{"command": "fault", "text": "all-ones:rate=0.5,ms=100"}'),
                   ("gone", '{"command": "fault", "text": "all-ones"}'), ("not", "[]")):
    write("vcard_control", name, text.encode())
