"""One live viewer: a Reader on a Stream, drained into whatever sends to the viewer.

In: Init and cached GOP first, then live; gaps and ends told in words. Not here: sockets and who may watch (api),
dropping (stream.Reader), the link to the worker (stream.hub).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from vms.base.clock import Clock
from vms.media.types import Chunk
from vms.stream.stream import SLOW_VIEWER, Begin, End, Gap, Reader, Stream
from vms.stream.viewframes import Framer, begin_frames

Send = Callable[[str | bytes], Awaitable[None]]


class LiveView:
    """Run it until the viewer leaves."""

    def __init__(self, stream: Stream, framer: Framer, clock: Clock) -> None:
        self._clock = clock
        self._ready = asyncio.Event()
        self._stream = stream
        self._framer = framer
        self._reader = Reader(self._ready.set)

    @property
    def dropped_frames(self) -> int:
        return self._reader.dropped_frames

    async def run(self, send: Send) -> None:
        """Until cancelled or `send` raises."""
        self._stream.attach(self._reader, self._clock.mono_us())
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                await self._drain(send)
        finally:
            self._stream.detach(self._reader)

    async def _drain(self, send: Send) -> None:
        take = self._reader.take
        frame = self._framer.frame
        while (item := take()) is not None:
            if isinstance(item, Chunk):
                await send(frame(item))
            elif isinstance(item, Begin):
                for data in begin_frames(item):
                    await send(data)
            else:
                await send(_notice(item, self._reader.dropped_frames))


def _notice(item: Gap | End, dropped_frames: int) -> str:
    """What the viewer itself was too slow for it is told with the count, so that it is no riddle and no fault of the camera."""
    notice: dict[str, str | int] = {"type": "gap" if isinstance(item, Gap) else "end", "cause": item.cause}
    if item.cause == SLOW_VIEWER:
        notice["dropped_frames"] = dropped_frames
    return json.dumps(notice)
