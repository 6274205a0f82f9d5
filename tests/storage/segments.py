"""Segment files made by hand, from the layout alone."""

from __future__ import annotations

import hashlib
import struct

from vms.storage.scan import ReadAt
from vms.storage.seals import Gop, Head, make_head, make_seal, make_table

START_US = 1_700_000_000_000_000


def reader(data: bytes) -> ReadAt:
    def read_at(size: int, offset: int) -> bytes:
        return data[offset : offset + size]

    return read_at


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def segment(gops: int, *, chunks: int = 3) -> tuple[bytes, list[Gop], bytes]:
    """A file without its closing table, its GOPs, and the table."""
    head = make_head(Head("node-1", "camera-1", "main", "run-1", 0, "volume-1", START_US))
    data = box(b"ftyp", b"isom") + box(b"moov", b"\0" * 20) + head
    previous = hashlib.sha256(head).digest()
    made: list[Gop] = []
    for number in range(gops):
        media = b"".join(box(b"moof", bytes([number, i])) + box(b"mdat", bytes([i]) * 30) for i in range(chunks))
        start = START_US + number * 2_000_000
        gop = Gop(len(data), len(media), start, 2_000_000, number * 180_000, hashlib.sha256(media).digest())
        seal = make_seal(number, gop, previous)
        previous = hashlib.sha256(seal).digest()
        data += media + seal
        made.append(gop)
    return data, made, make_table(made, "rollover", previous)
