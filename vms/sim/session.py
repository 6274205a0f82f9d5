"""Sending one track to one client: over the RTSP connection or by UDP, in time, with drops and faults. Not here: RTSP (connection.py)."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Callable
from typing import Protocol

from vms.media.types import VIDEO_TRACK
from vms.rtsp.wire import interleave
from vms.sim.camera import CameraStream, Stats
from vms.sim.damage import DAMAGES, flood
from vms.sim.faults import Wrong
from vms.sim.feed import Feed
from vms.stream.udp import bind_pair

MAX_QUEUE_BYTES = 1_000_000
REPORT_US = 5_000_000


class Outlet(Protocol):
    """Where the packets of one track go."""

    paced: bool
    """One unit at a time, for lack of a queue."""

    def full(self) -> bool: ...
    def send(self, feed: Feed, index: int) -> int: ...
    def send_packets(self, packets: list[bytes]) -> int: ...
    def send_report(self, report: bytes) -> None: ...
    def send_raw(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class TcpOutlet:
    """Interleaved frames; the queue is asyncio's, bounded here."""

    paced = False

    def __init__(self, transport: asyncio.Transport, channels: tuple[int, int]) -> None:
        self._transport, self._channels = transport, channels

    def full(self) -> bool:
        return self._transport.get_write_buffer_size() > MAX_QUEUE_BYTES

    def send(self, feed: Feed, index: int) -> int:
        data = feed.framed(index, self._channels[0])
        self._transport.write(data)
        return len(data)

    def send_packets(self, packets: list[bytes]) -> int:
        data = interleave(self._channels[0], packets)
        self._transport.write(data)
        return len(data)

    def send_report(self, report: bytes) -> None:
        self._transport.write(interleave(self._channels[1], [report]))

    def send_raw(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        """The connection outlives the track."""


class UdpOutlet:
    """A pair of ports; what the kernel does not take is lost, as on a real network."""

    paced = True

    def __init__(self, host: str, peer: str, ports: tuple[int, int], heard: Callable[[], None]) -> None:
        self._media, self._control = bind_pair(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        self._media.connect((peer, ports[0]))
        self._control.connect((peer, ports[1]))
        self._heard = heard
        asyncio.get_running_loop().add_reader(self._control.fileno(), self._hear)

    @property
    def ports(self) -> tuple[int, int]:
        return self._media.getsockname()[1], self._control.getsockname()[1]

    def full(self) -> bool:
        return False

    def send(self, feed: Feed, index: int) -> int:
        return self.send_packets(feed.packets(index))

    def send_packets(self, packets: list[bytes]) -> int:
        return sum(_send(self._media, packet) for packet in packets)

    def send_report(self, report: bytes) -> None:
        _send(self._control, report)

    def send_raw(self, data: bytes) -> None:
        for at in range(0, len(data), 1000):
            _send(self._media, data[at : at + 1000])

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        self._media.close()
        self._control.close()

    def _hear(self) -> None:
        try:
            self._control.recv(2048)
        except OSError:  # the client is gone, or there was nothing: the session's time-out decides
            return
        self._heard()


class TrackSender:
    """Sends the units of one feed when they are due, from the key frame before now on."""

    def __init__(
        self, stream: CameraStream, feed: Feed, outlet: Outlet, *, stats: Stats, start_us: int, give_up: Callable[[], None]
    ) -> None:
        self._stream, self._feed, self._outlet, self._stats = stream, feed, outlet, stats
        self._give_up = give_up
        self.index = feed.key_before(feed.latest(start_us))
        self._dropping = False
        self._due_us = start_us
        self._reported_us = 0
        self._packets = self._octets = 0
        self._seq_shift = 0
        self._spoilt = False
        self.closed = False

    @property
    def track(self) -> int:
        return self._feed.loop.track

    @property
    def start_us(self) -> int:
        return self._feed.wall_us(self.index)

    def begin_at(self, wall_us: int) -> None:
        """Sound begins with the picture's key frame, not with the latest frame of its own."""
        while self._feed.wall_us(self.index - 1) >= wall_us:
            self.index -= 1

    def first_packet(self) -> tuple[int, int]:
        """Sequence number and RTP time of what will be sent first."""
        return self._feed.sequence(self.index), self._feed.rtp_time(self.index)

    def close(self) -> None:
        self.closed = True

    def fire(self, now_us: int) -> int | None:
        if self.closed:
            return None
        if now_us - self._reported_us >= REPORT_US:
            self._report(now_us)
        due = self._due_us
        while due <= now_us:
            self._step(now_us)
            if self.closed:
                return None
            self.index += 1
            due = self._feed.due_us(self.index)
            if self._outlet.paced:
                break
        self._due_us = due
        return due

    def _step(self, now_us: int) -> None:
        outlet = self._outlet
        if self._dropping or outlet.full():
            self._dropping = outlet.full() or not self._feed.is_key(self.index)
            if self._dropping:
                self._stats.dropped_frames += 1
                return
        sent = self._send_with_faults(now_us) if self._stream.faults else outlet.send(self._feed, self.index)
        self._stats.frames += 1
        self._stats.bytes += sent
        self._packets += 1
        self._octets += sent

    def _send_with_faults(self, now_us: int) -> int:
        stream, track, index = self._stream, self._feed.loop.track, self.index
        self._follow_change(now_us)
        if self.closed or stream.wrong(Wrong.STALL, now_us) or self._leaves_key_out(now_us):
            return 0
        self._spoil(now_us)
        packets = self._feed.packets(self.index, self._time_shift(now_us), self._seq_shift)
        for kind, damage in DAMAGES.items():
            if fault := stream.wrong(kind, now_us):
                damaged = damage(packets, fault.percent, lambda what, i: stream.chance(track, index, what, i))
                if damaged != packets:
                    self._stats.fault(kind)
                packets = damaged
        if fault := stream.wrong(Wrong.FLOOD, now_us):
            self._stats.fault(Wrong.FLOOD)
            packets = flood(fault.bytes) + packets
        return self._outlet.send_packets(packets) if packets else 0

    def _time_shift(self, now_us: int) -> int:
        """In RTP ticks."""
        jump = self._stream.wrong(Wrong.TIME_JUMP, now_us)
        if jump is None:
            return 0
        passed_s = max(0.0, jump.passed_s(self._feed.wall_us(self.index) - self._stream.started_us))
        return round((jump.by_s + (jump.rate - 1) * passed_s) * self._feed.loop.timescale)

    def _leaves_key_out(self, now_us: int) -> bool:
        """As an encoder that makes no key frame: the sequence numbers go on without a hole."""
        if self._stream.wrong(Wrong.NO_KEY_FRAME, now_us) is None or self._feed.loop.track != VIDEO_TRACK:
            return False
        if not self._feed.is_key(self.index):
            return False
        self._stats.fault(Wrong.NO_KEY_FRAME)
        self._seq_shift -= len(self._feed.packets(self.index))
        return True

    def _follow_change(self, now_us: int) -> None:
        """The camera was given another clip: go on with its key frame, or hang up when its tracks are others."""
        feeds = self._stream.feeds(now_us)
        feed = next((f for f in feeds if f.loop.track == self._feed.loop.track), None)
        if feed is self._feed:
            return
        self._stats.fault(Wrong.CHANGE)
        if feed is None or (feed.loop.codec, feed.loop.timescale) != (self._feed.loop.codec, self._feed.loop.timescale):
            self._give_up()
            return
        expected = self._feed.sequence(self.index) + self._seq_shift
        self.index = feed.key_before(feed.latest(now_us))
        self._seq_shift = expected - feed.sequence(self.index)
        self._feed = feed

    def _spoil(self, now_us: int) -> None:
        """Once per time that the fault is on."""
        garbage = self._stream.wrong(Wrong.GARBAGE, now_us)
        if garbage and not self._spoilt:
            self._stats.fault(Wrong.GARBAGE)
            seed = f"{self._stream.seed}/{self._stream.camera}/{self.index}".encode()
            self._outlet.send_raw(hashlib.shake_128(seed).digest(garbage.bytes))
        self._spoilt = garbage is not None

    def _report(self, now_us: int) -> None:
        self._reported_us = now_us
        self._outlet.send_report(self._feed.sender_report(now_us, self._packets, self._octets))


def _send(sock: socket.socket, data: bytes) -> int:
    try:
        return sock.send(data)
    except OSError:  # full, or nobody listens: lost, as on a real network
        return 0
