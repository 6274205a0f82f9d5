"""Where a segment file is not as it was: the index says what each GOP was, the seals and the table in the file say which one changed.

Not here: when files are read again (scrub), what is kept of it (models.Damage).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vms.base.errors import VmsError
from vms.record import gop_table
from vms.record.models import Segment
from vms.record.reports import GopRow
from vms.storage.scan import ReadAt, hash_file, hash_part, read_table
from vms.storage.seals import SEAL_BYTES, Seal, merkle_root, parse_seal


class DamagedPart(NamedTuple):
    """Wall time of the damaged GOP, of the whole segment where no GOP can be blamed; `what` is for people."""

    start_us: int
    end_us: int
    what: str


def is_whole(read_at: ReadAt, size: int, row: Segment) -> bool:
    """Whether the file is the one that was committed, to the bit. Reads all of it."""
    return size == row.bytes and hash_file(read_at, size) == row.sha256


def locate(read_at: ReadAt, size: int, row: Segment) -> list[DamagedPart]:
    """The parts of a file that is not whole; never empty. What cannot be read counts as damaged."""

    def read(count: int, offset: int) -> bytes:
        try:
            return read_at(count, offset)
        except OSError:
            return b""

    gops = gop_table.unpack(row.gops, row.start_us)
    parts = _bad_gops(read, size, gops, row) + _bad_seals(read, gops)
    if parts:
        return sorted(parts)
    table = read_table(read, _end(gops), size)
    front = "what stands before the first GOP"
    what = "the file has another size" if size != row.bytes else front if table is not None else "the closing table"
    return [DamagedPart(row.start_us, row.end_us, f"{what}; every GOP holds")]


def _bad_gops(read: ReadAt, size: int, gops: Sequence[GopRow], row: Segment) -> list[DamagedPart]:
    """Of the three places that know a GOP's hash the index is believed: only its root is outside the file."""
    found = [hash_part(read, gop.offset, gop.size) for gop in gops]
    if merkle_root(found) == row.gops_root:
        return []
    table = read_table(read, _end(gops), size)
    told = [gop.sha256 for gop in table.gops] if table is not None and len(table.gops) == len(gops) else None
    parts: list[DamagedPart] = []
    for number, (gop, hashed) in enumerate(zip(gops, found, strict=True)):
        seal = _seal(read, gop)
        expected = told[number] if told else seal.gop.sha256 if seal else b""
        if hashed != expected or not expected:
            parts.append(_part(number, gop, "cut off" if gop.offset + gop.size > size else "changed"))
    return parts or [DamagedPart(row.start_us, row.end_us, "the GOPs are not those of the index")]


def _bad_seals(read: ReadAt, gops: Sequence[GopRow]) -> list[DamagedPart]:
    return [_part(number, gop, "its seal is changed") for number, gop in enumerate(gops) if _seal(read, gop) is None]


def _seal(read: ReadAt, gop: GopRow) -> Seal | None:
    offset = gop.offset + gop.size
    try:
        return parse_seal(read(SEAL_BYTES, offset), offset)
    except VmsError:
        return None


def _part(number: int, gop: GopRow, what: str) -> DamagedPart:
    return DamagedPart(gop.start_us, gop.end_us, f"GOP {number}: {what}")


def _end(gops: Sequence[GopRow]) -> int:
    return gops[-1].offset + gops[-1].size + SEAL_BYTES
