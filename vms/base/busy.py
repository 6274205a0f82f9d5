"""How busy this process was lately: its CPU time over wall time, as percent of the one core that an event loop can use."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from vms.base.clock import Clock

LOOK_S = 1.0
LOOKS = 5
"""Seconds that are looked back on: one list of cameras is no load, five seconds of it are."""


def _used_us() -> int:
    return time.process_time_ns() // 1000


class Busy:
    """`run` looks once a second; `percent` is over the last five, 0 before the second look."""

    def __init__(self, clock: Clock, used_us: Callable[[], int] = _used_us) -> None:
        self._clock = clock
        self._used_us = used_us
        self._looks: deque[tuple[int, int]] = deque(maxlen=LOOKS + 1)

    @property
    def percent(self) -> int:
        if len(self._looks) < 2:
            return 0
        (from_us, used_before_us), (to_us, used_us) = self._looks[0], self._looks[-1]
        return round(100 * (used_us - used_before_us) / max(1, to_us - from_us))

    def look(self) -> None:
        self._looks.append((self._clock.mono_us(), self._used_us()))

    async def run(self) -> None:
        while True:
            self.look()
            await self._clock.sleep(LOOK_S)
