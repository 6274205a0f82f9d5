"""The worker's listening link: orders from control, streams for edges; one socket, told apart by what they say first.

Not here: pulling (ingest), recording (record), what control is owed (uplink).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

from vms.base.clock import Clock
from vms.base.errors import VmsError
from vms.base.log import get_log
from vms.processes.worker.streams import LinkSubscriber
from vms.processes.worker.uplink import Uplink
from vms.stream.frames import LinkFrame, Message
from vms.stream.link import Link
from vms.stream.stream import Stream


class Pulls(Protocol):
    """What the server needs of the roster."""

    def watch(self, camera: str, profile: str) -> Stream | None: ...
    def unwatch(self, camera: str, profile: str) -> None: ...
    def stream(self, camera: str, profile: str) -> Stream | None: ...


OnOrder = Callable[[Message], None]


class WorkerServer:
    """Serves every connection until the worker ends."""

    def __init__(self, pulls: Pulls, uplink: Uplink, on_order: OnOrder, clock: Clock) -> None:
        self._pulls = pulls
        self._uplink = uplink
        self._on_order = on_order
        self._clock = clock
        self._open: dict[Link, dict[int, tuple[str, str, Stream, LinkSubscriber]]] = {}
        self._edges: set[Link] = set()
        self._waiting: dict[tuple[Link, int], tuple[str, str]] = {}
        self._log = get_log("worker.link")

    async def listen(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_unix_server(lambda: Link(self), sock=listener)

    @property
    def streams(self) -> int:
        return sum(len(handles) for handles in self._open.values())

    @property
    def waiting(self) -> int:
        """Streams asked for whose camera no order names yet."""
        return len(self._waiting)

    def tell_load(self, busy_percent: int) -> None:
        """To every edge that has said so: how near this worker is to what one core does."""
        for link in self._edges:
            link.send_message({"op": "load", "busy_percent": busy_percent})

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        message = frame.message()
        match message.get("op"):
            case "open":
                handle, camera, profile = int(message.get("handle", 0)), str(message.get("camera")), str(message.get("profile"))
                self._open_stream(link, handle, camera, profile)
            case "close":
                self._close_stream(link, int(message.get("handle", 0)))
            case "edge":
                self._edges.add(link)
            case "control":
                self._uplink.attach(link)
            case "ack":
                self._uplink.acknowledge(cast("list[str]", message.get("paths") or []))
            case "roster" | "put" | "drop" | "probe" | "fill":
                self._order(message)
            case other:
                self._log.warning("unknown link message", op=str(other)[:40])

    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None:
        self._uplink.detach(link)
        self._edges.discard(link)
        for handle in list(self._open.get(link, ())):
            self._close_stream(link, handle)
        self._open.pop(link, None)
        self._waiting = {key: wanted for key, wanted in self._waiting.items() if key[0] is not link}

    def _order(self, message: Message) -> None:
        try:
            self._on_order(message)
        except VmsError as error:
            self._log.error("an order cannot be followed", op=message.get("op"), error=error.message, **error.facts)
        self._follow_orders()

    def _follow_orders(self) -> None:
        """What is no longer pulled waits for its camera to come back; what waits may start now."""
        for link, handles in self._open.items():
            for handle, (camera, profile, stream, subscriber) in list(handles.items()):
                if self._pulls.stream(camera, profile) is not stream:
                    stream.detach(subscriber)
                    del handles[handle]
                    self._waiting[link, handle] = (camera, profile)
        for (link, handle), (camera, profile) in list(self._waiting.items()):
            self._open_stream(link, handle, camera, profile)

    def _open_stream(self, link: Link, handle: int, camera: str, profile: str) -> None:
        """An edge may ask before control's roster is here (a worker that restarts): it waits, it is not refused."""
        self._close_stream(link, handle)
        stream = self._pulls.watch(camera, profile)
        if stream is None:
            self._waiting[link, handle] = (camera, profile)
            return
        subscriber = LinkSubscriber(link, handle)
        self._open.setdefault(link, {})[handle] = (camera, profile, stream, subscriber)
        stream.attach(subscriber, self._clock.mono_us())

    def _close_stream(self, link: Link, handle: int) -> None:
        self._waiting.pop((link, handle), None)
        opened = self._open.get(link, {}).pop(handle, None)
        if opened is not None:
            camera, profile, stream, subscriber = opened
            stream.detach(subscriber)
            self._pulls.unwatch(camera, profile)
