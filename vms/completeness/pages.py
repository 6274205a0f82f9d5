"""Reading the kept figures: totals, the order of cameras, the days of a page. Pages by key, never by counting rows.

A month of 11,000 cameras is 341,000 rows here, whatever the index holds. Not here: making figures (days).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Uuid

from vms.base.errors import Kind, VmsError
from vms.base.timespan import Span
from vms.completeness.figures import DayFigures
from vms.completeness.models import RecordingDay


class Wanted(NamedTuple):
    """The filters of a list."""

    within: Span
    region_id: str | None = None
    cause: str | None = None
    order: str = "worst"


class CameraRow(NamedTuple):
    """A camera on the list: its key in the order, and who it is."""

    key: int | str
    camera: str
    profile: str
    name: str
    code: str | None
    region_id: str | None


_SUMS = """
WITH RECURSIVE tree AS (
    SELECT id FROM regions WHERE id = :region UNION SELECT r.id FROM regions r JOIN tree ON r.parent_id = tree.id
), lanes AS (
    SELECT d.camera_id, d.profile, sum(d.told_us) AS told, sum(d.planned_us) AS planned, sum(d.recorded_us) AS recorded,
        sum(d.joined_us) AS joined, sum(d.damaged_us) AS damaged, sum(coalesce((d.gaps ->> :cause)::bigint, 0)) AS lost
    FROM recording_days d WHERE d.start_us >= :from AND d.start_us < :to GROUP BY d.camera_id, d.profile
), named AS (
    SELECT l.*, c.id, c.name, c.code, c.region_id,
        CASE WHEN l.planned > 0 THEN least(1000000, (l.recorded + l.joined) * 1000000 / l.planned)::bigint ELSE 1000001 END AS rate
    FROM lanes l JOIN cameras c ON c.id = l.camera_id::text
    WHERE (CAST(:region AS text) IS NULL OR c.region_id IN (SELECT id FROM tree)) AND (:cause = '' OR l.lost > 0)
)
"""
_KEYS = {"worst": "rate", "lost": "-lost", "name": "name"}


def camera_rows(session: Session, wanted: Wanted, cursor: str | None, limit: int) -> tuple[list[CameraRow], str | None]:
    """Up to `limit` cameras behind `cursor`, and the next page's cursor."""
    order = "name" if wanted.order == "name" else "lost" if wanted.cause else "worst"
    key, after = _KEYS[order], _read_cursor(cursor, str if order == "name" else int)
    behind = "" if after is None else f"WHERE ({key}, id) > (:key, :id)"
    statement = text(
        f"{_SUMS} SELECT {key}, id, profile, name, code, region_id FROM named {behind} ORDER BY 1, id LIMIT :limit"  # noqa: S608  (fixed words)
    )
    values: dict[str, Any] = _values(wanted) | {"limit": limit + 1}
    if after is not None:
        values |= {"key": after[0], "id": after[1]}
    rows = [CameraRow(*row) for row in session.execute(statement, values)]
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], None if last is None else _cursor(last)


def totals(session: Session, wanted: Wanted) -> tuple[int, DayFigures]:
    """How many cameras the filters take, and their sum; gaps by cause included."""
    columns = "count(*), sum(told), sum(planned), sum(recorded), sum(joined), sum(damaged)"
    sums = text(f"{_SUMS} SELECT {columns} FROM named")  # noqa: S608  (fixed words)
    count, *figures = session.execute(sums, _values(wanted)).one()
    lost = text(
        f"{_SUMS} SELECT g.key, sum(g.value::bigint) FROM recording_days d"  # noqa: S608  (fixed words)
        " JOIN named n ON n.camera_id = d.camera_id AND n.profile = d.profile, jsonb_each_text(d.gaps) g"
        " WHERE d.start_us >= :from AND d.start_us < :to GROUP BY g.key ORDER BY g.key"
    )
    gaps = {cause: int(us) for cause, us in session.execute(lost, _values(wanted))}
    return int(count), DayFigures(*(int(f or 0) for f in figures), gaps=gaps)


def days_of(session: Session, lanes: Sequence[tuple[str, str]], within: Span) -> dict[tuple[str, str], list[RecordingDay]]:
    """Kept days of these cameras, by start."""
    found: dict[tuple[str, str], list[RecordingDay]] = {lane: [] for lane in lanes}
    ids = sorted({camera for camera, _ in lanes})
    statement = select(RecordingDay).where(
        RecordingDay.camera_id == any_(bindparam("ids", ids, type_=ARRAY(Uuid(as_uuid=False)))),
        RecordingDay.start_us >= within.start_us,
        RecordingDay.start_us < within.end_us,
    )
    for row in session.scalars(statement.order_by(RecordingDay.start_us)):
        lane = (row.camera_id, row.profile)
        if lane in found:
            found[lane].append(row)
    return found


def _values(wanted: Wanted) -> dict[str, Any]:
    return {"region": wanted.region_id, "cause": wanted.cause or "", "from": wanted.within.start_us, "to": wanted.within.end_us}


def _cursor(row: CameraRow) -> str:
    raw = json.dumps([row.key, row.camera], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read_cursor(cursor: str | None, kind: type[int | str]) -> tuple[int | str, str] | None:
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key, camera = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        bounded = not isinstance(key, int) or abs(key) < 2**62
        if type(key) is kind and bounded and isinstance(camera, str) and "\0" not in f"{key}{camera}":
            return key, camera
    except (ValueError, TypeError, binascii.Error):
        pass
    raise VmsError(Kind.BAD_REQUEST, "the cursor is not one this node gave out for this order: begin without it")
