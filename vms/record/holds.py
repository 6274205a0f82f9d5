"""Legal holds: who may do what in which state, and what time does to them.

requested → held | rejected | lapsed; held → release_requested → released, or back. A request protects at once. Two acts that
change protection come from two persons. Time only ever asks: it ends nothing but what nobody approved. Each change takes the
lock of the hold's cameras, as deletes do (garbage). Not here: the rows that a hold saves (stored.HELD, garbage.rescue).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from vms.base.clock import Clock
from vms.base.db import after_commit
from vms.base.errors import Kind, VmsError
from vms.base.ids import is_id, new_id
from vms.base.journal import announce
from vms.base.timespan import MAX_US, Span
from vms.owner import holds as requests
from vms.owner.holds import HoldPage, HoldRequest, HoldView, Person
from vms.owner.requests import Actor, GapSpan
from vms.record import garbage, queries
from vms.record.causes import GONE
from vms.record.facts import HoldExpiring, HoldState
from vms.record.models import Hold, HoldCamera, Segment
from vms.record.reader import Cameras
from vms.record.stored import lock_cameras
from vms.storage.volumes import Volume

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
UNDECIDED_US = 72 * HOUR_US
"""A request, an extension or a release that nobody decided on lapses after this."""
AFTER_US = 24 * HOUR_US
"""Protection goes on for this long after it was ended."""
WARN_US = 14 * DAY_US
ASK_AGAIN_US = 14 * DAY_US
MAX_CAMERAS = 500
MAX_CHARS = 200
MAX_REASON_CHARS = 2000
PROFILES = ("main", "sub")
MAX_GONE = 100


class Told(NamedTuple):
    """What only some answers say."""

    segments: int = 0
    bytes: int = 0
    rescued: int = 0
    gone: tuple[tuple[str, GapSpan], ...] = ()


NOTHING = Told()


class Holds:
    """The handlers. `on_change` runs behind the commit of each change, in its thread, so that retention looks at once."""

    def __init__(self, cameras: Cameras, volumes: Mapping[str, Volume], clock: Clock, on_change: Callable[[], None]) -> None:
        self._cameras = cameras
        self._volumes = volumes
        self._clock = clock
        self._on_change = on_change

    def request(self, session: Session, actor: Actor, asked: requests.Hold) -> HoldView:
        """Protects from the commit on, and puts back what is being deleted while its bytes are there."""
        now_us = self._clock.wall_us()
        if not 1 <= len(asked.cameras) <= MAX_CAMERAS:
            raise VmsError(Kind.BAD_REQUEST, f"name 1 to {MAX_CAMERAS} cameras", place="cameras")
        if not 0 <= asked.from_us < asked.to_us <= MAX_US:
            raise VmsError(Kind.BAD_REQUEST, "'from' must lie before 'to'", place="from")
        _check_expiry(asked.expires_us, now_us)
        cameras = sorted({self._cameras(session, key).id for key in asked.cameras})
        row = Hold(
            id=new_id(now_us),
            state="requested",
            case_no=_text("case_no", asked.case_no),
            doc_no=_text("doc_no", asked.doc_no),
            reason=_text("reason", asked.reason, MAX_REASON_CHARS),
            from_us=asked.from_us,
            to_us=asked.to_us,
            expires_us=asked.expires_us,
            requested_by=actor.id,
            requested_name=actor.name,
            requested_us=now_us,
            note="",
            ask_release_us=asked.expires_us,
        )
        lock_cameras(session, cameras)
        session.add(row)
        session.flush()
        session.add_all(HoldCamera(camera_id=camera, hold_id=row.id) for camera in cameras)
        session.flush()
        span = Span(row.from_us, row.to_us)
        rescued = garbage.rescue(session, self._volumes, cameras, span, actor=actor.id, now_us=now_us)
        self._tell(session, row, "request", actor.id, len(cameras))
        return self._view(session, row, Told(rescued=rescued, gone=_gone(session, cameras, span)))

    def approve(self, session: Session, actor: Actor, asked: requests.ApproveHold) -> HoldView:
        row, now_us = self._locked(session, asked, "requested"), self._clock.wall_us()
        _check_other(actor, row.requested_by, "asked for this hold", "approve it")
        row.state, row.decided_by, row.decided_name, row.decided_us = "held", actor.id, actor.name, now_us
        return self._changed(session, row, "approve", actor)

    def reject(self, session: Session, actor: Actor, asked: requests.RejectHold) -> HoldView:
        row, now_us = self._locked(session, asked, "requested"), self._clock.wall_us()
        _check_other(actor, row.requested_by, "asked for this hold", "reject it")
        row.state, row.decided_by, row.decided_name, row.decided_us = "rejected", actor.id, actor.name, now_us
        row.note, row.ends_us = _text("note", asked.note, MAX_REASON_CHARS), now_us + AFTER_US
        return self._changed(session, row, "reject", actor)

    def extend(self, session: Session, actor: Actor, asked: requests.ExtendHold) -> HoldView:
        """Never shorter. An expired hold that waits for its release may be extended instead."""
        row, now_us = self._locked(session, asked, "held", "release_requested"), self._clock.wall_us()
        if row.state == "release_requested" and row.release_by:
            raise VmsError(Kind.CONFLICT, "somebody asked for this hold's release: decide on that first", hold=row.id)
        _check_expiry(asked.expires_us, now_us)
        if asked.expires_us <= row.expires_us:
            raise VmsError(Kind.BAD_REQUEST, "a hold can only be extended, not shortened", place="expires")
        row.extend_us, row.extend_by, row.extend_name, row.extend_asked_us = asked.expires_us, actor.id, actor.name, now_us
        return self._changed(session, row, "extend", actor)

    def approve_extension(self, session: Session, actor: Actor, asked: requests.ApproveExtension) -> HoldView:
        row = self._locked(session, asked, "held", "release_requested")
        if row.extend_us is None or row.extend_by is None:
            raise VmsError(Kind.CONFLICT, "nobody asked to extend this hold", hold=row.id)
        _check_other(actor, row.extend_by, "asked for this extension", "approve it")
        row.expires_us = row.ask_release_us = row.extend_us
        row.extend_us = row.extend_by = row.extend_name = row.extend_asked_us = row.warned_us = None
        if row.state == "release_requested" and not row.release_by:
            _hold_again(row)
        return self._changed(session, row, "approve_extension", actor)

    def request_release(self, session: Session, actor: Actor, asked: requests.RequestRelease) -> HoldView:
        row, now_us = self._locked(session, asked, "held", "release_requested"), self._clock.wall_us()
        if row.release_by:
            raise VmsError(Kind.CONFLICT, "the release of this hold is asked for already", hold=row.id)
        row.state = "release_requested"
        row.release_doc_no, row.release_reason = _text("doc_no", asked.doc_no), _text("reason", asked.reason, MAX_REASON_CHARS)
        row.release_by, row.release_name, row.release_us = actor.id, actor.name, now_us
        return self._changed(session, row, "request_release", actor)

    def release(self, session: Session, actor: Actor, asked: requests.Release) -> HoldView:
        """An expiry is nobody's word: then the one who asked for the hold counts as the first person."""
        row, now_us = self._locked(session, asked, "release_requested"), self._clock.wall_us()
        _check_other(actor, row.release_by or row.requested_by, "asked for it", "release it")
        row.state, row.released_by, row.released_name, row.released_us = "released", actor.id, actor.name, now_us
        row.ends_us = now_us + AFTER_US
        return self._changed(session, row, "release", actor)

    def refuse_release(self, session: Session, actor: Actor, asked: requests.RefuseRelease) -> HoldView:
        row, now_us = self._locked(session, asked, "release_requested"), self._clock.wall_us()
        _check_other(actor, row.release_by or "", "asked for this release", "refuse it")
        row.note = _text("note", asked.note, MAX_REASON_CHARS)
        row.ask_release_us = max(row.ask_release_us, now_us + ASK_AGAIN_US) if row.expires_us <= now_us else row.expires_us
        _hold_again(row)
        return self._changed(session, row, "refuse_release", actor)

    def get(self, session: Session, actor: Actor, asked: requests.GetHold) -> HoldView:
        row = _find(session, asked.hold)
        return self._view(session, row, Told(*_sizes(session, row)))

    def page(self, session: Session, actor: Actor, asked: requests.ListHolds) -> HoldPage:
        if not 1 <= asked.limit <= 500:
            raise VmsError(Kind.BAD_REQUEST, "limit must be 1 to 500", limit=asked.limit)
        statement = select(Hold)
        if asked.state is not None:
            statement = statement.where(Hold.state == asked.state)
        if asked.camera is not None:
            camera = self._cameras(session, asked.camera).id
            statement = statement.where(Hold.id.in_(select(HoldCamera.hold_id).where(HoldCamera.camera_id == camera)))
        if asked.cursor is not None:
            if not is_id(asked.cursor):
                raise VmsError(Kind.BAD_REQUEST, "the cursor is not one this node gave out: begin without it")
            statement = statement.where(Hold.id < asked.cursor)
        rows = session.scalars(statement.order_by(Hold.id.desc()).limit(asked.limit + 1)).all()
        shown = rows[: asked.limit]
        cameras = _cameras_of(session, [row.id for row in shown])
        items = tuple(_view(row, cameras.get(row.id, ()), self._clock.wall_us()) for row in shown)
        return HoldPage(items, shown[-1].id if len(rows) > asked.limit else None)

    def _locked(self, session: Session, asked: HoldRequest, *states: str) -> Hold:
        """The hold, with its row and its cameras locked. Raises NOT_FOUND, CONFLICT when it is in another state."""
        row = _find(session, asked.hold)
        lock_cameras(session, _cameras_of(session, [row.id])[row.id])
        session.refresh(row, with_for_update=True)
        if row.state not in states:
            raise VmsError(Kind.CONFLICT, f"this hold is {row.state}, not {' or '.join(states)}", hold=row.id, state=row.state)
        return row

    def _changed(self, session: Session, row: Hold, act: str, actor: Actor) -> HoldView:
        session.flush()
        self._tell(session, row, act, actor.id, len(_cameras_of(session, [row.id])[row.id]))
        return self._view(session, row)

    def _tell(self, session: Session, row: Hold, act: str, by: str, cameras: int) -> None:
        announce(session, _fact(row, act, by, cameras))
        after_commit(session, self._on_change)

    def _view(self, session: Session, row: Hold, told: Told = NOTHING) -> HoldView:
        return _view(row, _cameras_of(session, [row.id])[row.id], self._clock.wall_us(), told)


def pass_time(session: Session, now_us: int) -> int:
    """What time does: lapse what nobody decided, ask for the release of what expired, warn before. How many changed."""
    undecided_us = now_us - UNDECIDED_US
    held_due = and_(Hold.state == "held", or_(Hold.ask_release_us <= now_us, Hold.extend_asked_us <= undecided_us))
    warned = and_(Hold.state == "held", Hold.warned_us.is_(None), Hold.expires_us <= now_us + WARN_US)
    requested = and_(Hold.state == "requested", Hold.requested_us <= undecided_us)
    released = and_(Hold.state == "release_requested", Hold.release_by != "", Hold.release_us <= undecided_us)
    due = select(Hold).where(or_(held_due, warned, requested, released)).order_by(Hold.id).limit(100).with_for_update(skip_locked=True)
    rows = session.scalars(due).all()
    for row in rows:
        act = _age(session, row, now_us)
        session.flush()
        if act:
            announce(session, _fact(row, act, "", len(_cameras_of(session, [row.id])[row.id])))
    return len(rows)


def _age(session: Session, row: Hold, now_us: int) -> str:
    if row.state == "requested":
        row.state, row.ends_us = "lapsed", now_us + AFTER_US
        return "lapse"
    if row.state == "release_requested":
        _hold_again(row)
        return "release_lapse"
    if row.extend_asked_us is not None and row.extend_asked_us <= now_us - UNDECIDED_US:
        row.extend_us = row.extend_by = row.extend_name = row.extend_asked_us = None
    if row.warned_us is None and row.expires_us <= now_us + WARN_US:
        row.warned_us = now_us
        announce(session, HoldExpiring(row.id, row.expires_us, row.case_no))
    if row.ask_release_us <= now_us:
        row.state, row.release_by, row.release_name, row.release_us = "release_requested", "", "", now_us
        row.release_doc_no, row.release_reason = None, None
        return "expire"
    return ""


def _hold_again(row: Hold) -> None:
    row.state = "held"
    row.release_doc_no = row.release_reason = row.release_by = row.release_name = row.release_us = None


def _find(session: Session, hold: str) -> Hold:
    row = session.get(Hold, hold) if is_id(hold) else None
    if row is None:
        raise VmsError(Kind.NOT_FOUND, "no such hold", hold=hold[:64])
    return row


def _cameras_of(session: Session, holds: Sequence[str]) -> dict[str, tuple[str, ...]]:
    rows = session.execute(
        select(HoldCamera.hold_id, HoldCamera.camera_id).where(HoldCamera.hold_id.in_(holds)).order_by(HoldCamera.camera_id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for hold, camera in rows:
        found[hold] = (*found.get(hold, ()), camera)
    return found


def _sizes(session: Session, row: Hold) -> tuple[int, int]:
    """Segments and bytes that it covers now."""
    cameras = _cameras_of(session, [row.id])[row.id]
    touching = Segment.start_us >= row.from_us - queries.LONGEST_US, Segment.start_us < row.to_us, Segment.end_us > row.from_us
    statement = select(func.count(), func.coalesce(func.sum(Segment.bytes), 0)).where(Segment.camera_id.in_(cameras), *touching)
    count, size = session.execute(statement).one()
    return int(count), int(size)


def _gone(session: Session, cameras: Sequence[str], span: Span) -> tuple[tuple[str, GapSpan], ...]:
    """What of the span was deleted or lost before, at most MAX_GONE pieces."""
    found: list[tuple[str, GapSpan]] = []
    for camera in cameras:
        for profile in PROFILES:
            gaps = queries.gap_rows(session, camera, profile, span)
            found += [(camera, gap) for gap in gaps if gap.cause in GONE]
        if len(found) >= MAX_GONE:
            break
    return tuple(found[:MAX_GONE])


def _fact(row: Hold, act: str, by: str, cameras: int) -> HoldState:
    return HoldState(row.id, row.state, act, by, row.case_no, row.from_us, row.to_us, row.expires_us, cameras)


def _person(actor: str | None, name: str | None, at_us: int | None) -> Person | None:
    return None if actor is None or at_us is None else Person(actor, name or "", at_us)


def _view(row: Hold, cameras: tuple[str, ...], now_us: int, told: Told = NOTHING) -> HoldView:
    waits_since_us = {"requested": row.requested_us, "release_requested": row.release_us if row.release_by else None}.get(row.state)
    return HoldView(
        id=row.id,
        state=cast("requests.HoldStateName", row.state),
        cameras=cameras,
        from_us=row.from_us,
        to_us=row.to_us,
        case_no=row.case_no,
        doc_no=row.doc_no,
        reason=row.reason,
        expires_us=row.expires_us,
        requested=Person(row.requested_by, row.requested_name, row.requested_us),
        decided=_person(row.decided_by, row.decided_name, row.decided_us),
        extension=_person(row.extend_by, row.extend_name, row.extend_asked_us),
        extension_us=row.extend_us,
        release=_person(row.release_by, row.release_name, row.release_us),
        release_doc_no=row.release_doc_no,
        release_reason=row.release_reason,
        released=_person(row.released_by, row.released_name, row.released_us),
        note=row.note,
        protects=row.ends_us is None or row.ends_us > now_us,
        protects_until_us=row.ends_us,
        decide_before_us=None if waits_since_us is None else waits_since_us + UNDECIDED_US,
        segments=told.segments,
        bytes=told.bytes,
        rescued=told.rescued,
        gone=told.gone,
    )


def _check_other(actor: Actor, first: str, did: str, now: str) -> None:
    """Two persons: who did the first act never does the second."""
    if actor.id == first:
        raise VmsError(Kind.FORBIDDEN, f"you {did}: another person must {now}", rule="two_persons")


def _check_expiry(expires_us: int, now_us: int) -> None:
    if not now_us < expires_us <= MAX_US:
        raise VmsError(Kind.BAD_REQUEST, "the expiry must lie ahead", place="expires")


def _text(place: str, text: str, most: int = MAX_CHARS) -> str:
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(cleaned) <= most or any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in cleaned):
        raise VmsError(Kind.BAD_REQUEST, f"{place} must be 1 to {most} characters without control characters", place=place)
    return cleaned
