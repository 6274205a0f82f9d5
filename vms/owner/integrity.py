"""Requests about proof: the chain of records, minute roots, keys, stamps, and reading segments again. Values only.

Times are microseconds UTC, hashes bytes. Not here: the handlers (integrity, record.scrub).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from vms.owner.requests import Action, CameraRequest, Request


@dataclass(frozen=True, slots=True)
class ChainOf(CameraRequest):
    """The records of a camera's chain from the first to the last one that speaks of the span, without a hole, a page at a time."""

    action: ClassVar[Action] = "system"
    profile: str = "main"
    from_us: int = 0
    to_us: int = 0
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ProveSegment(CameraRequest):
    """A segment's record, its path to the root of its minute, and that root."""

    action: ClassVar[Action] = "system"
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Roots(Request):
    """Minute roots of the span, oldest first, a page at a time."""

    action: ClassVar[Action] = "system"
    from_us: int = 0
    to_us: int = 0
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class IntegrityStatus(Request):
    action: ClassVar[Action] = "system"


@dataclass(frozen=True, slots=True)
class ScrubNow(Request):
    """Read every volume's segments again, from the first."""

    action: ClassVar[Action] = "system"
    audited: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ScrubStarted:
    volumes: tuple[str, ...]


class ChainItem(NamedTuple):
    """`record` is the stored text: hash its UTF-8 bytes."""

    seq: int
    type: str
    minute: int
    record: str
    value: bytes


@dataclass(frozen=True, slots=True)
class ChainPage:
    items: tuple[ChainItem, ...]
    next: str | None


class RootView(NamedTuple):
    """A signed statement; `stamp` is `none`, `pending` or `stamped`, and `token` the TimeStampResp over the signature."""

    minute: int
    tree_size: int
    root: bytes
    statement: str
    signature: bytes
    key: bytes
    late: bool
    stamp: Literal["none", "pending", "stamped"]
    stamped_us: int | None
    token: bytes | None


@dataclass(frozen=True, slots=True)
class RootPage:
    items: tuple[RootView, ...]
    next: str | None


class PathStep(NamedTuple):
    side: Literal["L", "R"]
    hash: bytes


@dataclass(frozen=True, slots=True)
class SegmentProof:
    """`root` is None until the minute is over and signed."""

    segment: str
    record: ChainItem
    index: int
    path: tuple[PathStep, ...]
    root: RootView | None


class KeyView(NamedTuple):
    """`pem` is the public key as openssl reads it, `fingerprint` the SHA-256 of its DER."""

    number: int
    key: bytes
    pem: str
    fingerprint: str
    since_us: int
    statement: str
    signature: bytes


class DamageView(NamedTuple):
    camera: str
    profile: str
    segment: str
    path: str
    start_us: int
    end_us: int
    what: str
    found_us: int


class ScrubView(NamedTuple):
    """One volume: the pass that runs (or ran last), and the last whole one."""

    volume: str
    started_us: int
    segments: int
    bytes: int
    damaged: int
    running: bool
    last_whole_us: int | None
    last_whole_segments: int


@dataclass(frozen=True, slots=True)
class IntegrityView:
    """`lag_minutes`: minutes that are over and have no root. `stamping`: whether an authority is set."""

    root: RootView | None
    lag_minutes: int
    keys: tuple[KeyView, ...]
    stamping: bool
    pending_stamps: int
    last_stamp_us: int | None
    scrub_bytes_per_s: int
    scrub: tuple[ScrubView, ...]
    damaged_segments: int
    damages: tuple[DamageView, ...]
