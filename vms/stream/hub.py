"""The edge's side of the media link: one copy of each watched stream, shared by all its viewers.

In: dialling a worker and dialling again, opening a stream for its first viewer, closing it after its last.
Not here: the worker's side (processes.worker), who may watch (owner).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from vms.base.clock import Clock
from vms.base.errors import VmsError
from vms.media.boxes import split_init
from vms.media.types import Init
from vms.stream.frames import CHUNK, INIT, MESSAGE, LinkFrame, Message
from vms.stream.link import Dialler, Link
from vms.stream.stream import Begin, Stream
from vms.stream.viewframes import Framer

LINGER_S = 5.0


@dataclass
class Watched:
    """One stream open on a link: its handle, its viewers, and the Inits of a configuration still arriving."""

    camera: str
    profile: str
    handle: int
    stream: Stream = field(default_factory=Stream)
    framer: Framer = field(default_factory=Framer)
    viewers: int = 0
    linger: asyncio.Task[None] | None = None
    begin: Message | None = None
    inits: list[Init] = field(default_factory=list[Init])


class WorkerLink:
    """The link to one worker: keeps dialling, and opens every watched stream again after a reconnect."""

    def __init__(self, path: str, clock: Clock) -> None:
        self._clock = clock
        self._dialler = Dialler(path, self, self._on_up, clock)
        self._watched: dict[tuple[str, str], Watched] = {}
        self._by_handle: dict[int, Watched] = {}
        self._next_handle = 1
        self.busy_percent = 0
        """Of one core, as the worker tells it each second; 0 while it is away."""

    async def run(self) -> None:
        """A worker that is away costs a short wait, never an error to a viewer."""
        await self._dialler.run()

    def watch(self, camera: str, profile: str) -> Watched:
        """The stream and its framer, opened when this is its first viewer. Pair with `unwatch`."""
        watched = self._watched.get((camera, profile))
        if watched is None:
            watched = Watched(camera, profile, 0)
            self._watched[camera, profile] = watched
            self._open(watched)
        watched.viewers += 1
        if watched.linger is not None:
            watched.linger.cancel()
            watched.linger = None
        return watched

    def unwatch(self, camera: str, profile: str) -> None:
        """One viewer less; the stream lingers for the next click, then closes."""
        watched = self._watched.get((camera, profile))
        if watched is None or not watched.viewers:
            return
        watched.viewers -= 1
        if not watched.viewers:
            watched.linger = asyncio.create_task(self._close_later(watched))

    def is_watching(self, camera: str, profile: str) -> bool:
        """Whether the stream is open, so that one more viewer costs the worker nothing."""
        return (camera, profile) in self._watched

    def streams(self) -> int:
        return len(self._watched)

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        watched = self._by_handle.get(frame.handle)
        if watched is None:
            if frame.kind == MESSAGE and not frame.handle:
                self._hear(frame.message())
            return
        now_us = self._clock.mono_us()
        if frame.kind == CHUNK and frame.chunk is not None:
            watched.stream.publish(frame.chunk, now_us)
        elif frame.kind == INIT:
            watched.inits.extend(split_init(frame.payload))
            self._start_when_complete(watched, now_us)
        else:
            self._on_message(watched, frame.message(), now_us)

    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None:
        self._by_handle.clear()
        self.busy_percent = 0
        for watched in self._watched.values():
            watched.stream.lose("worker_crash", self._clock.mono_us())
        self._dialler.lost()

    def _hear(self, message: Message) -> None:
        if message.get("op") == "load":
            self.busy_percent = int(message["busy_percent"])

    def _on_up(self, link: Link) -> None:
        link.send_message({"op": "edge"})
        for watched in self._watched.values():
            self._open(watched)

    def _on_message(self, watched: Watched, message: Message, now_us: int) -> None:
        match message.get("op"):
            case "begin":
                watched.begin, watched.inits = message, []
                self._start_when_complete(watched, now_us)
            case "gap":
                watched.stream.lose(str(message.get("cause")), now_us)
            case "end":
                watched.stream.end(str(message.get("cause")), now_us)
            case _:
                pass

    def _start_when_complete(self, watched: Watched, now_us: int) -> None:
        begin = watched.begin
        if begin is not None and len(watched.inits) == begin["inits"]:
            watched.begin = None
            watched.stream.start(Begin(str(begin["run"]), tuple(watched.inits), int(begin["wall_us"])), now_us)

    def _open(self, watched: Watched) -> None:
        link = self._dialler.link
        if link is None:
            return
        watched.handle = self._next_handle
        self._next_handle += 1
        self._by_handle[watched.handle] = watched
        link.send_message({"op": "open", "handle": watched.handle, "camera": watched.camera, "profile": watched.profile})

    async def _close_later(self, watched: Watched) -> None:
        await self._clock.sleep(LINGER_S)
        del self._watched[watched.camera, watched.profile]
        opened = self._by_handle.pop(watched.handle, None)
        if opened is not None and self._dialler.link is not None:
            self._dialler.link.send_message({"op": "close", "handle": watched.handle})
