"""The clock port: wall time, monotonic time and sleep. Nothing else asks the system for the time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time may step; monotonic time never does."""

    def wall_us(self) -> int: ...
    def mono_us(self) -> int: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def wall_us(self) -> int:
        return time.time_ns() // 1000

    def mono_us(self) -> int:
        return time.monotonic_ns() // 1000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that is wound by hand: sleepers wake, in order, when `advance` passes their time."""

    def __init__(self, wall_us: int = 1_700_000_000_000_000) -> None:
        self._wall_us = wall_us
        self._mono_us = 0
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def wall_us(self) -> int:
        return self._wall_us

    def mono_us(self) -> int:
        return self._mono_us

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._mono_us + int(seconds * 1_000_000), future))
        await future

    @property
    def sleeping(self) -> int:
        """How many wait for time to pass."""
        return sum(not future.done() for _, future in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move both clocks on and let every sleeper that is due run."""
        until = self._mono_us + int(seconds * 1_000_000)
        while True:
            for _ in range(20):  # let tasks reach their next sleep
                await asyncio.sleep(0)
            due = sorted((s for s in self._sleepers if s[0] <= until), key=lambda s: s[0])
            if not due:
                break
            self._sleepers.remove(due[0])
            self._step_to(due[0][0])
            if not due[0][1].done():
                due[0][1].set_result(None)
        self._step_to(until)

    def step_wall(self, us: int) -> None:
        """Step the wall clock alone, as an operator or NTP would."""
        self._wall_us += us

    def step_mono(self, us: int) -> None:
        """Time that passed while this process did not run: nobody is woken."""
        self._step_to(self._mono_us + us)

    def _step_to(self, mono_us: int) -> None:
        self._wall_us += max(0, mono_us - self._mono_us)
        self._mono_us = max(mono_us, self._mono_us)
