"""One WebRTC viewer's packets: headers on shared payloads, pace, repair, key frames again. Sans-I/O: time comes in, packets go out.

A viewer whose queue is full loses up to the next key frame, and only itself. Not here: payloads (rtpstream), keys and sockets
(processes.rtc).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct

from vms.base.timespan import SECOND_US
from vms.live.rtpstream import RtpFrame
from vms.media.types import Codec
from vms.webrtc.rtcp import sender_report

HISTORY_PACKETS = 1024
"""What can be sent again: 1.2 MB, over any key frame of a 1080p stream, and SRTP's own window (RFC 3711 §3.3.2)."""
BURST_PACKETS = 32
PACE_US = 2_000
"""BURST_PACKETS in each PACE_US: 150 Mbit/s, so that a GOP for a newcomer overruns no socket."""
MAX_QUEUE_PACKETS = 3_000
MAX_LAG_US = 2 * SECOND_US
REPAIRS_PER_S = 1024
KEY_AGAIN_US = SECOND_US
_HEADER = Struct(">BBHII")
_HISTORY_MASK = HISTORY_PACKETS - 1

Send = Callable[[bytes], bool]
"""False when the socket takes nothing more just now."""


@dataclass(slots=True)
class Track:
    """One SSRC: where its counts stand."""

    codec: Codec
    payload_type: int
    clock_rate: int
    ssrc: int
    seq: int
    last_time: int = -1
    packets: int = 0
    octets: int = 0


Packet = tuple[bytes, bool, int]
"""Payload, marker, RTP time."""


class RtpSender:
    """Give it frames; call `pump` again while it says that more waits."""

    def __init__(self, video: Track, audio: Track | None, send: Send) -> None:
        self.dropped_frames = 0
        self._video = video
        self._audio = audio
        self._send = send
        self._queue: deque[Packet] = deque()
        self._history: list[tuple[int, bytes, bytes] | None] = [None] * HISTORY_PACKETS
        self._waiting = True
        self._since_us = 0
        self._window_us = 0
        self._in_window = 0
        self._key_us = -KEY_AGAIN_US
        self._repair_us = 0
        self._repairs = 0

    def __len__(self) -> int:
        return len(self._queue)

    def take(self, frame: RtpFrame, now_us: int) -> None:
        """The next frame of the stream."""
        if frame.codec is Codec.H264:
            self._take_picture(frame, now_us)
        elif self._audio is not None and frame.codec is self._audio.codec:
            for payload in frame.payloads:
                self._put(self._audio, payload, False, _after(self._audio, frame.time))

    def catch_up(self, gop: Sequence[RtpFrame], now_us: int) -> None:
        """The GOP so far, for one who comes or has lost the thread. Its times are drawn together just before the newest picture,
        so that the viewer decodes all and shows the newest at once, instead of living a GOP in the past."""
        for index, frame in enumerate(gop, start=1):
            self._take_picture(frame._replace(time=gop[-1].time - len(gop) + index), now_us)

    def want_key(self, gop: Sequence[RtpFrame], now_us: int) -> None:
        """PLI or FIR: the GOP so far once more, at most once a second; without one the next key frame answers."""
        if not self._waiting and now_us - self._key_us >= KEY_AGAIN_US:
            self._queue.clear()
            self.catch_up(gop, now_us)

    def skip(self) -> None:
        """What follows cannot be shown before a key frame."""
        self._waiting = True

    def repair(self, lost: Sequence[int], now_us: int) -> None:
        """NACK: packets again, as they were."""
        if now_us - self._repair_us >= SECOND_US:
            self._repair_us, self._repairs = now_us, 0
        for seq in lost:
            kept = self._history[seq & _HISTORY_MASK]
            if kept is None or kept[0] != seq or self._repairs >= REPAIRS_PER_S:
                continue
            self._repairs += 1
            self._send(kept[1] + kept[2])

    def pump(self, now_us: int) -> bool:
        """Send what the pace allows; whether more waits."""
        if now_us - self._window_us >= PACE_US:
            self._window_us, self._in_window = now_us, 0
        queue, video = self._queue, self._video
        while queue and self._in_window < BURST_PACKETS:
            if not self._put(video, *queue[0]):
                break
            queue.popleft()
            self._in_window += 1
        return bool(queue)

    def reports(self, wall_us: int, cname: str) -> list[bytes]:
        """A sender report for each track that has begun."""
        return [
            sender_report(track.ssrc, (wall_us, wall_us * track.clock_rate // SECOND_US), (track.packets, track.octets), cname)
            for track in (self._video, self._audio)
            if track is not None and track.packets
        ]

    def _take_picture(self, frame: RtpFrame, now_us: int) -> None:
        self._bound(len(frame.payloads), now_us)
        if frame.key:
            self._waiting, self._key_us = False, now_us
        elif self._waiting:
            self.dropped_frames += 1
            return
        time = _after(self._video, frame.time)
        last = len(frame.payloads) - 1
        self._queue.extend([(payload, index == last, time) for index, payload in enumerate(frame.payloads)])
        self.pump(now_us)

    def _bound(self, coming: int, now_us: int) -> None:
        """Never more than so many packets or so old ones wait: then all go, up to the next key frame."""
        if not self._queue:
            self._since_us = now_us
        elif now_us - self._since_us > MAX_LAG_US or len(self._queue) + coming > MAX_QUEUE_PACKETS:
            self._queue.clear()
            self._waiting, self._since_us = True, now_us

    def _put(self, track: Track, payload: bytes, marker: bool, time: int) -> bool:
        seq = track.seq
        header = _HEADER.pack(0x80, track.payload_type | marker << 7, seq, time & 0xFFFFFFFF, track.ssrc)
        if not self._send(header + payload):
            return False
        if track is self._video:
            self._history[seq & _HISTORY_MASK] = (seq, header, payload)
        track.seq = (seq + 1) & 0xFFFF
        track.packets += 1
        track.octets += len(payload)
        return True


def _after(track: Track, time: int) -> int:
    """Times of one stream only grow, also over a new run and a GOP that is sent again."""
    track.last_time = time = max(time, track.last_time + 1)
    return time
