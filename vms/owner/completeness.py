"""Requests about recording completeness and the values that answer them.

Days are local dates `YYYY-MM-DD`, both ends included; figures are microseconds. Not here: what counts (completeness.figures).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from vms.owner.requests import Action, CameraRequest, Request

Order = Literal["worst", "name"]
StatementFormat = Literal["zip", "csv", "html"]
Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class ListCompleteness(Request):
    """Cameras with their days, a page at a time: the worst rate first, or by name. `cause` keeps those that lost time by it,
    most first; `region_id` takes its whole subtree."""

    action: ClassVar[Action] = "playback"
    from_day: str = ""
    to_day: str = ""
    region_id: str | None = None
    cause: str | None = None
    order: Order = "worst"
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class CameraCompleteness(CameraRequest):
    """The days of one camera."""

    action: ClassVar[Action] = "playback"
    profile: str = "main"
    from_day: str = ""
    to_day: str = ""


@dataclass(frozen=True, slots=True)
class RefreshCompleteness(Request):
    """Read the index again for these days, closed or open, of all cameras."""

    action: ClassVar[Action] = "system"
    audited: ClassVar[bool] = True
    from_day: str = ""
    to_day: str = ""


@dataclass(frozen=True, slots=True)
class CompletenessStatement(Request):
    """What is recorded and what is not as a document: signed (zip), or as a table to read (csv, html)."""

    action: ClassVar[Action] = "download"
    audited: ClassVar[bool] = True
    from_day: str = ""
    to_day: str = ""
    region_id: str | None = None
    format: StatementFormat = "zip"
    language: Language = "zh"


class Figures(NamedTuple):
    """`rate_ppm` is None without planned time. `gaps` by cause holds planned time: recorded + gaps = planned."""

    told_us: int
    planned_us: int
    recorded_us: int
    joined_us: int
    damaged_us: int
    gaps: Mapping[str, int]
    rate_ppm: int | None


class DayView(NamedTuple):
    """A day as it was known at `read_us`."""

    day: str
    start_us: int
    read_us: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class CameraDays:
    """One camera profile over the asked days; a day whose figures are not made yet is absent."""

    camera: str
    profile: str
    name: str
    code: str | None
    region_id: str | None
    total: Figures
    days: tuple[DayView, ...]


@dataclass(frozen=True, slots=True)
class CompletenessPage:
    """`total` is over all cameras that the filters take, not over the page. `done` and `waiting` count camera-days of the job."""

    from_day: str
    to_day: str
    cameras: int
    total: Figures
    items: tuple[CameraDays, ...]
    next: str | None
    done: int
    waiting: int


@dataclass(frozen=True, slots=True)
class RefreshAnswer:
    waiting: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file to download."""

    name: str
    media_type: str
    content: bytes
