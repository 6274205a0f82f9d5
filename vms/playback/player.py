"""One viewer of the past: seek, speed, pause; sent ahead of what the viewer has shown, never further.

The viewer's `ack` texts pace the sending; one that never acknowledges is paced by the clock. A gap is told with its
cause and playback goes on at the next recording. Not here: sockets (api), file reading (source), which spans (record).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import MAX_US, SECOND_US
from vms.owner.requests import Extent, GapSpan, SpanOpened
from vms.playback.source import read_gop, read_inits
from vms.stream.viewframes import chunk_bytes, init_bytes, init_text

AHEAD_US = 10 * SECOND_US
LIVE_EDGE_POLL_S = 0.5
MIN_SPEED, MAX_SPEED = 0.1, 16.0

Send = Callable[[str | bytes], Awaitable[None]]
OpenSpanAt = Callable[[int], Awaitable[SpanOpened]]
"""`await open_span(from_us)` → extents and gaps from there on; asked anew for every stretch, so rights are judged anew."""


@dataclass
class _Pace:
    """Where the viewer is: the newest acknowledged wall time, or what the clock says it must have shown."""

    from_us: int
    started_us: int
    speed: float = 1.0
    paused: bool = False
    acked_us: int | None = None

    def shown_us(self, now_us: int) -> int:
        if self.acked_us is not None:
            return self.acked_us
        return self.from_us if self.paused else self.from_us + int((now_us - self.started_us) * self.speed)


class Playback:
    """`run` sends; `control` takes the viewer's texts and may be called at any time."""

    def __init__(self, open_span: OpenSpanAt, clock: Clock, from_us: int) -> None:
        self._open_span = open_span
        self._clock = clock
        self._seek_id: int | None = None
        self._moved = asyncio.Event()
        self._generation = 0
        self._pace = _Pace(from_us, clock.mono_us())

    def control(self, text: str) -> None:
        """One text of the viewer. Raises BAD_REQUEST naming what is wrong."""
        message = _parse(text)
        match message.get("type"):
            case "seek":
                self._seek(_time_of(message, "at_us"), message.get("seek"))
            case "speed":
                self._speed(message.get("value"))
            case "pause":
                self._rebase()
                self._pace.paused = bool(message.get("value"))
            case "ack":
                self._pace.acked_us = _time_of(message, "wall_us")
            case other:
                raise VmsError(Kind.BAD_REQUEST, "unknown playback message", given=str(other)[:40])
        self._moved.set()

    async def run(self, send: Send) -> None:
        """Until cancelled or `send` raises."""
        while True:
            generation = self._generation
            await self._play_from(self._pace.from_us, generation, send)

    async def _play_from(self, from_us: int, generation: int, send: Send) -> None:
        """One stretch between seeks."""
        cursor_us, run, told = from_us, "", ""
        while generation == self._generation:
            opened = await self._open_span(cursor_us)
            sent = False
            for extent in opened.extents:
                gops = [gop for gop in whole_gops(extent) if gop[2] + gop[3] > cursor_us]
                if generation != self._generation or not gops:
                    continue
                await self._tell_gap_before(opened.gaps, extent, cursor_us, send)
                if extent.run != run:
                    run = extent.run
                    await self._send_inits(extent, send)
                for gop in gops:
                    if not await self._send_gop(extent, gop, generation, send):
                        return
                    cursor_us, sent, told = gop[2] + gop[3], True, ""
            if not sent:
                told = await self._tell_end(opened, cursor_us, told, send)
                await self._wait(LIVE_EDGE_POLL_S)

    async def _send_inits(self, extent: Extent, send: Send) -> None:
        inits = await asyncio.to_thread(read_inits, extent)
        for init in inits:
            await send(init_text(init, extent.run, extent.start_us, self._seek_id))
            await send(init_bytes(init, extent.start_us))

    async def _send_gop(self, extent: Extent, gop: tuple[int, int, int, int], generation: int, send: Send) -> bool:
        """False when a seek overtook it."""
        played = await asyncio.to_thread(read_gop, extent, gop)
        while gop[2] - self._pace.shown_us(self._clock.mono_us()) > AHEAD_US * max(1.0, self._pace.speed):
            await self._wait(0.25)
            if generation != self._generation:
                return False
        for chunk in played.chunks:
            await send(chunk_bytes(chunk))
            if generation != self._generation:
                return False
        return True

    async def _tell_gap_before(self, gaps: tuple[GapSpan, ...], extent: Extent, cursor_us: int, send: Send) -> None:
        """A viewer that jumps over a hole learns why, and where the picture goes on."""
        hole = [gap for gap in gaps if gap.start_us < extent.start_us and gap.end_us > cursor_us]
        if hole and extent.start_us > cursor_us:
            await send(_text("gap", from_us=max(cursor_us, hole[0].start_us), to_us=extent.start_us, cause=hole[-1].cause))

    async def _tell_end(self, opened: SpanOpened, cursor_us: int, told: str, send: Send) -> str:
        """Nothing more to play for now: say so once, with the cause when it is a gap and not the live edge."""
        gap = opened.gaps[-1] if opened.gaps and not opened.extents else None
        text = _text("state", state="no_recording", at_us=cursor_us, cause=gap.cause) if gap else _text("state", state="live_edge")
        if text != told:
            await send(text)
        return text

    async def _wait(self, seconds: float) -> None:
        """Until the viewer says something or the time is over."""
        self._moved.clear()
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        mover = asyncio.ensure_future(self._moved.wait())
        try:
            await asyncio.wait((sleeper, mover), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            mover.cancel()

    def _seek(self, at_us: int, seek_id: object) -> None:
        if seek_id is not None and not isinstance(seek_id, int):
            raise VmsError(Kind.BAD_REQUEST, "'seek' is an integer that the answer repeats")
        self._seek_id = seek_id
        self._pace = _Pace(at_us, self._clock.mono_us(), self._pace.speed, self._pace.paused)
        self._generation += 1

    def _speed(self, value: object) -> None:
        if not isinstance(value, int | float) or not MIN_SPEED <= value <= MAX_SPEED:
            raise VmsError(Kind.BAD_REQUEST, f"speed lies between {MIN_SPEED} and {MAX_SPEED}")
        self._rebase()
        self._pace.speed = float(value)

    def _rebase(self) -> None:
        """Keep what was shown so far when the rate changes."""
        now_us = self._clock.mono_us()
        self._pace.from_us, self._pace.started_us = self._pace.shown_us(now_us), now_us


def whole_gops(extent: Extent) -> tuple[tuple[int, int, int, int], ...]:
    """A GOP that still grows is played when it is whole: nothing is sent twice."""
    return extent.gops[:-1] if extent.growing else extent.gops


def _parse(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError as error:
        raise VmsError(Kind.BAD_REQUEST, "send JSON texts") from error
    if not isinstance(message, dict):
        raise VmsError(Kind.BAD_REQUEST, "send a JSON object")
    return cast("dict[str, Any]", message)


def _time_of(message: dict[str, Any], field: str) -> int:
    value = message.get(field)
    if not isinstance(value, int) or not 0 <= value <= MAX_US:
        raise VmsError(Kind.BAD_REQUEST, f"'{field}' is integer microseconds UTC")
    return value


def _text(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields}, separators=(",", ":"))
