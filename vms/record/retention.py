"""What may go, and in which order: pure planning over rows, sums and limits.

Order of the rules: age, bytes of a camera, of a region, of a volume; then, below a volume's floor of free space, sub streams,
then anything. Within a rule the oldest goes first; ties are broken by camera, profile and run, so that one state gives one plan.
A held row is never chosen. Not here: where rows come from (stored), deleting (garbage), when (control).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

DAY_US = 86_400_000_000
PAGE = 1000
"""Rows that are looked at together. Whoever deletes them does so lane by lane, so that one tombstone tells of many."""
RULES = ("days", "camera_bytes", "region_bytes", "volume_bytes", "floor_sub", "floor")
MAIN = "main"


class Lane(NamedTuple):
    """A camera profile on a volume."""

    camera: str
    profile: str
    volume: str


class Row(NamedTuple):
    """What planning needs of a segment; in the order in which it goes."""

    start_us: int
    camera: str
    profile: str
    run: str
    end_us: int
    volume: str
    bytes: int
    held: bool = False


class Limit(NamedTuple):
    """None: nothing is said here. 0 days or bytes: no limit, whatever stands further out."""

    days: int | None = None
    max_bytes: int | None = None


NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class Limits:
    """`regions_of` names the regions of a camera, the nearest first. Days: camera, nearest region, volume, node; the first that is said."""

    node: Limit = NO_LIMIT
    cameras: Mapping[str, Limit] = field(default_factory=dict[str, Limit])
    regions: Mapping[str, Limit] = field(default_factory=dict[str, Limit])
    volumes: Mapping[str, Limit] = field(default_factory=dict[str, Limit])
    regions_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def days(self, lane: Lane) -> int | None:
        """None: as long as there is room."""
        said = [self.cameras.get(lane.camera), *(self.regions.get(region) for region in self.regions_of.get(lane.camera, ()))]
        said += [self.volumes.get(lane.volume), self.node]
        return next((limit.days for limit in said if limit is not None and limit.days is not None), None) or None


@dataclass(frozen=True, slots=True)
class Space:
    """A volume's room. Below `floor_bytes` free, recordings go until `target_bytes` are free."""

    volume: str
    free_bytes: int
    floor_bytes: int
    target_bytes: int


@dataclass(frozen=True, slots=True)
class Step:
    """One rule on one subject: of these lanes the oldest rows that end before `before_us` go, while the ledger asks for it."""

    rule: str
    subject: str
    lanes: tuple[Lane, ...]
    before_us: int | None = None


class Batch(NamedTuple):
    """At most PAGE rows that go by one step."""

    step: Step
    rows: tuple[Row, ...]


Source = Callable[[Step, Row | None, int], Sequence[Row]]
"""Up to n of the step's rows behind a row, in order. May give held rows; they are passed over."""


class Ledger:
    """What is stored and free, as planning goes on."""

    def __init__(self, stored: Mapping[Lane, int], limits: Limits, spaces: Sequence[Space]) -> None:
        self.stored = dict(stored)
        self._limits = limits
        self._spaces = {space.volume: space for space in spaces}
        self._freed = dict.fromkeys(self._spaces, 0)
        self._gone: set[Row] = set()

    def need(self, step: Step) -> float:
        """Bytes that this step still has to free; without end for age, whose rows are bounded by `before_us`."""
        if step.rule == "days":
            return float("inf")
        if step.rule.startswith("floor"):
            space = self._spaces[step.subject]
            return space.target_bytes - space.free_bytes - self._freed[step.subject]
        scope = {"camera_bytes": self._limits.cameras, "region_bytes": self._limits.regions, "volume_bytes": self._limits.volumes}
        return sum(self.stored.get(lane, 0) for lane in step.lanes) - (scope[step.rule][step.subject].max_bytes or 0)

    def take(self, step: Step, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The first of these that go."""
        taken: list[Row] = []
        for row in rows:
            if self.need(step) <= 0:
                break
            if row.held or row in self._gone:
                continue
            taken.append(row)
            self._gone.add(row)
            lane = Lane(row.camera, row.profile, row.volume)
            self.stored[lane] = self.stored.get(lane, 0) - row.bytes
            if row.volume in self._freed:
                self._freed[row.volume] += row.bytes
        return tuple(taken)


def steps(lanes: Sequence[Lane], limits: Limits, spaces: Sequence[Space], now_us: int) -> Iterator[Step]:
    """All rules that apply, in their order."""
    lanes = sorted(lanes)
    yield from _by_age(lanes, limits, now_us)
    for camera in sorted(c for c, limit in limits.cameras.items() if limit.max_bytes):
        yield Step("camera_bytes", camera, tuple(lane for lane in lanes if lane.camera == camera))
    for region in sorted(r for r, limit in limits.regions.items() if limit.max_bytes):
        yield Step("region_bytes", region, tuple(lane for lane in lanes if region in limits.regions_of.get(lane.camera, ())))
    for volume in sorted(v for v, limit in limits.volumes.items() if limit.max_bytes):
        yield Step("volume_bytes", volume, tuple(lane for lane in lanes if lane.volume == volume))
    for space in sorted((s for s in spaces if s.free_bytes < s.floor_bytes), key=lambda s: s.volume):
        mine = tuple(lane for lane in lanes if lane.volume == space.volume)
        yield Step("floor_sub", space.volume, tuple(lane for lane in mine if lane.profile != MAIN))
        yield Step("floor", space.volume, mine)


def plan(
    stored: Mapping[Lane, int], limits: Limits, spaces: Sequence[Space], source: Source, *, now_us: int, page: int = PAGE
) -> Iterator[Batch]:
    """What goes, batch by batch. Whoever deletes does so between two batches; who only wants to know just reads on."""
    ledger = Ledger(stored, limits, spaces)
    for step in steps(tuple(stored), limits, spaces, now_us):
        after: Row | None = None
        while step.lanes and ledger.need(step) > 0:
            rows = source(step, after, page)
            taken = ledger.take(step, rows)
            if taken:
                yield Batch(step, taken)
            if len(rows) < page:
                break
            after = rows[-1]


def _by_age(lanes: Sequence[Lane], limits: Limits, now_us: int) -> Iterator[Step]:
    by_days: dict[int, list[Lane]] = {}
    for lane in lanes:
        days = limits.days(lane)
        if days is not None:
            by_days.setdefault(days, []).append(lane)
    for days in sorted(by_days):
        yield Step("days", str(days), tuple(by_days[days]), now_us - days * DAY_US)
