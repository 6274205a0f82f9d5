"""The boxes that make a segment file its own log: head, GOP seals, closing table (docs/ref/segment-file.md).

In: the binary layout, written and read; the Merkle root over GOP hashes.
Not here: reading a whole file and judging it (scan), when they are written (record).
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple, Protocol, cast
from uuid import UUID

from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US

SEAL_TYPE = UUID("d5830859-c683-4e44-9894-0682e4b20dec").bytes
TABLE_TYPE = UUID("8c5055c4-9f10-43e9-99d6-f3a1c962e9c9").bytes
KIND_HEAD, KIND_SEAL, KIND_TABLE = 1, 2, 3
VERSION = 1
SEAL_BYTES = 132
MAX_HEAD_BYTES = 4096
MAX_GOP_BYTES = 1 << 30  # the writer closes a segment before; what claims more is damage
MAX_GOP_US = 3_600_000_000
END_REASONS = ("", "rollover", "init_change", "stop", "crash", "io_error", "loss", "offline")  # code = position; 0 is never written
Origin = Literal["live", "seed", "edge"]
RecordKind = Literal["continuous", "schedule", "event"]
RECORD_KINDS = ("continuous", "schedule", "event")

_PREFIX = struct.Struct(">I4s16sBBH")
_SEAL = struct.Struct(">I4s16sBBHIqQQQ32s32s")
_ROW = struct.Struct(">QQqQQ32s")
_TABLE_HEAD = struct.Struct(">I4s16sBBHI")
_TABLE_TAIL_BYTES = 32 + 32 + 32 + 4
TABLE_BYTES_MIN = _TABLE_HEAD.size + _ROW.size + _TABLE_TAIL_BYTES


class Hash(Protocol):
    """A running SHA-256; the standard library does not name its type."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Head:
    """What the file is. `after` is the hash (hex) of the last seal of the segment before it in the run, or empty.

    `gap_cause` says why nothing was recorded from `gap_from_us` to `start_us`; both are empty when nothing is missing.
    `kind` says why this is recorded. Of what a camera kept itself (`origin` edge): the first GOP begins `lead_us` before `start_us`
    with pictures that the segment before it has too, and the camera's clock was `camera_offset_us` ahead of the node's.
    """

    node: str
    camera: str
    profile: str
    run: str
    seq: int
    volume: str
    start_us: int
    origin: Origin = "live"
    after: str = ""
    gap_from_us: int = 0
    gap_cause: str = ""
    gap_detail: str = ""
    kind: RecordKind = "continuous"
    lead_us: int = 0
    camera_offset_us: int = 0


class Gop(NamedTuple):
    """One sealed GOP: place in the file, wall span, `tfdt` of its key frame, SHA-256 of its bytes."""

    offset: int
    size: int
    start_us: int
    duration_us: int
    media: int
    sha256: bytes

    @property
    def end_us(self) -> int:
        return self.start_us + self.duration_us

    @property
    def end_offset(self) -> int:
        """Where the GOP's seal ends and the next GOP may begin."""
        return self.offset + self.size + SEAL_BYTES


class Seal(NamedTuple):
    """A seal as read back; `gop.offset` is filled in by whoever knows where the box lay."""

    sequence: int
    gop: Gop
    previous: bytes


class Table(NamedTuple):
    gops: tuple[Gop, ...]
    end_reason: str
    last_seal: bytes
    root: bytes


def make_head(head: Head) -> bytes:
    fields = asdict(head)
    if head.kind == "continuous":  # never written: files from before there were kinds are canonical as they are
        del fields["kind"]
    for name in ("lead_us", "camera_offset_us"):
        if not fields[name]:
            del fields[name]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return _PREFIX.pack(_PREFIX.size + len(text), b"uuid", SEAL_TYPE, KIND_HEAD, VERSION, 0) + text


def parse_head(box: bytes) -> Head:
    """The whole box → Head; DAMAGED when it is not one."""
    if not is_seal_box(box, KIND_HEAD) or len(box) > MAX_HEAD_BYTES:
        raise _damaged("no head box")
    try:
        fields = cast("object", json.loads(box[_PREFIX.size :]))
    except ValueError as error:
        raise _damaged("the head box holds no JSON") from error
    if not isinstance(fields, dict):
        raise _damaged("the head box holds no object")
    head = _head_of(cast("dict[str, object]", fields))
    if make_head(head) != box:
        raise _damaged("the head box is not canonical")
    return head


def make_seal(sequence: int, gop: Gop, previous: bytes) -> bytes:
    """`previous` is the SHA-256 of the seal before, for the first one of the head box."""
    body = _SEAL.pack(
        SEAL_BYTES,
        b"uuid",
        SEAL_TYPE,
        KIND_SEAL,
        VERSION,
        0,
        sequence,
        gop.start_us,
        gop.duration_us,
        gop.media,
        gop.size,
        gop.sha256,
        previous,
    )
    return body + zlib.crc32(body).to_bytes(4, "big")  # the last seal of a torn file has no follower that proves it


def parse_seal(box: bytes, offset: int) -> Seal:
    """`offset` is where the box begins in the file: the GOP lies right before it."""
    if len(box) != SEAL_BYTES or not is_seal_box(box, KIND_SEAL):
        raise _damaged("no GOP seal")
    if zlib.crc32(box[:-4]) != int.from_bytes(box[-4:], "big"):
        raise _damaged("a GOP seal does not match its checksum")
    _, _, _, _, _, _, sequence, start_us, duration_us, media, size, sha256, previous = _SEAL.unpack_from(box)
    gop = Gop(offset - size, size, start_us, duration_us, media, sha256)
    if not _possible(gop):
        raise _damaged("a seal with impossible values")
    return Seal(sequence, gop, previous)


def make_table(gops: Sequence[Gop], end_reason: str, last_seal: bytes) -> bytes:
    """The closing table; its size stands again in its last four bytes, so that it is found from the end of the file."""
    size = _TABLE_HEAD.size + len(gops) * _ROW.size + _TABLE_TAIL_BYTES
    reason = END_REASONS.index(end_reason)
    head = _TABLE_HEAD.pack(size, b"uuid", TABLE_TYPE, KIND_TABLE, VERSION, reason, len(gops))
    body = head + b"".join(_ROW.pack(*gop) for gop in gops) + last_seal + merkle_root([gop.sha256 for gop in gops])
    return body + hashlib.sha256(body).digest() + struct.pack(">I", size)


def parse_table(box: bytes) -> Table:
    if len(box) < TABLE_BYTES_MIN:
        raise _damaged("no closing table")
    size, kind, boxtype, subkind, version, reason, count = _TABLE_HEAD.unpack_from(box)
    if (kind, boxtype, subkind, version) != (b"uuid", TABLE_TYPE, KIND_TABLE, VERSION):
        raise _damaged("no closing table")
    rows_end = _TABLE_HEAD.size + count * _ROW.size
    if not size == len(box) == rows_end + _TABLE_TAIL_BYTES == int.from_bytes(box[-4:], "big") or not 0 < reason < len(END_REASONS):
        raise _damaged("a closing table of the wrong size")
    if hashlib.sha256(box[: rows_end + 64]).digest() != box[rows_end + 64 : rows_end + 96]:
        raise _damaged("the closing table does not match its hash")
    gops = tuple(Gop(*row) for row in _ROW.iter_unpack(box[_TABLE_HEAD.size : rows_end]))
    if not all(map(_possible, gops)):
        raise _damaged("a closing table with impossible values")
    return Table(gops, END_REASONS[reason], box[rows_end : rows_end + 32], box[rows_end + 32 : rows_end + 64])


def is_seal_box(box: bytes, kind: int) -> bool:
    if len(box) < _PREFIX.size:
        return False
    return _PREFIX.unpack_from(box) == (len(box), b"uuid", SEAL_TYPE, kind, VERSION, 0)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1: leaf SHA-256(0x00 ‖ hash), node SHA-256(0x01 ‖ left ‖ right), split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256().digest()
    row = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(row) > 1:  # pairing from the left and carrying the odd one up gives the same tree
        pairs = [hashlib.sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(row) & ~1 :]
    return row[0]


def _possible(gop: Gop) -> bool:
    return gop.offset > 0 and 0 < gop.size <= MAX_GOP_BYTES and 0 < gop.duration_us <= MAX_GOP_US and 0 <= gop.start_us <= MAX_US


def _head_of(fields: dict[str, object]) -> Head:
    text: dict[str, str] = {}
    for name in ("node", "camera", "profile", "run", "volume", "origin", "after", "gap_cause", "gap_detail"):
        value = fields.get(name)
        if not isinstance(value, str) or len(value) > 200:
            raise _damaged(f"the head box lacks {name}")
        text[name] = value
    number: dict[str, int] = {}
    for name in ("seq", "start_us", "gap_from_us"):
        value = fields.get(name)
        if type(value) is not int or not 0 <= value <= MAX_US:
            raise _damaged(f"the head box has an impossible {name}")
        number[name] = value
    origin = text.pop("origin")
    if origin not in ("live", "seed", "edge"):
        raise _damaged("the head box names no known origin")
    for name, least in (("lead_us", 0), ("camera_offset_us", -MAX_US)):
        value = fields.get(name, 0)
        if type(value) is not int or not least <= value <= MAX_US:
            raise _damaged(f"the head box has an impossible {name}")
        number[name] = value
    kind = fields.get("kind", "continuous")
    return Head(
        **text,
        seq=number["seq"],
        start_us=number["start_us"],
        gap_from_us=number["gap_from_us"],
        origin=origin,
        kind=record_kind(str(kind)),
        lead_us=number["lead_us"],
        camera_offset_us=number["camera_offset_us"],
    )


def record_kind(word: str) -> RecordKind:
    """Raises DAMAGED when it is none."""
    match word:
        case "continuous" | "schedule" | "event":
            return word
        case _:
            raise _damaged("no known kind of recording")


def _damaged(message: str) -> VmsError:
    return VmsError(Kind.DAMAGED, f"segment file: {message}")
