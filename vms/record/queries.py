"""Reading the index. Session first, no commits; a camera's span is answered from the primary key of one or two partitions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, Select, Uuid, and_, bindparam, case, func, literal, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import Session

from vms.base.timespan import Span
from vms.owner.requests import GapSpan
from vms.record.models import Gap, Garbage, Segment

LONGEST_US = 3 * 3_600_000_000
"""No segment is longer: a segment's length setting plus one GOP (segment_writer.MAX_GOP_US)."""
MAX_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class SpanRow:
    """What the timeline needs of a segment."""

    start_us: int
    end_us: int
    state: str
    kind: str


def spans(session: Session, camera_id: str, profile: str, within: Span, held: Sequence[Span] = ()) -> list[SpanRow]:
    """Segments that touch the span, joined where they touch, by start: some rows a day, whatever the segment length.

    Good ones that touch any of `held` have the state `held`, whole.
    """
    state = case((Segment.state == "ok", "ok"), else_=Segment.state)
    if touched := [and_(Segment.start_us < h.end_us, Segment.end_us > h.start_us) for h in held]:
        state = case((and_(Segment.state == "ok", or_(*touched)), "held"), else_=Segment.state)
    inner = (
        select(
            Segment.start_us,
            Segment.end_us,
            state.label("state"),
            Segment.kind,
            func.lag(Segment.end_us).over(order_by=Segment.start_us).label("before_us"),
            func.lag(state).over(order_by=Segment.start_us).label("before"),
            func.lag(Segment.kind).over(order_by=Segment.start_us).label("before_kind"),
        )
        .where(*_touching(camera_id, profile, within), Segment.state != "missing")
        .subquery()
    )
    other = (inner.c.before != inner.c.state) | (inner.c.before_kind != inner.c.kind)
    begins = ((inner.c.before_us != inner.c.start_us) | other).cast(Integer)
    islands = select(inner, func.sum(func.coalesce(begins, 1)).over(order_by=inner.c.start_us).label("island")).subquery()
    statement = (
        select(func.min(islands.c.start_us), func.max(islands.c.end_us), func.min(islands.c.state), func.min(islands.c.kind))
        .group_by(islands.c.island)
        .order_by(func.min(islands.c.start_us))
    )
    return [SpanRow(*row) for row in session.execute(statement)]


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
    mine = (Gap.camera_id == camera_id, Gap.profile == profile)
    columns = (Gap.start_us, Gap.end_us, Gap.cause, Gap.detail)
    before = select(*columns).where(*mine, Gap.start_us < within.start_us).order_by(Gap.start_us.desc()).limit(1)
    inside = select(*columns).where(*mine, Gap.start_us >= within.start_us, Gap.start_us < within.end_us).order_by(Gap.start_us)
    found = [GapSpan(*row) for statement in (before, inside) for row in session.execute(statement)]
    return [gap for gap in found if gap.end_us > within.start_us]


def days_recorded(session: Session, camera_id: str, profile: str, days: Sequence[Span]) -> list[bool]:
    """For each day whether any segment touches it; one index probe a day."""
    statement = text(
        "SELECT EXISTS (SELECT 1 FROM segments s WHERE s.camera_id = :camera AND s.profile = :profile AND s.state <> 'missing'"
        " AND s.start_us >= d.from_us - :longest AND s.start_us < d.to_us AND s.end_us > d.from_us)"
        " FROM unnest(:starts, :ends) WITH ORDINALITY AS d (from_us, to_us, n) ORDER BY d.n"
    ).bindparams(bindparam("starts", type_=ARRAY(BIGINT)), bindparam("ends", type_=ARRAY(BIGINT)))
    values = {"camera": camera_id, "profile": profile, "longest": LONGEST_US}
    return list(session.scalars(statement, {**values, "starts": [d[0] for d in days], "ends": [d[1] for d in days]}))


def last_ends(session: Session, cameras: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The last recorded instant of each (camera, profile) that has one, also when it was deleted since."""
    statement = text(
        "SELECT c.camera, c.profile, greatest(s.end_us, g.end_us)"
        " FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[])) AS c (camera, profile)"
        " LEFT JOIN LATERAL (SELECT end_us FROM segments WHERE camera_id = c.camera AND profile = c.profile"
        " ORDER BY start_us DESC LIMIT 1) s ON true"
        " LEFT JOIN LATERAL (SELECT end_us FROM gaps WHERE camera_id = c.camera AND profile = c.profile AND cause = 'deleted'"
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
