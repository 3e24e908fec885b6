#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpus of fuzz_record.c into tests/fuzz/corpus/record (or the folder named).

The format of an input is at the head of fuzz_record.c. Sealed seeds hold one case each of what a
record may mean; wire seeds hold the records of RFC 8448 section 3, which authenticate under the
target's keys. Run it again after a change of the format; its output is committed.
"""
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
TLS12, SERVER, SEALED, SMALL, LAST = 1, 2, 4, 8, 16
TAMPER, MORE, NEXT_KEYS, WRONG = 8, 16, 32, 64
ALERT, HANDSHAKE, DATA = 21, 22, 23
UPDATE = bytes([24, 0, 0, 1, 0])
UPDATE_ASKS = bytes([24, 0, 0, 1, 1])


def item(kind, content, flags=0):
    return bytes([kind, flags]) + struct.pack("<H", len(content)) + content


def sealed(options, *items):
    return bytes([options | SEALED]) + b"".join(items)


def wire(options, chunk, data):
    return bytes([options, chunk - 1]) + data


def vectors():
    found = {}
    for line in (HERE.parent / "vectors/rfc8448_section3.txt").read_text().splitlines():
        if " = " in line and not line.startswith("#"):
            name, text = line.split(" = ")
            found[name] = bytes.fromhex(text.replace(" ", ""))
    return found


def seeds():
    trace = vectors()
    server = trace["server_ticket_record"] + trace["server_data_record"] + trace["server_alert_record"]
    ticket = bytes([4, 0, 0, 9]) + bytes(range(9))
    hello = bytes([1, 0, 0, 6]) + b"client"
    yield "wire-rfc8448", wire(SERVER, 256, server)
    yield "wire-rfc8448-byte-by-byte", wire(SERVER, 1, server)
    yield "wire-client-to-wrong-keys", wire(0, 100, trace["client_data_record"])
    yield "wire-tls12-header", wire(TLS12, 64, bytes([23, 3, 3, 0, 24]) + bytes(24))
    yield "wire-tls12-overlong", wire(TLS12, 64, bytes([22, 3, 3, 0x48, 1]) + bytes(24))
    yield "wire-tls13-plaintext-alert", wire(0, 64, bytes([21, 3, 3, 0, 2, 2, 40]))
    yield "data", sealed(0, item(DATA, b"hello"), item(DATA, b""), item(DATA, b"padded", 4))
    yield "data-tls12", sealed(TLS12, item(DATA, b"hello"), item(DATA, b""), item(DATA, b"more"))
    yield "close", sealed(0, item(DATA, b"bye"), item(ALERT, b"\1\0"), item(DATA, b"late"))
    yield "close-tls12", sealed(TLS12, item(ALERT, b"\1\0", MORE), item(DATA, b"late"))
    yield "fatal", sealed(0, item(ALERT, b"\2\50"), item(DATA, b"late"))
    yield "warnings", sealed(0, *[item(ALERT, b"\1\132")] * 34)
    yield "warnings-tls12", sealed(TLS12, *[item(ALERT, b"\1\144")] * 34)
    yield "long-alert", sealed(0, item(ALERT, b"\1\0\0"))
    yield "empty-alert", sealed(0, item(ALERT, b""))
    yield "empty-handshake", sealed(TLS12, item(HANDSHAKE, b""))
    yield "empty-records", sealed(0, *[item(DATA, b"", MORE)] * 36)
    yield "update", sealed(0, item(HANDSHAKE, UPDATE), item(DATA, b"new"), item(HANDSHAKE, UPDATE_ASKS), item(DATA, b"newer"))
    yield "update-in-burst", sealed(0, item(DATA, b"a", MORE), item(HANDSHAKE, UPDATE_ASKS, MORE), item(DATA, b"b", NEXT_KEYS), item(DATA, b"c"))
    yield "update-then-old-keys", sealed(0, item(HANDSHAKE, UPDATE, MORE), item(DATA, b"old"))
    yield "update-fragments", sealed(0, item(HANDSHAKE, UPDATE[:1]), item(HANDSHAKE, UPDATE[1:4]), item(HANDSHAKE, UPDATE[4:]))
    yield "update-not-last", sealed(0, item(HANDSHAKE, UPDATE + b"\30"))
    yield "update-bad-value", sealed(0, item(HANDSHAKE, bytes([24, 0, 0, 1, 2])))
    yield "update-bad-length", sealed(0, item(HANDSHAKE, bytes([24, 0, 0, 2, 0, 0])))
    yield "fragment-then-data", sealed(0, item(HANDSHAKE, UPDATE[:3]), item(DATA, b"no"))
    yield "tickets", sealed(SERVER, item(HANDSHAKE, ticket + ticket[:6]), item(HANDSHAKE, ticket[6:] + UPDATE), item(DATA, b"x"))
    yield "ticket-too-long", sealed(SERVER, item(HANDSHAKE, bytes([4, 255, 0, 0])))
    yield "ticket-from-client", sealed(0, item(HANDSHAKE, ticket))
    yield "hello", sealed(TLS12, item(HANDSHAKE, hello), item(HANDSHAKE, bytes(4)), item(DATA, b"x"))
    yield "hello-fragments", sealed(TLS12, item(HANDSHAKE, hello[:2]), item(HANDSHAKE, hello[2:]))
    yield "finished", sealed(TLS12, item(HANDSHAKE, bytes([20, 0, 0, 0])))
    yield "change-cipher-spec", sealed(TLS12, item(20, b"\1"))
    yield "unknown-type", sealed(0, item(99, b"?"))
    yield "all-zero", sealed(0, item(0, b"", 3))
    yield "content-limit", sealed(SMALL, item(DATA, bytes(63) + b"x"), item(DATA, bytes(64) + b"x"))
    yield "content-limit-tls12", sealed(SMALL | TLS12, item(DATA, bytes(64)), item(DATA, bytes(65)))
    yield "overlong", sealed(0, bytes([DATA, 0]) + struct.pack("<H", 16384), bytes([DATA, 0]) + struct.pack("<H", 16385))
    yield "overlong-padding", sealed(0, item(DATA, b"x", 7), item(DATA, b"xy", 7))
    yield "last-numbers", sealed(LAST, *[item(DATA, b"x")] * 5)
    yield "last-numbers-tls12", sealed(LAST | TLS12, *[item(DATA, b"x", MORE)] * 5)
    yield "tampered", sealed(0, item(DATA, b"x" * 40, TAMPER))
    yield "tampered-burst", sealed(TLS12, item(DATA, b"ok", MORE), item(DATA, b"x" * 3, TAMPER | MORE), item(DATA, b"ok"))
    yield "wrong-number", sealed(0, item(DATA, b"x", WRONG))


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "corpus/record"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (folder / name).write_bytes(data)


main()
