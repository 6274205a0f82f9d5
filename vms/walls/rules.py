"""What a saved view may look like. Pure; each refusal names its place."""

from __future__ import annotations

from collections.abc import Sequence

from vms.base.errors import Kind, VmsError
from vms.base.ids import is_id

LAYOUTS = (1, 4, 6, 8, 9, 10, 13, 16, 25, 36)
MAX_CAMERAS = 200
MIN_DWELL_S = 5
MAX_DWELL_S = 300
MAX_OWN = 100
MAX_SHARED = 400
"""Of the whole node; with MAX_OWN this keeps the list of an officer one page."""


def check_layout(layout: int) -> None:
    if layout not in LAYOUTS:
        raise _bad("layout", f"must be one of {', '.join(map(str, LAYOUTS))}")


def check_cameras(cameras: Sequence[str | None]) -> None:
    """1 to MAX_CAMERAS places, at least one of them with a camera; whether there is such a camera, the tile shows."""
    if not any(cameras) or len(cameras) > MAX_CAMERAS:
        raise _bad("cameras", f"must name at least one camera and at most {MAX_CAMERAS} places")
    if not all(camera is None or is_id(camera) for camera in cameras):
        raise _bad("cameras", "must hold ids of cameras, and null for empty tiles")


def check_dwell(dwell_s: int | None, layout: int, cameras: Sequence[str | None]) -> None:
    """A tour has something to turn to: more than one page."""
    if dwell_s is None:
        return
    if not MIN_DWELL_S <= dwell_s <= MAX_DWELL_S:
        raise _bad("dwell_s", f"must be {MIN_DWELL_S} to {MAX_DWELL_S} seconds")
    if len(cameras) <= layout:
        raise _bad("dwell_s", "needs more cameras than the layout has tiles")


def _bad(place: str, rule: str) -> VmsError:
    return VmsError(Kind.BAD_REQUEST, f"{place} {rule}", place=place)
