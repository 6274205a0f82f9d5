"""Live streams by RTSP: `rtsp://host:8554/{code or id}/{main|sub}` for decoders, players and other platforms.

In: connections and their sessions, the per-camera check through `ask`, one packetiser a stream, TCP and UDP outlets.
Not here: RTSP itself (vms.rtsp), packets (vms.live.rtp), who may (owner).
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from vms.api.front.asking import Asking, Credential, Verdict
from vms.api.front.open_views import OpenViews, View
from vms.api.front.outlets import Outlet, TcpOutlet, UdpOutlet
from vms.api.rules import RULES
from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.log import get_log
from vms.base.timespan import SECOND_US
from vms.live.description import describe
from vms.live.rtp import RtpStream
from vms.media.types import Chunk
from vms.owner.requests import LiveOpened, OpenLive
from vms.rtsp.auth import Gate, Proof
from vms.rtsp.server import Described, Event, Paused, Played, RtpInfo, ServerConfig, ServerConnection, SetupAsked, TornDown
from vms.stream.hub import Watched, WorkerLink
from vms.stream.stream import Reader

MAX_CONNECTIONS = 2_000
FIRST_PICTURE_S = 8.0
REPORT_US = 5 * SECOND_US
SWEEP_S = 1.0
SILENT_US = 30 * SECOND_US
"""A connection without a session says something within this time; one with a session has the session's own."""
SEND_HIGH_WATER_BYTES = 256 * 1024
RETRY_AFTER_S = 5
_STATUS = {Kind.UNAUTHENTICATED: 401, Kind.FORBIDDEN: 403, Kind.NOT_FOUND: 404, Kind.BAD_REQUEST: 400, Kind.LIMIT: 503}
_log = get_log("restream")


@dataclass
class Pulled:
    """One stream that is pulled by RTSP: its packets, and the connections to end when it changes its tracks."""

    camera: str
    profile: str
    worker: WorkerLink
    watched: Watched
    rtp: RtpStream
    begun: asyncio.Event
    connections: set[RtspConnection] = field(default_factory=set["RtspConnection"])


class Restream:
    """Every RTSP connection of this edge, and the streams they pull."""

    def __init__(self, asking: Asking, workers: list[WorkerLink], clock: Clock, views: OpenViews) -> None:
        self._asking, self._workers = asking, workers
        self.clock, self.views = clock, views
        self.connections: set[RtspConnection] = set()
        self._pulled: dict[tuple[str, str], Pulled] = {}

    async def listen(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(lambda: RtspConnection(self), sock=listener)

    async def run(self) -> None:
        """Ends sessions whose clients fell silent."""
        while True:
            await self.clock.sleep(SWEEP_S)
            now_us = self.clock.mono_us()
            for connection in tuple(self.connections):
                connection.sweep(now_us)

    def close(self) -> None:
        for connection in tuple(self.connections):
            connection.hang_up()

    async def open(self, credential: Credential, camera: str, profile: str) -> tuple[Verdict, LiveOpened]:
        """Control's yes. Raises VmsError."""
        self.views.admit()
        verdict = await self._asking.ask(credential, OpenLive(camera, profile))
        if not isinstance(verdict.answer, LiveOpened):
            raise VmsError(Kind.UNAVAILABLE, "control answered something else")
        return verdict, verdict.answer

    def pull(self, connection: RtspConnection, opened: LiveOpened) -> Pulled:
        """The stream, opened for the first who pulls it. Pair with `let_go`. Raises OVERLOAD."""
        key = opened.camera, opened.profile
        pulled = self._pulled.get(key)
        if pulled is None:
            worker = self._workers[opened.worker]
            self.views.admit_stream(worker, opened)
            watched = worker.watch(*key)
            begun = asyncio.Event()
            rtp = RtpStream(begun.set, lambda: self._changed(key))
            pulled = self._pulled[key] = Pulled(*key, worker, watched, rtp, begun)
            watched.stream.attach(rtp, self.clock.mono_us())
        pulled.connections.add(connection)
        return pulled

    def let_go(self, connection: RtspConnection, pulled: Pulled) -> None:
        pulled.connections.discard(connection)
        if not pulled.connections and self._pulled.get((pulled.camera, pulled.profile)) is pulled:
            del self._pulled[pulled.camera, pulled.profile]
            pulled.watched.stream.detach(pulled.rtp)
            pulled.worker.unwatch(pulled.camera, pulled.profile)

    def _changed(self, key: tuple[str, str]) -> None:
        """Other tracks than were described: whoever pulls connects and describes anew."""
        for connection in tuple(self._pulled[key].connections):
            connection.hang_up()


class RtspConnection(asyncio.Protocol):
    """One client: at most one session, of one stream."""

    def __init__(self, house: Restream) -> None:
        self._house = house
        self._core = ServerConnection(ServerConfig(session_id=lambda: secrets.token_hex(16), gate=Gate(None)))
        self._asking: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._verdict: Verdict | None = None
        self._path = ""
        self._pulled: Pulled | None = None
        self._outlets: dict[int, Outlet] = {}
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = False

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=SEND_HIGH_WATER_BYTES)
        self._peer = str(transport.get_extra_info("peername")[0])
        self._host = str(transport.get_extra_info("sockname")[0])
        self._silent_until_us = self._house.clock.mono_us() + SILENT_US
        self._house.connections.add(self)
        if len(self._house.connections) > MAX_CONNECTIONS:
            _log.flood("too many RTSP connections; the newest is refused", limit=MAX_CONNECTIONS)
            self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._writable.set()
        for task in (self._asking, self._sending):
            if task is not None:
                task.cancel()
        for outlet in self._outlets.values():
            outlet.close()
        self._outlets.clear()
        if self._pulled is not None:
            self._house.let_go(self, self._pulled)
            self._pulled = None
        self._house.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        now_us = self._house.clock.mono_us()
        self._silent_until_us = now_us + SILENT_US
        try:
            self._handle(self._core.receive(data, now_us))
        except VmsError as error:  # malformed input: the core has answered
            _log.flood("an RTSP client breaks the protocol", peer=self._peer, error=error.message)
            self._flush()
            self.hang_up()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def hang_up(self) -> None:
        self._transport.close()

    def sweep(self, now_us: int) -> None:
        self._handle(self._core.handle_timer(now_us))
        if self._core.next_timer_us() is None and self._asking is None and now_us > self._silent_until_us:
            self.hang_up()

    # --- requests ---

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Described():
                    self._ask(self._describe(event))
                case SetupAsked():
                    self._ask(self._set_up(event))
                case Played():
                    self._handle(self._play())
                case Paused():
                    self._stop()
                case TornDown():
                    self._stop()
                    self._flush()
                    self.hang_up()
                case _:  # RTCP of the client: the core has noted that it lives
                    pass
        self._flush()

    def _ask(self, answering: Coroutine[Any, Any, list[Event]]) -> None:
        """The core has one request open at a time, so there is one such task."""
        self._asking = asyncio.ensure_future(self._answer(answering))

    async def _answer(self, answering: Coroutine[Any, Any, list[Event]]) -> None:
        try:
            events = await answering
        except VmsError as error:
            events = self._refuse(error)
        self._asking = None
        if not self._closed:
            self._handle(events)

    def _refuse(self, error: VmsError) -> list[Event]:
        if error.kind is Kind.UNAUTHENTICATED:
            return self._core.challenge()
        status = _STATUS.get(error.kind, 503)
        retry = [("Retry-After", str(error.facts.get("retry_after_s", RETRY_AFTER_S)))] if status == 503 else []
        return self._core.refuse(status, [*retry, ("X-Problem", f"{error.kind}: {RULES[error.kind].title}")])

    async def _describe(self, event: Described) -> list[Event]:
        pulled = await self._admitted(event.path, event.proof)
        return self._core.describe(describe(track.info for track in pulled.rtp.tracks.values()))

    async def _set_up(self, event: SetupAsked) -> list[Event]:
        pulled = await self._admitted(event.path, event.proof)
        track = pulled.rtp.tracks.get(event.track)
        if track is None or event.track in self._outlets:
            return self._core.refuse(404 if track is None else 455)
        ports = event.transport.client_ports
        if event.transport.protocol == "udp" and ports is not None:
            outlet = UdpOutlet(self._host, self._peer, ports, self._alive)
            self._outlets[event.track] = outlet
            return self._core.accept_setup(outlet.ports, track.ssrc)
        events = self._core.accept_setup(ssrc=track.ssrc)
        channels = self._core.transports[event.track].channels or (0, 1)
        self._outlets[event.track] = TcpOutlet(self._transport, channels, self._writable)
        return events

    async def _admitted(self, path: str, proof: Proof | None) -> Pulled:
        """The stream of this path, once control has said yes and its tracks are known. Raises VmsError."""
        if self._pulled is None:
            camera, profile = stream_of(path)
            if proof is None:
                raise VmsError(Kind.UNAUTHENTICATED, "sign in first")
            self._verdict, opened = await self._house.open(Credential(proof.to_text()), camera, profile)
            self._core.admit()
            self._path = path
            self._pulled = self._house.pull(self, opened)
        elif path != self._path:
            raise VmsError(Kind.BAD_REQUEST, "a connection is for one stream; open another")
        await self._begun(self._pulled)
        return self._pulled

    async def _begun(self, pulled: Pulled) -> None:
        try:
            await asyncio.wait_for(pulled.begun.wait(), FIRST_PICTURE_S)
        except TimeoutError:
            raise VmsError(Kind.UNAVAILABLE, "the camera sends nothing now; try again", camera=pulled.camera) from None

    def _play(self) -> list[Event]:
        pulled, verdict = self._pulled, self._verdict
        if pulled is None or verdict is None:
            return self._core.refuse(455)
        if self._sending is not None:
            return self._core.play([])
        views = self._house.views
        try:
            views.admit_view(verdict.user, pulled.camera)
        except VmsError as error:
            return self._refuse(error)
        first = pulled.rtp.first(pulled.watched.stream)
        events = self._core.play([RtpInfo(track, packets.first_seq, packets.rtp_time) for track, packets in first.items()])
        self._flush()
        self._sending = asyncio.ensure_future(self._send(pulled))
        view = View(verdict.session, verdict.user, pulled.camera, self._sending.cancel)
        views.add(view)
        self._sending.add_done_callback(lambda task: self._sent(view, task))
        return events

    def _sent(self, view: View, task: asyncio.Task[None]) -> None:
        """The view is over: paused, or the client has left, or its right was withdrawn, or the outlet failed."""
        self._house.views.discard(view)
        if self._sending is not task:
            return
        self._sending = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("an RTSP view failed", camera=view.camera, error=repr(error))
        self.hang_up()

    def _stop(self) -> None:
        task, self._sending = self._sending, None
        if task is not None:
            task.cancel()

    async def _send(self, pulled: Pulled) -> None:
        """What is published from the cached GOP on, until cancelled."""
        ready, stream, clock = asyncio.Event(), pulled.watched.stream, self._house.clock
        reader = Reader(ready.set)
        stream.attach(reader, clock.mono_us())
        report_at_us = clock.mono_us()
        try:
            while True:
                await ready.wait()
                ready.clear()
                if clock.mono_us() >= report_at_us:  # before the first packet: players then know how the tracks stand to each other
                    report_at_us = clock.mono_us() + REPORT_US
                    self._report(pulled)
                while (item := reader.take()) is not None:
                    if not isinstance(item, Chunk) or item.track not in self._outlets:
                        continue
                    packets = pulled.rtp.packets(item)
                    if packets is not None:
                        await self._outlets[item.track].send(packets)
        finally:
            stream.detach(reader)

    def _report(self, pulled: Pulled) -> None:
        wall_us = self._house.clock.wall_us()
        for number, outlet in self._outlets.items():
            if number in pulled.rtp.tracks:
                outlet.report(pulled.rtp.tracks[number].report(wall_us))

    def _alive(self) -> None:
        self._core.touch(self._house.clock.mono_us())

    def _flush(self) -> None:
        output = self._core.take_output()
        if output and not self._transport.is_closing():
            self._transport.write(output)


def stream_of(path: str) -> tuple[str, str]:
    """`/{code or id}/{main|sub}` → camera and profile; `main` when none is named. Raises NOT_FOUND."""
    camera, _, profile = unquote(path).strip("/").partition("/")
    if not camera or len(camera) > 64 or profile not in ("", "main", "sub"):
        raise VmsError(Kind.NOT_FOUND, "no such stream; say /{camera}/main or /{camera}/sub")
    return camera, profile or "main"
