"""What a camera's day adds up to, and the rate. Pure.

recorded + gaps = planned + not planned = the time told of, to the microsecond. Rate (录像完整率): |recorded ∩ plan| ÷ |plan|, with
gaps of at most 2 s joined; no planned time gives no value. Not here: where spans and gaps come from (days).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vms.base.timespan import SECOND_US, Span, gaps
from vms.owner.requests import TimelineAnswer

NOT_PLANNED = frozenset({"schedule", "not_registered"})
"""Causes of time in which nothing should be recorded. A stop by hand is none of them: an approval shortens the plan, a switch does not."""
JOINED_US = 2 * SECOND_US
PPM = 1_000_000
DAY_US = 86_400 * SECOND_US


class DayFigures(NamedTuple):
    """Microseconds of one camera profile and day. `joined_us` is the part of `gaps` in holes of at most 2 s between recordings,
    `damaged_us` the part of `recorded_us` that is not proved. `gaps` holds planned time only."""

    told_us: int
    planned_us: int
    recorded_us: int
    joined_us: int
    damaged_us: int
    gaps: Mapping[str, int]

    @property
    def rate_ppm(self) -> int | None:
        return rate_ppm(self.planned_us, self.recorded_us + self.joined_us)


def rate_ppm(planned_us: int, covered_us: int) -> int | None:
    """Parts per million, rounded down, so that a lost second never reads as 100 %; None without planned time."""
    return None if planned_us <= 0 else min(PPM, covered_us * PPM // planned_us)


def figures(answer: TimelineAnswer) -> DayFigures:
    """Of a timeline of one day, or of a part of it."""
    told = answer.to_us - answer.from_us
    lost: Counter[str] = Counter()
    for gap in answer.gaps:
        lost[gap.cause] += gap.end_us - gap.start_us
    planned = told - sum(lost.pop(cause, 0) for cause in NOT_PLANNED)
    recorded = sum(r.end_us - r.start_us for r in answer.recorded)
    damaged = sum(r.end_us - r.start_us for r in answer.recorded if r.state == "damaged")
    return DayFigures(told, planned, recorded, _joined_us(answer), damaged, dict(sorted(lost.items())))


def total(days: Iterable[DayFigures]) -> DayFigures:
    """Sums; the rate of a total is the sums' quotient, not the mean of rates."""
    lost: Counter[str] = Counter()
    sums = [0, 0, 0, 0, 0]
    for day in days:
        sums = [a + b for a, b in zip(sums, day[:5], strict=True)]
        lost.update(day.gaps)
    return DayFigures(*sums, gaps=dict(sorted(lost.items())))


def _joined_us(answer: TimelineAnswer) -> int:
    """Holes that touch the window's edge go on outside it: they do not count as short."""
    window = Span(answer.from_us, answer.to_us)
    planned_gaps = [Span(g.start_us, g.end_us) for g in answer.gaps if g.cause not in NOT_PLANNED]
    joined = 0
    for hole in gaps(window, (Span(r.start_us, r.end_us) for r in answer.recorded)):
        inside = window.start_us < hole.start_us and hole.end_us < window.end_us
        if inside and hole.duration_us <= JOINED_US:
            joined += sum(part.duration_us for gap in planned_gaps if (part := gap.overlap(hole)) is not None)
    return joined
