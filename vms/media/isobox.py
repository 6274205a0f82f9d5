"""Boxes of ISO/IEC 14496-12: builders, and bounded walking over bytes that others wrote.

Not here: what goes into which box (cmaf, moov, mp4) and what boxes mean (boxes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from vms.base.errors import Kind, VmsError

Buffer = bytes | memoryview
MAX_BOXES: Final = 200_000
SIZE_TO_END: Final = 0
SIZE_64_BIT: Final = 1


def box(kind: bytes, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return b"".join(((len(body) + 8).to_bytes(4, "big"), kind, body))


def full_box(kind: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    return box(kind, ((version << 24) | flags).to_bytes(4, "big"), *payload)


class Box(NamedTuple):
    """Where one box lies: `start` of the box, `body` of its payload, `end` behind it."""

    kind: bytes
    start: int
    body: int
    end: int


def walk(data: Buffer, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes of [start, end) on one level; sizes that leave it are a PROTOCOL error."""
    stop = len(data) if end is None else end
    at = start
    count = 0
    while at < stop:
        found = box_at(data, at, stop)
        count += 1
        if count > MAX_BOXES:
            raise VmsError(Kind.PROTOCOL, "There are too many boxes on one level.", limit=MAX_BOXES)
        yield found
        at = found.end


def box_at(data: Buffer, at: int, stop: int) -> Box:
    """The box that starts at `at`; it must end at or before `stop`."""
    body = at + 8
    if body > stop:
        raise VmsError(Kind.PROTOCOL, "A box header is cut off.", offset=at)
    size = int.from_bytes(data[at : at + 4], "big")
    kind = bytes(data[at + 4 : body])
    if size == SIZE_64_BIT:
        size = int.from_bytes(data[body : body + 8], "big")
        body += 8
    elif size == SIZE_TO_END:
        size = stop - at
    end = at + size
    if body > end or end > stop:
        raise VmsError(Kind.PROTOCOL, "A box leaves the box around it.", offset=at, size=size)
    return Box(kind, at, body, end)


def find(data: Buffer, kind: bytes, start: int = 0, end: int | None = None) -> Box | None:
    return next((found for found in walk(data, start, end) if found.kind == kind), None)


def need(data: Buffer, kind: bytes, start: int = 0, end: int | None = None) -> Box:
    found = find(data, kind, start, end)
    if found is None:
        raise VmsError(Kind.PROTOCOL, "A box is missing.", box=kind.decode("latin-1"))
    return found
