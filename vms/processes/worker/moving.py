"""A recording that goes on on another volume: the old segment ends where the new one begins, at a key frame.

It stands in the recorder's place until that key frame has come. Not here: who moves where (recordings).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from vms.media.types import VIDEO_TIMESCALE, VIDEO_TRACK, Chunk
from vms.record.causes import gap_cause
from vms.record.kinds import RecordAs, RecordItem
from vms.record.prerecord import Sink
from vms.record.recorder import Recorder
from vms.record.reports import GapBefore
from vms.stream.stream import Begin, End, Gap

SMALL_US = 100_000
"""Between the last chunk and the key frame behind it nothing is missing when no more than this lies between."""


class Move:
    """Takes the items of `old`, whose run is `begin` and which is recorded as `kind`.

    `make` gives the recorder on the other volume; `why` tells it, for the wall time at which it begins, since when and why
    nothing was recorded; `moved` hears of it once it has the key frame.
    """

    def __init__(
        self,
        old: Sink,
        begin: Begin | None,
        kind: str,
        *,
        make: Callable[[GapBefore | None], Recorder],
        why: Callable[[int], GapBefore | None],
        moved: Callable[[Recorder], None],
    ) -> None:
        self._old = old
        self._begin = begin
        self._kind = kind
        self._make = make
        self._why = why
        self._moved = moved
        self._end_us = 0
        self._gap: GapBefore | None = None

    @property
    def pending_bytes(self) -> int:
        return self._old.pending_bytes

    def put(self, item: RecordItem, now_us: int) -> None:
        if isinstance(item, Chunk) and item.key:
            self._go_on(item, now_us)
            return
        self._old.put(item, now_us)
        if isinstance(item, Chunk):
            if item.track == VIDEO_TRACK:
                self._end_us = item.wall_us + item.duration * 1_000_000 // VIDEO_TIMESCALE
        elif isinstance(item, Begin):
            self._begin = item
        elif isinstance(item, RecordAs):
            self._kind = item.kind
        elif isinstance(item, Gap | End):
            self._gap = GapBefore(self._end_us or now_us, gap_cause(item.cause))
            if isinstance(item, End):
                self._moved(self._switch(self._gap))

    def stop(self, cause: str) -> None:
        """Nobody records this any more."""
        self._old.stop(cause)

    def _go_on(self, chunk: Chunk, now_us: int) -> None:
        """The run gets a new id: its segments are counted from nought on each volume."""
        if self._gap is None and 0 < abs(chunk.wall_us - self._end_us) < SMALL_US:
            chunk = chunk._replace(wall_us=self._end_us)
        new = self._switch(self._why(chunk.wall_us) or self._gap)
        if self._kind != "continuous":
            new.put(RecordAs(self._kind), now_us)
        if self._begin is not None:
            new.put(Begin(str(uuid.uuid4()), self._begin.inits, chunk.wall_us), now_us)
        new.put(chunk, now_us)
        self._moved(new)

    def _switch(self, gap: GapBefore | None) -> Recorder:
        self._old.stop("operator_stop")
        return self._make(gap)
