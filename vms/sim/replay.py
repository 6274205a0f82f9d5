"""A camera's own recordings played back: the past as it was sent, with the time of each picture in the packets' extension.

A clip is in step with the wall clock, so the card needs no memory: what was sent at any instant is made anew. It lacks what
the script says (`edge_hole`). Not here: RTSP (connection), the extension's bytes (media.replay).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from struct import Struct

from vms.base.errors import VmsError
from vms.base.timespan import SECOND_US, Span
from vms.media.replay import ReplayMark, make_mark
from vms.media.rtp import HEADER_BYTES
from vms.rtsp.clock import parse_clock_range
from vms.sim.camera import EDGE_US, CameraStream, Stats
from vms.sim.faults import Wrong
from vms.sim.feed import Feed
from vms.sim.session import Outlet

UNITS_A_TURN = 50
"""So many pictures for each turn of the beat: about a hundred times as fast as they were taken."""
TURN_US = 20_000
_BYE = Struct(">BBHI")


def what_is_kept(stream: CameraStream, feeds: Sequence[Feed], asked: str, now_us: int) -> Span | None:
    """From the key frame at or before the range's begin to its end; None where there is nothing, or the range is none."""
    try:
        span = parse_clock_range(asked)
    except VmsError:
        return None
    if not feeds or span.start_us >= now_us or not any(stream.keeps(us, now_us) for us in range(*_within(span, now_us), SECOND_US)):
        return None
    start_us = feeds[0].wall_us(feeds[0].key_before(feeds[0].latest(span.start_us)))
    endless = stream.wrong(Wrong.EDGE_ENDLESS, now_us)
    return Span(start_us, now_us + 3600 * SECOND_US if endless else min(span.end_us, now_us))


def _within(span: Span, now_us: int) -> tuple[int, int]:
    return max(span.start_us, now_us - EDGE_US), min(span.end_us, now_us)


class ReplaySender:
    """One track of one PLAY."""

    def __init__(self, stream: CameraStream, feed: Feed, outlet: Outlet, *, span: Span, cseq: int, stats: Stats) -> None:
        self._stream, self._feed, self._outlet, self._span, self._cseq, self._stats = stream, feed, outlet, span, cseq, stats
        self._index = feed.latest(span.start_us)
        while feed.wall_us(self._index) < span.start_us:
            self._index += 1
        self._torn = False
        self._spoilt = False
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def fire(self, now_us: int) -> int | None:
        """Pictures until the connection is full; RTCP BYE behind the last one."""
        for _ in range(UNITS_A_TURN):
            if self.closed:
                return None
            if self._outlet.full():
                break
            if self._feed.due_us(self._index) > min(self._span.end_us, now_us):
                if self._feed.due_us(self._index) <= self._span.end_us:
                    break
                self._outlet.send_report(_BYE.pack(0x81, 203, 1, self._feed.ssrc))
                return None
            self._step(now_us)
            self._index += 1
        return now_us + TURN_US

    def _step(self, now_us: int) -> None:
        feed, index = self._feed, self._index
        if not self._is_kept(index, now_us) or (self._torn and not feed.is_key(index)):
            self._torn = True
            return
        if self._stream.wrong(Wrong.EDGE_GARBAGE, now_us) and not self._spoilt:
            self._spoilt = True
            self._stats.fault(Wrong.EDGE_GARBAGE)
            self._outlet.send_raw(hashlib.shake_128(f"{self._stream.seed}/{index}".encode()).digest(2000))
        packets = feed.packets(index)
        ends = not self._is_kept(index + 1, now_us) or feed.due_us(index + 1) > self._span.end_us
        mark = ReplayMark(feed.wall_us(index), feed.is_key(index), ends, self._torn, self._cseq)
        self._torn = False
        first = packets[0]
        packets[0] = bytes([first[0] | 0x10]) + first[1:HEADER_BYTES] + make_mark(mark) + first[HEADER_BYTES:]
        self._outlet.send_packets(packets)
        self._stats.frames += 1

    def _is_kept(self, index: int, now_us: int) -> bool:
        return self._stream.keeps(self._feed.wall_us(index), now_us)
