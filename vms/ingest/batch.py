"""The one timer that reads all sockets nobody watches: each once per tick, spread over the tick in slices.

A read per tick instead of a read per event is what makes recording cheap: what a read costs apart from its bytes is shared
by all the frames it brings. Not here: what the bytes mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TICK_S = 0.4  # ten frames a read; a frame is on the timeline 2 s after its arrival, and this is the first part of the way
SLICES = 10  # 200 cameras of 2 Mbit/s make slices of about 4 ms; no slice may reach 20 ms, or live viewers would notice
BUFFER_BYTES = 256 * 1024

Read = Callable[[], None]


class BatchReader:
    """Calls every registered function once per tick, and `after` at the end of each slice that called any.

    The timer stands still while there is none.
    """

    def __init__(self, tick_s: float = TICK_S, slices: int = SLICES, after: Callable[[], None] | None = None) -> None:
        self.buffer = memoryview(bytearray(BUFFER_BYTES))  # shared: each read copies out what it got
        self._step_s = tick_s / slices
        self._after = after
        self._slices: list[set[Read]] = [set() for _ in range(slices)]
        self._at = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, read: Read) -> None:
        """Into the emptiest slice."""
        self.discard(read)
        min(self._slices, key=len).add(read)
        if self._timer is None:
            self._schedule(asyncio.get_running_loop().time())

    def discard(self, read: Read) -> None:
        for members in self._slices:
            members.discard(read)

    def __len__(self) -> int:
        return sum(map(len, self._slices))

    def _schedule(self, last_s: float) -> None:
        loop = asyncio.get_running_loop()
        due_s = max(last_s + self._step_s, loop.time())  # a late loop skips no slice, it catches up one at a time
        self._timer = loop.call_at(due_s, self._run, due_s)

    def _run(self, due_s: float) -> None:
        self._timer = None
        members = self._slices[self._at]
        self._at = (self._at + 1) % len(self._slices)
        if len(self):
            self._schedule(due_s)
        for read in tuple(members):
            if read in members:  # an earlier read of this slice may have ended it
                read()
        if members and self._after is not None:
            self._after()
