"""Requests about legal holds, and the values that answer them.

Times are microseconds UTC, ids UUID strings. Not here: what each state allows (record.holds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from vms.owner.requests import Action, GapSpan, Request

HoldStateName = Literal["requested", "held", "rejected", "lapsed", "release_requested", "released"]


@dataclass(frozen=True, slots=True)
class Hold(Request):
    """Protect recordings of these cameras over [from_us, to_us), which may lie ahead. Protection starts at once, for 72 h.

    `cameras` are ids or codes. `expires_us` asks for a release later and deletes nothing.
    """

    action: ClassVar[Action] = "hold"
    audited: ClassVar[bool] = True
    cameras: tuple[str, ...]
    from_us: int
    to_us: int
    case_no: str
    doc_no: str
    reason: str
    expires_us: int


@dataclass(frozen=True, slots=True)
class HoldRequest(Request):
    """A request about one hold."""

    hold: str


@dataclass(frozen=True, slots=True)
class ApproveHold(HoldRequest):
    """By another person than who asked."""

    action: ClassVar[Action] = "approve_hold"
    audited: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class RejectHold(HoldRequest):
    action: ClassVar[Action] = "approve_hold"
    audited: ClassVar[bool] = True
    note: str


@dataclass(frozen=True, slots=True)
class ExtendHold(HoldRequest):
    """Ask for a later expiry; it counts once another person approves it."""

    action: ClassVar[Action] = "hold"
    audited: ClassVar[bool] = True
    expires_us: int


@dataclass(frozen=True, slots=True)
class ApproveExtension(HoldRequest):
    action: ClassVar[Action] = "approve_hold"
    audited: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class RequestRelease(HoldRequest):
    """Still protected until another person releases it; lapses after 72 h."""

    action: ClassVar[Action] = "hold"
    audited: ClassVar[bool] = True
    doc_no: str
    reason: str


@dataclass(frozen=True, slots=True)
class Release(HoldRequest):
    """By another person than who asked for the release; protection ends 24 h later."""

    action: ClassVar[Action] = "approve_hold"
    audited: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class RefuseRelease(HoldRequest):
    action: ClassVar[Action] = "approve_hold"
    audited: ClassVar[bool] = True
    note: str


@dataclass(frozen=True, slots=True)
class GetHold(HoldRequest):
    action: ClassVar[Action] = "playback"


@dataclass(frozen=True, slots=True)
class ListHolds(Request):
    """Newest first, a page at a time."""

    action: ClassVar[Action] = "playback"
    state: HoldStateName | None = None
    camera: str | None = None
    cursor: str | None = None
    limit: int = 100


class Person(NamedTuple):
    """Who did it, by id and by the name of the day, and when."""

    id: str
    name: str
    at_us: int


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold as shown. `protects` says whether it does now; `protects_until_us` is None while that has no end.

    `gone`: parts of its span that were deleted before it came, named by camera; `rescued` segments were not yet gone
    (both are told by the answer to Hold alone).
    """

    id: str
    state: HoldStateName
    cameras: tuple[str, ...]
    from_us: int
    to_us: int
    case_no: str
    doc_no: str
    reason: str
    expires_us: int
    requested: Person
    decided: Person | None
    extension: Person | None
    extension_us: int | None
    release: Person | None
    """Who asked for the release; an empty id is the expiry."""
    release_doc_no: str | None
    release_reason: str | None
    released: Person | None
    note: str
    protects: bool
    protects_until_us: int | None
    decide_before_us: int | None
    """When what waits for a decision lapses."""
    segments: int = 0
    bytes: int = 0
    rescued: int = 0
    gone: tuple[tuple[str, GapSpan], ...] = ()


@dataclass(frozen=True, slots=True)
class HoldPage:
    items: tuple[HoldView, ...]
    next: str | None
