"""Every open view of this edge, whatever carries it: whom it belongs to, and how to end it when the right goes.

Not here: what a view sends (views, live_hls).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vms.base.errors import Kind, VmsError

MAX_VIEWS = 2000


@dataclass(eq=False)
class View:
    """One open view; `end` must neither block nor raise."""

    session: str
    camera: str
    end: Callable[[], object]


@dataclass
class OpenViews:
    """Who watches what through this edge."""

    views: set[View] = field(default_factory=set[View])

    def __len__(self) -> int:
        return len(self.views)

    def admit(self) -> None:
        """Raises LIMIT when one more is too many."""
        if len(self.views) >= MAX_VIEWS:
            raise VmsError(Kind.LIMIT, "this node shows as many views as it may; close one", limit=MAX_VIEWS)

    def add(self, view: View) -> None:
        self.views.add(view)

    def discard(self, view: View) -> None:
        self.views.discard(view)

    def sessions(self) -> list[str]:
        return sorted({view.session for view in self.views})

    def revoke(self, session: str | None, camera: str | None) -> None:
        """End what a withdrawn right had opened; `None` stands for any."""
        for view in list(self.views):
            if session in (None, view.session) and camera in (None, view.camera):
                view.end()
