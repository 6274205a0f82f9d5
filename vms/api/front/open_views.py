"""Every open view of this edge, whatever carries it: whose it is, how to end it, and whether there is room for one more.

A view that the node cannot carry is refused before it costs anything; who records or watches already is never the one to pay.
Not here: what a view sends (views, live_hls), who may (owner).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from vms.base.busy import Busy
from vms.base.errors import Kind, VmsError
from vms.owner.requests import LiveOpened
from vms.stream.hub import WorkerLink

RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """The most views at once, in all, of one person or token, and of one camera; and where CPU head-room ends."""

    node: int
    user: int
    camera: int
    busy_percent: int


@dataclass(eq=False)
class View:
    """One open view; `end` must neither block nor raise."""

    session: str
    user: str
    camera: str
    end: Callable[[], object]


class OpenViews:
    """Who watches what through this edge."""

    def __init__(self, limits: Limits, busy: Busy) -> None:
        self._limits = limits
        self._busy = busy
        self._views: set[View] = set()
        self._of_user: Counter[str] = Counter()
        self._of_camera: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._views)

    def admit(self) -> None:
        """Before anybody is asked, so that a crowd that is refused costs no verdicts. Raises OVERLOAD."""
        if len(self._views) >= self._limits.node:
            raise _full("node", "this node shows as many views as it may; close one", self._limits.node)
        if self._busy.percent >= self._limits.busy_percent:
            raise _busy("edge", self._busy.percent)

    def admit_view(self, user: str, camera: str) -> None:
        """With the verdict at hand, immediately before `add`. Raises OVERLOAD."""
        self.admit()
        if self._of_user[user] >= self._limits.user:
            raise _full("user", "you have as many views open as one may; close one", self._limits.user)
        if self._of_camera[camera] >= self._limits.camera:
            raise _full("camera", "as many as may are watching this camera", self._limits.camera)

    def admit_stream(self, worker: WorkerLink, opened: LiveOpened) -> None:
        """A stream that nobody watches yet costs its worker something: recording goes first. Raises OVERLOAD."""
        if worker.busy_percent >= self._limits.busy_percent and not worker.is_watching(opened.camera, opened.profile):
            raise _busy("worker", worker.busy_percent)

    def add(self, view: View) -> None:
        self._views.add(view)
        self._of_user[view.user] += 1
        self._of_camera[view.camera] += 1

    def discard(self, view: View) -> None:
        if view in self._views:
            self._views.discard(view)
            _one_less(self._of_user, view.user)
            _one_less(self._of_camera, view.camera)

    def sessions(self) -> list[str]:
        return sorted({view.session for view in self._views})

    def revoke(self, session: str | None, camera: str | None) -> None:
        """End what a withdrawn right had opened; `None` stands for any."""
        for view in list(self._views):
            if session in (None, view.session) and camera in (None, view.camera):
                view.end()


def _one_less(counted: Counter[str], name: str) -> None:
    counted[name] -= 1
    if not counted[name]:
        del counted[name]


def _full(scope: str, message: str, limit: int) -> VmsError:
    return VmsError(Kind.OVERLOAD, message, scope=scope, limit=limit, retry_after_s=RETRY_AFTER_S)


def _busy(process: str, busy_percent: int) -> VmsError:
    message = "this node has no CPU to spare for another view; try again in a moment"
    return VmsError(Kind.OVERLOAD, message, scope="cpu", process=process, busy_percent=busy_percent, retry_after_s=RETRY_AFTER_S)
