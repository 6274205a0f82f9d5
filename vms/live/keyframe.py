"""The newest key frame of a stream, at once when the stream holds one, else when it comes.

Newest means of now: a stream that has ended or fallen silent has none. Not here: what becomes of it (decode).
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from vms.base.clock import Clock
from vms.base.errors import Kind, VmsError
from vms.base.timespan import SECOND_US
from vms.media.types import VIDEO_TRACK, Chunk, TrackInfo
from vms.stream.stream import Begin, End, Item, Stream

SILENT_US = 10 * SECOND_US
"""A camera whose last chunk is older shows no present."""


class KeyFrame(NamedTuple):
    """A chunk that opens a GOP and the track it belongs to."""

    info: TrackInfo
    chunk: Chunk


class _FirstKey:
    """A subscriber until its first key chunk."""

    def __init__(self, found: asyncio.Future[KeyFrame]) -> None:
        self._found = found
        self._info: TrackInfo | None = None

    def put(self, item: Item, now_us: int) -> None:
        if self._found.done():
            return
        if isinstance(item, Begin):
            self._info = next((init.info for init in item.inits if init.info.is_video), None)
        elif isinstance(item, Chunk):
            if item.key and item.track == VIDEO_TRACK and self._info is not None:
                self._found.set_result(KeyFrame(self._info, item))
        elif isinstance(item, End):
            known = Kind(item.cause) if item.cause in Kind.__members__.values() else Kind.UNAVAILABLE
            self._found.set_exception(VmsError(known, "the camera's stream ended", cause=item.cause))


async def newest_key_frame(stream: Stream, clock: Clock, at_most_s: float) -> KeyFrame:
    """Raises STALLED, TIMEOUT, and the stream's end as its kind."""
    if stream.gop and clock.wall_us() - stream.gop[-1].wall_us > SILENT_US:
        raise VmsError(Kind.STALLED, "this camera sends nothing; its last picture is not of now", last_us=stream.gop[-1].wall_us)
    found: asyncio.Future[KeyFrame] = asyncio.get_running_loop().create_future()
    subscriber = _FirstKey(found)
    stream.attach(subscriber, clock.mono_us())
    waiting = asyncio.ensure_future(clock.sleep(at_most_s))
    try:
        await asyncio.wait((found, waiting), return_when=asyncio.FIRST_COMPLETED)
        if not found.done():
            raise VmsError(Kind.TIMEOUT, "no picture came from this camera in time; try again")
        return found.result()
    finally:
        waiting.cancel()
        found.cancel()
        stream.detach(subscriber)
