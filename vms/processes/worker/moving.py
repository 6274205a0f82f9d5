"""A recording that goes on on another volume: the old segment ends where the new one begins, at a key frame.

It stands between the stream and both recorders until that key frame has come. Not here: who moves where (recordings).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from vms.media.types import VIDEO_TIMESCALE, VIDEO_TRACK, Chunk
from vms.record.causes import gap_cause
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore
from vms.stream.stream import Begin, End, Item, Stream

SMALL_US = 100_000
"""Between the last chunk and the key frame behind it nothing is missing when no more than this lies between."""


class Move:
    """A subscriber in place of `old`. `make` gives the recorder on the other volume; `why` tells it, for the wall time at which it
    begins, since when and why nothing was recorded.
    """

    def __init__(
        self,
        stream: Stream,
        old: Recorder,
        make: Callable[[GapBefore | None], Recorder],
        why: Callable[[int], GapBefore | None],
        moved: Callable[[Recorder], None],
    ) -> None:
        self.old = old
        self._stream = stream
        self._make = make
        self._why = why
        self._moved = moved
        self._end_us = 0
        stream.detach(old)
        stream.subscribers.add(self)  # not by `attach`: the old recorder has what is going on

    def put(self, item: Item, now_us: int) -> None:
        if isinstance(item, Chunk) and item.key:
            self._go_on(item, now_us)
            return
        self.old.put(item, now_us)
        if isinstance(item, Chunk) and item.track == VIDEO_TRACK:
            self._end_us = item.wall_us + item.duration * 1_000_000 // VIDEO_TIMESCALE
        elif isinstance(item, End):
            new = self._switch(GapBefore(self._end_us or now_us, gap_cause(item.cause)))
            self._moved(new)

    def cancel(self) -> None:
        """Nobody records this any more."""
        self._stream.detach(self)

    def _go_on(self, chunk: Chunk, now_us: int) -> None:
        """The run gets a new id: its segments are counted from nought on each volume."""
        begin = self._stream.begin
        if 0 < abs(chunk.wall_us - self._end_us) < SMALL_US:
            chunk = chunk._replace(wall_us=self._end_us)
        new = self._switch(self._why(chunk.wall_us))
        if begin is not None:
            new.put(Begin(str(uuid.uuid4()), begin.inits, chunk.wall_us), now_us)
        new.put(chunk, now_us)
        self._moved(new)

    def _switch(self, gap: GapBefore | None) -> Recorder:
        self.old.stop("operator_stop")
        new = self._make(gap)
        self._stream.detach(self)
        self._stream.subscribers.add(new)
        return new
