"""The recorder's side of a plan: a subscriber that passes on what is wanted and keeps, on event plans, the seconds before.

In: the ring of whole GOPs, opening and closing at key frames, handing the ring over without losing or doubling a frame.
Not here: what is wanted (wish), the bounded list towards the disk (recorder).

It judges by the wall time of each key frame, so a schedule needs no timer and holds to the GOP while nobody else is there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from vms.media.types import Chunk
from vms.record.kinds import RecordAs, RecordItem
from vms.record.wish import Wish
from vms.stream.stream import Begin, End, Gap, Item

MARGIN_US = 2_000_000
"""More than asked is kept: an event is told a moment after it began."""
MAX_RING_BYTES = 48 * 1024 * 1024
FLOW_BYTES = 8 * 1024 * 1024
"""The ring goes to the recorder in portions: all at once it would look like a disk that does not keep up."""
NOT_PLANNED = "schedule"


@dataclass(slots=True)
class _Gop:
    start_us: int
    begin: Begin
    items: list[Item] = field(default_factory=list[Item])
    size_bytes: int = 0


class Ring:
    """Whole GOPs and the one that grows, a little more than what is asked, never more than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._gops: deque[_Gop] = deque()
        self._growing = False
        self.size_bytes = 0

    def add(self, chunk: Chunk, begin: Begin, pre_us: int) -> None:
        if chunk.key:
            self._gops.append(_Gop(chunk.wall_us, begin))
            self._growing = True
            while len(self._gops) > 1 and self._gops[1].start_us <= chunk.wall_us - pre_us:
                self._drop()
        elif not self._growing:
            return
        gop = self._gops[-1]
        gop.items.append(chunk)
        gop.size_bytes += len(chunk.data)
        self.size_bytes += len(chunk.data)
        while self.size_bytes > self._max_bytes:
            self._drop()

    def notice(self, item: Gap | End) -> None:
        """The growing GOP ends here; the next key frame opens one."""
        if self._growing:
            self._gops[-1].items.append(item)
            self._growing = False

    def take(self, since_us: int) -> list[Item]:
        """Everything from the GOP on that holds `since_us`, each run with its Begin; the ring is empty after it."""
        while len(self._gops) > 1 and self._gops[1].start_us <= since_us:
            self._drop()
        items: list[Item] = []
        begin: Begin | None = None
        for gop in self._gops:
            if gop.begin is not begin:
                begin = gop.begin
                items.append(begin)
            items += gop.items
        self.clear()
        return items

    def clear(self) -> None:
        self._gops.clear()
        self._growing = False
        self.size_bytes = 0

    def _drop(self) -> None:
        self.size_bytes -= self._gops.popleft().size_bytes
        self._growing = self._growing and bool(self._gops)


class Put(Protocol):
    """As `Subscriber.put`."""

    def __call__(self, item: Item, now_us: int) -> None: ...


class Sink(Protocol):
    """Where what is wanted goes: a recorder, or what stands in its place while it changes."""

    @property
    def pending_bytes(self) -> int: ...
    def put(self, item: RecordItem, now_us: int) -> None: ...
    def stop(self, cause: str) -> None: ...


class PlannedRecorder:
    """Attach it to the stream in the recorder's place. While recording is plain (always), it only passes on."""

    put: Put

    def __init__(
        self, recorder: Sink, wish: Wish, on_change: Callable[[], None] = lambda: None, *, max_ring_bytes: int = MAX_RING_BYTES
    ) -> None:
        """`on_change` is called whenever recording begins or ends."""
        self.recorder: Sink = recorder  # may be another one between two calls
        self.open = False
        self._wish = wish
        self._on_change = on_change
        self._max_bytes = max_ring_bytes
        self._ring = Ring(max_ring_bytes)
        self._backlog: deque[RecordItem] = deque()
        self._backlog_bytes = 0
        self._begin: Begin | None = None
        self._given: Begin | None = None
        self.kind = "continuous"
        self._keeps = False
        self.put = self._put

    @property
    def kept_bytes(self) -> int:
        """In the ring and on its way out of it."""
        return self._ring.size_bytes + self._backlog_bytes

    @property
    def gives(self) -> bool:
        """Whether the recorder has a segment open, or is still owed items."""
        return self.open or bool(self._backlog)

    def wanted(self, wall_us: int) -> bool:
        return bool(self._wish.kind_at(wall_us))

    def follow(self, wish: Wish, wall_us: int, now_us: int) -> None:
        """Go on under another wish. What is wanted at once begins with the oldest kept GOP that it is wanted from."""
        at_us = min((event.start_us for event in wish.events if event not in self._wish.events), default=wall_us)
        at_us = min(at_us, wall_us)  # of an event told so late that it is over already, the ring still knows
        self._wish = wish
        self.put = self._put
        if self.open:
            return
        if self._ring.size_bytes and (kind := wish.kind_at(wall_us) or wish.kind_at(at_us)):
            self._start(kind, wish.since_us(at_us if wish.kind_at(at_us) == "event" else wall_us), now_us)
        elif wish.word_at(wall_us) != "event":
            self._ring.clear()

    def stop(self, cause: str) -> None:
        """Nothing more comes: what waits goes to the recorder, which ends."""
        self._flow(0, everything=True)
        self.recorder.stop(cause)
        self.open = False
        self._ring.clear()
        self.put = self._put

    def _put(self, item: Item, now_us: int) -> None:
        if isinstance(item, Chunk):
            if item.key:
                self._judge(item, now_us)
            if self.open:
                self._give(item, now_us)
            elif self._keeps and self._begin is not None:
                self._ring.add(item, self._begin, self._wish.pre_us + MARGIN_US)
            return
        if isinstance(item, Begin):
            self._begin = item
            if self.open:
                self._given = item
        elif isinstance(item, End):
            self._begin = self._given = None
        if self.open:
            self._give(item, now_us)
        elif isinstance(item, Gap | End):
            self._ring.notice(item)

    def _judge(self, key: Chunk, now_us: int) -> None:
        """At each key frame: begin, end, or go on as something else."""
        kind = self._wish.kind_at(key.wall_us)
        self._keeps = self._wish.word_at(key.wall_us) == "event"
        if self.open and not kind:
            self._give(Gap(NOT_PLANNED), now_us)
            self.open = False
            self._on_change()
        elif kind and not self.open:
            self._start(kind, self._wish.since_us(key.wall_us), now_us)
        elif self.open and kind != self.kind:
            self._tell_kind(kind, now_us)
        if not self.open and not self._keeps:
            self._ring.clear()
        if self.open and self._wish.plain and not self._backlog:
            self.put = self._plain

    def _plain(self, item: Item, now_us: int) -> None:
        """Begin and End must be known here for the next plan; chunks are the recorder's affair."""
        if isinstance(item, Begin):
            self._begin = self._given = item
        elif isinstance(item, End):
            self._begin = self._given = None
        self.recorder.put(item, now_us)

    def _start(self, kind: str, since_us: int, now_us: int) -> None:
        self.open = True
        self._tell_kind(kind, now_us)
        for item in self._ring.take(since_us):
            if isinstance(item, Begin):
                self._given = item
            self._give(item, now_us)
        if self._begin is not None and self._given is not self._begin:
            self._given = self._begin
            self._give(self._begin, now_us)
        self._on_change()

    def _tell_kind(self, kind: str, now_us: int) -> None:
        if kind != self.kind:
            self.kind = kind
            self._give(RecordAs(kind), now_us)

    def _give(self, item: RecordItem, now_us: int) -> None:
        self._backlog.append(item)
        if isinstance(item, Chunk):
            self._backlog_bytes += len(item.data)
        self._flow(now_us)

    def _flow(self, now_us: int, *, everything: bool = False) -> None:
        """As much as the recorder takes in its stride; beyond the bound it must take it, and drops by its own rule."""
        while self._backlog and (everything or self.recorder.pending_bytes < FLOW_BYTES or self._backlog_bytes > self._max_bytes):
            item = self._backlog.popleft()
            if isinstance(item, Chunk):
                self._backlog_bytes -= len(item.data)
            self.recorder.put(item, now_us)
