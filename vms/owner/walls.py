"""Requests about saved views of the wall (视图) and tours (轮巡), and the values that answer them.

A tour is a view with a dwell time: its pages turn by themselves. Not here: handlers (walls).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vms.owner.registration import UNSET, Unset
from vms.owner.requests import Action, Request

Cameras = tuple[str | None, ...]
"""Ids in the order of the tiles, page by page; None where a tile is empty."""


@dataclass(frozen=True, slots=True)
class SaveWallView(Request):
    """A new view of the actor's own; `shared` lets everybody who may watch open it."""

    action: ClassVar[Action] = "live"
    audited: ClassVar[bool] = True
    name: str
    layout: int
    cameras: Cameras
    dwell_s: int | None = None
    shared: bool = False
    id: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateWallView(Request):
    """Changes what is set. Only its owner may, or who may configure when it is shared."""

    action: ClassVar[Action] = "live"
    audited: ClassVar[bool] = True
    view: str
    revision: int | None = None
    name: str | Unset = UNSET
    layout: int | Unset = UNSET
    cameras: Cameras | Unset = UNSET
    dwell_s: int | Unset | None = UNSET
    shared: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class DeleteWallView(Request):
    action: ClassVar[Action] = "live"
    audited: ClassVar[bool] = True
    view: str


@dataclass(frozen=True, slots=True)
class GetWallView(Request):
    action: ClassVar[Action] = "live"
    view: str


@dataclass(frozen=True, slots=True)
class ListWallViews(Request):
    """The actor's own and the shared ones, by name. They are few by rule (walls.rules), so this is one page."""

    action: ClassVar[Action] = "live"


@dataclass(frozen=True, slots=True)
class WallViewAnswer:
    """`mine`: the actor made it. `owner_name` as it was when the view was last saved."""

    id: str
    name: str
    layout: int
    cameras: Cameras
    dwell_s: int | None
    shared: bool
    mine: bool
    may_change: bool
    owner_name: str
    revision: int
    changed_us: int
