"""The chain of records: one canonical JSON record for each thing that happened to a camera's recording, each naming the value before.

`c_n = SHA-256(0x02 ‖ c_{n-1} ‖ SHA-256(rec_n))`, where `c_0` is 32 zero bytes; layout in docs/ref/chain.md. In: record bodies, canonical
bytes (RFC 8785 within the limits of that page), linking, verifying. Pure. Not here: rows (chain_rows), minute roots (integrity).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

from vms.base.errors import Kind, VmsError

VERSION = 1
FIRST = bytes(32)
MINUTE_US = 60_000_000
_TAG = b"\x02"  # leaves of other chains have other tags, so that none passes for another
_MOST = 2**53  # beyond it JSON numbers are not exact everywhere (RFC 8785, appendix D)
RecordType = Literal["segment", "gap", "tombstone", "epoch", "clock"]


class Stream(NamedTuple):
    """Whose chain it is: one for each camera and profile."""

    camera: str
    profile: str


class Head(NamedTuple):
    """The end of a stream's chain: the last record's epoch and number, and the value behind it."""

    epoch: int
    seq: int
    value: bytes


EMPTY = Head(0, 0, FIRST)


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it has its place: what happened, over which wall time. `segment` is the id of a segment's own record."""

    stream: Stream
    type: RecordType
    start_us: int
    end_us: int
    body: Mapping[str, object] = field(default_factory=dict[str, object])
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What all records of one transaction share. `node` owns the chain; `minute`, since 1970, names the root that will cover them."""

    node: str
    epoch: int
    committed_us: int
    minute: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record in its place: the stored bytes and the value they lead to."""

    draft: Draft
    epoch: int
    seq: int
    bytes: bytes
    value: bytes


class Link(NamedTuple):
    """A stored record as a verifier meets it."""

    seq: int
    bytes: bytes
    value: bytes


class Break(NamedTuple):
    """The first item that does not hold, by its number, and what is wrong with it."""

    seq: int
    what: str


def canonical(value: Mapping[str, object]) -> bytes:
    """The JCS bytes of strings, booleans, null, lists, objects and integers below 2^53. Raises BAD_REQUEST for anything else."""
    _check(value)
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise VmsError(Kind.BAD_REQUEST, "a record holds text that is not Unicode") from error


def link(before: bytes, record: bytes) -> bytes:
    """The chain's value behind `record`."""
    return hashlib.sha256(_TAG + before + hashlib.sha256(record).digest()).digest()


def place(head: Head, context: Context, draft: Draft) -> tuple[Record, Head]:
    """The record at the end of the chain, and the new end."""
    seq = head.seq + 1
    body: dict[str, object] = {
        **draft.body,
        "type": draft.type,
        "v": VERSION,
        "tier_id": context.node,
        "camera_id": draft.stream.camera,
        "stream": draft.stream.profile,
        "epoch": context.epoch,
        "seq": seq,
        "minute": context.minute,
        "committed_at": context.committed_us,
        "prev": head.value.hex(),
    }
    data = canonical(body)
    value = link(head.value, data)
    return Record(draft, context.epoch, seq, data, value), Head(context.epoch, seq, value)


def new_epoch(stream: Stream, head: Head, context: Context) -> Draft:
    """The database was restored, so what it forgot may have had these numbers: name the last value it knows."""
    body = {"last_epoch": head.epoch, "last_seq": head.seq, "last_value": head.value.hex(), "reason": "database restored"}
    return Draft(stream, "epoch", context.committed_us, context.committed_us, body)


def verify(links: Iterable[Link], start: Head = EMPTY) -> Break | None:
    """Walk the chain from `start`; None when every record holds."""
    seq, value = start.seq, start.value
    for item in links:
        wrong = check_link(Head(0, seq, value), item)
        if wrong:
            return Break(item.seq, wrong)
        seq, value = item.seq, item.value
    return None


def check_link(before: Head, item: Link) -> str:
    """What is wrong with the record behind `before`; empty when it holds."""
    if item.seq != before.seq + 1:
        return f"records {before.seq + 1} to {item.seq - 1} are missing" if item.seq > before.seq else "this number stands twice"
    if link(before.value, item.bytes) != item.value:
        return "the record or its value was changed, or the record before it was swapped"
    told = parse(item.bytes)
    if told is None or canonical(told) != item.bytes:
        return "the record is not canonical JSON"
    if told.get("seq") != item.seq or told.get("prev") != before.value.hex():
        return "the record tells another place than it stands at"
    return ""


def parse(record: bytes) -> dict[str, object] | None:
    """A stored record's fields; None when it is no object of the kinds that `canonical` writes."""
    try:
        told = cast("object", json.loads(record))
        if isinstance(told, dict):
            fields = cast("dict[str, object]", told)
            _check(fields)
            return fields
    except (ValueError, RecursionError, VmsError):
        pass
    return None


def _check(value: object) -> None:
    match value:
        case bool() | str() | None:
            return
        case int() if -_MOST < value < _MOST:
            return
        case dict():
            for key, inner in cast("dict[object, object]", value).items():
                if not isinstance(key, str) or not key.isascii():
                    raise VmsError(Kind.BAD_REQUEST, "keys of a record are ASCII text")
                _check(inner)
        case list() | tuple():
            for inner in cast("list[object]", value):
                _check(inner)
        case _:
            raise VmsError(Kind.BAD_REQUEST, "a record holds a value that has no canonical form", given=type(value).__name__)
