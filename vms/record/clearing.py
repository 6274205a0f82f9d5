"""Making room: the plan joined with the database and the disks. Blocking, in a thread of control or of the command line.

Not here: what goes (retention), how it goes (garbage), when (control).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from vms.base.db import Database
from vms.base.log import get_log
from vms.record import stored
from vms.record.garbage import bury, sweep
from vms.record.models import RetentionRule
from vms.record.retention import DAY_US, Batch, Lane, Limit, Limits, Row, Space, Step, plan
from vms.storage.volumes import Volume

CHUNK = 100
"""Rows of one transaction: it stays far below 200 ms."""

Regions = Callable[[Session], Mapping[str, tuple[str, ...]]]
"""Camera → its regions, the nearest first."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say. The floor of a volume is `free_bytes` or `free_percent` of it, whichever is less."""

    days: int = 0
    least_days: int = 30
    free_bytes: int = 2 * 1024**3
    free_percent: float = 5.0
    volumes: Mapping[str, Limit] = field(default_factory=dict[str, Limit])

    def floor_bytes(self, capacity_bytes: int) -> int:
        return min(self.free_bytes, int(capacity_bytes * self.free_percent / 100))


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that clearing works on."""

    database: Database
    volumes: Mapping[str, Volume]
    policy: Policy
    regions: Regions


@dataclass(slots=True)
class Cleared:
    """What one pass did. `exhausted`: volumes still below their floor with nothing left that may go; `young`: volumes that let go
    of recordings younger than the least days, to make room."""

    segments: int = 0
    bytes: int = 0
    exhausted: set[str] = field(default_factory=set[str])
    young: set[str] = field(default_factory=set[str])


def space_of(volume: Volume, policy: Policy, relief_bytes: int = 0) -> Space:
    """The volume's room now. `relief_bytes` are freed even above the floor: the disk said that it is full."""
    free_bytes = volume.free_bytes()
    floor_bytes = policy.floor_bytes(volume.capacity_bytes())
    target_bytes = floor_bytes + floor_bytes // 4
    if relief_bytes and free_bytes >= floor_bytes:
        return Space(volume.id, free_bytes, free_bytes + 1, free_bytes + relief_bytes)
    return Space(volume.id, free_bytes, floor_bytes, target_bytes)


def limits_of(session: Session, policy: Policy, regions: Regions) -> Limits:
    """Settings, and over them the rules of the table."""
    scopes: dict[str, dict[str, Limit]] = {"camera": {}, "region": {}, "volume": dict(policy.volumes)}
    for row in session.scalars(select(RetentionRule)):
        scopes[row.scope][row.subject_id] = Limit(row.days, row.max_bytes)
    return Limits(Limit(policy.days), scopes["camera"], scopes["region"], scopes["volume"], regions(session))


def clear(place: Place, now_us: int, actor: str, *, ages: bool = True, relief: Mapping[str, int] | None = None) -> Cleared:
    """One pass: all rules, or (without `ages`) only those about bytes and room. Garbage of a pass before goes first."""
    done = Cleared()
    for volume in tuple(place.volumes.values()):
        _sweep(place, volume, now_us)
    for batch in preview(place, now_us, ages=ages, relief=relief):
        gone = [row for rows in _chunks(batch.rows) for row in _bury(place, batch.step, rows, actor, now_us)]
        done.segments, done.bytes = done.segments + len(gone), done.bytes + sum(row.bytes for row in gone)
        if batch.step.rule != "days" and any(row.end_us > now_us - place.policy.least_days * DAY_US for row in gone):
            done.young |= {row.volume for row in gone}
        stuck = [_sweep(place, place.volumes[v], now_us) for v in sorted({row.volume for row in gone} & place.volumes.keys())]
        if any(stuck):
            break  # rows without bytes freed would go on for ever
    for volume in tuple(place.volumes.values()):
        complained = volume.id in (relief or {})
        least_bytes = max(place.policy.floor_bytes(volume.capacity_bytes()), 1)
        if volume.free_bytes() < least_bytes or (complained and not done.segments):
            done.exhausted.add(volume.id)
    return done


def preview(place: Place, now_us: int, *, ages: bool = True, relief: Mapping[str, int] | None = None) -> Iterator[Batch]:
    """The plan as it stands; reads only."""
    with place.database.transaction() as session:
        lanes = {lane: size for lane, size in stored.stored(session).items() if lane.volume in place.volumes}
        limits = limits_of(session, place.policy, place.regions)
    if not ages:
        limits = _without_ages(limits)
    spaces = [space_of(volume, place.policy, (relief or {}).get(volume.id, 0)) for volume in tuple(place.volumes.values())]

    def source(step: Step, after: Row | None, most: int) -> Sequence[Row]:
        with place.database.transaction() as session:
            return stored.oldest(session, step, after, most, now_us)

    return plan(lanes, limits, spaces, source, now_us=now_us)


def _without_ages(limits: Limits) -> Limits:
    def bytes_only(said: Mapping[str, Limit]) -> dict[str, Limit]:
        return {subject: Limit(None, limit.max_bytes) for subject, limit in said.items()}

    cameras, regions, volumes = map(bytes_only, (limits.cameras, limits.regions, limits.volumes))
    return Limits(Limit(), cameras, regions, volumes, limits.regions_of)


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Lane by lane, so that one tombstone tells of as many as can be."""
    by_lane = sorted(rows, key=lambda row: (Lane(row.camera, row.profile, row.volume), row))
    for first in range(0, len(by_lane), CHUNK):
        yield by_lane[first : first + CHUNK]


def _bury(place: Place, step: Step, rows: Sequence[Row], actor: str, now_us: int) -> list[Row]:
    with place.database.transaction() as session:
        return bury(session, rows, step.rule, actor, now_us)


def _sweep(place: Place, volume: Volume, now_us: int) -> bool:
    """Whether files are stuck."""

    def tell(path: str, error: OSError) -> None:
        get_log("record.clearing").error("a deleted file cannot be unlinked", path=volume.absolute(path), error=str(error))

    try:
        with volume.in_use():
            return bool(sweep(place.database, volume, now_us, tell).stuck)
    except OSError:
        return True  # the volume was taken away: what is left goes when it is back
