"""Reading the register: cameras by key and by page, profiles, regions and their subtrees. Session first, no commits.

Not here: changes (changes), what the media plane pulls (roster), a camera's state right now (construction.states).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, any_, bindparam, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Session, aliased

from vms.base.errors import Kind, VmsError
from vms.base.ids import is_id
from vms.registry.models import Camera, Profile, RecordPlan, Region

MAX_PAGE = 500
MAX_Q_CHARS = 100


@dataclass(frozen=True, slots=True)
class CameraFilter:
    """`among`/`not_among` are ids that the caller knows from elsewhere (a state); `q` is part of a name or of a code."""

    q: str | None = None
    region_id: str | None = None
    enabled: bool | None = None
    among: Collection[str] | None = None
    not_among: Collection[str] | None = None


def find_camera(session: Session, key: str, *, lock: bool = False) -> Camera:
    """The camera on the register with this id or code. Raises NOT_FOUND."""
    column = Camera.id if is_id(key) else Camera.code
    statement = select(Camera).where(column == key, Camera.removed_us.is_(None))
    camera = session.scalar(statement.with_for_update() if lock else statement)
    if camera is None:
        raise VmsError(Kind.NOT_FOUND, "no such camera", camera=key[:64])
    return camera


def camera_id(session: Session, key: str) -> str:
    """The id behind an id or code; a removed camera is found by its id, because its recordings stay. Raises NOT_FOUND."""
    found = session.scalar(select(Camera.id).where(Camera.id == key) if is_id(key) else _by_code(key))
    if found is None:
        raise VmsError(Kind.NOT_FOUND, "no such camera", camera=key[:64])
    return found


def edge_cameras(session: Session, node_id: str) -> list[str]:
    """Those whose gaps are filled from their own recordings."""
    wanted = Camera.removed_us.is_(None), Camera.enabled.is_(True), Camera.node_id == node_id, Camera.edge_days > 0
    return list(session.scalars(select(Camera.id).where(*wanted).order_by(Camera.id)))


# Asked for with every timeline: plain text, because building an expression takes longer than its answer.
_STANDING = "SELECT id, created_us, CASE WHEN enabled AND removed_us IS NULL THEN record ELSE 'never' END FROM cameras WHERE"
_STANDING_BY_ID = text(f"{_STANDING} id = :key")
_STANDING_BY_CODE = text(f"{_STANDING} code = :key AND removed_us IS NULL")


class Standing(NamedTuple):
    """What a timeline needs of a camera. `record` is its mode now; `never` for one that is off or removed."""

    id: str
    created_us: int
    record: str


def camera_standing(session: Session, key: str) -> Standing:
    """Of the camera with this id or code; a removed camera is found by its id. Raises NOT_FOUND."""
    row = session.execute(_STANDING_BY_ID if is_id(key) else _STANDING_BY_CODE, {"key": key}).one_or_none()
    if row is None:
        raise VmsError(Kind.NOT_FOUND, "no such camera", camera=key[:64])
    return Standing(*row)


def camera_page(session: Session, wanted: CameraFilter, cursor: str | None, limit: int) -> tuple[Sequence[Camera], str | None]:
    """Up to `limit` cameras in order of name, then id, behind `cursor`; the cursor of the next page when there is one."""
    statement = select(Camera).where(Camera.removed_us.is_(None), *_conditions(wanted))
    if cursor is not None:
        statement = statement.where(behind(Camera.name, Camera.id, cursor))
    limit = checked_limit(limit)
    rows = session.scalars(statement.order_by(Camera.name, Camera.id).limit(limit + 1)).all()
    return rows[:limit], cursor_of(rows, limit)


def profiles_of(session: Session, cameras: Collection[str]) -> dict[str, list[Profile]]:
    """Profiles by camera, main first."""
    found: dict[str, list[Profile]] = {camera: [] for camera in cameras}
    statement = select(Profile).where(any_of(Profile.camera_id, cameras)).order_by(Profile.camera_id, Profile.name)
    for profile in session.scalars(statement):
        found[profile.camera_id].append(profile)
    return found


def find_region(session: Session, region_id: str, *, lock: bool = False) -> Region:
    """Raises NOT_FOUND."""
    region = session.get(Region, region_id, with_for_update=True if lock else None) if is_id(region_id) else None
    if region is None:
        raise VmsError(Kind.NOT_FOUND, "no such region", region=region_id[:64])
    return region


def region_page(session: Session, cursor: str | None, limit: int) -> tuple[Sequence[Region], str | None]:
    statement = select(Region)
    if cursor is not None:
        statement = statement.where(behind(Region.name, Region.id, cursor))
    limit = checked_limit(limit)
    rows = session.scalars(statement.order_by(Region.name, Region.id).limit(limit + 1)).all()
    return rows[:limit], cursor_of(rows, limit)


def subtree(region_id: str) -> Select[str]:
    """Ids of a region and of all below it, as a subquery."""
    tree = select(Region.id).where(Region.id == region_id).cte("tree", recursive=True)
    below = aliased(Region)
    tree = tree.union(select(below.id).join(tree, below.parent_id == tree.c.id))
    return select(tree.c.id)


def checked_limit(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise VmsError(Kind.BAD_REQUEST, f"limit must be 1 to {MAX_PAGE}", limit=limit)
    return limit


def _conditions(wanted: CameraFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.q:
        pattern = f"%{_escaped(wanted.q)}%"
        conditions.append(or_(Camera.name.ilike(pattern, escape="\\"), Camera.code.like(pattern, escape="\\")))
    if wanted.region_id is not None:
        conditions.append(Camera.region_id.in_(subtree(wanted.region_id)))
    if wanted.enabled is not None:
        conditions.append(Camera.enabled.is_(wanted.enabled))
    if wanted.among is not None:
        conditions.append(any_of(Camera.id, wanted.among))
    if wanted.not_among is not None:
        conditions.append(~any_of(Camera.id, wanted.not_among))
    return conditions


def any_of(column: Any, ids: Collection[str]) -> ColumnElement[bool]:
    """One array parameter, whatever its length: PostgreSQL hashes it, and the statement stays the same."""
    return column == any_(bindparam(None, sorted(ids), type_=ARRAY(TEXT), unique=True))


def _by_code(key: str) -> Select[str]:
    return select(Camera.id).where(Camera.code == key, Camera.removed_us.is_(None))


def _escaped(q: str) -> str:
    if len(q) > MAX_Q_CHARS or "\x00" in q:
        raise VmsError(Kind.BAD_REQUEST, f"q must be at most {MAX_Q_CHARS} characters of text")
    return q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def behind(name: Any, row_id: Any, cursor: str) -> ColumnElement[bool]:
    after_name, after_id = _read_cursor(cursor)
    return tuple_(name, row_id) > tuple_(after_name, after_id)


def cursor_of(rows: Sequence[Camera] | Sequence[Region] | Sequence[RecordPlan], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    raw = json.dumps([last.name, last.id], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> tuple[str, str]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, row_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if isinstance(name, str) and isinstance(row_id, str) and b"\0" not in (name + row_id).encode():
            return name, row_id
    except (ValueError, TypeError, binascii.Error):
        pass
    raise VmsError(Kind.BAD_REQUEST, "the cursor is not one this node gave out: begin without it")
