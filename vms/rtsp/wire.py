"""The byte stream of one RTSP connection: messages and interleaved `$` frames (RFC 2326 §10.12) in, events out.

Media does not leave as events: whoever registers as the taker of a channel reads its `$` frames out of the bytes that were fed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import Struct
from typing import NamedTuple

from vms.rtsp.messages import MAX_HEAD_BYTES, MAX_LINE_BYTES, Message, Request, Response, body_size, malformed, parse_head

MAX_MESSAGES_PER_FEED = 64
_DOLLAR = 0x24
_frame_head = Struct(">BBH").unpack_from
_LINE_ENDS = b"\r\n"


class Packets(NamedTuple):
    """Interleaved packets of one channel, in order, as one feed brought them."""

    channel: int
    packets: list[bytes]


WireEvent = Request | Response | Packets

Taker = Callable[[bytes, int], int]
"""Takes the whole `$` frames of its channel that stand in a row from a position on; answers where it stopped."""


class WireParser:
    """Feed bytes, get messages and packets. After an error it must not be fed again: the place in the stream is lost."""

    def __init__(self) -> None:
        self.takers: dict[int, Taker] = {}
        self._rest = b""
        self._base = 0  # connection offset of self._rest[0]
        self._scanned = 0  # how far self._rest was searched for the end of a head

    def feed(self, received: bytes | memoryview) -> list[WireEvent]:
        """What `received` completes. A view is copied, once, and may change afterwards."""
        data = self._rest + received
        events: list[WireEvent] = []
        by_channel: dict[int, list[bytes]] = {}
        position, end, messages = 0, len(data), 0
        while position < end:
            position = self._frames(data, position, by_channel, events)
            if position >= end or data[position] == _DOLLAR:
                break
            if data[position] in _LINE_ENDS:  # RFC 2326 §4: empty lines before a message are ignored
                position += 1
                continue
            message, stop = self._message(data, position)
            if message is None:
                break
            messages += 1
            if messages > MAX_MESSAGES_PER_FEED:
                raise malformed(f"more than {MAX_MESSAGES_PER_FEED} messages at once", self._base + position)
            events.append(message)
            by_channel.clear()  # packets behind a message stay behind it
            position = stop
            self._scanned = 0
        self._rest = data[position:]
        self._base += position
        return events

    def _frames(self, data: bytes, position: int, by_channel: dict[int, list[bytes]], events: list[WireEvent]) -> int:
        """The `$` frames from `position` on; where something else, or a frame that is not whole, begins."""
        takers, last = self.takers, len(data) - 4
        while position <= last:
            mark, channel, size = _frame_head(data, position)
            stop = position + 4 + size
            if mark != _DOLLAR or stop > last + 4:
                break
            taker = takers.get(channel)
            if taker is not None:
                position = taker(data, position)
                continue
            _packets_of(channel, by_channel, events).append(data[position + 4 : stop])
            position = stop
        return position

    @property
    def pending_bytes(self) -> int:
        """How much of an unfinished message or frame is held."""
        return len(self._rest)

    def _message(self, data: bytes, start: int) -> tuple[Message | None, int]:
        at = self._base + start
        if not (65 <= data[start] <= 90 or 97 <= data[start] <= 122):
            raise malformed("neither an RTSP message nor an interleaved frame", at)
        # Only the first unfinished message of a feed can have been searched before: then `start` was 0.
        head_end, size = _head_end(data, start, self._scanned if start == 0 else 0)
        if head_end < 0:
            self._check_unfinished(data, start)
            self._scanned = max(0, len(data) - start - 3)
            return None, start
        if head_end - start > MAX_HEAD_BYTES:
            raise malformed(f"a head over {MAX_HEAD_BYTES} bytes", at)
        message = parse_head(data[start:head_end], at)
        body = head_end + size
        stop = body + body_size(message.headers, at)
        if stop > len(data):
            self._scanned = 0  # the head is parsed again with its body; bodies are rare and small
            return None, start
        if stop == body:
            return message, stop
        if isinstance(message, Request):
            return Request(message.method, message.url, message.headers, data[body:stop]), stop
        return Response(message.status, message.reason, message.headers, data[body:stop]), stop

    def _check_unfinished(self, data: bytes, start: int) -> None:
        size = len(data) - start
        if size > MAX_HEAD_BYTES:
            raise malformed(f"a head over {MAX_HEAD_BYTES} bytes without an end", self._base + start)
        line = data.rfind(b"\n", start)
        begin = start if line < 0 else line + 1
        if len(data) - begin > MAX_LINE_BYTES:
            raise malformed(f"a line over {MAX_LINE_BYTES} bytes", self._base + begin)


def interleave(channel: int, packets: Iterable[bytes]) -> bytes:
    """Packets as `$` frames, ready to send."""
    parts: list[bytes] = []
    for packet in packets:
        parts.append(b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big"))
        parts.append(packet)
    return b"".join(parts)


def _packets_of(channel: int, by_channel: dict[int, list[bytes]], events: list[WireEvent]) -> list[bytes]:
    packets = by_channel.get(channel)
    if packets is None:
        packets = by_channel[channel] = []
        events.append(Packets(channel, packets))
    return packets


def _head_end(data: bytes, start: int, scanned: int) -> tuple[int, int]:
    """Where the head's last line ends and how long the end mark is; bare line feeds are tolerated."""
    crlf = data.find(b"\r\n\r\n", start + scanned)
    bare = data.find(b"\n\n", start + scanned, crlf if crlf >= 0 else len(data))
    if bare >= 0:
        return bare, 2
    return crlf, 4
