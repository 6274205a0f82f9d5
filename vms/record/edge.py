"""What of a camera's own recordings belongs into a hole of the index: pure arithmetic over GOPs and times.

A GOP is taken whole. The one that was cut when recording stopped is taken whole too: its row begins where the hole does, and what
it begins with besides is its `lead`, which takes the place of the cut one when somebody plays it. Behind the hole pictures are
dropped from the last GOP until it fits. Not here: which holes (fills), fetching (ingest.replay), files.
"""

from __future__ import annotations

from typing import NamedTuple

from vms.base.timespan import SECOND_US, Span

FILLABLE = frozenset({"camera_offline", "auth", "network", "disk_full", "io_error", "worker_crash", "overload_drop", "power", "unknown"})
"""Causes behind which a camera may have gone on recording. Not: nobody wanted it, it is deleted, nobody knows the time."""
NEAR_US = 250_000
"""How far the camera's times may be off the index's and still mean the same picture."""
BEFORE_US = 12 * SECOND_US
"""Asked for before the hole, so that the GOP that was cut comes whole."""
LEAST_US = SECOND_US // 2
"""Shorter holes are not worth a connection."""


class Hole(NamedTuple):
    """A gap as it is told. `joined`: recorded video ends where it begins."""

    start_us: int
    end_us: int
    cause: str
    detail: str
    joined: bool


class Placed(NamedTuple):
    """A GOP in the index: the span of its row, how much of its beginning lies before, and where its pictures end (node's clock)."""

    start_us: int
    lead_us: int
    end_us: int
    cut_us: int


class Placer:
    """Gives the GOPs of one hole, in order, their places. `over`: nothing behind the last one can belong into it."""

    def __init__(self, hole: Hole, offset_us: int) -> None:
        self._hole = hole
        self._offset_us = offset_us
        self._at_us = hole.start_us  # everything before is recorded
        self._begun = False
        self.over = False

    def asked(self) -> Span:
        """What to ask the camera for, on its own clock."""
        before_us = BEFORE_US if self._hole.joined else 0
        return Span(self._hole.start_us + self._offset_us - before_us, self._hole.end_us + self._offset_us + NEAR_US)

    def place(self, start_us: int, end_us: int) -> Placed | None:
        """Of a GOP with this span on the camera's clock; None: it is recorded, or does not belong here."""
        hole = self._hole
        start_us, end_us = start_us - self._offset_us, end_us - self._offset_us
        near_us = min(NEAR_US, (end_us - start_us) // 2)
        if end_us <= self._at_us + near_us or start_us >= end_us:
            return None
        if start_us >= hole.end_us - near_us:
            self.over = True
            return None
        lead_us = 0
        if start_us < self._at_us - near_us:
            if self._begun or not hole.joined:
                return None
            lead_us = self._at_us - start_us
        row_us = self._at_us if start_us <= self._at_us + near_us else start_us
        self.over = end_us >= hole.end_us - near_us
        until_us = hole.end_us if self.over else end_us
        self._begun, self._at_us = True, until_us
        return Placed(row_us, lead_us, until_us, until_us if end_us > hole.end_us + near_us else end_us)
