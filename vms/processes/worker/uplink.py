"""What the worker owes control: states, growing segments, closed segments until acknowledged (skeleton invariant 7).

Everything is kept as its newest message, so that a control that comes back is told all of it again, once, in order.
Not here: who dials (server), what is recorded (record).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from vms.ingest.orders import CameraState
from vms.record.outbox import Outbox
from vms.record.reports import Growth, OpenSegment, Report, SegmentReport, Trouble, open_message
from vms.stream.frames import Message
from vms.stream.link import Link

Key = tuple[str, str]


class Uplink:
    """At most one control at a time: a new one takes over from a dead one's connection."""

    def __init__(self, hello: Message, retell: Callable[[], None]) -> None:
        """`retell` asks the volumes' threads to report their open segments from the first GOP on."""
        self._hello = hello
        self._retell = retell
        self._link: Link | None = None
        self._states: dict[Key, Message] = {}
        self._troubles: dict[Key, Trouble] = {}
        self._closed = Outbox()

    @property
    def unacknowledged(self) -> int:
        return len(self._closed.waiting())

    def owes(self, camera: str, profile: str) -> bool:
        """Whether control has not yet acknowledged something that was filled of this profile."""
        waiting = self._closed.waiting()
        return any((report.camera, report.profile, report.origin) == (camera, profile, "edge") for report in waiting)

    def attach(self, link: Link) -> None:
        """Tell a control that has just dialled everything it may not know."""
        self._link = link
        link.send_message(self._hello)
        waiting = (report.message() for report in self._closed.waiting())
        troubles = (trouble.message() for trouble in self._troubles.values())
        for message in (*self._states.values(), *troubles, *waiting):
            link.send_message(message)
        self._retell()

    def detach(self, link: Link) -> None:
        if self._link is link:
            self._link = None

    def state(self, state: CameraState) -> None:
        message = {"op": "state"} | state.to_json()
        self._states[state.camera, state.profile] = message
        self.send(message)

    def keep(self, ordered: Collection[Key]) -> None:
        """Forget what is no longer pulled."""
        self._states = {key: message for key, message in self._states.items() if key in ordered}
        self._troubles = {key: trouble for key, trouble in self._troubles.items() if key in ordered}

    def forget(self, key: Key) -> None:
        self._states.pop(key, None)
        self._troubles.pop(key, None)

    def reports(self, reports: Sequence[Report]) -> None:
        """What a volume's thread posted, on the loop."""
        growing: list[OpenSegment] = []
        grown: list[Growth] = []
        for report in reports:
            if isinstance(report, Growth):
                grown.append(report)
            elif isinstance(report, OpenSegment):
                growing.append(report)
                self._troubles.pop((report.camera, report.profile), None)
            elif isinstance(report, SegmentReport):
                self._closed.add(report)
                self.send(report.message())
            else:
                self._troubles[report.camera, report.profile] = report
                self.send(report.message())
        if growing or grown:
            self.send(open_message(growing, grown))

    def acknowledge(self, paths: Sequence[str]) -> None:
        self._closed.acknowledge(paths)

    def send(self, message: Message) -> None:
        if self._link is not None and self._link.connected:
            self._link.send_message(message)
