"""SQL of camera-days: closing a day, queueing it, reading the index for many cameras at once, keeping the figures.

Session first, no commits. Not here: arithmetic (figures), when it runs (keeper), pages of figures (pages).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import any_, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from vms.base.timespan import Span
from vms.completeness.figures import DAY_US, DayFigures
from vms.completeness.models import DaysHead, RecordingDay, StaleDay
from vms.owner.requests import GapSpan
from vms.record.queries import LONGEST_US, SpanRow
from vms.registry.models import Camera

FARTHEST_DAYS = 400
"""Days before this are not made by themselves; nothing is kept so long without a hold."""
OPEN_DAY_US = 15 * 60 * 1_000_000
"""How old the figures of the open day may get."""
CLOSED_US = 10 * 60 * 1_000_000
"""A day is closed this long after its midnight: reports that wait come in by then, and what comes later marks it stale."""

Lane = tuple[str, str]
"""Camera and profile."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Days that must be read: how many camera-days, and the first."""

    count: int
    first_us: int | None


def day_start(us: int, offset_us: int) -> int:
    """Local midnight of the day that holds `us`."""
    return us - (us + offset_us) % DAY_US


def advance(session: Session, offset_us: int, now_us: int) -> None:
    """Close days that are over and queue all their cameras; queue the open day now and then.

    Another offset makes all days anew: the old ones began at other instants.
    """
    head = session.get(DaysHead, 1, with_for_update=True)
    if head is not None and head.offset_us != offset_us:
        for table in (RecordingDay, StaleDay, DaysHead):
            session.execute(delete(table))
        session.expunge(head)
        head = None
    if head is None:
        first_us = session.scalar(select(func.min(Camera.created_us)))
        if first_us is None:
            return
        open_us = day_start(max(first_us, now_us - FARTHEST_DAYS * DAY_US), offset_us)
        head = DaysHead(id=1, offset_us=offset_us, open_us=open_us, queued_us=0)
        session.add(head)
    while now_us >= head.open_us + DAY_US + CLOSED_US:
        queue_day(session, head.open_us)
        head.open_us += DAY_US
        head.queued_us = 0
    if now_us - head.queued_us >= OPEN_DAY_US:
        queue_day(session, head.open_us)
        head.queued_us = now_us
    else:
        queue_day(session, head.open_us, unknown_only=True)
    session.flush()


def queue_day(session: Session, start_us: int, *, unknown_only: bool = False) -> None:
    """Every camera that was on the register that day, or those of them that have no figures yet.

    Only main streams are recorded (record.plan).
    """
    statement = text(
        "INSERT INTO recording_days_stale (start_us, camera_id, profile, marks) SELECT :start, c.id::uuid, 'main', 1 FROM cameras c"
        " WHERE c.created_us < :end AND (c.removed_us IS NULL OR c.removed_us > :start) AND NOT (:unknown_only AND EXISTS ("
        " SELECT 1 FROM recording_days d WHERE d.start_us = :start AND d.camera_id = c.id::uuid AND d.profile = 'main'))"
        " ON CONFLICT DO NOTHING"
    )
    session.execute(statement, {"start": start_us, "end": start_us + DAY_US, "unknown_only": unknown_only})


def waiting(session: Session) -> Waiting:
    count, first_us = session.execute(select(func.count(), func.min(StaleDay.start_us))).one()
    return Waiting(int(count), first_us)


def waiting_in(session: Session, within: Span) -> int:
    """Camera-days of the span whose figures must still be made."""
    inside = (StaleDay.start_us >= within.start_us, StaleDay.start_us < within.end_us)
    return int(session.scalar(select(func.count()).select_from(StaleDay).where(*inside)) or 0)


def take_stale(session: Session, limit: int) -> tuple[int, list[Lane]]:
    """Up to `limit` cameras of one waiting day, taken from the queue in this transaction; what somebody is marking stays."""
    start_us = session.scalar(select(func.max(StaleDay.start_us)))
    if start_us is None:
        return 0, []
    statement = text(
        "DELETE FROM recording_days_stale s USING (SELECT start_us, camera_id, profile FROM recording_days_stale"
        " WHERE start_us = :day ORDER BY camera_id, profile LIMIT :limit FOR UPDATE SKIP LOCKED) t"
        " WHERE (s.start_us, s.camera_id, s.profile) = (t.start_us, t.camera_id, t.profile) RETURNING s.camera_id, s.profile"
    )
    return start_us, [(str(camera), profile) for camera, profile in session.execute(statement, {"day": start_us, "limit": limit})]


def recorded_spans(session: Session, lanes: Sequence[Lane], within: Span) -> dict[Lane, list[SpanRow]]:
    """As record.queries.spans, of many cameras in one statement; the primary key holds all that is read."""
    statement = text(
        "SELECT l.camera, l.profile, i.start_us, i.end_us, i.state"
        " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[])) AS l (camera, profile) CROSS JOIN LATERAL ("
        " SELECT min(start_us) AS start_us, max(end_us) AS end_us, min(state) AS state FROM ("
        "  SELECT start_us, end_us, state, sum(begins) OVER (ORDER BY start_us) AS island FROM ("
        "   SELECT start_us, end_us, state,"
        "    coalesce((lag(end_us) OVER w <> start_us OR lag(state) OVER w <> state)::int, 1) AS begins"
        "   FROM segments WHERE camera_id = l.camera AND profile = l.profile AND state <> 'missing'"
        "   AND start_us >= :first AND start_us < :to AND end_us > :from WINDOW w AS (ORDER BY start_us)"
        "  ) told) numbered GROUP BY island) i"
    )
    values = {"first": within.start_us - LONGEST_US, "from": within.start_us, "to": within.end_us}
    found: dict[Lane, list[SpanRow]] = {lane: [] for lane in lanes}
    for camera, profile, *row in session.execute(statement, _arrays(lanes) | values):
        found[str(camera), profile].append(SpanRow(*row))
    return found


def gap_claims(session: Session, lanes: Sequence[Lane], within: Span) -> dict[Lane, list[GapSpan]]:
    """As record.queries.gap_rows, of many cameras in one statement."""
    statement = text(
        "SELECT l.camera, l.profile, g.start_us, g.end_us, g.cause, g.detail"
        " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[])) AS l (camera, profile) CROSS JOIN LATERAL ("
        " (SELECT start_us, end_us, cause, detail FROM gaps WHERE camera_id = l.camera AND profile = l.profile"
        "  AND start_us < :from ORDER BY start_us DESC LIMIT 1) UNION ALL"
        " (SELECT start_us, end_us, cause, detail FROM gaps WHERE camera_id = l.camera AND profile = l.profile"
        "  AND start_us >= :from AND start_us < :to ORDER BY start_us)) g WHERE g.end_us > :from"
    )
    found: dict[Lane, list[GapSpan]] = {lane: [] for lane in lanes}
    for camera, profile, *row in session.execute(statement, _arrays(lanes) | {"from": within.start_us, "to": within.end_us}):
        found[str(camera), profile].append(GapSpan(*row))
    return found


def cameras_of(session: Session, lanes: Sequence[Lane]) -> dict[str, Camera]:
    """By id; a camera that was never registered here has recordings only."""
    ids = sorted({camera for camera, _ in lanes})
    statement = select(Camera).where(Camera.id == any_(bindparam("ids", ids, type_=ARRAY(TEXT))))
    return {camera.id: camera for camera in session.scalars(statement)}


def keep(session: Session, start_us: int, read_us: int, made: Mapping[Lane, DayFigures]) -> None:
    """Write the figures of a day over those that stand."""
    rows = [
        {"start_us": start_us, "camera_id": camera, "profile": profile, "read_us": read_us, **f._asdict()}
        for (camera, profile), f in sorted(made.items())
    ]
    if rows:
        statement = upsert(RecordingDay)
        names = ("read_us", *DayFigures._fields)
        changed = statement.on_conflict_do_update(
            index_elements=["start_us", "camera_id", "profile"], set_={name: statement.excluded[name] for name in names}
        )
        session.execute(changed, rows)


def _arrays(lanes: Sequence[Lane]) -> dict[str, object]:
    return {"cameras": [camera for camera, _ in lanes], "profiles": [profile for _, profile in lanes]}
