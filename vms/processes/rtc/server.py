"""rtc's listening link: an edge hands over offers and takes answers; a viewer lives no longer than the link that brought it.

In: one RtpStream per watched stream, shared by its viewers; the most viewers at once. Not here: one viewer (peer), who may watch.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.live.rtpstream import RtpStream
from vms.processes.config import NodeConfig
from vms.processes.rtc.peer import Peer, Place
from vms.processes.rtc.transport import plain_host
from vms.stream.frames import LinkFrame, Message
from vms.stream.hub import WorkerLink
from vms.stream.link import Link
from vms.stream.stream import Stream
from vms.webrtc.offer import parse_offer

BEGIN_S = 4.0  # until the stream's tracks are known: nobody may have watched it, and it is pulled now
Key = tuple[int, str, str]


@dataclass
class _Shared:
    source: Stream
    stream: RtpStream = field(default_factory=RtpStream)
    viewers: int = 0


class RtcServer:
    """Serves every edge that dials in."""

    def __init__(self, config: NodeConfig, workers: Sequence[WorkerLink], clock: Clock) -> None:
        self._config = config
        self._workers = workers
        self._clock = clock
        self._started_us = clock.wall_us()
        self._streams: dict[Key, _Shared] = {}
        self._viewers: dict[tuple[Link, str], asyncio.Task[None]] = {}
        self._known: set[Link] = set()
        self._log = get_log("rtc")

    async def listen(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_unix_server(lambda: Link(self), sock=listener)

    async def close(self) -> None:
        """Every viewer is told, then gone."""
        tasks = list(self._viewers.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def on_frame(self, link: Link, frame: LinkFrame) -> None:
        if link not in self._known:
            self._known.add(link)
            link.send_message({"op": "hello", "pid": os.getpid(), "started_us": self._started_us})
        message = frame.message()
        viewer = (link, str(message.get("id")))
        if message.get("op") == "offer" and viewer not in self._viewers:
            task = self._viewers[viewer] = asyncio.create_task(self._serve(link, message))
            task.add_done_callback(lambda task: self._over(viewer, task))
        elif message.get("op") == "close" and viewer in self._viewers:
            self._viewers[viewer].cancel()

    def on_closed(self, link: Link, error: VmsError | Exception | None) -> None:
        self._known.discard(link)
        for (owner, _), task in list(self._viewers.items()):
            if owner is link:
                task.cancel()

    async def _serve(self, link: Link, message: Message) -> None:
        """One viewer, from its offer to its end; the edge hears of both."""
        name = {"id": message.get("id")}
        answered = False
        try:
            if len(self._viewers) > self._config.webrtc_viewers:
                limit = self._config.webrtc_viewers
                raise VmsError(Kind.OVERLOAD, "this node serves as many WebRTC viewers as it may; use live.mse", limit=limit)
            offer = parse_offer(str(message["sdp"]).encode())
            async with self._watching((int(message["worker"]), str(message["camera"]), str(message["profile"]))) as stream:
                peer = Peer(offer, stream, self._place(str(message["host"])), self._clock)
                link.send_message(name | {"op": "answer", "sdp": await peer.answer()})
                answered = True
                await peer.run()
            link.send_message(name | {"op": "ended", "error": None})
        except VmsError as error:
            told = {"kind": error.kind, "message": error.message, "facts": error.facts}
            link.send_message(name | {"op": "ended" if answered else "refused", "error": told})

    def _over(self, viewer: tuple[Link, str], task: asyncio.Task[None]) -> None:
        self._viewers.pop(viewer, None)
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            self._log.error("a WebRTC viewer failed", error=repr(bug)[:300])
            told: Message = {"kind": Kind.UNAVAILABLE, "message": "this view failed; see the node's log", "facts": {}}
            viewer[0].send_message({"op": "refused", "id": viewer[1], "error": told})
            viewer[0].send_message({"op": "ended", "id": viewer[1], "error": told})

    @asynccontextmanager
    async def _watching(self, key: Key) -> AsyncGenerator[RtpStream]:
        """The stream, open at its worker while anybody watches. Raises UNAVAILABLE when nothing comes."""
        worker, camera, profile = key
        shared = self._streams.get(key)
        if shared is None:
            shared = self._streams[key] = _Shared(self._workers[worker].watch(camera, profile).stream)
            shared.source.attach(shared.stream, self._clock.mono_us())
        shared.viewers += 1
        try:
            await _begun(shared.stream)
            yield shared.stream
        finally:
            shared.viewers -= 1
            if not shared.viewers:
                del self._streams[key]
                shared.source.detach(shared.stream)
                self._workers[worker].unwatch(camera, profile)

    def _place(self, host: str) -> Place:
        span = self._config.webrtc_ports
        ports = tuple(range(span[0], span[1] + 1)) if span else ()
        if announced := self._config.webrtc_host:
            return Place("::" if ":" in announced else "0.0.0.0", announced, ports)  # noqa: S104  (behind NAT our own address is anything)
        here = plain_host(host)
        return Place(here, here, ports)


async def _begun(stream: RtpStream) -> None:
    try:
        await asyncio.wait_for(stream.begun.wait(), BEGIN_S)
    except TimeoutError as error:
        raise VmsError(Kind.UNAVAILABLE, "the camera sends no pictures just now; try again in a moment") from error
