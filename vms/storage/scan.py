"""Read a segment file and keep what its seals prove.

`scan` reads every byte: a GOP counts only when its seal's hash and the chain hold, so a zero-filled or torn tail is never
accepted (walking boxes alone would accept it). `read_closed` believes the closing table and reads two pieces.
Not here: cutting and closing a crashed file (record.recovery).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from vms.base.errors import Kind, VmsError
from vms.storage.seals import (
    KIND_HEAD,
    KIND_SEAL,
    MAX_HEAD_BYTES,
    SEAL_BYTES,
    SEAL_TYPE,
    TABLE_BYTES_MIN,
    TABLE_TYPE,
    Gop,
    Head,
    Table,
    is_seal_box,
    parse_head,
    parse_seal,
    parse_table,
)

ReadAt = Callable[[int, int], bytes]
"""(size, offset) → at most `size` bytes."""

MAX_INIT_BYTES = 1024 * 1024
MAX_TABLE_BYTES = 64 * 1024 * 1024
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScannedSegment:
    """`init_size` counts ftyp+moov; `proved_size` ends with the last good seal; `end_reason` is empty when no good table follows it.

    `stillborn`: its writer died before the first GOP was whole; behind the head there is no seal or table, good or bad.
    """

    head: Head
    init_size: int
    gops: tuple[Gop, ...]
    last_seal: bytes
    proved_size: int
    size: int
    end_reason: str
    stillborn: bool = False

    @property
    def closed(self) -> bool:
        return bool(self.end_reason)

    @property
    def end_us(self) -> int:
        return self.gops[-1].end_us if self.gops else self.head.start_us


def scan(read_at: ReadAt, size: int) -> ScannedSegment:
    """Every GOP whose hash and chain hold, from the first on. DAMAGED when not even the head can be read."""
    head, init_size, head_end, previous = _read_front(read_at, size)
    gops: list[Gop] = []
    offset = head_end
    while (found := _next_seal(read_at, offset, size)) is not None:
        try:
            seal = parse_seal(read_at(SEAL_BYTES, found), found)
        except VmsError:
            break
        gop = seal.gop
        if seal.sequence != len(gops) or seal.previous != previous or gop.offset != offset:
            break
        if gops and gop.start_us != gops[-1].end_us:
            break
        if _hash(read_at, gop.offset, gop.size) != gop.sha256:
            break
        gops.append(gop)
        previous = hashlib.sha256(read_at(SEAL_BYTES, found)).digest()
        offset = gop.end_offset
    table = _read_table(read_at, offset, size)
    good = table is not None and table.gops == tuple(gops) and table.last_seal == previous
    stillborn = not gops and not _holds(read_at, head_end, size, (SEAL_TYPE, TABLE_TYPE))
    return ScannedSegment(head, init_size, tuple(gops), previous, offset, size, table.end_reason if table and good else "", stillborn)


def read_closed(read_at: ReadAt, size: int) -> ScannedSegment | None:
    """What the closing table says, without reading the GOPs; None when the file was not closed or its frame does not hold."""
    try:
        return _read_closed(read_at, size)
    except VmsError:
        return None


def hash_file(read_at: ReadAt, size: int) -> bytes:
    return _hash(read_at, 0, size)


def hash_part(read_at: ReadAt, offset: int, size: int) -> bytes:
    """SHA-256 of [offset, offset + size); empty when the file ends before."""
    return _hash(read_at, offset, size)


def read_table(read_at: ReadAt, offset: int, size: int) -> Table | None:
    """The closing table that begins at `offset` of a file of `size` bytes; None when it does not hold."""
    return _read_table(read_at, offset, size)


def _read_closed(read_at: ReadAt, size: int) -> ScannedSegment:
    table_size = int.from_bytes(read_at(4, max(0, size - 4)), "big")
    head, init_size, offset, _ = _read_front(read_at, size)
    table = _read_table(read_at, max(0, size - table_size), size)
    if table is None or not table.gops:
        raise VmsError(Kind.DAMAGED, "segment file: not closed")
    for gop in table.gops:
        if gop.offset != offset:
            raise VmsError(Kind.DAMAGED, "segment file: the closing table has holes")
        offset = gop.end_offset
    if offset != size - table_size or hashlib.sha256(read_at(SEAL_BYTES, offset - SEAL_BYTES)).digest() != table.last_seal:
        raise VmsError(Kind.DAMAGED, "segment file: the closing table does not fit the seals")
    return ScannedSegment(head, init_size, table.gops, table.last_seal, offset, size, table.end_reason)


def _read_front(read_at: ReadAt, size: int) -> tuple[Head, int, int, bytes]:
    """ftyp, moov and the head box → Head, init size, end of the head box, its hash."""
    offset = 0
    for wanted in (b"ftyp", b"moov"):
        box = read_at(8, offset)
        length = int.from_bytes(box[:4], "big")
        if box[4:] != wanted or length < 8 or offset + length > min(size, MAX_INIT_BYTES):
            raise VmsError(Kind.DAMAGED, f"segment file: no {wanted.decode()} where it belongs")
        offset += length
    length = int.from_bytes(read_at(4, offset), "big")
    if not 28 <= length <= MAX_HEAD_BYTES or offset + length > size:
        raise VmsError(Kind.DAMAGED, "segment file: no head box behind the init")
    box = read_at(length, offset)
    if not is_seal_box(box, KIND_HEAD):
        raise VmsError(Kind.DAMAGED, "segment file: no head box behind the init")
    return parse_head(box), offset, offset + length, hashlib.sha256(box).digest()


def _next_seal(read_at: ReadAt, offset: int, size: int) -> int | None:
    """Where the next GOP seal begins, walking box by box over media; None when there is none."""
    while offset + SEAL_BYTES <= size:
        box = read_at(28, offset)
        if len(box) < 28:
            return None
        length, kind = int.from_bytes(box[:4], "big"), box[4:8]
        if kind == b"uuid":
            return offset if length == SEAL_BYTES and box[8:24] == SEAL_TYPE and box[24] == KIND_SEAL else None
        if length == 1:  # 64-bit size, ISO/IEC 14496-12 §4.2
            length = int.from_bytes(box[8:16], "big")
        if length < 8:
            return None
        offset += length
    return None


def _read_table(read_at: ReadAt, offset: int, size: int) -> Table | None:
    if not TABLE_BYTES_MIN <= size - offset <= MAX_TABLE_BYTES:
        return None
    start = read_at(24, offset)
    if start[8:24] != TABLE_TYPE or int.from_bytes(start[:4], "big") != size - offset:
        return None
    try:
        return parse_table(read_at(size - offset, offset))
    except VmsError:
        return None


def _holds(read_at: ReadAt, offset: int, size: int, words: tuple[bytes, ...]) -> bool:
    """Whether any of the words (16 bytes each) stands anywhere, even where no box would be."""
    tail = b""
    while offset < size and (piece := read_at(min(_PIECE, size - offset), offset)):
        text = tail + piece
        if any(word in text for word in words):
            return True
        tail, offset = text[-15:], offset + len(piece)
    return False


def _hash(read_at: ReadAt, offset: int, size: int) -> bytes:
    digest = hashlib.sha256()
    while size > 0:
        piece = read_at(min(size, _PIECE), offset)
        if not piece:
            return b""  # shorter than it was: matches no hash
        digest.update(piece)
        offset += len(piece)
        size -= len(piece)
    return digest.digest()
