"""Which gaps are to be filled from cameras' own recordings, and what became of it: rows of `edge_fills`. Session first, no commits.

A gap becomes a fill once, as it was found; what is left of it later lies inside that fill. Not here: places of GOPs (edge), asking
(control), rows of segments and gaps (committer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vms.base.errors import Kind
from vms.base.timespan import SECOND_US, Span
from vms.owner.requests import GapSpan
from vms.record import queries
from vms.record.committer import Announce
from vms.record.edge import FILLABLE, LEAST_US, Hole
from vms.record.facts import EdgeFilled, EdgeGivenUp
from vms.record.models import EdgeFill

MAX_ATTEMPTS = 10
MAX_SPAN_US = 6 * 3600 * SECOND_US
"""A longer gap is filled piece by piece, a fill each, so that a failure costs one piece."""
MAX_HOLES = 100
RETRY_FIRST_US = 10 * SECOND_US
RETRY_MOST_US = 3600 * SECOND_US
FINAL = ("filled", "partial", "given_up")
_FINAL_KINDS = frozenset({Kind.NOT_ALLOWED.value})

_CANDIDATES = text(
    "SELECT g.camera_id, g.profile, f.start_us, f.end_us, g.start_us, g.end_us, f.attempts"
    " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]), CAST(:since AS bigint[])) AS c (camera, profile, since_us)"
    " JOIN gaps g ON g.camera_id = c.camera AND g.profile = c.profile AND g.end_us > c.since_us AND g.end_us <= :settled"
    " LEFT JOIN LATERAL (SELECT * FROM edge_fills e WHERE e.camera_id = g.camera_id AND e.profile = g.profile"
    "  AND e.start_us <= g.start_us AND e.end_us > g.start_us ORDER BY e.start_us DESC LIMIT 1) f ON true"
    " WHERE g.cause = ANY (:causes) AND g.end_us - greatest(g.start_us, c.since_us) >= :least"
    " AND (f.state IS NULL OR f.state = 'waiting' AND f.next_us <= :now"
    "  OR f.state IN ('filled', 'partial', 'given_up') AND g.end_us > f.end_us)"
    " ORDER BY c.camera, c.profile, g.start_us"
)


@dataclass(frozen=True, slots=True)
class Lane:
    """A camera profile whose recordings may be asked for, from `since_us` on."""

    camera: str
    profile: str
    since_us: int


class FillKey(NamedTuple):
    """Which fill: the gap's start as it was found."""

    camera: str
    profile: str
    start_us: int


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill to be tried now. `attempts` counts this one."""

    key: FillKey
    span: Span
    attempts: int
    holes: tuple[Hole, ...]


def due(session: Session, lanes: Sequence[Lane], now_us: int, settled_us: int) -> list[tuple[str, str, Span, int]]:
    """At most one a lane, the oldest first: (camera, profile, span, attempts so far). Gaps that end behind `settled_us` wait."""
    values = {
        "cameras": [lane.camera for lane in lanes],
        "profiles": [lane.profile for lane in lanes],
        "since": [lane.since_us for lane in lanes],
        "settled": settled_us,
        "now": now_us,
        "causes": sorted(FILLABLE),
        "least": LEAST_US,
    }
    since = {(lane.camera, lane.profile): lane.since_us for lane in lanes}
    found: dict[tuple[str, str], tuple[str, str, Span, int]] = {}
    for camera, profile, fill_start, fill_end, start_us, end_us, attempts in session.execute(_CANDIDATES, values):
        key = str(camera), profile
        if key in found:
            continue
        if fill_start is not None and start_us < fill_end and end_us <= fill_end:
            span = Span(fill_start, fill_end)
        else:
            first_us = max(start_us, since[key], fill_end or 0)
            span, attempts = Span(first_us, min(end_us, first_us + MAX_SPAN_US)), 0  # noqa: PLW2901  (a fill of its own)
        if span.duration_us >= LEAST_US:
            found[key] = (*key, span, attempts)
    return list(found.values())


def begin(session: Session, camera: str, profile: str, span: Span, now_us: int) -> Fill:
    """Note the attempt before it is made, so that one that never ends is known at the next start; and what it is to fill."""
    row = {"camera_id": camera, "profile": profile, "start_us": span.start_us, "end_us": span.end_us, "state": "running"}
    row |= {"attempts": 1, "next_us": now_us, "filled_us": 0, "cause": "", "message": "", "changed_us": now_us}
    statement = insert(EdgeFill).values(row)
    again = statement.on_conflict_do_update(
        index_elements=[EdgeFill.camera_id, EdgeFill.profile, EdgeFill.start_us],
        set_={"state": "running", "attempts": EdgeFill.attempts + 1, "changed_us": now_us},
    )
    attempts = session.scalars(again.returning(EdgeFill.attempts)).one()
    return Fill(FillKey(camera, profile, span.start_us), span, attempts, tuple(holes(session, camera, profile, span)))


def holes(session: Session, camera: str, profile: str, span: Span) -> list[Hole]:
    """What can be filled of the span, by start."""
    ends = {row.end_us for row in queries.spans(session, camera, profile, Span(span.start_us - SECOND_US, span.end_us + 1))}
    found: list[Hole] = []
    for gap in _fillable(session, camera, profile, span)[:MAX_HOLES]:
        start_us, end_us = max(gap.start_us, span.start_us), min(gap.end_us, span.end_us)
        found.append(Hole(start_us, end_us, gap.cause, gap.detail, start_us in ends))
    return found


def finish(session: Session, announce: Announce, key: FillKey, now_us: int) -> None:
    """The camera gave all it has: what is left of the gap stays one."""
    row = session.get(EdgeFill, key, with_for_update=True)
    if row is None or row.state in FINAL:
        return
    left_us = _left_us(session, row)
    row.state = "partial" if left_us >= LEAST_US else "filled"
    row.filled_us, row.cause, row.message, row.changed_us = row.end_us - row.start_us - left_us, "", "", now_us
    announce(session, EdgeFilled(key.camera, key.profile, row.start_us, row.end_us, row.filled_us, left_us))


def fail(session: Session, announce: Announce, key: FillKey, cause: str, message: str, *, now_us: int) -> None:
    """Try again later, each time later; after MAX_ATTEMPTS, or when it can never be, give up and say so."""
    row = session.get(EdgeFill, key, with_for_update=True)
    if row is None or row.state in FINAL:
        return
    row.cause, row.message, row.changed_us = cause, message[:300], now_us
    row.filled_us = row.end_us - row.start_us - _left_us(session, row)
    if row.attempts < MAX_ATTEMPTS and cause not in _FINAL_KINDS:
        row.state, row.next_us = "waiting", now_us + min(RETRY_FIRST_US << row.attempts - 1, RETRY_MOST_US)
        return
    row.state = "given_up"
    announce(session, EdgeGivenUp(key.camera, key.profile, row.start_us, row.end_us, cause, row.message, row.attempts, row.filled_us))


def postpone(session: Session, key: FillKey, next_us: int) -> None:
    """It was not even tried: it counts as no attempt."""
    row = session.get(EdgeFill, key, with_for_update=True)
    if row is not None and row.state == "running":
        row.state, row.next_us, row.attempts = "waiting", next_us, row.attempts - 1


def interrupted(session: Session, next_us: int) -> int:
    """Attempts that were under way when control died: they are tried again, and counted. How many there were."""
    statement = update(EdgeFill).where(EdgeFill.state == "running").values(state="waiting", next_us=next_us, cause="worker_crash")
    return len(session.execute(statement.returning(EdgeFill.start_us)).all())


def _left_us(session: Session, row: EdgeFill) -> int:
    span = Span(row.start_us, row.end_us)
    found = _fillable(session, row.camera_id, row.profile, span)
    return sum(min(gap.end_us, row.end_us) - max(gap.start_us, row.start_us) for gap in found)


def _fillable(session: Session, camera: str, profile: str, span: Span) -> list[GapSpan]:
    return [gap for gap in queries.gap_rows(session, camera, profile, span) if gap.cause in FILLABLE]
