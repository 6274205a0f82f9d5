"""Long-lived tasks: the Supervisor runs one life after another; the Bell wakes a task from any thread.

The Supervisor is the one place that catches everything. Not here: what the tasks do.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vms.base.clock import Clock
from vms.base.errors import VmsError
from vms.base.log import Log, get_log


class Task(Protocol):
    """`run` is one life: it returns when there is nothing more to do, and raises when the life failed."""

    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Health:
    """What a task's life is like; `since_us` is wall time, `failures` counts since it last was well."""

    name: str
    ok: bool
    detail: str
    since_us: int
    failures: int


class Supervisor:
    """Gives a task one life after another: retries with doubling, jittered waits, logs once when lost and once when back.

    A life that has lasted `well_after_s` counts as well: the failures are forgotten.
    """

    def __init__(
        self,
        name: str,
        task: Task,
        clock: Clock,
        *,
        first_wait_s: float = 0.2,
        longest_wait_s: float = 30.0,
        well_after_s: float = 5.0,
        jitter: Callable[[], float] = random.random,
        log: Log | None = None,
    ) -> None:
        self._name = name
        self._task = task
        self._clock = clock
        self._first_wait_s = first_wait_s
        self._longest_wait_s = longest_wait_s
        self._well_after_s = well_after_s
        self._jitter = jitter
        self._log = (log or get_log("vms.tasks")).bind(task=name)
        self._failures = 0
        self._health = Health(name, True, "", clock.wall_us(), 0)

    @property
    def health(self) -> Health:
        return self._health

    async def run(self) -> None:
        """Until the task returns by itself, or we are cancelled."""
        while True:
            watch = asyncio.ensure_future(self._notice_well())
            try:
                await self._task.run()
            except Exception as error:  # noqa: BLE001 the one place that catches everything
                self._lost(error)
            else:
                self._back()
                return
            finally:
                watch.cancel()
            await self._clock.sleep(self._wait_s())

    async def _notice_well(self) -> None:
        await self._clock.sleep(self._well_after_s)
        self._back()

    def _lost(self, error: Exception) -> None:
        self._failures += 1
        expected = isinstance(error, VmsError)
        detail = str(error) if expected else f"{type(error).__name__}: {error}"
        if self._health.ok:
            report = self._log.warning if expected else self._log.exception
            report("task lost", detail=detail, **(error.facts if isinstance(error, VmsError) else {}))
        since_us = self._clock.wall_us() if self._health.ok else self._health.since_us
        self._health = Health(self._name, False, detail, since_us, self._failures)

    def _back(self) -> None:
        if not self._health.ok:
            self._log.info("task back", failures=self._failures)
            self._health = Health(self._name, True, "", self._clock.wall_us(), 0)
        self._failures = 0

    def _wait_s(self) -> float:
        """Between half and the whole of the doubled wait, so that many tasks do not come back at once."""
        wait_s = min(self._longest_wait_s, self._first_wait_s * 2.0 ** min(self._failures - 1, 30))
        return wait_s * (0.5 + 0.5 * self._jitter())


class Bell:
    """Rung from any thread, heard by one task; a ring while nobody listens is kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, at_most_s: float) -> None:
        """Return when rung, or when `at_most_s` have passed."""
        rung = asyncio.ensure_future(self._event.wait())
        passed = asyncio.ensure_future(self._clock.sleep(at_most_s))
        try:
            await asyncio.wait((rung, passed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            rung.cancel()
            passed.cancel()
            self._event.clear()
