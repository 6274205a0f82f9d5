"""What is stored and what protects it, as retention asks: sums, the oldest rows that no hold covers, held spans. Reads only.

Sums come from `stored_bytes`, which triggers keep; nothing here reads a whole table. Not here: the plan (retention).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from vms.base.timespan import Span, merge
from vms.record.models import Hold, HoldCamera, StoredBytes
from vms.record.queries import LONGEST_US
from vms.record.retention import DAY_US, Lane, Row, Step

HOUR_US = 3_600_000_000

# `s` is the segment (or garbage) row, `:now_us` the node's clock.
HELD = (
    "EXISTS (SELECT FROM hold_cameras c JOIN holds h ON h.id = c.hold_id WHERE c.camera_id = s.camera_id"
    " AND h.from_us < s.end_us AND h.to_us > s.start_us AND (h.ends_us IS NULL OR h.ends_us > :now_us))"
)

_OLDEST = text(
    "SELECT o.* FROM unnest(CAST(:cameras AS uuid[]), CAST(:profiles AS text[]), CAST(:volumes AS uuid[])) AS l (camera, profile, volume)"  # noqa: S608  constants of this package
    " CROSS JOIN LATERAL (SELECT s.start_us, s.camera_id, s.profile, s.run, s.end_us, s.volume, s.bytes FROM segments s"
    " WHERE s.camera_id = l.camera AND s.profile = l.profile AND s.volume = l.volume AND s.start_us >= :after_us"
    ' AND (s.start_us, CAST(s.camera_id AS text), s.profile COLLATE "C", CAST(s.run AS text)) > (:after_us, :camera, :profile, :run)'
    " AND (CAST(:before_us AS bigint) IS NULL OR s.end_us <= :before_us)"
    f" AND NOT {HELD} ORDER BY s.start_us, s.run LIMIT :most) o"
    ' ORDER BY o.start_us, CAST(o.camera_id AS text), o.profile COLLATE "C", CAST(o.run AS text) LIMIT :most'
)


class LaneFacts(NamedTuple):
    """Of a lane: what is stored and since when."""

    lane: Lane
    bytes: int
    segments: int
    oldest_us: int | None


def stored(session: Session) -> dict[Lane, int]:
    """Bytes by lane."""
    rows = session.execute(select(StoredBytes.camera_id, StoredBytes.profile, StoredBytes.volume, StoredBytes.bytes))
    return {Lane(camera, profile, volume): size for camera, profile, volume, size in rows if size > 0}


def oldest(session: Session, step: Step, after: Row | None, most: int, now_us: int) -> list[Row]:
    """Up to `most` unheld rows of the step's lanes, oldest first. The delete itself asks for holds again, under the lock."""
    values = {
        "cameras": [lane.camera for lane in step.lanes],
        "profiles": [lane.profile for lane in step.lanes],
        "volumes": [lane.volume for lane in step.lanes],
        "after_us": after.start_us if after else -(2**62),
        "camera": after.camera if after else "",
        "profile": after.profile if after else "",
        "run": after.run if after else "",
        "before_us": step.before_us,
        "most": most,
        "now_us": now_us,
    }
    return [Row(r[0], str(r[1]), r[2], str(r[3]), r[4], str(r[5]), r[6]) for r in session.execute(_OLDEST, values)]


def lanes_page(session: Session, after: tuple[str, str, str] | None, limit: int) -> list[LaneFacts]:
    """Lanes by camera, profile and volume, behind `after`, each with its oldest segment."""
    statement = text(
        "SELECT b.camera_id, b.profile, b.volume, b.bytes, b.segments, (SELECT s.start_us FROM segments s WHERE s.camera_id = b.camera_id"
        " AND s.profile = b.profile AND s.volume = b.volume ORDER BY s.start_us LIMIT 1)"
        " FROM stored_bytes b WHERE b.segments > 0"
        ' AND (CAST(b.camera_id AS text), b.profile COLLATE "C", CAST(b.volume AS text)) > (:camera, :profile, :volume)'
        ' ORDER BY CAST(b.camera_id AS text), b.profile COLLATE "C", CAST(b.volume AS text) LIMIT :most'
    )
    camera, profile, volume = after or ("", "", "")
    rows = session.execute(statement, {"camera": camera, "profile": profile, "volume": volume, "most": limit})
    return [LaneFacts(Lane(str(r[0]), r[1], str(r[2])), r[3], r[4], r[5]) for r in rows]


def held_bytes(session: Session, now_us: int) -> dict[str, int]:
    """Bytes that holds protect, by volume. Reads the index of the held spans alone."""
    statement = text(
        "SELECT s.volume, sum(s.bytes) FROM segments s WHERE s.camera_id = :camera AND s.start_us < :to_us AND s.end_us > :from_us"
        " AND s.start_us >= :seen_us GROUP BY 1"
    )
    found: dict[str, int] = {}
    for camera, ranges in held_ranges(session, None, now_us).items():
        seen_us = -(2**62)
        for span in ranges:
            values = {"camera": camera, "from_us": span.start_us, "to_us": span.end_us, "seen_us": max(seen_us, span.start_us - LONGEST_US)}
            for volume, size in session.execute(statement, values):
                found[str(volume)] = found.get(str(volume), 0) + int(size)
            seen_us = span.end_us  # a segment that two ranges touch counts once
    return found


def held_ranges(session: Session, cameras: Collection[str] | None, now_us: int) -> dict[str, list[Span]]:
    """Ranges that holds protect now, exactly as they were asked for, joined, by camera."""
    protects = Hold.ends_us.is_(None) | (Hold.ends_us > now_us)
    statement = select(HoldCamera.camera_id, Hold.from_us, Hold.to_us).join(Hold, Hold.id == HoldCamera.hold_id).where(protects)
    if cameras is not None:
        statement = statement.where(HoldCamera.camera_id.in_(cameras))
    found: dict[str, list[Span]] = {}
    for camera, from_us, to_us in session.execute(statement):
        found.setdefault(camera, []).append(Span(from_us, to_us))
    return {camera: merge(spans) for camera, spans in sorted(found.items())}


def lock_cameras(session: Session, cameras: Iterable[str]) -> None:
    """Holds and deletes of one camera never pass each other: both take this, until their transaction ends; always in one order."""
    wanted: Sequence[str] = sorted(set(cameras))
    session.execute(
        text(
            "SELECT pg_advisory_xact_lock(hashtextextended(c, 7461)) FROM (SELECT c FROM unnest(CAST(:cameras AS text[])) c ORDER BY c) o"
        ),
        {"cameras": wanted},
    )


def written_per_day(session: Session, now_us: int) -> dict[str, int]:
    """Bytes a day, by volume, as of the last hour (or of as much of it as there was)."""
    statement = text(
        "SELECT b.volume, sum(r.bytes), min(r.start_us), max(r.end_us) FROM stored_bytes b CROSS JOIN LATERAL (SELECT s.bytes, s.start_us,"
        " s.end_us FROM segments s WHERE s.camera_id = b.camera_id AND s.profile = b.profile AND s.volume = b.volume"
        " AND s.start_us >= :since_us AND s.end_us <= :now_us) r GROUP BY 1"
    )
    rows = session.execute(statement, {"since_us": now_us - HOUR_US, "now_us": now_us})
    return {str(volume): int(size) * DAY_US // max(1, end_us - start_us) for volume, size, start_us, end_us in rows}
