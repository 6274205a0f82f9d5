"""A Stream: Inits, the last GOP, and the readers of one camera profile.

In: publish, attach, detach, the rule that a slow reader loses up to the next key frame and only itself.
Not here: sockets (link), recording (record), where chunks come from (ingest).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

from vms.media.types import VIDEO_TRACK, Chunk, Init

MAX_LAG_US = 2_000_000
MAX_QUEUE_BYTES = 3 * 1024 * 1024  # with what lies in the socket, a slow viewer holds at most 4 MB
SLOW_VIEWER = "slow_viewer"
MAX_GOP_BYTES = 16 * 1024 * 1024


class Begin(NamedTuple):
    """A new configuration: the Inits of a run, its id and the wall time of its media time zero."""

    run: str
    inits: tuple[Init, ...]
    wall_us: int


class Gap(NamedTuple):
    """Chunks were lost here; the next video chunk opens a GOP."""

    cause: str


class End(NamedTuple):
    """The run is over; another Begin may follow."""

    cause: str


Item = Begin | Chunk | Gap | End


class Subscriber(Protocol):
    """Whatever takes items synchronously: a Reader, a link handle, the recorder's queue."""

    def put(self, item: Item, now_us: int) -> None: ...


class Stream:
    """Keeps what a newcomer needs to start at once and hands every item to its subscribers."""

    def __init__(self) -> None:
        self.begin: Begin | None = None
        self.gop: list[Chunk] = []
        self.subscribers: set[Subscriber] = set()
        self._gop_bytes = 0

    def start(self, begin: Begin, now_us: int) -> None:
        self.begin = begin
        self._forget_gop()
        self._hand_out(begin, now_us)

    def publish(self, chunk: Chunk, now_us: int) -> None:
        if chunk.key:
            self._forget_gop()
        if self.gop or chunk.key:
            self._gop_bytes += len(chunk.data)
            if self._gop_bytes > MAX_GOP_BYTES:  # an endless GOP: newcomers wait for the next key frame
                self._forget_gop()
            else:
                self.gop.append(chunk)
        for subscriber in tuple(self.subscribers):
            subscriber.put(chunk, now_us)

    def lose(self, cause: str, now_us: int) -> None:
        self._forget_gop()
        self._hand_out(Gap(cause), now_us)

    def end(self, cause: str, now_us: int) -> None:
        self.begin = None
        self._forget_gop()
        self._hand_out(End(cause), now_us)

    def attach(self, subscriber: Subscriber, now_us: int, *, cached: bool = True) -> None:
        """Give the newcomer Init and the cached GOP, then everything that follows."""
        if self.begin is not None:
            subscriber.put(self.begin, now_us)
            for chunk in self.gop if cached else ():
                subscriber.put(chunk, now_us)
        self.subscribers.add(subscriber)

    def detach(self, subscriber: Subscriber) -> None:
        self.subscribers.discard(subscriber)

    def _forget_gop(self) -> None:
        self.gop = []
        self._gop_bytes = 0

    def _hand_out(self, item: Item, now_us: int) -> None:
        for subscriber in tuple(self.subscribers):
            subscriber.put(item, now_us)


class Reader:
    """A bounded queue judged by age: over 2 s of lag or 3 MB it drops to the next key frame and says so."""

    def __init__(self, wake: Wake, max_lag_us: int = MAX_LAG_US, max_bytes: int = MAX_QUEUE_BYTES) -> None:
        self._wake = wake
        self._max_lag_us = max_lag_us
        self._max_bytes = max_bytes
        self._queue: deque[tuple[int, Item]] = deque()
        self._bytes = 0
        self._dropping = False
        self.dropped_frames = 0

    def put(self, item: Item, now_us: int) -> None:
        if isinstance(item, Chunk):
            self._put_chunk(item, now_us)
        else:
            self._dropping = False
            self._queue.append((now_us, item))
        self._wake()

    def take(self) -> Item | None:
        """The oldest item, or None when the queue is empty."""
        if not self._queue:
            return None
        _, item = self._queue.popleft()
        if isinstance(item, Chunk):
            self._bytes -= len(item.data)
        return item

    def __len__(self) -> int:
        return len(self._queue)

    def _put_chunk(self, chunk: Chunk, now_us: int) -> None:
        if self._dropping:
            if not chunk.key:
                self.dropped_frames += chunk.frames
                return
            self._dropping = False
            self._queue = deque((now_us, item) for _, item in self._queue)  # the notices did not make it late
        if self._queue and (now_us - self._queue[0][0] > self._max_lag_us or self._bytes > self._max_bytes):
            self._drop_queue(now_us)
            if not chunk.key:
                self.dropped_frames += chunk.frames
                self._dropping = True
                return
        self._queue.append((now_us, chunk))
        self._bytes += len(chunk.data)

    def _drop_queue(self, now_us: int) -> None:
        kept = [entry for entry in self._queue if not isinstance(entry[1], Chunk | Gap)]
        self.dropped_frames += sum(i.frames for _, i in self._queue if isinstance(i, Chunk) and i.track == VIDEO_TRACK)
        self._queue.clear()
        self._queue.extend((now_us, item) for _, item in kept)
        self._queue.append((now_us, Gap(SLOW_VIEWER)))
        self._bytes = 0


class Wake(Protocol):
    """Called after every put; must not block."""

    def __call__(self) -> None: ...
