"""Control's side of one worker: dials it, gives it its roster and what changes of it, takes its reports.

A worker that is away is dialled again and again; while it is, what it pulled counts as connecting. Every message of a
worker is checked: its process has met hostile bytes. Not here: what is pulled (orders), what reports do (commits).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.ingest.orders import CameraState, Key, PullOrder
from vms.record.reports import Growth, OpenSegment, SegmentReport, Trouble, parse_growth, parse_open, parse_segment, parse_trouble
from vms.registry.rules import PROFILES
from vms.stream.frames import LinkFrame, Message
from vms.stream.link import Dialler, Link

PROBE_TIMEOUT_S = 20.0


class Reports(Protocol):
    """Where a worker's reports go. Called on the loop; must not block."""

    def on_state(self, worker: int, state: CameraState) -> None: ...
    def on_open(self, worker: int, segments: list[OpenSegment], grown: list[Growth]) -> None: ...
    def on_segment(self, worker: int, report: SegmentReport, acknowledge: Callable[[], None]) -> None: ...
    def on_trouble(self, worker: int, trouble: Trouble) -> None: ...
    def on_hello(self, worker: int, incarnation: str, pid: int, started_us: int) -> None: ...
    def on_filled(self, worker: int, message: Mapping[str, Any]) -> None: ...
    def on_away(self, worker: int) -> None: ...


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """Who answers on the other end, for GET /system."""

    incarnation: str
    pid: int
    started_us: int


class WorkerSide:
    """One worker, over all its lives."""

    def __init__(self, index: int, path: str, clock: Clock, reports: Reports) -> None:
        self.index = index
        self.info: WorkerInfo | None = None
        self._reports = reports
        self._dialler = Dialler(path, self, _claim, clock)
        self._orders: dict[Key, PullOrder] | None = None
        self._probes: dict[str, asyncio.Future[Message]] = {}
        self._log = get_log("control.worker", worker=index)

    async def run(self) -> None:
        await self._dialler.run()

    @property
    def orders(self) -> tuple[PullOrder, ...]:
        """What it is told to pull."""
        return tuple((self._orders or {}).values())

    def order(self, key: Key) -> PullOrder | None:
        return None if self._orders is None else self._orders.get(key)

    @property
    def cameras(self) -> int:
        return len({order.camera for order in self.orders})

    def give(self, orders: list[PullOrder]) -> None:
        """The complete roster of this worker; sent now, and again to every new life of it."""
        self._orders = {order.key: order for order in orders}
        self._send_roster()

    def change(self, cameras: Collection[str], orders: Sequence[PullOrder]) -> None:
        """`orders` are all there is for these cameras now; nobody else's pull is spoken of. Before the first `give` it is nothing."""
        if self._orders is None:
            return
        now = {order.key: order for order in orders}
        known = ((camera, profile) for camera in cameras for profile in PROFILES)
        gone = [key for key in known if key in self._orders and key not in now]
        fresh = [order for key, order in now.items() if self._orders.get(key) != order]
        for key in gone:
            del self._orders[key]
        self._orders |= now
        for camera, profile in gone:
            self._send({"op": "drop", "camera": camera, "profile": profile})
        for order in fresh:
            self._send({"op": "put", "item": order.to_json()})

    def fill(self, message: Message) -> bool:
        """Order a fill; False while the worker is away."""
        if self._dialler.link is None or self.info is None:
            return False
        self._send({"op": "fill"} | message)
        return True

    async def probe(self, probe_id: str, message: Message) -> Message:
        """Ask the worker to open a camera once. Raises UNAVAILABLE, TIMEOUT."""
        link = self._dialler.link
        if link is None or self.info is None:
            raise VmsError(Kind.UNAVAILABLE, "the media process is starting; try again in a moment")
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._probes[probe_id] = future
        link.send_message(message | {"op": "probe", "id": probe_id})
        try:
            return await asyncio.wait_for(future, PROBE_TIMEOUT_S)
        except TimeoutError as error:
            raise VmsError(Kind.TIMEOUT, "the media process did not finish the probe in time") from error
        finally:
            self._probes.pop(probe_id, None)

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        message = frame.message()
        try:
            self._take(message)
        except (VmsError, AttributeError, KeyError, TypeError, ValueError) as error:
            self._log.error("a worker's report is not of its form", op=str(message.get("op"))[:40], error=repr(error)[:300])

    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None:
        self.info = None
        for future in self._probes.values():
            if not future.done():
                future.set_exception(VmsError(Kind.UNAVAILABLE, "the media process restarted; try again"))
        self._reports.on_away(self.index)
        self._dialler.lost()

    def _take(self, message: Mapping[str, Any]) -> None:
        match message.get("op"):
            case "hello":
                info = WorkerInfo(str(message["incarnation"]), int(message["pid"]), int(message["started_us"]))
                self._reports.on_hello(self.index, info.incarnation, info.pid, info.started_us)  # may give it other orders
                self.info = info
                self._send_roster()
            case "state":
                self._reports.on_state(self.index, CameraState.from_json(message))
            case "open":
                self._reports.on_open(
                    self.index, [parse_open(item) for item in message["items"]], list(map(parse_growth, message["grown"]))
                )
            case "segment":
                report = parse_segment(message)
                self._reports.on_segment(self.index, report, lambda: self._acknowledge(report.path))
            case "trouble":
                self._reports.on_trouble(self.index, parse_trouble(message))
            case "filled":
                self._reports.on_filled(self.index, message)
            case "probed":
                future = self._probes.get(str(message.get("id")))
                if future is not None and not future.done():
                    future.set_result(dict(message))
            case other:
                self._log.warning("unknown report", op=str(other)[:40])

    def _acknowledge(self, path: str) -> None:
        if self._dialler.link is not None:
            self._dialler.link.send_message({"op": "ack", "paths": [path]})

    def _send_roster(self) -> None:
        if self._orders is not None:
            self._send({"op": "roster", "items": [order.to_json() for order in self._orders.values()]})

    def _send(self, message: Message) -> None:
        """An order; a worker that is away, or has not said who it is, gets the whole roster later."""
        link = self._dialler.link
        if link is not None and self.info is not None:
            link.send_message(message)


def _claim(link: Link) -> None:
    """The first word on a new connection."""
    link.send_message({"op": "control"})
