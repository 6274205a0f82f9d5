"""The GOP table of a row: 16 bytes a GOP. Pure.

GOPs of a segment touch in the file and in time, so offset and start follow from the first one's. Hashes stay in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from vms.record.reports import GopRow
from vms.storage.seals import SEAL_BYTES

_FIRST = Struct(">I")
_ROW = Struct(">IIQ")  # size, duration_us, media; MAX_GOP_BYTES and MAX_GOP_US fit


def pack(gops: Sequence[GopRow]) -> bytes:
    """Bytes of a segment's GOPs, in order."""
    return _FIRST.pack(gops[0].offset) + b"".join([_ROW.pack(g.size, g.duration_us, g.media) for g in gops])


def unpack(table: bytes, start_us: int) -> list[GopRow]:
    """The GOPs of the segment that begins at `start_us`."""
    (offset,) = _FIRST.unpack_from(table)
    rows: list[GopRow] = []
    for size, duration_us, media in _ROW.iter_unpack(memoryview(table)[_FIRST.size :]):
        rows.append(GopRow(offset, size, start_us, duration_us, media))
        offset += size + SEAL_BYTES
        start_us += duration_us
    return rows


def is_regular(gops: Sequence[GopRow], start_us: int) -> bool:
    """Whether `unpack(pack(gops), start_us)` gives the same."""
    fit = (0 < g.size < 2**32 and 0 < g.duration_us < 2**32 and 0 <= g.media < 2**63 for g in gops)
    return bool(gops) and gops[0].offset < 2**32 and all(fit) and unpack(pack(gops), start_us) == list(gops)
