"""A volume that is lost with everything on it: its rows leave the index, also held ones, and everybody is told.

As for what is deleted there are tombstones, gaps, facts and records of the chain, which says `volume_lost`; the records of the
segments themselves stay. Nothing becomes garbage, for there is no file left to unlink. Not here: the node's list of volumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from vms.base.db import Database
from vms.base.ids import is_id
from vms.record import garbage, queries
from vms.record.causes import VOLUME_LOST
from vms.record.models import Damage, Garbage, ScrubPass, Segment, VolumeWatch
from vms.record.retention import Row
from vms.record.stored import lock_cameras

PAGE = 500


@dataclass(frozen=True, slots=True)
class Lost:
    """What a lost volume took with it."""

    segments: int
    bytes: int
    cameras: int


def tell_lost(database: Database, volume: str, actor: str, now_us: int) -> Lost:
    """Page by page, each whole: what a crash interrupts is finished by doing it again. Blocking."""
    segments, size, cameras = 0, 0, set[str]()
    after: Segment | None = None
    while True:
        with database.transaction() as session:
            page = queries.rows_of_volume(session, volume, after, PAGE)
            gone = _forget(session, page)
            garbage.tell_gone(session, gone, VOLUME_LOST, actor, now_us)
        segments, size = segments + len(gone), size + sum(row.bytes for row in gone)
        cameras |= {row.camera for row in gone}
        if len(page) < PAGE:
            break
        after = page[-1]
    with database.transaction() as session:
        session.execute(delete(Garbage).where(Garbage.volume == volume))
        session.execute(delete(ScrubPass).where(ScrubPass.volume == volume))
        session.execute(delete(VolumeWatch).where(VolumeWatch.volume == volume))
    return Lost(segments, size, len(cameras))


def has_rows(database: Database, volume: str) -> bool:
    """Whether the index holds anything of it."""
    with database.transaction() as session:
        return is_id(volume) and bool(queries.rows_of_volume(session, volume, None, 1))


def _forget(session: Session, page: Sequence[Segment]) -> list[Row]:
    """Of these what is still there; somebody else may have deleted some meanwhile."""
    if not page:
        return []
    lock_cameras(session, [row.camera_id for row in page])
    ids = [row.id for row in page]
    span = Segment.start_us.between(min(row.start_us for row in page), max(row.start_us for row in page))
    names = (Segment.start_us, Segment.camera_id, Segment.profile, Segment.run, Segment.end_us, Segment.volume, Segment.bytes)
    gone = session.execute(delete(Segment).where(Segment.id.in_(ids), span).returning(*names)).all()
    session.execute(delete(Damage).where(Damage.segment_id.in_(ids)))
    return sorted(Row(*row) for row in gone)
