"""Requests about what is kept and for how long, and the values that answer them. Not here: the plan (record.retention)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from vms.owner.requests import Action, Request

Scope = Literal["camera", "region", "volume"]


@dataclass(frozen=True, slots=True)
class ListVolumes(Request):
    action: ClassVar[Action] = "list"


@dataclass(frozen=True, slots=True)
class ListKept(Request):
    """What is kept of each camera profile, a page at a time."""

    action: ClassVar[Action] = "list"
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ListKeptRegions(Request):
    """The same summed by region, with all below it."""

    action: ClassVar[Action] = "list"


@dataclass(frozen=True, slots=True)
class ListDeletions(Request):
    """Tombstones, newest first."""

    action: ClassVar[Action] = "list"
    camera: str | None = None
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ListRules(Request):
    action: ClassVar[Action] = "list"


@dataclass(frozen=True, slots=True)
class SetRule(Request):
    """Both limits None take the rule away. 0 is "no limit", whatever stands further out."""

    action: ClassVar[Action] = "configure"
    audited: ClassVar[bool] = True
    scope: Scope
    subject: str
    days: int | None
    max_bytes: int | None


@dataclass(frozen=True, slots=True)
class VolumeSpace:
    """A volume's room. `quota_bytes` None: the whole disk. `days_left` None: nothing is written, or it never fills up.

    `percent` and `held_percent` are of what it may hold; `level` and `held_level` the threshold they passed.
    """

    id: str
    path: str
    state: Literal["ok", "full", "failed"]
    capacity_bytes: int
    free_bytes: int
    floor_bytes: int
    quota_bytes: int | None
    stored_bytes: int
    held_bytes: int
    percent: float
    level: int
    held_percent: float
    held_level: int
    at_risk: bool
    short: bool
    days: int | None
    oldest_us: int | None
    write_bytes_per_day: int
    days_left: float | None


class Kept(NamedTuple):
    """What is kept of a camera profile on a volume. `days` is its limit in force, `rule` where that stands."""

    camera: str
    profile: str
    volume: str
    bytes: int
    segments: int
    oldest_us: int | None
    days_kept: float
    days: int | None
    rule: str
    max_bytes: int | None


@dataclass(frozen=True, slots=True)
class KeptPage:
    items: tuple[Kept, ...]
    next: str | None


class KeptRegion(NamedTuple):
    region: str
    bytes: int
    cameras: int
    days: int | None
    max_bytes: int | None


class Deletion(NamedTuple):
    """A tombstone."""

    id: str
    camera: str
    profile: str
    volume: str
    from_us: int
    to_us: int
    segments: int
    bytes: int
    rule: str
    hold: str | None
    actor: str
    at_us: int


@dataclass(frozen=True, slots=True)
class DeletionPage:
    items: tuple[Deletion, ...]
    next: str | None


class Rule(NamedTuple):
    """`changed_by` is empty for what the settings say."""

    scope: str
    subject: str
    days: int | None
    max_bytes: int | None
    changed_by: str
    changed_us: int | None
