"""One viewer of the past: seek, speed, pause; sent ahead of what the viewer has shown, never further.

A gap is told with its cause and playback goes on at the next recording. Not here: sockets (api), file reading (source),
how far ahead the viewer is (pace), which spans (record).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US, SECOND_US
from vms.media.types import Init
from vms.owner.requests import Extent, GapSpan, SpanOpened
from vms.playback.pace import Pace
from vms.playback.source import Gop, read_gop, read_inits
from vms.stream.viewframes import chunk_bytes, init_bytes, init_text

AHEAD_US = 10 * SECOND_US
LIVE_EDGE_POLL_S = 0.5
MIN_SPEED, MAX_SPEED = 0.1, 16.0

Send = Callable[[str | bytes], Awaitable[None]]
OpenSpanAt = Callable[[int], Awaitable[SpanOpened]]
"""`await open_span(from_us)` → extents and gaps from there on; asked anew for every stretch, so rights are judged anew."""


class Playback:
    """`run` sends; `control` takes the viewer's texts and may be called at any time."""

    def __init__(self, open_span: OpenSpanAt, clock: Clock, from_us: int) -> None:
        self._open_span = open_span
        self._clock = clock
        self._from_us = from_us
        self._seek_id: int | None = None
        self._moved = asyncio.Event()
        self._pace = Pace(clock.mono_us())

    def control(self, text: str) -> bool:
        """One text of the viewer; True when it asks for another place. Raises BAD_REQUEST naming what is wrong."""
        message = _parse(text)
        match message.get("type"):
            case "seek":
                self._seek(_time_of(message, "at_us"), message.get("seek"))
            case "speed":
                self._pace.change(self._clock.mono_us(), speed=_speed_of(message))
            case "pause":
                self._pace.change(self._clock.mono_us(), paused=bool(message.get("value")))
            case "ack":
                self._pace.acked(_time_of(message, "wall_us"), self._clock.mono_us())
            case other:
                raise VmsError(Kind.BAD_REQUEST, "unknown playback message", given=str(other)[:40])
        self._moved.set()
        return message.get("type") == "seek"

    async def run(self, send: Send) -> None:
        """Until cancelled or `send` raises."""
        while True:
            stretch = _Stretch(self._pace, self._seek_id, send, self._overtaken)
            with contextlib.suppress(_Overtaken):
                await self._play_from(self._from_us, stretch)

    async def _play_from(self, from_us: int, stretch: _Stretch) -> None:
        """One stretch between seeks."""
        cursor_us, told = from_us, ""
        while True:
            opened = await self._open_span(cursor_us)
            sent = False
            for extent in opened.extents:
                for gop in whole_gops(extent):
                    if gop[2] + gop[3] <= cursor_us:
                        continue
                    await stretch.tell_gap_before(opened.gaps, gop[2], cursor_us)
                    await self._send_gop(extent, gop, stretch)
                    cursor_us, sent, told = gop[2] + gop[3], True, ""
            if not sent:
                told = await self._tell_end(opened, cursor_us, told, stretch)
                await self._wait(LIVE_EDGE_POLL_S, stretch)

    async def _send_gop(self, extent: Extent, gop: Gop, stretch: _Stretch) -> None:
        """A GOP that cannot be read is told as a gap; what is behind it may well be whole."""
        try:
            inits = await asyncio.to_thread(read_inits, extent)
            played = await asyncio.to_thread(read_gop, extent, gop)
        except VmsError as error:
            if error.kind is not Kind.DAMAGED:
                raise
            await stretch.send(_text("gap", from_us=gop[2], to_us=gop[2] + gop[3], cause="io_error", detail=error.message))
            return
        while stretch.pace.ahead_us(self._clock.mono_us()) > AHEAD_US * max(1.0, stretch.pace.speed):
            await self._wait(0.25, stretch)
        await stretch.send_inits(inits, extent)
        for chunk in played.chunks:
            await stretch.send(chunk_bytes(chunk))
        stretch.pace.sent(gop[2], gop[3])

    async def _tell_end(self, opened: SpanOpened, cursor_us: int, told: str, stretch: _Stretch) -> str:
        """Nothing more to play for now: say so once, with the cause when it is a gap and not the live edge."""
        gap = opened.gaps[-1] if opened.gaps and not opened.extents else None
        text = _text("state", state="no_recording", at_us=cursor_us, cause=gap.cause) if gap else _text("state", state="live_edge")
        if text != told:
            await stretch.send(text)
        return text

    async def _wait(self, seconds: float, stretch: _Stretch) -> None:
        """Until the viewer says something or the time is over. Raises _Overtaken after a seek."""
        self._moved.clear()
        self._overtaken(stretch.pace)
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        mover = asyncio.ensure_future(self._moved.wait())
        try:
            await asyncio.wait((sleeper, mover), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            mover.cancel()
        self._overtaken(stretch.pace)

    def _overtaken(self, pace: Pace) -> None:
        """Raises _Overtaken when a seek has begun another stretch."""
        if pace is not self._pace:
            raise _Overtaken

    def _seek(self, at_us: int, seek_id: object) -> None:
        if seek_id is not None and not isinstance(seek_id, int):
            raise VmsError(Kind.BAD_REQUEST, "'seek' is an integer that the answer repeats")
        self._from_us, self._seek_id = at_us, seek_id
        self._pace = Pace(self._clock.mono_us(), self._pace.speed, paused=self._pace.paused)


class _Overtaken(Exception):
    """A seek has begun another stretch; nothing of this one is sent any more."""


class _Stretch:
    """What one stretch between two seeks sends."""

    def __init__(self, pace: Pace, seek_id: int | None, send: Send, check: Callable[[Pace], None]) -> None:
        self.pace = pace
        self._seek_id = seek_id
        self._send = send
        self._check = check
        self._inits: tuple[str, tuple[Init, ...]] = ("", ())

    async def send(self, data: str | bytes) -> None:
        """Raises _Overtaken instead of sending what nobody wants any more."""
        self._check(self.pace)
        await self._send(data)

    async def send_inits(self, inits: tuple[Init, ...], extent: Extent) -> None:
        """Where the run or its configuration changes."""
        if self._inits == (extent.run, inits):
            return
        self._inits = extent.run, inits
        for init in inits:
            await self.send(init_text(init, extent.run, extent.start_us, self._seek_id))
            await self.send(init_bytes(init, extent.start_us))

    async def tell_gap_before(self, gaps: tuple[GapSpan, ...], start_us: int, cursor_us: int) -> None:
        """A viewer that jumps over a hole learns why, and where the picture goes on."""
        hole = [gap for gap in gaps if gap.start_us < start_us and gap.end_us > cursor_us]
        if hole and start_us > cursor_us:
            await self.send(_text("gap", from_us=max(cursor_us, hole[0].start_us), to_us=start_us, cause=hole[-1].cause))


def whole_gops(extent: Extent) -> tuple[Gop, ...]:
    """A GOP that still grows is played when it is whole: nothing is sent twice."""
    return extent.gops[:-1] if extent.growing else extent.gops


def _parse(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VmsError(Kind.BAD_REQUEST, "send JSON texts") from error
    if not isinstance(message, dict):
        raise VmsError(Kind.BAD_REQUEST, "send a JSON object")
    return cast("dict[str, Any]", message)


def _time_of(message: dict[str, Any], field: str) -> int:
    value = message.get(field)
    if not isinstance(value, int) or not 0 <= value <= MAX_US:
        raise VmsError(Kind.BAD_REQUEST, f"'{field}' is integer microseconds UTC")
    return value


def _speed_of(message: dict[str, Any]) -> float:
    value = message.get("value")
    if not isinstance(value, int | float) or not MIN_SPEED <= value <= MAX_SPEED:
        raise VmsError(Kind.BAD_REQUEST, f"speed lies between {MIN_SPEED} and {MAX_SPEED}")
    return float(value)


def _text(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields}, separators=(",", ":"))
