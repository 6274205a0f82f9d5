"""One timer for all senders of a simulation: a heap of due times, emptied every few milliseconds."""

from __future__ import annotations

import asyncio
import heapq
from typing import Protocol

from vms.base.clock import Clock

TICK_S = 0.004
"""Waking once for several cameras halves the cost per frame; it is a tenth of a frame's time."""
_LONGEST_S = 0.25  # so that a stepped wall clock is noticed


class Sender(Protocol):
    def fire(self, now_us: int) -> int | None:
        """Send what is due; answers when to call again, None when there is no more to send."""
        ...


class Beat:
    """Calls each sender when it asked to be called."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Sender]] = []
        self._added = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, sender: Sender, due_us: int) -> None:
        self._added += 1
        heapq.heappush(self._heap, (due_us, self._added, sender))
        if self._timer is None:
            self._wind()

    def close(self) -> None:
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        heap, now = self._heap, self._clock.wall_us()
        while heap and heap[0][0] <= now:
            _, order, sender = heap[0]
            due = sender.fire(now)
            if due is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (max(due, now + 1), order, sender))
        self._timer = None
        if heap:
            self._wind()

    def _wind(self) -> None:
        wait = (self._heap[0][0] - self._clock.wall_us()) / 1_000_000
        self._timer = asyncio.get_running_loop().call_later(min(max(wait, TICK_S), _LONGEST_S), self._run)
