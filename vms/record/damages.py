"""Rows of what reading segments again found, and of how far the reading has come. Session first, no commits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Uuid, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import BIGINT, insert
from sqlalchemy.orm import Session

from vms.base.timespan import Span
from vms.record.damage import DamagedPart
from vms.record.models import Damage, ScrubPass, Segment
from vms.record.queries import LONGEST_US


def damaged_spans(session: Session, camera_id: str, profile: str, within: Span) -> list[Span]:
    """Damaged parts that touch the span, by start. They may overlap."""
    statement = select(Damage.start_us, Damage.end_us).where(
        Damage.camera_id == camera_id,
        Damage.profile == profile,
        Damage.start_us >= within.start_us - LONGEST_US,
        Damage.start_us < within.end_us,
        Damage.end_us > within.start_us,
    )
    return [Span(*row) for row in session.execute(statement.order_by(Damage.start_us))]


def newest_damages(session: Session, limit: int) -> Sequence[Damage]:
    return session.scalars(select(Damage).order_by(Damage.found_us.desc(), Damage.start_us).limit(limit)).all()


def count_damages(session: Session) -> int:
    """Segments, not parts."""
    return session.scalar(select(func.count(Damage.segment_id.distinct()))) or 0


def mark(session: Session, row: Segment, parts: Sequence[DamagedPart], state: str, now_us: int) -> bool | None:
    """Keep what was found of a segment; whether that is news, None when its row is gone meanwhile."""
    known = session.scalars(select(Segment).where(*_same(row)).with_for_update()).first()
    if known is None or known.sha256 != row.sha256:
        return None
    values = [{"start_us": p.start_us, "end_us": p.end_us, "what": p.what} for p in {part.start_us: part for part in parts}.values()]
    common = {"camera_id": row.camera_id, "profile": row.profile, "segment_id": row.id, "path": row.path, "found_us": now_us}
    session.execute(insert(Damage).on_conflict_do_nothing(), [common | value for value in values])
    if known.state == state:
        return False
    session.execute(update(Segment).where(*_same(row)).values(state=state))
    return True


def clear(session: Session, row: Segment) -> None:
    """The file is whole again (it came back from a copy)."""
    session.execute(delete(Damage).where(Damage.segment_id == row.id))
    session.execute(update(Segment).where(*_same(row), Segment.state == "damaged").values(state="ok"))


def pass_of(session: Session, volume: str) -> ScrubPass | None:
    return session.get(ScrubPass, volume)


def passes(session: Session) -> Sequence[ScrubPass]:
    return session.scalars(select(ScrubPass).order_by(ScrubPass.volume)).all()


def begin_pass(session: Session, volume: str, now_us: int) -> None:
    """From the first segment on; what is known of the last whole pass stays."""
    fresh = {"started_us": now_us, "camera_id": None, "profile": None, "start_us": None, "run": None}
    fresh |= {"segments": 0, "bytes": 0, "damaged": 0}
    statement = insert(ScrubPass).values(volume=volume, finished_segments=0, **fresh)
    session.execute(statement.on_conflict_do_update(index_elements=[ScrubPass.volume], set_=fresh))


def advance(session: Session, volume: str, row: Segment, *, segments: int, size_bytes: int, damaged: int) -> None:
    session.execute(
        update(ScrubPass)
        .where(ScrubPass.volume == volume)
        .values(
            camera_id=row.camera_id,
            profile=row.profile,
            start_us=row.start_us,
            run=row.run,
            segments=ScrubPass.segments + segments,
            bytes=ScrubPass.bytes + size_bytes,
            damaged=ScrubPass.damaged + damaged,
        )
    )


def finish_pass(session: Session, volume: str, now_us: int) -> None:
    session.execute(
        update(ScrubPass)
        .where(ScrubPass.volume == volume)
        .values(finished_us=now_us, finished_started_us=ScrubPass.started_us, finished_segments=ScrubPass.segments)
    )


def next_segments(session: Session, volume: str, after: ScrubPass | None, limit: int) -> Sequence[Segment]:
    """The volume's segments behind the pass's place, camera by camera, by start."""
    key = (Segment.camera_id, Segment.profile, Segment.start_us, Segment.run)
    statement = select(Segment).where(Segment.volume == volume, Segment.state != "missing")
    if after is not None and after.camera_id and after.profile and after.start_us is not None and after.run:
        place = (_id(after.camera_id), after.profile, literal(after.start_us, BIGINT), _id(after.run))
        statement = statement.where(tuple_(*key) > tuple_(*place))
    return session.scalars(statement.order_by(*key).limit(limit)).all()


def _same(row: Segment) -> tuple[ColumnElement[bool], ...]:
    return (
        Segment.camera_id == row.camera_id,
        Segment.profile == row.profile,
        Segment.start_us == row.start_us,
        Segment.run == row.run,
    )


def _id(value: str) -> ColumnElement[str]:
    return literal(value, Uuid(as_uuid=False))
