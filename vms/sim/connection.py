"""One client's connection to a simulated camera: the asyncio shell around vms.rtsp.server, and the faults of its answers."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import cast

from vms.base.clock import Clock
from vms.base.errors import VmsError
from vms.rtsp.server import Described, Event, Paused, Played, RtpInfo, ServerConfig, ServerConnection, SetupAsked, TornDown
from vms.sim.beat import Beat
from vms.sim.camera import EDGE, CameraStream, Stats, stream_of
from vms.sim.description import describe, unknown_codec
from vms.sim.faults import Wrong
from vms.sim.feed import Feed
from vms.sim.replay import ReplaySender, what_is_kept
from vms.sim.session import MAX_QUEUE_BYTES, Outlet, TcpOutlet, TrackSender, UdpOutlet

_FIRST_URL = re.compile(rb"^[A-Z_]+ [a-z]+://[^/\s]+(/[^\s?]*)")
_TRACK_SUFFIX = re.compile(r"/trackID=\d+$")
_LONGEST_FIRST_LINE = 4096
_FILL = b"X-Fill: " + b"a" * 4000 + b"\r\n"


class House:
    """What all connections of one simulation share."""

    def __init__(self, streams: dict[tuple[int, str], CameraStream], clock: Clock, beat: Beat) -> None:
        self.streams, self.clock, self.beat = streams, clock, beat
        self.stats = Stats()
        self.connections: set[CameraConnection] = set()


class CameraConnection(asyncio.Protocol):
    """Which camera is asked decides who may look, so the core begins with the first request's URL."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._core: ServerConnection | None = None
        self._early = b""
        self._stream: CameraStream | None = None
        self._outlets: dict[int, Outlet] = {}
        self._senders: list[TrackSender | ReplaySender] = []
        self._endless = False

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._transport.set_write_buffer_limits(high=MAX_QUEUE_BYTES)
        self._peer = str(transport.get_extra_info("peername")[0])
        self._host = str(transport.get_extra_info("sockname")[0])
        self._house.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        for outlet in self._outlets.values():
            outlet.close()
        self._outlets.clear()
        self._house.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._core is None:
            self._early += data
            data = self._early
            self._begin(data)
            if self._core is None:
                return
            self._early = b""
        now = self._house.clock
        try:
            self._handle(self._core.receive(data, now.mono_us()))
        except VmsError:  # malformed input: the core has answered
            self._flush()
            self._transport.close()

    # --- the outside's calls ---

    def sweep(self, now_us: int, mono_us: int) -> None:
        """Every quarter of a second: faults that hang up, sessions that ended."""
        stream = self._stream
        if stream is not None and (stream.wrong(Wrong.DROP_OUT, now_us) or stream.wrong(Wrong.REFUSE, now_us)):
            self._house.stats.fault(Wrong.DROP_OUT if stream.wrong(Wrong.DROP_OUT, now_us) else Wrong.REFUSE)
            self._transport.abort()
        elif self._endless and self._transport.get_write_buffer_size() < MAX_QUEUE_BYTES:
            self._transport.write(_FILL * 20)
        elif self._core is not None:
            self._handle(self._core.handle_timer(mono_us))

    def hang_up(self) -> None:
        self._transport.abort()

    # --- inside ---

    def _begin(self, data: bytes) -> None:
        line, end, _ = data.partition(b"\r\n")
        if not end and len(data) < _LONGEST_FIRST_LINE:
            return
        match = _FIRST_URL.match(line)
        path = _TRACK_SUFFIX.sub("", match[1].decode("latin-1").rstrip("/")) if match else ""
        self._stream = self._house.streams.get(stream_of(path) or (0, ""))
        now = self._house.clock.wall_us()
        if self._stream is not None and self._stream.wrong(Wrong.DROP_OUT, now):
            self._transport.abort()
            return
        gate = None if self._stream is None else self._stream.gate(now)
        self._core = ServerConnection(ServerConfig(lambda: secrets.token_hex(8), gate, name="camera"))

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Described():
                    self._handle(self._describe(event))
                case SetupAsked():
                    self._handle(self._set_up(event))
                case Played(replay=True):
                    self._handle(self._replay(event))
                case Played():
                    self._handle(self._play())
                case Paused():
                    self._stop()
                case TornDown():
                    self._stop()
                    self._flush()
                    self._transport.close()
                case _:  # RTCP of the client: the core has noted that it lives
                    pass
        self._flush()

    def _flush(self) -> None:
        output = self._answers.take_output()
        if output:
            self._transport.write(output)

    @property
    def _answers(self) -> ServerConnection:
        if self._core is None:
            raise RuntimeError("no request has come")
        return self._core

    def _known(self, path: str) -> CameraStream | None:
        """The stream that the connection is for; a second camera on the same connection is not served."""
        stream = self._house.streams.get(stream_of(path) or (0, ""))
        return stream if stream is self._stream else None

    def _describe(self, event: Described) -> list[Event]:
        core, stream, now = self._answers, self._known(event.path), self._house.clock.wall_us()
        if stream is None:
            return core.refuse(404)
        if stream.wrong(Wrong.REFUSE, now):
            return core.refuse(503)
        if stream.wrong(Wrong.ENDLESS_HEADER, now):
            self._endless = True
            self._transport.write(b"RTSP/1.0 200 OK\r\n" + _FILL)
            return []
        loops = [feed.loop for feed in stream.feeds(now)]
        if stream.wrong(Wrong.NO_VIDEO, now):
            return core.describe(describe(loops[1:]))
        if stream.wrong(Wrong.UNSUPPORTED_CODEC, now):
            return core.describe(unknown_codec())
        oversized = stream.wrong(Wrong.OVERSIZED_SDP, now)
        lines = oversized.bytes // 100 + 1 if oversized else 0
        return core.describe(describe(loops) + ("a=x-fill:" + "a" * 89 + "\r\n") * lines)

    def _set_up(self, event: SetupAsked) -> list[Event]:
        core, stream = self._answers, self._known(event.path)
        feed = None if stream is None else self._feed(stream, event.track)
        if feed is None or event.track in self._outlets:
            return core.refuse(404 if feed is None else 455)
        ports = event.transport.client_ports
        if event.transport.protocol == "udp" and ports is not None:
            outlet = UdpOutlet(self._host, self._peer, ports, self._alive)
            self._outlets[event.track] = outlet
            return core.accept_setup(outlet.ports, feed.ssrc)
        events = core.accept_setup(ssrc=feed.ssrc)
        channels = core.transports[event.track].channels or (0, 1)
        self._outlets[event.track] = TcpOutlet(self._transport, channels)
        return events

    def _play(self) -> list[Event]:
        stream, now = self._stream, self._house.clock.wall_us()
        if stream is None or self._senders:
            return self._answers.play([])
        self._house.stats.sessions += 1
        stats, hang_up = self._house.stats, self.hang_up
        senders: list[TrackSender] = []
        for track, outlet in sorted(self._outlets.items()):
            feed = self._feed(stream, track)
            if feed is not None:
                senders.append(TrackSender(stream, feed, outlet, stats=stats, start_us=now, give_up=hang_up))
                senders[-1].begin_at(senders[0].start_us)
        infos = [RtpInfo(sender.track, *sender.first_packet()) for sender in senders]
        events = self._answers.play(infos)
        self._flush()
        self._senders += senders
        for sender in senders:
            self._house.beat.add(sender, now)
        return events

    def _replay(self, event: Played) -> list[Event]:
        """What the card has of the asked span, as fast as the client takes it (ONVIF Streaming Specification clause 6)."""
        stream, core, now = self._stream, self._answers, self._house.clock.wall_us()
        if stream is None or not event.path.endswith(EDGE):
            return core.refuse(551)
        refused = stream.wrong(Wrong.EDGE_REFUSE, now)
        if refused:
            self._house.stats.fault(Wrong.EDGE_REFUSE)
            return core.refuse(refused.status)
        feeds = {track: feed for track in sorted(self._outlets) if (feed := self._feed(stream, track)) is not None}
        span = what_is_kept(stream, list(feeds.values()), event.range, now)
        if span is None:
            return core.refuse(457)
        events = core.play([], event.range)
        self._flush()
        for track, feed in feeds.items():
            self._senders.append(ReplaySender(stream, feed, self._outlets[track], span=span, cseq=event.cseq, stats=self._house.stats))
            self._house.beat.add(self._senders[-1], now)
        return events

    def _feed(self, stream: CameraStream, track: int) -> Feed | None:
        feeds = stream.feeds(self._house.clock.wall_us())
        return next((feed for feed in feeds if feed.loop.track == track), None)

    def _alive(self) -> None:
        self._answers.touch(self._house.clock.mono_us())

    def _stop(self) -> None:
        for sender in self._senders:
            sender.close()
        self._senders.clear()
