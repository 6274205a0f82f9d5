"""Deleting: rows become garbage and a tombstone in one transaction that asks for holds; then the bytes go, then the garbage rows.

1. `bury`: under the lock of each camera, rows that no hold covers leave the index; garbage, tombstones, gaps and facts come.
2. `sweep`: a few garbage rows, locked; unlink, sync the folders, drop the rows. A crash anywhere is finished by the next sweep.
3. `rescue`: a hold that came in between puts rows back whose bytes are still there. It waits for a sweep that has them.

Not here: what goes and why (retention), when (control).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vms.base.db import Database
from vms.base.ids import new_id
from vms.base.journal import announce
from vms.base.timespan import Span, gaps
from vms.record import chain_rows, queries, tellings
from vms.record.causes import DELETED, VOLUME_LOST
from vms.record.chain import Stream
from vms.record.committer import cut_gap, segment_id
from vms.record.facts import RecordingDeleted, RecordingLost, RecordingRescued
from vms.record.models import Gap, Garbage, Segment, Tombstone
from vms.record.recovery import DAY_US, folder_span
from vms.record.retention import Lane, Row
from vms.record.stored import HELD, lock_cameras
from vms.storage.volumes import Volume, folder_of, segment_path

RESCUED = tellings.RESCUED
SWEEP = 16
"""Files of one transaction: unlinking them stays below 200 ms on a hard disk."""

_NAMES = ", ".join(column.name for column in Segment.__table__.columns)
_TAKE = "SELECT * FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]), CAST(:starts AS bigint[]), CAST(:runs AS uuid[]))"
_BURY = text(
    f"WITH gone AS (DELETE FROM segments s USING ({_TAKE}) AS w (camera, profile, start_us, run)"  # noqa: S608  constants of this package
    " WHERE s.camera_id = w.camera AND s.profile = w.profile AND s.start_us = w.start_us AND s.run = w.run"
    f" AND s.start_us BETWEEN :first_us AND :last_us AND NOT {HELD} RETURNING s.*)"
    f" INSERT INTO garbage ({_NAMES}, at_us) SELECT {_NAMES}, :now_us FROM gone"
    " RETURNING start_us, camera_id, profile, run, end_us, volume, bytes"
)
_RESCUE = text(
    f"WITH back AS (DELETE FROM garbage g USING ({_TAKE}) AS w (camera, profile, start_us, run)"  # noqa: S608  constants of this package
    " WHERE g.camera_id = w.camera AND g.profile = w.profile AND g.start_us = w.start_us AND g.run = w.run RETURNING g.*)"
    f" INSERT INTO segments ({_NAMES}) SELECT {_NAMES} FROM back"
)


@dataclass(frozen=True, slots=True)
class Swept:
    """`stuck` paths could not be unlinked; they stay garbage and are tried again later."""

    files: int = 0
    bytes: int = 0
    stuck: tuple[str, ...] = ()


class _Piece(NamedTuple):
    """Buried rows of a lane with nothing left between them."""

    lane: Lane
    span: Span
    segments: int
    bytes: int
    first: str = ""
    last: str = ""
    """Ids of the oldest and the newest of them."""


def bury(session: Session, rows: Sequence[Row], rule: str, actor: str, now_us: int) -> list[Row]:
    """Take these out of the index, but for what a hold covers by now; answer what went."""
    if not rows:
        return []
    lock_cameras(session, [row.camera for row in rows])
    values = _keys(rows) | {"now_us": now_us, "first_us": min(r.start_us for r in rows), "last_us": max(r.start_us for r in rows)}
    gone = sorted(Row(r[0], str(r[1]), r[2], str(r[3]), r[4], str(r[5]), r[6]) for r in session.execute(_BURY, values))
    tell_gone(session, gone, rule, actor, now_us)
    return gone


def tell_gone(session: Session, gone: Sequence[Row], rule: str, actor: str, now_us: int) -> None:
    """Tombstones, facts, gaps and records of the chain for rows that have just left the index. The caller has the cameras' locks."""
    pieces = _pieces(session, gone)
    for piece in pieces:
        _entomb(session, piece, rule, actor, now_us)
        _tell_gap(session, piece, rule)
    _tell_chain(session, pieces, rule, actor)


def sweep(database: Database, volume: Volume, now_us: int, tell: Callable[[str, OSError], None] | None = None) -> Swept:
    """Unlink all garbage of a volume, a few files a transaction. A file that is gone already is no error. Blocking."""
    files, size, stuck = 0, 0, set[str]()
    while True:
        with database.transaction() as session:
            waiting = select(Garbage).where(Garbage.volume == volume.id, Garbage.path.not_in(stuck)).order_by(Garbage.at_us)
            rows = session.scalars(waiting.limit(SWEEP).with_for_update(skip_locked=True)).all()
            gone = [row for row in rows if _unlink(volume, row.path, stuck, tell)]
            _sync(volume, {folder_of(row.path) for row in gone})
            for row in gone:
                session.delete(row)
        files, size = files + len(gone), size + sum(row.bytes for row in gone)
        _drop_folders(volume, {folder_of(row.path) for row in gone}, now_us)
        if len(rows) < SWEEP:
            return Swept(files, size, tuple(sorted(stuck)))


def rescue(session: Session, volumes: Mapping[str, Volume], cameras: Sequence[str], within: Span, *, actor: str, now_us: int) -> int:
    """Put garbage of these cameras that touches the span back where its bytes are still whole. The caller has the cameras' locks."""
    touching = Garbage.camera_id.in_(cameras), Garbage.start_us < within.end_us, Garbage.end_us > within.start_us
    rows = session.scalars(select(Garbage).where(*touching).order_by(Garbage.camera_id, Garbage.start_us).with_for_update()).all()
    back = [_row(row) for row in rows if (volume := volumes.get(row.volume)) is not None and _is_whole(volume, row)]
    if not back:
        return 0
    session.execute(_RESCUE, _keys(back))
    pieces = _pieces(session, back, apart=False)
    for piece in pieces:
        _entomb(session, piece, RESCUED, actor, now_us)
    for row in back:
        cut_gap(session, Stream(row.camera, row.profile), Span(row.start_us, row.end_us))
    _tell_chain(session, pieces, RESCUED, actor)
    return len(back)


def regrow_gaps(session: Session) -> None:
    """After an index was made anew from the files: what tombstones tell of and no row covers is a gap again."""
    after = ""
    while True:
        statement = select(Tombstone).where(Tombstone.rule != RESCUED, Tombstone.id > (after or "00000000-0000-0000-0000-000000000000"))
        page = session.scalars(statement.order_by(Tombstone.id).limit(queries.MAX_ROWS)).all()
        for stone in page:
            lane = Lane(stone.camera_id, stone.profile, stone.volume)
            _tell_gap(session, _Piece(lane, Span(stone.from_us, stone.to_us), stone.segments, stone.bytes), stone.rule)
        if len(page) < queries.MAX_ROWS:
            return
        after = page[-1].id


def _pieces(session: Session, rows: Sequence[Row], *, apart: bool = True) -> list[_Piece]:
    """By lane, cut where a row is left in between."""
    found: list[_Piece] = []
    by_lane = sorted(rows, key=lambda row: (row.camera, row.profile, row.volume, row.start_us))
    for lane, group in groupby(by_lane, key=lambda row: Lane(row.camera, row.profile, row.volume)):
        mine = list(group)
        whole = Span(mine[0].start_us, max(row.end_us for row in mine))
        left = queries.spans(session, lane.camera, lane.profile, whole) if apart else []
        starts = [span.start_us for span in left]
        for _, part in groupby(mine, key=lambda row: sum(start_us <= row.start_us for start_us in starts)):
            some = list(part)
            span = Span(some[0].start_us, max(row.end_us for row in some))
            found.append(_Piece(lane, span, len(some), sum(row.bytes for row in some), _id(some[0]), _id(some[-1])))
    return found


def _id(row: Row) -> str:
    return segment_id(row.volume, segment_path(row.camera, row.profile, row.start_us, row.run))


def _tell_chain(session: Session, pieces: Sequence[_Piece], rule: str, actor: str) -> None:
    lanes = ((p.lane.camera, p.lane.profile, p.first, p.last, p.segments, p.bytes) for p in pieces)
    if told := [tellings.Tombstone(*lane, rule=rule, actor=actor) for lane in lanes]:
        chain_rows.append_tombstone(session, *told)


def _entomb(session: Session, piece: _Piece, rule: str, actor: str, now_us: int) -> None:
    hold = session.scalar(
        text(
            "SELECT h.id FROM holds h JOIN hold_cameras c ON c.hold_id = h.id WHERE c.camera_id = :camera AND h.from_us < :to_us"
            " AND h.to_us > :from_us AND (h.ends_us <= :now_us OR :lost) ORDER BY h.ends_us DESC NULLS FIRST LIMIT 1"
        ),
        {
            "lost": rule == VOLUME_LOST,
            "camera": piece.lane.camera,
            "from_us": piece.span.start_us,
            "to_us": piece.span.end_us,
            "now_us": now_us,
        },
    )
    stone = Tombstone(
        id=new_id(now_us),
        camera_id=piece.lane.camera,
        profile=piece.lane.profile,
        volume=piece.lane.volume,
        from_us=piece.span.start_us,
        to_us=piece.span.end_us,
        segments=piece.segments,
        bytes=piece.bytes,
        rule=rule,
        hold_id=None if hold is None else str(hold),
        actor=actor,
        at_us=now_us,
    )
    session.add(stone)
    session.flush()
    camera, profile, (from_us, to_us) = piece.lane.camera, piece.lane.profile, piece.span
    if rule == RESCUED:
        announce(session, RecordingRescued(camera, profile, from_us, to_us, piece.segments, piece.bytes, actor))
    elif rule == VOLUME_LOST:
        announce(
            session,
            RecordingLost(camera, profile, from_us, to_us, piece.segments, piece.bytes, piece.lane.volume, stone.hold_id or "", actor),
        )
    else:
        announce(session, RecordingDeleted(camera, profile, from_us, to_us, piece.segments, piece.bytes, rule, actor))


def _tell_gap(session: Session, piece: _Piece, rule: str) -> None:
    """What nothing recorded covers any more is a gap; one that goes on where the last one like it ended makes it longer."""
    camera, profile = piece.lane.camera, piece.lane.profile
    cause, detail = (VOLUME_LOST, piece.lane.volume) if rule == VOLUME_LOST else (DELETED, rule)
    recorded = [Span(s.start_us, s.end_us) for s in queries.spans(session, camera, profile, piece.span)]
    known = [Span(g.start_us, g.end_us) for g in queries.gap_rows(session, camera, profile, piece.span)]
    mine = Gap.camera_id == camera, Gap.profile == profile, Gap.cause == cause, Gap.detail == detail
    for hole in gaps(piece.span, [*recorded, *known]):
        behind = session.scalar(select(Gap.end_us).where(*mine, Gap.start_us == hole.end_us))
        if behind is not None:
            session.execute(delete(Gap).where(*mine, Gap.start_us == hole.end_us))
        end_us = behind or hole.end_us
        before = _gap_that_ends(session, Stream(camera, profile), (cause, detail), hole.start_us)
        if before is None:
            values = {"start_us": hole.start_us, "end_us": end_us, "cause": cause, "detail": detail}
            session.execute(insert(Gap).values(camera_id=camera, profile=profile, **values))
        else:
            session.execute(update(Gap).where(*mine, Gap.start_us == before).values(end_us=end_us))


def _gap_that_ends(session: Session, stream: Stream, why: tuple[str, str], end_us: int) -> int | None:
    before = select(Gap.start_us, Gap.end_us, Gap.cause, Gap.detail).where(
        Gap.camera_id == stream.camera, Gap.profile == stream.profile, Gap.start_us < end_us
    )
    last = session.execute(before.order_by(Gap.start_us.desc()).limit(1)).first()
    return last.start_us if last is not None and (last.end_us, last.cause, last.detail) == (end_us, *why) else None


def _unlink(volume: Volume, path: str, stuck: set[str], tell: Callable[[str, OSError], None] | None) -> bool:
    try:
        volume.files.unlink(volume.root_fd, path)
    except FileNotFoundError:
        return True
    except OSError as error:
        stuck.add(path)
        if tell is not None:
            tell(path, error)
        return False
    return True


def _sync(volume: Volume, folders: set[str]) -> None:
    for folder in sorted(folders):
        try:
            volume.files.fsync_dir(volume.root_fd, folder)
        except FileNotFoundError:
            continue  # the folder went with its last file


def _drop_folders(volume: Volume, folders: set[str], now_us: int) -> None:
    """Days that are over and empty; a recorder may still be using the folders of today and yesterday."""
    for folder in sorted(folders):
        place = folder_span(folder)
        if place is not None and place[2].end_us < now_us - DAY_US:
            volume.files.remove_dir(volume.root_fd, folder)


def _is_whole(volume: Volume, row: Garbage) -> bool:
    try:
        with volume.in_use():
            fd = volume.files.open(volume.root_fd, row.path)
            try:
                return volume.files.size(fd) == row.bytes
            finally:
                volume.files.close(fd)
    except OSError:
        return False


def _row(row: Garbage) -> Row:
    return Row(row.start_us, row.camera_id, row.profile, row.run, row.end_us, row.volume, row.bytes)


def _keys(rows: Sequence[Row]) -> dict[str, object]:
    return {
        "cameras": [row.camera for row in rows],
        "profiles": [row.profile for row in rows],
        "starts": [row.start_us for row in rows],
        "runs": [row.run for row in rows],
    }
