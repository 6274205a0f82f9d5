"""One life of one camera profile: dial, handshake, packets to the Stream, until something ends it.

In: the meeting of channel, RTSP client and media path, and the times after which silence is a fault.
Not here: when to try again (slot), what a packet means (media_path), the bytes on the wire (vms.rtsp).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.ids import new_id
from vms.ingest.addresses import Address, Resolver, Target, judge, read_allow, read_url
from vms.ingest.batch import BatchReader
from vms.ingest.channels import Channel, TcpChannel, TlsChannel, UdpPair, connect
from vms.ingest.figures import Figures
from vms.ingest.media_path import HOLD_US, Arrival, MediaPath
from vms.ingest.orders import PullOrder
from vms.media.types import TrackInfo
from vms.rtsp.auth import Credentials
from vms.rtsp.client import ClientConfig, ClientConnection, Playing, SetUp, Track
from vms.rtsp.wire import Packets
from vms.stream.stream import Stream

MAX_TRACKS = 2  # one video, one audio


@dataclass(frozen=True, slots=True)
class Limits:
    """How long silence is no fault, in seconds."""

    connect_s: float = 5.0
    first_frame_s: float = 10.0
    stall_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all pullers of a worker share."""

    clock: Clock
    batch: BatchReader
    limits: Limits = Limits()
    resolver: Resolver | None = None


Take = Callable[[Sequence[bytes], Arrival], None]


class Puller:
    """`run` is the whole life; `set_live` may be called at any time in it."""

    def __init__(
        self, order: PullOrder, protocol: Literal["tcp", "udp"], stream: Stream, around: Surroundings, on_first_frame: Callable[[], None]
    ) -> None:
        self._order = order
        self._protocol: Literal["tcp", "udp"] = protocol
        self._stream = stream
        self._around = around
        self._clock = around.clock
        self._on_first_frame = on_first_frame
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._live = False
        self._channel: Channel | None = None
        self._client: ClientConnection | None = None
        self._pairs: list[UdpPair] = []
        self._peer_ip = ""
        self._path: MediaPath | None = None
        self._by_channel: dict[int, Take] = {}  # RTCP over TCP
        self._quiet_since_us = 0
        self._frames_seen = 0
        self._dropped_seen = 0  # pictures that had no key frame before them
        self._release: asyncio.TimerHandle | None = None

    @property
    def figures(self) -> Figures | None:
        return None if self._path is None else self._path.figures

    @property
    def tracks(self) -> tuple[TrackInfo, ...]:
        return () if self._path is None else self._path.infos

    def set_live(self, live: bool) -> None:
        """Somebody watches: read by event, one chunk per frame."""
        self._live = live
        if self._path is not None and self._frames_seen:
            self._path.live = live
            if self._channel is not None:
                self._channel.set_batched(not live)

    async def run(self) -> None:
        """Ends by VmsError with the camera's cause, by cancellation, or by a bug's own exception."""
        order, limits = self._order, self._around.limits
        target = read_url(order.url)
        address = await judge(target, read_allow(order.allow), self._around.resolver)
        sock = await connect(address, limits.connect_s)
        try:
            await self._talk(target, address, sock)
        finally:
            self.close()

    async def _talk(self, target: Target, address: Address, sock: socket.socket) -> None:
        limits = self._around.limits
        # From here on the channel owns the socket.
        if target.source.tls:
            self._channel = channel = await TlsChannel.open(sock, target.host, self._on_bytes, self._end, limits.connect_s)
        else:
            self._channel = channel = TcpChannel(sock, self._on_bytes, self._end, self._around.batch)
        self._peer_ip = address.ip
        if self._protocol == "udp":
            local_ip = str(sock.getsockname()[0])
            self._pairs.extend(UdpPair(address.family, local_ip) for _ in range(MAX_TRACKS))
        credentials = Credentials(self._order.username, self._order.password) if self._order.username else None
        ports = tuple(pair.ports for pair in self._pairs)
        self._client = client = ClientConnection(ClientConfig(target.url, credentials, self._protocol, ports))
        self._quiet_since_us = self._clock.mono_us()
        client.start(self._quiet_since_us)
        channel.send(client.take_output())
        await self._watch(client)

    async def _watch(self, client: ClientConnection) -> None:
        """Wake when the client or the stall time wants it, until the life is over."""
        while not self._over.done():
            now_us = self._clock.mono_us()
            due_us = self._stall_due_us()
            timer_us = client.next_timer_us()
            if timer_us is not None and now_us >= timer_us:
                client.handle_timer(now_us)
                self._flush()
                continue
            if now_us >= due_us:
                self._judge_silence(now_us)
                continue
            wake_us = due_us if timer_us is None else min(due_us, timer_us)
            await asyncio.wait({self._over}, timeout=(wake_us - now_us) / 1_000_000)
        self._over.result()

    def _stall_due_us(self) -> int:
        limits = self._around.limits
        allowed_s = limits.stall_s if self._frames_seen else limits.first_frame_s
        return self._quiet_since_us + int(allowed_s * 1_000_000)

    def _judge_silence(self, now_us: int) -> None:
        """Frames are not timed one by one: their count is compared when the time is up."""
        frames = 0 if self._path is None else self._path.figures.frames
        if frames == self._frames_seen:
            what = "no further frame" if frames else "no first frame"
            if self._path is not None and self._path.dropped_units > self._dropped_seen:
                what = "pictures come, but no key frame"
            raise VmsError(Kind.STALLED, f"{what} for {(now_us - self._quiet_since_us) // 1_000_000} s", frames=frames)
        self._frames_seen = frames
        if self._path is not None:
            self._dropped_seen = self._path.dropped_units
            self._quiet_since_us = max(self._path.figures.last_frame_mono_us, self._quiet_since_us + 1)

    def _on_bytes(self, data: bytes | memoryview) -> None:
        client = self._client
        if client is None:
            return
        mono_us = self._clock.mono_us()
        now = Arrival(self._clock.wall_us(), mono_us)
        for event in client.receive(data, mono_us):
            if type(event) is Packets:
                take = self._by_channel.get(event.channel)
                if take is not None:
                    take(event.packets, now)
            elif isinstance(event, SetUp):
                self._set_up(event.tracks)
            elif isinstance(event, Playing) and self._path is not None:
                self._path.told(event.tracks)
        if self._path is not None:
            self._path.settle(now)
        self._flush()
        self._after_media()

    def _set_up(self, tracks: tuple[Track, ...]) -> None:
        self._path = path = MediaPath(tracks, self._stream, new_id, ordered=self._protocol == "tcp")
        path.live = True  # until the first frame, as reads are by event until then
        pairs = iter(self._pairs)
        for track in tracks:
            kind = track.media.kind
            media, report = (path.video, path.video_report) if kind == "video" else (path.audio, path.audio_report)
            if track.transport.channels is not None and self._client is not None:
                channel, report_channel = track.transport.channels
                self._client.route(channel, path.listen(kind, channel))
                self._by_channel[report_channel] = report
            elif track.transport.client_ports is not None:
                wanted = track.transport.client_ports
                pair = next(p for p in pairs if p.ports == wanted)
                pair.listen(self._peer_ip, partial(self._on_datagrams, media), partial(self._on_datagrams, report), self._end)

    def _on_datagrams(self, take: Take, packets: list[bytes]) -> None:
        take(packets, Arrival(self._clock.wall_us(), self._clock.mono_us()))
        self._after_media()

    def _after_media(self) -> None:
        path = self._path
        if path is not None and path.holds and self._release is None:
            self._release = asyncio.get_running_loop().call_later(HOLD_US / 1_000_000 + 0.01, self._release_held)
        if not self._frames_seen:
            self._look_for_first_frame()

    def _release_held(self) -> None:
        """The pictures of a burst wait for the next one; when none comes, they go out all the same."""
        self._release = None
        if self._path is None:
            return
        try:
            self._path.release(Arrival(self._clock.wall_us(), self._clock.mono_us()))
        except Exception as error:  # noqa: BLE001 - as in the channels: one camera's poison ends its own life only
            self._end(error)
        else:
            self._after_media()

    def _look_for_first_frame(self) -> None:
        """Until the first frame every byte is read by event, so that a picture comes soon."""
        path = self._path
        if path is None or not path.figures.frames:
            return
        self._frames_seen = path.figures.frames
        self._quiet_since_us = self._clock.mono_us()
        self._on_first_frame()
        self.set_live(self._live)

    def _flush(self) -> None:
        if self._client is not None and self._channel is not None:
            output = self._client.take_output()
            if output:
                self._channel.send(output)

    def _end(self, error: BaseException) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    def close(self) -> None:
        """Say good-bye and let go of every socket, at once."""
        if self._release is not None:
            self._release.cancel()
        if not self._over.cancel() and not self._over.cancelled():
            self._over.exception()  # seen: another fault came first
        channel, self._channel = self._channel, None
        if self._client is not None and channel is not None:
            self._client.teardown(self._clock.mono_us())
            channel.send(self._client.take_output())
            channel.close()
        for pair in self._pairs:
            pair.close()
        self._pairs.clear()
