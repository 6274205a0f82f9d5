"""Reading the index. Session first, no commits; a camera's span is answered from the primary key of one or two partitions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Uuid, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Session

from vms.base.timespan import Span, merge
from vms.owner.requests import GapSpan
from vms.record.models import Garbage, Segment

LONGEST_US = 3 * 3_600_000_000
"""No segment is longer: a segment's length setting plus one GOP (segment_writer.MAX_GOP_US)."""
MAX_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class SpanRow:
    """What the timeline needs of a segment."""

    start_us: int
    end_us: int
    state: str
    kind: str = "continuous"


# Plain text: building and hashing these as expressions took longer than PostgreSQL takes to answer them.
_SPANS = text(
    "SELECT min(start_us), max(end_us), min(state), min(kind) FROM ("
    " SELECT start_us, end_us, state, kind, sum(begins) OVER (ORDER BY start_us) AS island FROM ("
    "  SELECT start_us, end_us, state, kind,"
    "  coalesce((lag(end_us) OVER w <> start_us OR lag(state) OVER w <> state OR lag(kind) OVER w <> kind)::int, 1) AS begins FROM ("
    "   SELECT start_us, end_us, kind, CASE WHEN state = 'ok' AND EXISTS (SELECT FROM"
    "   unnest(CAST(:held_from AS bigint[]), CAST(:held_to AS bigint[])) AS h (from_us, to_us)"
    "   WHERE start_us < h.to_us AND end_us > h.from_us) THEN 'held' ELSE state END AS state"
    "   FROM segments WHERE camera_id = CAST(:camera AS uuid) AND profile = :profile AND state <> 'missing'"
    "   AND start_us >= :first AND start_us < :to AND end_us > :from"
    "  ) touched WINDOW w AS (ORDER BY start_us)"
    " ) told) numbered GROUP BY island ORDER BY 1"
)
_EDGE = text(
    "SELECT start_us, end_us FROM segments WHERE camera_id = CAST(:camera AS uuid) AND profile = :profile AND origin = 'edge'"
    " AND start_us >= :first AND start_us < :to AND end_us > :from"
)
_GAPS = text(
    "(SELECT start_us, end_us, cause, detail FROM gaps WHERE camera_id = CAST(:camera AS uuid) AND profile = :profile"
    " AND start_us < :from AND end_us > :from ORDER BY start_us DESC LIMIT 1)"
    " UNION ALL (SELECT start_us, end_us, cause, detail FROM gaps WHERE camera_id = CAST(:camera AS uuid) AND profile = :profile"
    " AND start_us >= :from AND start_us < :to ORDER BY start_us)"
)
# EXISTS as a column is probed row by row; as a condition it may become a join that reads the month. Most days hold a segment
# that begins in them, which is one entry of the index; only without one those before are looked through.
_TOUCHES = "EXISTS (SELECT 1 FROM segments s WHERE s.camera_id = c.camera AND s.profile = :profile AND s.state <> 'missing' AND "
_DAYS = text(
    f"SELECT {_TOUCHES} s.start_us >= d.from_us AND s.start_us < d.to_us)"  # noqa: S608  (fixed words)
    f" OR {_TOUCHES} s.start_us >= d.from_us - :longest AND s.start_us < d.from_us AND s.end_us > d.from_us)"
    " FROM unnest(CAST(:cameras AS uuid[])) WITH ORDINALITY AS c (camera, n)"
    " CROSS JOIN unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[])) WITH ORDINALITY AS d (from_us, to_us, n) ORDER BY c.n, d.n"
)


def spans(session: Session, camera_id: str, profile: str, within: Span, held: Sequence[Span] = ()) -> list[SpanRow]:
    """Segments that touch the span, joined where they touch, by start: some rows a day, whatever the segment length.

    Good ones that touch any of `held` have the state `held`, whole. The primary key holds end, state and kind, so no row is
    read: those of a camera's day lie in as many pages of the table.
    """
    values = {"camera": camera_id, "profile": profile, "first": within.start_us - LONGEST_US, "from": within.start_us, "to": within.end_us}
    ranges = {"held_from": [h.start_us for h in held], "held_to": [h.end_us for h in held]}
    return [SpanRow(*row) for row in session.execute(_SPANS, values | ranges)]


def edge_spans(session: Session, camera_id: str, profile: str, within: Span) -> list[Span]:
    """What of the span comes from the camera's own recordings, joined, by start; from an index that holds nothing else."""
    values = {"camera": camera_id, "profile": profile, "first": within.start_us - LONGEST_US, "from": within.start_us, "to": within.end_us}
    return merge(Span(*row) for row in session.execute(_EDGE, values))


def segments(session: Session, camera_id: str, profile: str, within: Span, limit: int) -> Sequence[Segment]:
    """At most `limit` segments that touch the span, by start."""
    statement = select(Segment).where(*_touching(camera_id, profile, within))
    return session.scalars(statement.order_by(Segment.start_us, Segment.run).limit(min(limit, MAX_ROWS))).all()


def segment_page(
    session: Session, camera_id: str, profile: str, within: Span, *, after: tuple[int, str] | None, limit: int
) -> Sequence[Segment]:
    """Segments that touch the span, behind the (start, run) `after`."""
    statement = select(Segment).where(*_touching(camera_id, profile, within))
    if after is not None:
        statement = statement.where(tuple_(Segment.start_us, Segment.run) > tuple_(literal(after[0], BIGINT), _id(after[1])))
    return session.scalars(statement.order_by(Segment.start_us, Segment.run).limit(limit)).all()


def gap_rows(session: Session, camera_id: str, profile: str, within: Span) -> list[GapSpan]:
    """Gaps that touch the span. One may be months long, so the last one before it counts too; they do not overlap."""
    values = {"camera": camera_id, "profile": profile, "from": within.start_us, "to": within.end_us}
    return [GapSpan(*row) for row in session.execute(_GAPS, values)]


def days_recorded(session: Session, cameras: Sequence[str], profile: str, days: Sequence[Span]) -> list[list[bool]]:
    """For each camera and day whether any segment touches it; one index probe each."""
    values = {"cameras": list(cameras), "profile": profile, "longest": LONGEST_US}
    found = session.scalars(_DAYS, {**values, "starts": [d[0] for d in days], "ends": [d[1] for d in days]}).all()
    return [list(found[n : n + len(days)]) for n in range(0, len(found), len(days))]


def last_ends(session: Session, cameras: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The last recorded instant of each (camera, profile) that has one, also when it was deleted or lost since."""
    statement = text(
        "SELECT c.camera, c.profile, greatest(s.end_us, g.end_us)"
        " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[])) AS c (camera, profile)"
        " LEFT JOIN LATERAL (SELECT end_us FROM segments WHERE camera_id = c.camera AND profile = c.profile"
        " ORDER BY start_us DESC LIMIT 1) s ON true"
        " LEFT JOIN LATERAL (SELECT end_us FROM gaps WHERE camera_id = c.camera AND profile = c.profile"
        " AND cause IN ('deleted', 'volume_lost')"
        " ORDER BY start_us DESC LIMIT 1) g ON true WHERE s.end_us IS NOT NULL OR g.end_us IS NOT NULL"
    )
    wanted = list(cameras)
    rows = session.execute(statement, {"cameras": [c for c, _ in wanted], "profiles": [p for _, p in wanted]})
    return {(str(camera), profile): end_us for camera, profile, end_us in rows}


def known_paths(session: Session, volume: str, camera_id: str, profile: str, within: Span) -> dict[str, int]:
    """Path → bytes of the segments of one folder of a volume that start in the span; garbage too, which must not come back."""
    found: dict[str, int] = {}
    for table in (Segment, Garbage):
        statement = select(table.path, table.bytes).where(
            table.camera_id == camera_id,
            table.profile == profile,
            table.start_us >= within.start_us,
            table.start_us < within.end_us,
            table.volume == volume,
        )
        found |= dict(session.execute(statement).all())
    return found


def paths_among(session: Session, places: Sequence[tuple[str, str, int, str]]) -> set[str]:
    """Which of the files (camera, profile, start, path) have rows, be it as garbage."""
    return _paths_in(session, "segments", places) | garbage_among(session, places)


def garbage_among(session: Session, places: Sequence[tuple[str, str, int, str]]) -> set[str]:
    """Which of the files are being deleted."""
    return _paths_in(session, "garbage", places)


def _paths_in(session: Session, table: str, places: Sequence[tuple[str, str, int, str]]) -> set[str]:
    statement = text(
        "SELECT s.path FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]), CAST(:starts AS bigint[]), CAST(:paths AS text[]))"  # noqa: S608  constants of this package
        " AS w (camera, profile, start_us, path)"
        f" JOIN {table} s ON s.camera_id = w.camera AND s.profile = w.profile AND s.start_us = w.start_us AND s.path = w.path"
    )
    names = ("cameras", "profiles", "starts", "paths")
    return set(session.scalars(statement, {name: [place[n] for place in places] for n, name in enumerate(names)}))


def rows_of_volume(session: Session, volume: str, after: Segment | None, limit: int) -> Sequence[Segment]:
    """All segments of a volume, page by page, camera by camera, by start."""
    key = (Segment.camera_id, Segment.profile, Segment.start_us, Segment.run)
    statement: Select[Segment] = select(Segment).where(Segment.volume == volume)
    if after is not None:
        statement = statement.where(
            tuple_(*key) > tuple_(_id(after.camera_id), after.profile, literal(after.start_us, BIGINT), _id(after.run))
        )
    return session.scalars(statement.order_by(*key).limit(limit)).all()


def _id(value: str) -> ColumnElement[str]:
    """Inside a row comparison a parameter does not learn its type from the column."""
    return literal(value, Uuid(as_uuid=False))


def _touching(camera_id: str, profile: str, within: Span) -> tuple[ColumnElement[bool], ...]:
    return (
        Segment.camera_id == camera_id,
        Segment.profile == profile,
        Segment.start_us >= within.start_us - LONGEST_US,
        Segment.start_us < within.end_us,
        Segment.end_us > within.start_us,
    )
